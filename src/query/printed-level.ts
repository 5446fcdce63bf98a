/** The records of one level where they have been written, by the id that ties them to those which refer to them. */
import type { JsonOutput } from "./json-output.ts";

/** What stands behind one relation, ready to be repeated wherever it is referred to. */
export class PrintedLevel {
  /** id -> where its beginning is kept; its end follows. */
  readonly #places = new Map<number, number>();
  readonly #ends: number[] = [];

  /** Notes what has been written for an id: a record, or several with commas between. */
  add(id: number, start: number, end: number): void {
    this.#places.set(id, this.#ends.length);
    this.#ends.push(start, end);
  }

  /**
   * Writes what belongs to an id.
   *
   * @returns false where there is nothing
   */
  write(id: number, output: JsonOutput): boolean {
    const place = this.#places.get(id);
    if (place === undefined) return false;
    output.repeat(this.#ends[place] as number, this.#ends[place + 1] as number);
    return true;
  }
}
