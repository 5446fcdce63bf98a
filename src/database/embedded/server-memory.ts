/** How much memory the built-in server gets for pages that it has read. */
import { totalmem } from "node:os";

const MEGABYTE = 1024 * 1024;
/** Pages beyond that are as quickly had from the operating system, which keeps what is read too. */
const MOST_MB = 1024;
const LEAST_MB = 128;
/** The rest is for the connections of the server, for this process, and for the operating system. */
const SHARE = 1 / 8;

/** Bytes of memory that there are for the processes of this machine, or of its container. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * PostgreSQL's setting `shared_buffers`. Memory counts once a page is in it.
 *
 * @param memory bytes that there are
 */
export function sharedBuffers(memory: number): string {
  const share = Math.floor((memory * SHARE) / MEGABYTE);
  return `${Math.min(Math.max(share, LEAST_MB), MOST_MB)}MB`;
}
