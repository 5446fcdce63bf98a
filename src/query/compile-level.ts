/**
 * Compiles what a read gives of its records to flat rows, one kind for each level of relations, all in one statement. PostgreSQL finds the
 * records of a level in one go for all those that refer to them, and sends each once.
 */
import type { Model, ModelField } from "../models/model.ts";
import { empty, joinOrEmpty, quoteIdentifier, raw, type Sql, sql } from "../sql/fragment.ts";
import { compileTied } from "./compile-filter.ts";
import { compilePrinting, type Levels, type Rendering } from "./compile-member.ts";
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

/** The records of one level, as those behind them find them: a step of the statement. */
interface Step {
  readonly model: Model;
  /** A part of the query that gives the records. */
  readonly name: string;
  /** How many of them are wanted; null for all. */
  readonly most: number | null;
}

/** The levels of a statement while it is compiled. */
interface OpenLevels extends Levels {
  /** Steps of the statement that hold records which others refer to. */
  readonly steps: Sql[];
  /** What gives the rows of each level as one text: the deepest level comes first. */
  readonly columns: Sql[];
  readonly shapes: (LevelShape | null)[];
  readonly order: number[];
}

/** Records with all that stands behind their relations, compiled. */
export interface ReadRecords {
  /** What the query builds on. */
  readonly steps: readonly Sql[];
  /** Columns of the query: `data`, the rows of the records that were asked for, and `l1`, `l2`, ... with those behind them. */
  readonly columns: readonly Sql[];
  /** Where the query reads the records that were asked for: `FROM` without the keyword. */
  readonly source: Sql;
  readonly shape: ReadShape;
  /** Where in the rows of `data` the values stand that were asked for beside what is printed. */
  readonly places: readonly number[];
}

/** What is wanted of a record. */
export interface PlainRecord {
  readonly selection: Selection;
  /** Over the model's table. */
  readonly frame: Frame;
  /** Expressions over the frame whose values are wanted too. */
  readonly wanted: readonly string[];
}

/** The records that a read is for. */
export interface RecordSource extends PlainRecord {
  /** How many of the records the caller gets; null for all. */
  readonly most: number | null;
  /**
   * The query that gives the records.
   *
   * @param columns of the query, with names
   * @param nameOf what a column is called that holds one of the wanted values
   */
  select(columns: readonly Sql[], nameOf: (wanted: number) => string): Sql;
}

/** Whether all that a selection gives stands in rows of its own records. */
function isFlat({ fields }: Selection): boolean {
  return [...fields.values()].every(({ nested }) => nested === null);
}

/** The step that holds the records asked for. */
const ASKED = quoteIdentifier("~0");

/** Compiles records and all that stands behind their relations. */
export function compileRecords(levels: Levels, source: RecordSource): ReadRecords {
  return isFlat(source.selection) ? compileFlat(levels, source) : compileNested(levels, source);
}

/** The same of a source that gives one record, or none: then the query gives no row, or one without records. */
export function compileRecordOf(levels: Levels, source: RecordSource): ReadRecords {
  const own = compileOwnRow(levels, source);
  if (own === null) return compileNested(levels, source);
  const { row, shape, places } = own;
  // Nothing has to be gathered.
  return {
    steps: [],
    columns: [raw(`${bounded(levels, "p.row")} as data`)],
    source: sql`(${source.select([sql`${row} as row`], () => "row")} offset 0) p`,
    shape,
    places,
  };
}

/** A record by itself, compiled: its row as one text, and how that is read. */
export interface OwnRow extends Pick<ReadRecords, "shape" | "places"> {
  readonly row: Sql;
}

/** Compiles a record by itself; null where something is asked for that stands behind its relations. */
export function compileOwnRow(levels: Levels, record: PlainRecord): OwnRow | null {
  if (!isFlat(record.selection)) return null;
  const { columns, shape, places } = compileColumns(levels, record);
  return { row: recordText(columns), shape, places };
}

/** Records by themselves: what is printed comes straight from the table. */
function compileFlat(levels: Levels, source: RecordSource): ReadRecords {
  const { columns, shape, places } = compileColumns(levels, source);
  const named = columns.map((column, index) => sql`${column} as ${raw(`c${index}`)}`);
  const rows = source.select(named, (index) => `c${places[index]}`);
  return {
    steps: [],
    columns: [raw(`${gathered(levels, "p::text")} as data`)],
    source: sql`(${rows}) p`,
    shape,
    places,
  };
}

/** The columns of records by themselves, with the values that are wanted beside. */
function compileColumns(
  levels: Levels,
  { selection, frame, wanted }: PlainRecord,
): Pick<ReadRecords, "columns" | "shape" | "places"> {
  const { columns, shape } = compilePrinting(levels, frame, selection, 0, unexpectedLevel);
  let all = columns;
  const places = wanted.map((expression) => {
    const [more, place] = including(all, expression);
    all = more;
    return place;
  });
  return { columns: all, shape: { top: shape, levels: [], order: [] }, places };
}

