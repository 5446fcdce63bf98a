/** Bytes of a file that is open already: read by place, so that it can be read several times. */
import { fstatSync, readSync } from "node:fs";

/** Bytes that are read at once. */
const PART = 256 * 1024;

/** A file by its descriptor, which is never closed here. */
export class ByteSource {
  readonly #descriptor: number;
  readonly size: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** Its first bytes, at most `count` of them. */
  head(count: number): Uint8Array {
    return this.#read(0, Math.min(count, this.size));
  }

  /** All of its bytes. */
  all(): Uint8Array {
    return this.#read(0, this.size);
  }

  /** Its bytes, part by part. */
  *parts(): Generator<Uint8Array> {
    for (let place = 0; place < this.size; place += PART) {
      yield this.#read(place, Math.min(PART, this.size - place));
    }
  }

  #read(place: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const read = readSync(this.#descriptor, bytes, done, count - done, place + done);
      if (read === 0) return bytes.subarray(0, done);
      done += read;
    }
    return bytes;
  }
}
