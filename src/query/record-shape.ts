/**
 * Makes the JSON texts of records from the flat rows in which a read gives them: the records of each level stand in rows of their own, those
 * behind relations before those that they belong to, and are put together here by their keys.
 */
import type { JsonPrinter } from "../fields/field.ts";
import { printedValue, type RowValue, type RowValues, readRows, textJson } from "./row-text.ts";

/** The JSON texts of one level by the key that ties them to their records. */
export type Printed = Map<string, string>;

/** Prints one member of an object: from the row, and from what stands behind relations. */
export type MemberPrinter = (row: RowValues, levels: readonly Printed[]) => string;

/** How rows of one level become JSON objects. */
export interface ObjectShape {
  /** What stands before each member: the brace or the comma, its name and the colon. */
  readonly openings: readonly string[];
  readonly printers: readonly MemberPrinter[];
}

/** A level behind a relation. */
export interface LevelShape extends ObjectShape {
  /** Where its rows have the key that ties them to the records which refer to them. */
  readonly key: number;
  /** Whether several records have the same key, and make a list. */
  readonly many: boolean;
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
  /** The JSON text of each. */
  readonly texts: readonly string[];
  /** The values that stand before those that are printed, or are among them: of the record that was asked for. */
  readonly values: readonly (string | null)[] | null;
}

/**
 * The object that has these members.
 *
 * @param members name -> what prints it, in their order
 */
export function objectShape(members: readonly (readonly [name: string, printer: MemberPrinter])[]): ObjectShape {
  return {
    openings: members.map(([name], index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    printers: members.map(([, printer]) => printer),
  };
}

/**
 * A member that is a value.
 *
 * @param toJson makes its JSON of what PostgreSQL prints; null where it is a text
 */
export function valuePrinter(column: number, toJson: JsonPrinter | null): MemberPrinter {
  if (toJson === null) {
    return (row) => {
      const value = row[column];
      return value === null || value === undefined ? "null" : textJson(value);
    };
  }
  return (row) => {
    const value = row[column];
    return value === null || value === undefined ? "null" : toJson(printedValue(value));
  };
}

/** A member that is a record: the one of a level that has the key which stands in the column, or none. */
export function recordPrinter(column: number, level: number): MemberPrinter {
  return (row, levels) => levels[level - 1]?.get(row[column] ?? "") ?? "null";
}

/** A member that is a list of records. */
export function listPrinter(column: number, level: number): MemberPrinter {
  return (row, levels) => `[${levels[level - 1]?.get(row[column] ?? "") ?? ""}]`;
}

/** What is to be printed. */
export interface RecordPrinting {
  readonly shape: ReadShape;
  /** Characters that all records may have together. */
  readonly most: number;
  /** The record whose values are wanted beside its text: by its place from 0 on, and where they stand in its row. */
  readonly wanted: { readonly record: number; readonly columns: readonly number[] };
}

/**
 * Prints the records that were asked for.
 *
 * @returns null where they are too long to be given
 */
export function printRecords(found: LevelTexts, { shape, most, wanted }: RecordPrinting): PrintedRecords | null {
  const { top, levels, order } = shape;
  const printed = levels.map((): Printed => new Map());
  // What a record refers to is printed wherever it is referred to, so that a few long texts could make an endless answer.
  for (const number of order) {
    const [level, own] = [levels[number - 1] as LevelShape, printed[number - 1] as Printed];
    const rows = found[`l${number}`] ?? null;
    if (rows === null || !printLevel(rows, level, printed, own, most)) return null;
  }
  const texts: string[] = [];
  let values: PrintedRecords["values"] = null;
  let length = 0;
  const print = (row: RowValues) => {
    if (texts.length === wanted.record) values = wanted.columns.map((column) => printedOf(row[column] ?? null));
    const text = printObject(top, row, printed);
    texts.push(text);
    length += text.length;
    return length <= most;
  };
  return found.data === null || !readRows(found.data, print) ? null : { texts, values };
}

function printedOf(value: RowValue): string | null {
  return value === null ? null : printedValue(value);
}

/**
 * Prints the rows of a level.
 *
 * @param printed all levels
 * @param own gets the texts of this one
 * @returns whether no list is too long
 */
function printLevel(rows: string, level: LevelShape, printed: readonly Printed[], own: Printed, most: number): boolean {
  let key: string | null = null;
  let text = "";
  const isShort = readRows(rows, (row) => {
    const object = printObject(level, row, printed);
    // What has the same key stands together.
    if (row[level.key] === key) text += `,${object}`;
    else {
      if (key !== null) own.set(key, text);
      key = row[level.key] ?? null;
      text = object;
    }
    return text.length <= most;
  });
  if (key !== null) own.set(key, text);
  return isShort;
}

function printObject({ openings, printers }: ObjectShape, row: RowValues, levels: readonly Printed[]): string {
  let text = "";
  for (let index = 0; index < printers.length; index += 1) {
    text += (openings[index] as string) + (printers[index] as MemberPrinter)(row, levels);
  }
  return `${text}}`;
}
