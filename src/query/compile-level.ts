/**
 * Compiles what a read gives of its records to flat rows, one kind for each level of relations, all in one statement. PostgreSQL finds the
 * records of a level in one go for all those that refer to them, and sends each once.
 */
import type { Model, ModelField } from "../models/model.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../sql/fragment.ts";
import { behindLevels, compilePrinting, type Levels } from "./compile-member.ts";
import {
  compileBehind,
  compileLastLevel,
  gathered,
  isFlat,
  type PlainRecord,
  recordText,
  rowsOf,
  unexpectedRelation,
} from "./compile-row.ts";
import { Frame } from "./frame.ts";
import type { LevelShape, ObjectShape, ReadShape } from "./record-shape.ts";
import type { Selection } from "./selection.ts";

/** Records of which there are no more than that are few: those behind them are looked up one by one. */
const FEW = 100;

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
  /** Whether the records that were asked for are few. */
  readonly few: boolean;
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

/** The records that a read is for. */
export interface RecordSource extends PlainRecord {
  /** How many of the records the caller gets. */
  readonly most: number;
  /**
   * The query that gives the records.
   *
   * @param columns of the query, with names
   * @param nameOf what a column is called that holds one of the wanted values
   */
  select(columns: readonly Sql[], nameOf: (wanted: number) => string): Sql;
}

/** The step that holds the records asked for. */
const ASKED = quoteIdentifier("~0");

/** Records as a step that all which stands behind them refers to. */
export function compileNested(levels: Levels, { selection, frame, wanted, most, select }: RecordSource): ReadRecords {
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
    few: most <= FEW,
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

/** Adds the level behind a relation of the records that a step gives, and what stands behind that. */
function addLevel(
  open: OpenLevels,
  from: Step,
  start: (frame: Frame) => Sql,
  field: ModelField,
  selection: Selection,
): number {
  const level = open.shapes.push(null);
  const relation = { field, selection, tie: (tied: string) => compileTie(open, from, tied, start, field) };
  const add = (shape: LevelShape, row: Sql, rows: Sql) => {
    const text = sql`select ${raw(gathered(open, "o.row"))} from (${rowsOf(row, rows)}) o`;
    open.columns.push(sql`(${text}) as ${raw(`l${level}`)}`);
    open.shapes[level - 1] = shape;
    open.order.push(level);
  };
  if (isFlat(selection)) {
    const { row, rows, shape } = compileLastLevel(open, relation, unexpectedRelation);
    add(shape, row, rows);
    return level;
  }
  const { model } = selection;
  const frame = new Frame(open.compilation, model);
  const { key, rows } = compileBehind(open, relation, frame);
  const step: Step = { model, name: quoteIdentifier(`~${level}`), most: null };
  const needed = [`${key} as "~0"`, ...neededColumns(selection).map((column) => frame.column(column))];
  open.steps.push(sql`${raw(step.name)} as materialized (select ${raw(needed.join(", "))} from ${rows})`);
  const printed = new Frame(open.compilation, model);
  const { record, shape } = compileStep(open, step, printed, ['"~0"'], selection);
  add({ ...shape, key: 0 }, record, raw(`${step.name} ${printed.alias}`));
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
  const { columns, shape } = compilePrinting(
    open,
    frame,
    selection,
    values.length,
    behindLevels((...behind) => addLevel(open, step, ...behind)),
  );
  const before = values.map((value) => raw(`${frame.alias}.${value}`));
  return { record: recordText([...before, ...columns]), shape };
}

/**
 * The condition that a record stands behind one of those that a step gives. PostgreSQL looks up what is compared with a list one by one,
 * and makes a join of what is compared with a query: the list is quicker while it is short. Its plan is made for ten entries, so long ones could
 * be compared with each record of a small table; of what may be many, only the records of a to-one relation are known to be no more than that table has.
 */
function compileTie(
  { compilation, few }: OpenLevels,
  { model, name, most }: Step,
  tied: string,
  start: (frame: Frame) => Sql,
  field: ModelField,
): Sql {
  const frame = new Frame(compilation, model);
  const source = raw(`${name} ${frame.alias}`);
  if (few && most !== null)
    return sql`${raw(tied)} = any (array(select ${start(frame)} from ${source} limit ${raw(String(most))}))`;
  if (few && field.relation?.many !== true)
    return sql`${raw(tied)} = any (array(select distinct ${start(frame)} from ${source}))`;
  const limit = most === null ? "" : ` limit ${most}`;
  return sql`${raw(tied)} in (select ${start(frame)} from ${source}${raw(limit)})`;
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
