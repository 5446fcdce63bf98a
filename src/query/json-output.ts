/**
 * A JSON text while it is written: UTF-8 in memory that is used again for the next one. Texts of the engine would be put together of thousands
 * of short ones, and be encoded once more to be sent.
 */
import { LARGEST_KEPT, takeBytes } from "./byte-pool.ts";

/** Bytes that are copied at once. */
const WORD = 4;
/** Room that is kept behind what is written: copying goes by words, and braces and commas need not ask for it. */
const MARGIN = 16;
/** What is longer is copied by the engine, which takes a while to be called. */
const SHORT = 200;
/** UTF-8 has at most so many bytes for each unit of a text. */
export const WIDEST = 3;

/** A text that stands in many answers, ready to be copied. */
export class Literal {
  readonly length: number;
  readonly view: DataView;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.view = viewOf(Buffer.concat([bytes, Buffer.alloc(WORD)]));
  }
}

/** The text would be longer than it may be. */
export class TooLong extends Error {
  override readonly name = "TooLong";
}

/** Where a JSON text is written. Whatever is written needs room, for which {@link reserve} asks. */
export class JsonOutput {
  /** What has been written, and room behind it. Others may write there what they have reserved. */
  bytes: Buffer = Buffer.allocUnsafeSlow(LARGEST_KEPT);
  /** Bytes that have been written. */
  length = 0;
  #view = viewOf(this.bytes);
  #start = 0;
  #most = Number.POSITIVE_INFINITY;

  /**
   * Begins a part.
   *
   * @param most bytes that it may have
   * @returns where it begins
   */
  beginPart(most: number): number {
    this.#start = this.length;
    this.#most = most;
    return this.length;
  }

  /** @throws TooLong where the part has more bytes than it may have */
  endPart(): void {
    if (this.length - this.#start > this.#most) throw new TooLong();
  }

  /**
   * Makes room.
   *
   * @throws TooLong where the part has more bytes than it may have already
   */
  reserve(bytes: number): void {
    if (this.length + bytes + MARGIN > this.bytes.length) this.#grow(bytes);
  }

  /** Writes a byte into the margin of what has been reserved. */
  byte(code: number): void {
    this.bytes[this.length] = code;
    this.length += 1;
  }

  /** Writes a literal, and makes room for what follows it. */
  literal({ view, length }: Literal, following: number): void {
    this.reserve(length + following);
    copyWords(view, 0, this.#view, this.length, length);
    this.length += length;
  }

  text(text: string): void {
    this.reserve(text.length * WIDEST);
    this.length += this.bytes.write(text, this.length);
  }

  /** Writes once more what stands from one place to another. */
  repeat(start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    if (length > SHORT) this.bytes.copyWithin(this.length, start, end);
    else copyWords(this.#view, start, this.#view, this.length, length);
    this.length += length;
  }

  /** Hands over what has been written from a place on; then there is nothing to be done but to clear. */
  takeFrom(start: number): Buffer {
    // So much memory is not kept anyway.
    if (this.bytes.length > LARGEST_KEPT) return this.bytes.subarray(start, this.length);
    const copy = takeBytes(this.length - start);
    this.bytes.copy(copy, 0, start, this.length);
    return copy;
  }

  /** Forgets everything, so that the next text can be written. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > LARGEST_KEPT) this.#use(Buffer.allocUnsafeSlow(LARGEST_KEPT));
  }

  #grow(bytes: number): void {
    this.endPart();
    const grown = Buffer.allocUnsafeSlow(2 * this.bytes.length + bytes);
    this.bytes.copy(grown, 0, 0, this.length);
    this.#use(grown);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Copies up to three bytes more than it is asked to. */
function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  for (let done = 0; done < length; done += WORD) to.setInt32(at + done, from.getInt32(start + done, true), true);
}
