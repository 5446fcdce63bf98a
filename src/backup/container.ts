/** The file of a backup: compressed sections, each with a hash of what is in it, and an end that says how many there are. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { basename } from "node:path";
import { finished } from "node:stream/promises";
import { createGunzip, createGzip, type Gzip } from "node:zlib";
import { UserError } from "../errors.ts";

/** What a section is: `kind` and whatever else tells about it. */
export interface SectionHeader {
  readonly kind: string;
  readonly [name: string]: unknown;
}

/** A section that is being read; its chunks must be read to their end before the next one. */
export interface Section {
  readonly header: SectionHeader;
  readonly chunks: AsyncIterable<Buffer>;
}

const MAGIC = Buffer.from("fullfinity backup 1\n");
/** The kinds of frames: a byte each, followed by the length of what is in it. */
const FRAME = { header: 1, data: 2, end: 3, file: 4 } as const;
const FRAME_BYTES = 5;
/** A frame that claims to be longer is no frame of ours, in bytes. */
const LONGEST_FRAME = 64 * 1024 * 1024;
/** Quick: what fills a backup compresses well at any level. */
const LEVEL = 1;

/** Writes the file; what is written is on the disk once {@link close} resolves. */
export class ContainerWriter {
  readonly #zip: Gzip = createGzip({ level: LEVEL });
  readonly #written: Promise<void>;
  #sections = 0;

  /** @param path there must be no such file yet */
  constructor(path: string) {
    const file = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true });
    this.#zip.pipe(file);
    this.#zip.on("error", (error) => file.destroy(error));
    file.on("error", (error) => this.#zip.destroy(error));
    this.#written = finished(file);
    this.#written.catch(() => {}); // told by whoever writes next, and by `close`
  }

  /** Writes one section as a whole. */
  async add(header: SectionHeader, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    if (this.#sections === 0) await this.#send(MAGIC);
    this.#sections += 1;
    await this.#frame(FRAME.header, Buffer.from(JSON.stringify(header)));
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      await this.#frame(FRAME.data, Buffer.from(chunk));
    }
    await this.#frame(FRAME.end, Buffer.from(JSON.stringify({ sha256: hash.digest("hex"), bytes })));
  }

  async close(): Promise<void> {
    await this.#frame(FRAME.file, Buffer.from(JSON.stringify({ sections: this.#sections })));
    this.#zip.end();
    await this.#written;
  }

  /** Gives the file up; it is not complete. */
  async abandon(): Promise<void> {
    this.#zip.destroy(new Error("the backup was given up"));
    await this.#written.catch(() => {});
  }

  async #frame(kind: number, content: Buffer): Promise<void> {
    const head = Buffer.alloc(FRAME_BYTES);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(content.length, 1);
    await this.#send(Buffer.concat([head, content]));
  }

  async #send(bytes: Buffer): Promise<void> {
    if (this.#zip.write(bytes)) return;
    await Promise.race([once(this.#zip, "drain"), this.#written]);
  }
}

/**
 * Reads the sections of a file, one after the other, and checks each of them.
 *
 * @throws UserError when it is no backup, is cut off, or does not hold what was written
 */
export async function* readContainer(path: string): AsyncGenerator<Section> {
  const reader = new FrameReader(path);
  try {
    await reader.begin();
    let sections = 0;
    for (let frame = await reader.next(); frame.kind !== FRAME.file; frame = await reader.next()) {
      if (frame.kind !== FRAME.header) throw broken("its parts are out of order");
      sections += 1;
      const header = parse(frame.content) as unknown as SectionHeader;
      const state = { ended: false };
      yield { header, chunks: chunksOf(reader, header, state) };
      if (!state.ended) throw new Error("a section has to be read to its end");
    }
    await reader.end(sections);
  } finally {
    reader.close();
  }
}

async function* chunksOf(
  reader: FrameReader,
  header: SectionHeader,
  state: { ended: boolean },
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  for (let frame = await reader.next(); ; frame = await reader.next()) {
    if (frame.kind === FRAME.data) {
      hash.update(frame.content);
      yield frame.content;
      continue;
    }
    if (frame.kind !== FRAME.end) throw broken("its parts are out of order");
    if (parse(frame.content).sha256 !== hash.digest("hex")) {
      throw broken(`its section ${header.kind} is not what was written`);
    }
    state.ended = true;
    return;
  }
}

interface Frame {
  readonly kind: number;
  readonly content: Buffer;
}

/** Takes frames from the stream of the unpacked file. */
class FrameReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #close: () => void;
  /** Of the file, without its folder. */
  readonly #name: string;
  #rest: Buffer = Buffer.alloc(0);
  #last: Frame | undefined;

  constructor(path: string) {
    this.#name = basename(path);
    const file = createReadStream(path);
    const unzip = createGunzip();
    file.on("error", (error) => unzip.destroy(error));
    file.pipe(unzip);
    this.#source = unzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#close = () => {
      file.destroy();
      unzip.destroy();
    };
  }

  async begin(): Promise<void> {
    const start = await this.#take(MAGIC.length).catch((error: unknown) => {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw isMissing ? new UserError(`there is no backup ${this.#name}`) : broken("it is another kind of file");
    });
    if (!start.equals(MAGIC)) throw broken("it is another kind of file, or of a newer version");
  }

  async next(): Promise<Frame> {
    const head = await this.#take(FRAME_BYTES);
    const length = head.readUInt32BE(1);
    if (length > LONGEST_FRAME) throw broken("its parts are out of order");
    this.#last = { kind: head.readUInt8(0), content: await this.#take(length) };
    return this.#last;
  }

  /** @throws UserError when sections are missing, or more follows */
  async end(sections: number): Promise<void> {
    if (this.#last === undefined || parse(this.#last.content).sections !== sections)
      throw broken("sections are missing");
    const more = this.#rest.length > 0 || (await this.#pull()) !== undefined;
    if (more) throw broken("something follows its end");
  }

  close(): void {
    this.#close();
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) {
      const chunk = await this.#pull();
      if (chunk === undefined) throw broken("it is cut off");
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    }
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #pull(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#source.next();
      return done === true ? undefined : value;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "Z_BUF_ERROR") throw broken("it is cut off");
      if (code?.startsWith("Z_") === true) throw broken("it is damaged, or another kind of file");
      throw error;
    }
  }
}

function parse(content: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(content.toString()) as Readonly<Record<string, unknown>>;
  } catch {
    throw broken("its parts are out of order");
  }
}

function broken(why: string): UserError {
  return new UserError(`the file is no usable backup: ${why}`);
}
