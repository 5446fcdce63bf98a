/** Compiles records to rows, each as one text, and the rows of many as one: what every level of a read is made of. */
import type { ModelField } from "../models/model.ts";
import { empty, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { compileTied } from "./compile-filter.ts";
import { type CompileRelation, compilePrinting, type Levels, type Rendering } from "./compile-member.ts";
import { Frame } from "./frame.ts";
import { compileOrder, modelOrder } from "./order.ts";
import type { LevelShape, ObjectShape, ReadShape } from "./record-shape.ts";
import type { Selection } from "./selection.ts";

/**
 * Bytes of text that the records of one level can be given as at once, and all together after they have been printed. Lists within records have
 * no limit of their own, so this is what keeps an answer from filling the memory; code gets what the engine can hold as one text.
 */
export const LONGEST_TEXT: Readonly<Record<Rendering, number>> = {
  wireExpression: 64 * 1024 * 1024,
  codeExpression: 400 * 1024 * 1024,
};

/** What is wanted of a record. */
export interface PlainRecord {
  readonly selection: Selection;
  /** Over the model's table. */
  readonly frame: Frame;
  /** Expressions over the frame whose values are wanted too. */
  readonly wanted: readonly string[];
}

/** Whether all that a selection gives of a record stands in the record's own columns. */
export function isFlat({ fields }: Selection): boolean {
  return [...fields.values()].every(({ nested }) => nested === null);
}

/** For records that have nothing behind them. */
export function unexpectedRelation(): never {
  throw new Error("a selection that is flat has nothing behind its records");
}

/** A record by itself, compiled: its row as one text, and how that is read. */
export interface OwnRow {
  readonly row: Sql;
  readonly shape: ReadShape;
  /** Where in the row the values stand that are wanted beside what is printed. */
  readonly places: readonly number[];
}

/** Compiles a record by itself; null where something is asked for that stands behind its relations. */
export function compileOwnRow(levels: Levels, record: PlainRecord): OwnRow | null {
  if (!isFlat(record.selection)) return null;
  const { columns, shape, places } = compileColumns(levels, record, unexpectedRelation);
  return { row: recordText(columns), shape: flatShape(shape), places };
}

export function flatShape(top: ObjectShape): ReadShape {
  return { top, levels: [], order: [] };
}

/** The columns of records, with the values that are wanted beside. */
export function compileColumns(
  levels: Levels,
  { selection, frame, wanted }: PlainRecord,
  compileRelation: CompileRelation,
): { readonly columns: readonly Sql[]; readonly shape: ObjectShape; readonly places: readonly number[] } {
  const { columns, shape } = compilePrinting(levels, frame, selection, 0, compileRelation);
  let all = columns;
  const places = wanted.map((expression) => {
    const [more, place] = including(all, expression);
    all = more;
    return place;
  });
  return { columns: all, shape, places };
}

/** A relation whose records stand in a level of their own. */
export interface LevelRelation {
  readonly field: ModelField;
  readonly selection: Selection;
  /** Makes the condition that ties them, by the column to compare, to those that they stand behind. */
  readonly tie: (tied: string) => Sql;
}

/** Where the records behind a relation are read. */
interface Behind {
  /** What ties them to the records that refer to them. */
  readonly key: string;
  /** They themselves, in their order: `FROM` without the keyword. */
  readonly rows: Sql;
}

/** @param frame over the records; joins that others have asked for are part of the result */
export function compileBehind({ scope }: Levels, { field, selection, tie }: LevelRelation, frame: Frame): Behind {
  const many = field.relation?.many === true;
  // An order may add joins to the lines, so it comes before them.
  const order = many ? compileOrder(frame, modelOrder(scope, selection.model)) : "";
  const { key, lines } = compileTied(field, frame, tie);
  // Lists are told apart afterwards anyway: those that are short are sorted much sooner one by one than all together.
  const inOrder = many ? raw(` order by ${key}, ${order}`) : empty;
  return { key, rows: sql`${lines}${inOrder}` };
}

/** Compiles a level behind which there is no other. @param compileRelation for relations whose records stand in its own rows */
export function compileLastLevel(
  levels: Levels,
  relation: LevelRelation,
  compileRelation: CompileRelation,
): { readonly row: Sql; readonly rows: Sql; readonly shape: LevelShape } {
  const { selection } = relation;
  const frame = new Frame(levels.compilation, selection.model);
  const { columns, shape } = compilePrinting(levels, frame, selection, 0, compileRelation);
  const { key, rows } = compileBehind(levels, relation, frame);
  const [all, place] = including(columns, key);
  return { row: recordText(all), rows, shape: { ...shape, key: place } };
}

/** Columns with one that is wanted, and where it is among them: most are printed anyway. */
function including(columns: readonly Sql[], expression: string): [all: readonly Sql[], place: number] {
  const known = columns.findIndex((column) => column.sql === expression);
  return known === -1 ? [[...columns, raw(expression)], columns.length] : [columns, known];
}

/** A row as one text. */
export function recordText(columns: readonly Sql[]): Sql {
  return sql`row(${joinOrEmpty(columns, ", ")})::text`;
}

/**
 * All rows of a level as one text, null where that is too long to be given. PostgreSQL gathers them once, though that stands here twice.
 *
 * @param row the row as a text. It must be the column of a subquery that stays one (`offset 0`): what is selected there would be found twice
 */
export function gathered(levels: Levels, row: string): string {
  return bounded(levels, `coalesce(string_agg(${row}, ''), '')`);
}

/** A text, or null where it is too long to be given. */
export function bounded({ rendering }: Levels, text: string): string {
  return `case when octet_length(${text}) <= ${LONGEST_TEXT[rendering]} then ${text} end`;
}

/** Rows that are found once, however often their text is used. */
export function rowsOf(row: Sql, rows: Sql): Sql {
  return sql`select ${row} as row from ${rows} offset 0`;
}