/** Records as a step that all which stands behind them refers to. */
function compileNested(levels: Levels, { selection, frame, wanted, most, select }: RecordSource): ReadRecords {
  const columns = [
    ...neededColumns(selection).map((column) => frame.column(column)),
    ...wanted.map((expression, index) => `${expression} as "~${index}"`),
  ];
  const rows = select(columns.map(raw), (index) => `"~${index}"`);
  const open: OpenLevels = {
    ...levels,
    steps: [sql`${raw(ASKED)} as materialized (${rows})`],
    columns: [],
    shapes: [],
    order: [],
  };
  const step: Step = { model: selection.model, name: ASKED, most };
  const printed = new Frame(levels.compilation, selection.model);
  const values = wanted.map((_, index) => `"~${index}"`);
  const { record, shape } = compileStep(open, step, printed, values, selection);
  return {
    steps: open.steps,
    columns: [raw(`${gathered(levels, "p.row")} as data`), ...open.columns],
    source: sql`(select ${record} as row from ${raw(`${ASKED} ${printed.alias}`)} offset 0) p`,
    shape: { top: shape, levels: open.shapes as LevelShape[], order: open.order },
    places: values.map((_, index) => index),
  };
}

/** Columns with one that is wanted, and where it is among them: most are printed anyway. */
function including(columns: readonly Sql[], expression: string): [all: readonly Sql[], place: number] {
  const known = columns.findIndex((column) => column.sql === expression);
  return known === -1 ? [[...columns, raw(expression)], columns.length] : [columns, known];
}

function unexpectedLevel(): never {
  throw new Error("a selection that is flat has nothing behind its records");
}

/** A row as one text. */
function recordText(columns: readonly Sql[]): Sql {
  return sql`row(${joinOrEmpty(columns, ", ")})::text`;
}

/**
 * All rows of a level as one text, null where that is too long to be given. PostgreSQL gathers them once, though that stands here twice.
 *
 * @param row the row as a text. It must be the column of a subquery that stays one (`offset 0`): what is selected there would be found twice
 */
function gathered(levels: Levels, row: string): string {
  return bounded(levels, `coalesce(string_agg(${row}, ''), '')`);
}

/** A text, or null where it is too long to be given. */
function bounded({ rendering }: Levels, text: string): string {
  return `case when octet_length(${text}) <= ${LONGEST_TEXT[rendering]} then ${text} end`;
}

/** Adds the level behind a relation of the records that a step gives, and what stands behind that. */
function addLevel(
  open: OpenLevels,
  from: Step,
  start: (frame: Frame) => Sql,
  field: ModelField,
  selection: Selection,
): number {
  const level = open.shapes.push(null);
  const { compilation, scope } = open;
  const { model } = selection;
  const many = field.relation?.many === true;
  const line = new Frame(compilation, model);
  // An order may add joins to the lines, so it comes before them.
  const order = many ? raw(` order by ${compileOrder(line, modelOrder(scope, model))}`) : empty;
  const { key, lines } = compileTied(field, line, (tied) => sql`${raw(tied)} in (${compileStarts(open, from, start)})`);
  const add = (shape: ObjectShape, place: number, row: Sql, rows: Sql) => {
    const all = sql`select ${row} as row from ${rows} offset 0`;
    open.columns.push(sql`(select ${raw(gathered(open, "o.row"))} from (${all}) o) as ${raw(`l${level}`)}`);
    open.shapes[level - 1] = { ...shape, key: place, many };
    open.order.push(level);
  };
  if (isFlat(selection)) {
    const { columns, shape } = compilePrinting(open, line, selection, 0, unexpectedLevel);
    const [all, place] = including(columns, key);
    add(shape, place, recordText(all), sql`${lines}${order}`);
    return level;
  }
  const step: Step = { model, name: quoteIdentifier(`~${level}`), most: null };
  const needed = [`${key} as "~0"`, ...neededColumns(selection).map((column) => line.column(column))];
  open.steps.push(sql`${raw(step.name)} as materialized (select ${raw(needed.join(", "))} from ${lines}${order})`);
  const printed = new Frame(compilation, model);
  const { record, shape } = compileStep(open, step, printed, ['"~0"'], selection);
  add(shape, 0, record, raw(`${step.name} ${printed.alias}`));
  return level;
}

/**
 * Compiles the rows of records that a step gives, and adds all levels that they refer to.
 *
 * @param values columns of the step that come before what is printed
 */
function compileStep(
  open: OpenLevels,
  step: Step,
  frame: Frame,
  values: readonly string[],
  selection: Selection,
): { readonly record: Sql; readonly shape: ObjectShape } {
  const { columns, shape } = compilePrinting(open, frame, selection, values.length, (...behind) =>
    addLevel(open, step, ...behind),
  );
  const before = values.map((value) => raw(`${frame.alias}.${value}`));
  return { record: recordText([...before, ...columns]), shape };
}

/** What those records hold from which a relation starts. */
function compileStarts({ compilation }: Levels, { model, name, most }: Step, start: (frame: Frame) => Sql): Sql {
  const frame = new Frame(compilation, model);
  const limit = most === null ? "" : ` limit ${most}`;
  return sql`select ${start(frame)} from ${raw(`${name} ${frame.alias}${limit}`)}`;
}

/** The columns that printing a record takes: those of its fields, and the ends of its relations. */
function neededColumns({ model, fields }: Selection): string[] {
  const columns = new Set(["id"]);
  for (const { field } of fields.values()) {
    if (field.kind === "stored") columns.add(field.column);
    if (field.kind === "naming") for (const part of model.displayName) columns.add(part.column);
  }
  return [...columns];
}
