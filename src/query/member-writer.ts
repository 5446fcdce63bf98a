/** Writes the members of JSON objects, each from a column of a row or from several that stand together. */
import type { JsonForm } from "../fields/field.ts";
import { type JsonOutput, Literal } from "./json-output.ts";
import type { PrintedLevel } from "./printed-level.ts";
import { ROW, type RowReader } from "./row-reader.ts";

/** Writes one member of an object. */
export interface MemberWriter {
  /**
   * @param rows at the value, or the first one where there are several, and moved behind it
   * @param levels what stands behind relations and is written already
   */
  write(rows: RowReader, output: JsonOutput, levels: readonly PrintedLevel[]): void;
}

/** Makes the writer of a member, with what stands before the value: the brace or the comma, its name and the colon. */
export type MemberForm = (opening: Literal) => MemberWriter;

/** A member that is a value. */
export function valueForm(form: JsonForm): MemberForm {
  return (opening) => new VALUES[form](opening);
}

/** A member that is a record: the one of a level that has the id which stands in the column, or none. */
export function recordForm(level: number): MemberForm {
  return (opening) => new RecordMember(opening, level);
}

/** A member that is a record whose values stand in the row, its id first; a record that has none is not there. */
export function joinedForm(members: readonly MemberWriter[]): MemberForm {
  return (opening) => new JoinedMember(opening, members);
}

/** A member that is a list of records. */
export function listForm(level: number): MemberForm {
  return (opening) => new ListMember(opening, level);
}

const [NULL, TRUE, FALSE] = [new Literal("null"), new Literal("true"), new Literal("false")];
const [LIST, LIST_END, OBJECT_END] = [0x5b, 0x5d, 0x7d];
const [LETTER_T, DIGIT_0, DIGIT_9] = [0x74, 0x30, 0x39];
/** Quotes that a value may get. */
const QUOTES = 2;

abstract class ValueMember implements MemberWriter {
  readonly #opening: Literal;

  constructor(opening: Literal) {
    this.#opening = opening;
  }

  write(rows: RowReader, output: JsonOutput): void {
    output.literal(this.#opening, rows.end - rows.at + QUOTES);
    if (rows.isNull) output.literal(NULL, 0);
    else this.writeValue(rows, output);
  }

  /** Writes what is there. There is room for what is left of the rows, in quotes. */
  protected abstract writeValue(rows: RowReader, output: JsonOutput): void;
}

/** A text: nearly all that stands in quotes is a JSON string as it stands, and nearly all that does not needs nothing but quotes. */
class TextMember extends ValueMember {
  protected override writeValue(rows: RowReader, output: JsonOutput): void {
    const start = output.length;
    output.byte(ROW.quote);
    if (rows.bytes[rows.at] === ROW.quote ? copyQuoted(rows, output) : copyPlain(rows, output)) {
      output.byte(ROW.quote);
    } else {
      output.length = start;
      output.text(JSON.stringify(rows.take()));
    }
  }
}

/** What PostgreSQL prints is JSON already. */
class PrintedMember extends ValueMember {
  protected override writeValue(rows: RowReader, output: JsonOutput): void {
    if (rows.bytes[rows.at] === ROW.quote) output.text(rows.take() ?? "");
    else copyPlain(rows, output);
  }
}

/** A number; one that JSON does not have, such as `NaN`, becomes a text. */
class NumberMember extends ValueMember {
  protected override writeValue(rows: RowReader, output: JsonOutput): void {
    const start = output.length;
    copyPlain(rows, output);
    const last = output.bytes[output.length - 1] as number;
    if (last >= DIGIT_0 && last <= DIGIT_9) return;
    const printed = output.bytes.toString("latin1", start, output.length);
    output.length = start;
    output.text(JSON.stringify(printed));
  }
}

class BooleanMember extends ValueMember {
  protected override writeValue(rows: RowReader, output: JsonOutput): void {
    output.literal(rows.bytes[rows.at] === LETTER_T ? TRUE : FALSE, 0);
    rows.skip();
  }
}

const VALUES = { text: TextMember, printed: PrintedMember, number: NumberMember, boolean: BooleanMember } as const;

class RecordMember implements MemberWriter {
  readonly #opening: Literal;
  readonly #level: number;

  constructor(opening: Literal, level: number) {
    this.#opening = opening;
    this.#level = level;
  }

  write(rows: RowReader, output: JsonOutput, levels: readonly PrintedLevel[]): void {
    output.literal(this.#opening, NULL.length);
    if (levels[this.#level - 1]?.write(rows.takeId(), output) !== true) output.literal(NULL, 0);
  }
}

class JoinedMember implements MemberWriter {
  readonly #opening: Literal;
  readonly #members: readonly MemberWriter[];

  constructor(opening: Literal, members: readonly MemberWriter[]) {
    this.#opening = opening;
    this.#members = members;
  }

  write(rows: RowReader, output: JsonOutput, levels: readonly PrintedLevel[]): void {
    output.literal(this.#opening, NULL.length);
    const members = this.#members;
    if (rows.isNull) {
      output.literal(NULL, 0);
      rows.pass(members.length - 1);
      return;
    }
    for (let index = 0; index < members.length; index += 1) {
      if (index > 0) rows.enter();
      (members[index] as MemberWriter).write(rows, output, levels);
    }
    output.byte(OBJECT_END);
  }
}

class ListMember implements MemberWriter {
  readonly #opening: Literal;
  readonly #level: number;

  constructor(opening: Literal, level: number) {
    this.#opening = opening;
    this.#level = level;
  }

  write(rows: RowReader, output: JsonOutput, levels: readonly PrintedLevel[]): void {
    output.literal(this.#opening, 0);
    output.byte(LIST);
    levels[this.#level - 1]?.write(rows.takeId(), output);
    output.reserve(0);
    output.byte(LIST_END);
  }
}

/** Copies a value that stands without quotes. Does nothing and gives false where it has what JSON escapes, which only a text can have. */
function copyPlain(rows: RowReader, output: JsonOutput): boolean {
  const source = rows.bytes;
  const target = output.bytes;
  let { at } = rows;
  let { length } = output;
  for (let code = source[at] as number; code !== ROW.comma && code !== ROW.close; code = source[at] as number) {
    if (code < ROW.space) return false;
    target[length] = code;
    length += 1;
    at += 1;
  }
  output.length = length;
  rows.at = at;
  return true;
}

/** Copies what stands in quotes. Does nothing and gives false where JSON writes it in another way. */
function copyQuoted(rows: RowReader, output: JsonOutput): boolean {
  const source = rows.bytes;
  const target = output.bytes;
  let at = rows.at + 1;
  let { length } = output;
  for (let code = source[at] as number; code !== ROW.quote; code = source[at] as number) {
    if (code === ROW.backslash || code < ROW.space) return false;
    target[length] = code;
    length += 1;
    at += 1;
  }
  // Behind it stands the next value, unless this was the first half of a quote.
  if (source[at + 1] === ROW.quote) return false;
  output.length = length;
  rows.at = at + 1;
  return true;
}
