/** Compiles reads of records, each to one statement: a page of a list, or one record, however deeply nested. */
import type { Model } from "../models/model.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { empty, joinOrEmpty, quoteIdentifier, quoteLiteral, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter } from "./compile-filter.ts";
import type { Rendering } from "./compile-member.ts";
import { compileRecordOf, compileRecords } from "./compile-records.ts";
import { Frame } from "./frame.ts";
import { compileAfter, type OrderKey } from "./keyset.ts";
import { compileOrderKeys, orderText, type ResolvedOrder } from "./order.ts";
import { type Plan, planOf } from "./plan.ts";
import type { ReadShape } from "./record-shape.ts";
import type { ResolvedFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";
import type { Selection } from "./selection.ts";
import { parameterSlot, type Slot } from "./slot.ts";

/** A read whose names are all resolved. */
export interface ResolvedRead {
  readonly selection: Selection;
  readonly filter: ResolvedFilter | null;
  readonly order: readonly ResolvedOrder[];
  readonly limit: number;
  /** Whether the request gives an offset; without it the page is the first. */
  readonly hasOffset: boolean;
  /**
   * What is told beside the records: their total, with the mark under which it holds; the mark alone, under which a total that is known may
   * hold; or nothing.
   */
  readonly told: "total" | "mark" | "nothing";
  /** Which values of the cursor are null, where the page continues behind one. */
  readonly after: readonly boolean[] | null;
  readonly rendering: Rendering;
}

/** Where a page's parameters stand among the request's; the values of a cursor follow them. */
export const PAGE_PARAMETERS = { offset: 0, mark: 1, cursor: 2 } as const;

/** The step of a statement that holds the mark. */
const MARK = quoteIdentifier("~mark");

/** What the row of a page holds: its records, of which there is one more than the page has where more records follow, and what is told beside. */
export interface PageLayout {
  readonly shape: ReadShape;
  /** Where each record has the values of the order. */
  readonly keys: readonly number[];
  /** Where the total is told: the first and the end of the statement's parameters that are all that it depends on beside the data. */
  readonly totalSlots: readonly [first: number, end: number] | null;
}

/** A compiled page. */
export interface CompiledPage {
  readonly plan: Plan;
  readonly layout: PageLayout;
}

/**
 * Compiles a page: one row with its records, and the `mark` and the `total` where these are told.
 *
 * The total costs nothing where the page itself tells it, which is wherever it holds the last record. Elsewhere it is counted,
 * unless the mark of the tables that it depends on is the one given as a parameter: then it is null, and the total that
 * was counted under that mark is still exact. The mark is read in the snapshot of the page.
 */
export function compilePage(scope: Scope, read: ResolvedRead): CompiledPage {
  const compilation = startCompilation(scope);
  const { selection, limit } = read;
  const frame = new Frame(compilation, selection.model);
  const keys = compileOrderKeys(frame, read.order);
  const { steps, columns, source, shape, places } = compileRecords(
    { scope, compilation, rendering: read.rendering },
    {
      selection,
      frame,
      wanted: keys.map(({ expression }) => expression),
      most: limit,
      select: (all, nameOf) => compileRows(frame, keys, read, all, nameOf),
    },
  );
  const layout = { shape, keys: places, totalSlots: null };
  if (read.told === "nothing") return { plan: planOf(statementOf(steps, columns, source)), layout };
  const { all, mark } = compileTotal(scope, read);
  if (read.told === "mark") {
    return { plan: planOf(statementOf(steps, [...columns, sql`(${mark}) as mark`], source)), layout };
  }
  // A page behind a cursor does not know how many records came before it, nor does an empty one.
  const shows = `count(*) <= ${limit}${read.hasOffset ? " and count(*) > 0" : ""}`;
  const isShown = read.after === null ? raw(`${shows} or `) : empty;
  const now = raw(`(select mark from ${MARK})`);
  const remembered = sql`${now} = ${parameterSlot(PAGE_PARAMETERS.mark) as never}::bigint`;
  const total = sql`case when ${isShown}${remembered} then null else ${all} end`;
  const before = [sql`${raw(MARK)} as materialized (${mark})`, ...steps];
  const first = joinOrEmpty(before, ", ").values.length;
  const told = [sql`${total} as total`, sql`${now} as mark`];
  return {
    plan: planOf(statementOf(before, [...told, ...columns], source)),
    layout: { ...layout, totalSlots: [first, first + total.values.length] },
  };
}

/** A query with steps before it. */
function statementOf(steps: readonly Sql[], columns: readonly Sql[], source: Sql): Sql {
  const query = sql`select ${joinOrEmpty(columns, ", ")} from ${source}`;
  return steps.length === 0 ? query : sql`with ${joinOrEmpty(steps, ", ")} ${query}`;
}

/**
 * The rows of a page in order, and one row more where there are more.
 *
 * @param nameOf what the column is called that holds the value of a step of the order
 */
function compileRows(
  page: Frame,
  keys: readonly OrderKey[],
  read: ResolvedRead,
  columns: readonly Sql[],
  nameOf: (key: number) => string,
): Sql {
  const most = raw(String(read.limit + 1));
  const select = (condition?: Sql): Sql => {
    const where = compileWhere(page, read.filter, condition);
    const offset = read.hasOffset ? sql` offset ${parameterSlot(PAGE_PARAMETERS.offset) as never}::bigint` : empty;
    return sql`select ${joinOrEmpty(columns, ", ")} from ${page.source()}${where} order by ${raw(orderText(keys))} limit ${most}${offset}`;
  };
  if (read.after === null) return select();
  const parts = compileAfter(keys, read.after, cursorSlot).map(select);
  if (parts.length === 1) return joinOrEmpty(parts, "");
  const order = orderText(keys.map((key, index) => ({ ...key, expression: nameOf(index) })));
  const both = joinOrEmpty(
    parts.map((part) => sql`(${part})`),
    " union all ",
  );
  return sql`select * from (${both}) b order by ${raw(order)} limit ${most}`;
}

/** The number of all records that match, and the mark of all tables that it depends on. */
function compileTotal(scope: Scope, read: ResolvedRead): { all: Sql; mark: Sql } {
  const frame = new Frame(startCompilation(scope), read.selection.model);
  const where = compileWhere(frame, read.filter);
  const all = sql`(select count(*) from ${frame.source()}${where})`;
  const tables = [...frame.compilation.tables].map((table) => `${quoteLiteral(quoteIdentifier(table))}::regclass`);
  const mark = `select coalesce(sum(changes), 0)::bigint as mark from ${CHANGE_TABLE} where table_id in (${tables.join(", ")})`;
  return { all, mark: raw(mark) };
}

function cursorSlot(index: number): Slot {
  return parameterSlot(PAGE_PARAMETERS.cursor + index);
}

/** A compiled record: at most one row with its `data`, which is empty where there is none; and where it has its version. */
export interface CompiledRecord {
  readonly plan: Plan;
  readonly shape: ReadShape;
  readonly version: number;
}

/** Compiles one record by id, the first parameter. */
export function compileRecord(scope: Scope, selection: Selection, rendering: Rendering): CompiledRecord {
  const compilation = startCompilation(scope);
  const frame = new Frame(compilation, selection.model);
  const where = compileWhere(frame, null, sql`${raw(frame.column("id"))} = ${parameterSlot(0) as never}::bigint`);
  const { steps, columns, source, shape, places } = compileRecordOf(
    { scope, compilation, rendering },
    {
      selection,
      frame,
      wanted: [frame.column(selection.model.versionField)],
      most: 1,
      select: (all) => sql`select ${joinOrEmpty(all, ", ")} from ${frame.source()}${where}`,
    },
  );
  return { plan: planOf(statementOf(steps, columns, source)), shape, version: places[0] ?? 0 };
}

/** Compiles the question how many records PostgreSQL expects to match: its plan for finding them, as JSON. */
export function compileEstimate(scope: Scope, model: Model, filter: ResolvedFilter | null): Plan {
  const frame = new Frame(startCompilation(scope), model);
  const where = compileWhere(frame, filter);
  return planOf(sql`explain (format json) select 1 from ${frame.source()}${where}`);
}

/** The condition that a statement over visible records has: their rule, a filter, and what comes first. With joins before it. */
export function compileWhere(frame: Frame, filter: ResolvedFilter | null, first?: Sql): Sql {
  const rule = frame.compilation.rule(frame.model, frame.alias);
  const conditions = [
    ...(first === undefined ? [] : [first]),
    ...(rule === null ? [] : [rule.condition]),
    ...(filter === null ? [] : [sql`(${compileFilter(frame, filter)})`]),
  ];
  return sql`${rule?.joins ?? sql``}${conditions.length === 0 ? sql`` : sql` where ${joinOrEmpty(conditions, " and ")}`}`;
}
