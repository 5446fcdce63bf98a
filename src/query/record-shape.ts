/**
 * Makes JSON of the flat rows in which a read gives records: the records of each level stand in rows of their own, those behind relations
 * before those that they belong to, and are put together here by the ids that tie them.
 */
import { JsonOutput, Literal, TooLong } from "./json-output.ts";
import type { MemberForm, MemberWriter } from "./member-writer.ts";
import { PrintedLevel } from "./printed-level.ts";
import { ROW, RowReader } from "./row-reader.ts";

/** How rows of one level become JSON objects. */
export interface ObjectShape {
  /** Values at the beginning of each row that are not printed. */
  readonly before: number;
  /** The members, each from the columns that are next. What follows them is not printed either. */
  readonly members: readonly MemberWriter[];
}

/** A level behind a relation. */
export interface LevelShape extends ObjectShape {
  /** Where its rows have the id that ties them to the records which refer to them. */
  readonly key: number;
}

/** How what one statement gives becomes JSON texts. */
export interface ReadShape {
  readonly top: ObjectShape;
  /** What stands behind relations, by number; level 1 is the first. */
  readonly levels: readonly LevelShape[];
  /** The numbers of the levels in the order in which they can be printed: what stands behind others first. */
  readonly order: readonly number[];
}

/** What a statement gives of a read: the rows of each level as one text, null where that is too long to be given. */
export type LevelTexts = { readonly data: string | null } & { readonly [level: `l${number}`]: string | null };

/** The records that a read was for. */
export interface PrintedRecords {
  /** The JSON text of the list of them, in UTF-8. */
  readonly list: Buffer;
  /** Whether there are more than were wanted. */
  readonly isFollowed: boolean;
  readonly count: number;
  /** The values that were asked for of the last record that was wanted; null where there are fewer records. */
  readonly values: readonly (string | null)[] | null;
}

/** What is to be printed. */
export interface RecordPrinting {
  readonly shape: ReadShape;
  /** Records that are wanted. */
  readonly limit: number;
  /** Where the values stand that are asked for of the last of them. */
  readonly columns: readonly number[];
}

const [LIST, LIST_END, OBJECT_END] = [0x5b, 0x5d, 0x7d];
const NO_ID = -2;

// Printing never waits, so one of each is enough for everybody.
const rows = new RowReader();
const output = new JsonOutput();

/**
 * The object that has these members.
 *
 * @param before values of each row that come before them
 * @param members name -> what prints it, in their order
 */
export function objectShape(
  before: number,
  members: readonly (readonly [name: string, form: MemberForm])[],
): ObjectShape {
  return {
    before,
    members: members.map(([name, form], index) =>
      form(new Literal(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`)),
    ),
  };
}

/**
 * Prints the records that were asked for.
 *
 * @param most bytes that all of them may have together, and those of each level
 * @throws TooLong where there is more than may be given
 */
export function printRecords(
  found: LevelTexts,
  { shape, limit, columns }: RecordPrinting,
  most: number,
): PrintedRecords {
  try {
    const printed = shape.levels.map(() => new PrintedLevel());
    // What a record refers to is printed wherever it is referred to, so that a few long texts could make an endless answer.
    for (const number of shape.order) printLevel(given(found[`l${number}`]), shape, number, printed, most);
    rows.load(given(found.data));
    const start = output.beginPart(most);
    output.reserve(0);
    output.byte(LIST);
    let count = 0;
    for (; count < limit && rows.at < rows.end; count += 1) {
      output.reserve(0);
      if (count > 0) output.byte(ROW.comma);
      printObject(shape.top, printed);
    }
    output.reserve(0);
    output.byte(LIST_END);
    output.endPart();
    return {
      list: output.takeFrom(start),
      isFollowed: rows.at < rows.end,
      count,
      values: count === limit && count > 0 ? columns.map((column) => rows.valueOf(column)) : null,
    };
  } finally {
    output.clear();
  }
}

function given(text: string | null | undefined): string {
  if (text === null || text === undefined) throw new TooLong();
  return text;
}

/** Prints the rows of a level, one list for each id where several records have the same: these stand together. */
function printLevel(
  text: string,
  { levels }: ReadShape,
  number: number,
  printed: readonly PrintedLevel[],
  most: number,
): void {
  const [level, own] = [levels[number - 1] as LevelShape, printed[number - 1] as PrintedLevel];
  let [id, start] = [NO_ID, output.beginPart(most)];
  rows.load(text);
  while (rows.at < rows.end) {
    output.reserve(0);
    output.byte(ROW.comma);
    const from = output.length;
    printObject(level, printed);
    const key = rows.idOf(level.key);
    if (key === id) continue;
    if (id !== NO_ID) own.add(id, start, from - 1);
    [id, start] = [key, from];
  }
  if (id !== NO_ID) own.add(id, start, output.length);
  output.endPart();
}

/** Prints the next row. */
function printObject({ before, members }: ObjectShape, printed: readonly PrintedLevel[]): void {
  rows.pass(before);
  for (let index = 0; index < members.length; index += 1) {
    rows.enter();
    (members[index] as MemberWriter).write(rows, output, printed);
  }
  while (rows.hasValue) rows.pass(1);
  rows.leave();
  output.byte(OBJECT_END);
}
