/** Waits for, and if need be stops, a server whose starter was killed: two servers must never share a cluster. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "./embedded-error.ts";
import { isServerOf } from "./process-identity.ts";

/** A server that lost its starter shuts down by itself; after this many milliseconds it is asked to. */
const OWN_WILL_MS = 5000;
/** Then it is stopped at once; the next start recovers from its log. */
const ASKED_MS = 20_000;
const KILLED_MS = 30_000;
const POLL_MS = 25;

/** What a running server says about itself in the file `postmaster.pid`. */
export interface ServerState {
  readonly pid: number;
  /** Whether it takes connections. */
  readonly ready: boolean;
}

/** The second one is that of a server which follows another one. */
const READY: readonly (string | undefined)[] = ["ready", "standby"];

/** @returns undefined when the cluster has no such file, or one that is not complete yet */
export async function readServerState(cluster: string): Promise<ServerState | undefined> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => undefined);
  const lines = text?.split("\n") ?? [];
  const pid = Number(lines[0]);
  return pid > 0 ? { pid, ready: READY.includes(lines[7]?.trim()) } : undefined;
}

/**
 * Returns once no server runs on the cluster. The caller holds the data folder, so such a server has no master any more.
 *
 * @throws EmbeddedError when it cannot be stopped
 */
export async function awaitLeftoverServer(cluster: string, onProgress: (text: string) => void): Promise<void> {
  const begin = performance.now();
  const signals: [number, NodeJS.Signals][] = [
    [OWN_WILL_MS, "SIGINT"],
    [ASKED_MS, "SIGQUIT"],
  ];
  for (let state = await readServerState(cluster); state !== undefined; state = await readServerState(cluster)) {
    if (!(await isServerOf(state.pid, cluster))) {
      // The machine or the server was cut off; meanwhile the number may belong to another program.
      await rm(join(cluster, "postmaster.pid"), { force: true });
      return;
    }
    const waited = performance.now() - begin;
    if (waited > KILLED_MS) {
      throw new EmbeddedError(`the PostgreSQL server ${state.pid} of an earlier run does not stop; stop it by hand`);
    }
    const next = signals[0];
    if (next !== undefined && waited > next[0]) {
      signals.shift();
      onProgress(`Stopping the PostgreSQL server ${state.pid} of an earlier run ...`);
      process.kill(state.pid, next[1]);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
