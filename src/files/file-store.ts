/** Keeps contents of files in a folder under the hash of what is in them: names and types are for others to remember. */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { InsufficientStorageError, MissingError } from "../errors.ts";

/** What is known of a content: where it is, and its size in bytes. */
export interface StoredContent {
  /** SHA-256 in lower-case hexadecimal. */
  readonly hash: string;
  readonly size: number;
}

const HASH = /^[0-9a-f]{64}$/;
/** What the operating system says where a disk or a quota is full, or a file must not grow any more. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
/** Contents so young, in milliseconds, may belong to records that are being written: nobody removes them. */
const YOUNG_MS = 60 * 60_000;

/** The contents of one database. */
export class FileStore {
  readonly #folder: string;
  readonly #unfinished: string;

  /** @param folder absolute path; made when something is written first */
  constructor(folder: string) {
    this.#folder = folder;
    this.#unfinished = join(folder, "unfinished");
  }

  /** Begins a content. Until it is kept, nobody finds it; what a process leaves behind unfinished is swept. */
  async begin(): Promise<ContentWriter> {
    return translating(async () => {
      await mkdir(this.#unfinished, { recursive: true });
      const path = join(this.#unfinished, randomUUID());
      return new ContentWriter(await open(path, "wx", 0o600), path, (hash) => this.#adopt(path, hash));
    });
  }

  /**
   * Opens a content for reading.
   *
   * @throws MissingError where there is none of this hash
   */
  async read(hash: string): Promise<{ readonly size: number; readonly stream: Readable }> {
    const handle = await this.open(hash);
    const { size } = await handle.stat();
    return { size, stream: handle.createReadStream() };
  }

  /**
   * Opens a content, to be read in any order and closed by the caller.
   *
   * @throws MissingError where there is none of this hash
   */
  open(hash: string): Promise<FileHandle> {
    return open(this.#pathOf(hash), "r").catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new MissingError("The content of the file is not there") : error;
    });
  }

  /** Hashes of contents that are old enough to be removed where nothing refers to them, in portions. */
  async *oldHashes(now: number): AsyncGenerator<readonly string[]> {
    for (const part of await namesIn(this.#folder)) {
      if (part.length !== 2) continue;
      const hashes: string[] = [];
      for (const name of await namesIn(join(this.#folder, part))) {
        if (HASH.test(name) && (await this.#isOld(this.#pathOf(name), now))) hashes.push(name);
      }
      if (hashes.length > 0) yield hashes;
    }
  }

  /** Removes a content, unless somebody has stored it again meanwhile. */
  async removeOld(hash: string, now: number): Promise<void> {
    const path = this.#pathOf(hash);
    if (await this.#isOld(path, now)) await rm(path, { force: true });
  }

  /** Removes what was begun and never kept, by processes that have ended. */
  async removeUnfinished(now: number): Promise<void> {
    for (const name of await namesIn(this.#unfinished)) {
      const path = join(this.#unfinished, name);
      if (await this.#isOld(path, now)) await rm(path, { force: true });
    }
  }

  async #isOld(path: string, now: number): Promise<boolean> {
    const found = await stat(path).catch(() => null);
    return found !== null && now - found.mtimeMs > YOUNG_MS;
  }

  /** A hash is all that paths are made of: what people call their files never becomes one. */
  #pathOf(hash: string): string {
    if (!HASH.test(hash)) throw new MissingError("The content of the file is not there");
    return join(this.#folder, hash.slice(0, 2), hash);
  }

  async #adopt(path: string, hash: string): Promise<void> {
    const target = this.#pathOf(hash);
    const folder = join(this.#folder, hash.slice(0, 2));
    await mkdir(folder, { recursive: true });
    // The same content twice is one file; being stored again makes it young.
    await rename(path, target);
    await utimes(target, new Date(), new Date());
    await syncFolder(folder);
  }
}

/** A content that is being written. */
export class ContentWriter {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #adopt: (hash: string) => Promise<void>;
  readonly #hash = createHash("sha256");
  #size = 0;

  constructor(handle: FileHandle, path: string, adopt: (hash: string) => Promise<void>) {
    this.#handle = handle;
    this.#path = path;
    this.#adopt = adopt;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** @throws InsufficientStorageError where the disk is full */
  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    await translating(async () => {
      for (let at = 0; at < chunk.length; ) at += (await this.#handle.write(chunk, at)).bytesWritten;
    });
  }

  /** Keeps the content for good: it is on the disk when this resolves. */
  async keep(): Promise<StoredContent> {
    const hash = this.#hash.digest("hex");
    await translating(async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await this.#adopt(hash);
    });
    return { hash, size: this.#size };
  }

  /** Throws the content away. Never fails. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }
}

/**
 * Stores what a source gives, or nothing of it.
 *
 * @throws whatever the source throws, and InsufficientStorageError
 */
export async function storeContent(
  store: Pick<FileStore, "begin">,
  source: AsyncIterable<Uint8Array>,
): Promise<StoredContent> {
  const writer = await store.begin();
  try {
    for await (const chunk of source) await writer.write(chunk);
    return await writer.keep();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

async function translating<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateFull(error);
  }
}

/** What clients are told where there is no room for a file; any other error stays as it is. */
export function translateFull(error: unknown): unknown {
  if (!FULL.has((error as NodeJS.ErrnoException).code ?? "")) return error;
  return new InsufficientStorageError("The server has no room left for files", { cause: error });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** Makes a new name in a folder last. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
