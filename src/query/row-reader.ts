/**
 * Reads rows as PostgreSQL prints them when they are one value: `(1,"Office Chair",,t)`. Texts with anything in them that could be taken for
 * more than text stand in quotes, where quotes and backslashes are doubled; a null is nothing at all.
 *
 * They are read as bytes of UTF-8, which is what answers are made of: most of a row is copied as it stands.
 *
 * @see https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
import { LARGEST_KEPT } from "./byte-pool.ts";
import { WIDEST } from "./json-output.ts";

/** The bytes that mean something in a row. */
export const ROW = { quote: 0x22, close: 0x29, comma: 0x2c, backslash: 0x5c, space: 0x20 } as const;
const [DIGIT_0, DIGIT_9] = [0x30, 0x39];
/** Behind the last row: whatever a row that is cut off lacks ends here, so that looking for it does too. */
const END = '")")';

/** Goes through rows that stand one behind the other, value by value. */
export class RowReader {
  bytes: Buffer = Buffer.allocUnsafeSlow(LARGEST_KEPT);
  /** Where reading has come to. Whoever reads a value moves it behind the value. */
  at = 0;
  /** Where the rows end. */
  end = 0;
  /** Where the values of the row that was read last begin. */
  readonly #starts: number[] = [];
  /** Values of the row that have been entered. */
  #entered = 0;

  /** Starts over with other rows. */
  load(rows: string): void {
    const isShort = rows.length * WIDEST + END.length <= LARGEST_KEPT;
    const size = isShort ? LARGEST_KEPT : Buffer.byteLength(rows) + END.length;
    if (size !== this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(size);
    this.at = 0;
    this.#entered = 0;
    this.end = this.bytes.write(rows, 0);
    this.bytes.write(END, this.end, "latin1");
  }

  /** Moves to the first or the next value of a row. */
  enter(): void {
    this.at += 1;
    this.#starts[this.#entered] = this.at;
    this.#entered += 1;
  }

  /** Moves behind so many values more. */
  pass(values: number): void {
    for (let passed = 0; passed < values; passed += 1) {
      this.enter();
      this.skip();
    }
  }

  /** Whether there is no value where it would stand. */
  get isNull(): boolean {
    const code = this.bytes[this.at];
    return code === ROW.comma || code === ROW.close;
  }

  /** Whether the row goes on behind the value that has been read. */
  get hasValue(): boolean {
    return this.bytes[this.at] === ROW.comma;
  }

  /** Moves behind the row that has been read. */
  leave(): void {
    if (this.bytes[this.at] !== ROW.close || this.at >= this.end) throw cutOff();
    this.at += 1;
    this.#entered = 0;
  }

  /** Moves behind the value. */
  skip(): void {
    const { bytes } = this;
    let { at } = this;
    let isQuoted = false;
    for (;;) {
      const code = bytes[at] as number;
      // A quote that is doubled ends what is quoted and begins it again.
      if (code === ROW.quote) isQuoted = !isQuoted;
      else if (!isQuoted && (code === ROW.comma || code === ROW.close)) break;
      at += 1;
    }
    this.at = at;
  }

  /** Reads the value: what PostgreSQL prints of it by itself. Null where there is none. */
  take(): string | null {
    const start = this.at;
    this.skip();
    if (this.at === start) return null;
    if (this.bytes[start] !== ROW.quote) return this.bytes.toString("utf8", start, this.at);
    const inner = this.bytes.toString("utf8", start + 1, this.at - 1);
    return inner.replaceAll('""', '"').replaceAll("\\\\", "\\");
  }

  /** What PostgreSQL prints of a value of the row that was read last. */
  valueOf(column: number): string | null {
    const { at } = this;
    this.at = this.#starts[column] ?? at;
    const value = this.take();
    this.at = at;
    return value;
  }

  /** Reads the value, which is the id of a record; -1 where there is none. */
  takeId(): number {
    const { bytes } = this;
    const start = this.at;
    let id = 0;
    let code = bytes[start] as number;
    while (code >= DIGIT_0 && code <= DIGIT_9) {
      id = id * 10 + code - DIGIT_0;
      this.at += 1;
      code = bytes[this.at] as number;
    }
    if (code !== ROW.comma && code !== ROW.close)
      throw new Error("a row of PostgreSQL has no id where one was expected");
    return this.at === start ? -1 : id;
  }

  /** The id that stands in a column of the row that was read last; -1 where there is none. */
  idOf(column: number): number {
    const { at } = this;
    this.at = this.#starts[column] ?? at;
    const id = this.takeId();
    this.at = at;
    return id;
  }
}

/** PostgreSQL gives no half rows: looking for the end of one would not come to an end. */
function cutOff(): Error {
  return new Error("a row that PostgreSQL has printed is cut off");
}
