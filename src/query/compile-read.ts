/** Compiles a read to one statement that gives the answer's JSON text: a page of records, however deeply nested. */
import type { Model, NamingField, StoredField } from "../models/model.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { empty, joinOrEmpty, quoteIdentifier, quoteLiteral, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter, compileLines } from "./compile-filter.ts";
import { Frame, fieldText } from "./frame.ts";
import { compileAfter, type OrderKey } from "./keyset.ts";
import { compileOrder, compileOrderKeys, modelOrder, orderText, type ResolvedOrder } from "./order.ts";
import { placeholderExpression } from "./placeholder.ts";
import { type Plan, planOf } from "./plan.ts";
import type { ResolvedFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";
import type { Selection } from "./selection.ts";
import { parameterSlot, type Slot } from "./slot.ts";

/** How values are printed: for clients, or exactly, for code. */
export type Rendering = "wireExpression" | "codeExpression";

/** A read whose names are all resolved. */
export interface ResolvedRead {
  readonly selection: Selection;
  readonly filter: ResolvedFilter | null;
  readonly order: readonly ResolvedOrder[];
  readonly limit: number;
  /** Whether the request gives an offset; without it the page is the first. */
  readonly hasOffset: boolean;
  /**
   * What the answer tells about the total: all of it; what the page itself shows, with the mark under which a total that is known holds; what the
   * page shows alone; or nothing.
   */
  readonly count: "exact" | "marked" | "shown" | "none";
  /** Which values of the cursor are null, where the page continues behind one. */
  readonly after: readonly boolean[] | null;
  readonly rendering: Rendering;
}

/**
 * Bytes of the JSON text that a client can be given at once. Lists within records have no limit of their own, so this is
 * what keeps an answer from filling the memory.
 */
export const LARGEST_ANSWER = 64 * 1024 * 1024;

/** Where a page's parameters stand among the request's; the values of a cursor follow them. */
export const PAGE_PARAMETERS = { offset: 0, mark: 1, cursor: 2 } as const;

/** A compiled page, and how many of its first parameters are all that its total depends on beside the data. */
export interface CompiledPage {
  readonly plan: Plan;
  readonly totalSlots: number;
}

/**
 * Compiles a page: one row with `data`, the JSON text of the list or null where that is too long for a client, `total`, the number of matching records, and `next`, the
 * order's values in the last record where more records follow.
 *
 * The total costs nothing where the page itself tells it, which is wherever it holds the last record. Elsewhere it is counted,
 * unless the `mark` of the tables that it depends on is the one given as a parameter: then `total` is null, and the total that
 * was counted under that mark is still exact. The mark is read in the snapshot of the page.
 */
export function compilePage(scope: Scope, read: ResolvedRead): CompiledPage {
  const page = new Frame(startCompilation(scope), read.selection.model);
  const keys = compileOrderKeys(page, read.order);
  const rows = compileRows(page, keys, read);
  const outer = new Frame(page.compilation, page.model);
  const fields = compileFields(scope, outer, read.selection, read.rendering);
  const printed = sql`(${rows}) ${raw(outer.alias)}, lateral (select ${columnList(fields)}) r`;
  // The row that only tells that more follow is cut off at the end: numbering the rows would take longer than printing it does.
  const list = read.limit === 0 ? "null" : `array_to_json((array_agg(r))[1:${read.limit}])`;
  const last = keys.map((_, index) => `(array_agg(${outer.alias}."~${index}"))[${read.limit}]::text`);
  const isFollowed = read.limit > 0 ? `count(*) > ${read.limit}` : "false";
  const next = `case when ${isFollowed} then json_build_array(${last.join(", ")}) end as next`;
  const data = sql`select coalesce(${raw(list)}, '[]')::text as data, count(*) as found, ${raw(next)} from ${printed}`;
  const text = raw(bounded("p.data", read.rendering));
  if (read.count === "shown" || read.count === "none") {
    const shown = read.count === "none" ? empty : compileShown(read);
    const total = shown === empty ? raw("null") : sql`case ${shown} end`;
    return {
      plan: planOf(sql`select ${text} as data, p.next, ${total} as total, null as mark from (${data}) p`),
      totalSlots: 0,
    };
  }
  const { total, shown, mark } = compileTotal(scope, read);
  if (read.count === "marked") {
    const known = sql`select ${text} as data, p.next, ${shown} as total, m.mark from (${data}) p, (${mark}) m`;
    return { plan: planOf(known), totalSlots: 0 };
  }
  const plan = planOf(sql`select ${text} as data, p.next, ${total} as total, m.mark from (${data}) p, (${mark}) m`);
  return { plan, totalSlots: total.values.length };
}

/** The rows of a page in order, with the values of the order as `"~0"`, `"~1"`, ..., and one row more where there are more. */
function compileRows(page: Frame, keys: readonly OrderKey[], read: ResolvedRead): Sql {
  const columns = [
    ...neededColumns(read.selection).map((column) => page.column(column)),
    ...keys.map(({ expression }, index) => `${expression} as "~${index}"`),
  ];
  const most = raw(String(read.limit + 1));
  const select = (condition?: Sql): Sql => {
    const where = compileWhere(page, read.filter, condition);
    const offset = read.hasOffset ? sql` offset ${offsetSlot()}` : empty;
    return sql`select ${raw(columns.join(", "))} from ${page.source()}${where} order by ${raw(orderText(keys))} limit ${most}${offset}`;
  };
  if (read.after === null) return select();
  const parts = compileAfter(keys, read.after, cursorSlot).map(select);
  if (parts.length === 1) return joinOrEmpty(parts, "");
  const order = orderText(keys.map((key, index) => ({ ...key, expression: `"~${index}"` })));
  const both = joinOrEmpty(
    parts.map((part) => sql`(${part})`),
    " union all ",
  );
  return sql`select * from (${both}) b order by ${raw(order)} limit ${most}`;
}

/** Compiles the question how many records PostgreSQL expects to match: its plan for finding them, as JSON. */
export function compileEstimate(scope: Scope, model: Model, filter: ResolvedFilter | null): Plan {
  const frame = new Frame(startCompilation(scope), model);
  const where = compileWhere(frame, filter);
  return planOf(sql`explain (format json) select 1 from ${frame.source()}${where}`);
}

/** Compiles one record by id, the first parameter: a row with `data`, null where it is too long, and `version`; or no row. */
export function compileRecord(scope: Scope, selection: Selection, rendering: Rendering): Plan {
  const frame = new Frame(startCompilation(scope), selection.model);
  const where = compileWhere(frame, null, sql`${raw(frame.column("id"))} = ${parameterSlot(0) as never}::bigint`);
  const object = compileObject(compileFields(scope, frame, selection, rendering));
  const version = raw(frame.column(selection.model.versionField));
  const record = sql`select ${object}::text as data, ${version} as version from ${frame.source()}${where} offset 0`;
  return planOf(sql`select ${raw(bounded("r.data", rendering))} as data, r.version from (${record}) r`);
}

/** Text that goes to a client, or null where it is too long; code may read as much as it wants. */
function bounded(text: string, rendering: Rendering): string {
  if (rendering === "codeExpression") return text;
  return `case when octet_length(${text}) <= ${LARGEST_ANSWER} then ${text} end`;
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

/** The total over the page `p` and the mark `m`, and the mark of all tables that it depends on. */
function compileTotal(scope: Scope, read: ResolvedRead): { total: Sql; shown: Sql; mark: Sql } {
  const frame = new Frame(startCompilation(scope), read.selection.model);
  const where = compileWhere(frame, read.filter);
  const all = sql`(select count(*) from ${frame.source()}${where})`;
  const remembered = sql`m.mark = ${parameterSlot(PAGE_PARAMETERS.mark) as never}::bigint`;
  const shown = compileShown(read);
  const tables = [...frame.compilation.tables].map((table) => `${quoteLiteral(quoteIdentifier(table))}::regclass`);
  return {
    total: sql`case ${shown} when ${remembered} then null else ${all} end`,
    shown: shown === empty ? raw("null::bigint") : sql`case ${shown} end`,
    mark: sql`select coalesce(sum(changes), 0)::bigint as mark from ${raw(CHANGE_TABLE)} where table_id in (${raw(tables.join(", "))})`,
  };
}

/** The branch of a `case` for pages that show the total by themselves, for they hold the last record. */
function compileShown(read: ResolvedRead): Sql {
  // A page behind a cursor does not know how many records came before it.
  if (read.after !== null) return empty;
  const isLast = `when p.found <= ${read.limit}`;
  if (!read.hasOffset) return raw(`${isLast} then p.found`);
  return sql`${raw(isLast)} and p.found > 0 then ${offsetSlot()} + p.found`;
}

function cursorSlot(index: number): Slot {
  return parameterSlot(PAGE_PARAMETERS.cursor + index);
}

function offsetSlot(): Sql {
  return sql`${parameterSlot(PAGE_PARAMETERS.offset) as never}::bigint`;
}

/** The columns that printing a record takes: those of its fields, and the ends of its relations. */
export function neededColumns({ model, fields }: Selection): string[] {
  const columns = new Set(["id"]);
  for (const { field } of fields.values()) {
    if (field.kind === "stored") columns.add(field.column);
    if (field.kind === "naming") for (const part of model.displayName) columns.add(part.column);
  }
  return [...columns];
}

/** A field of an answer: its name, and the expression that prints it. */
interface PrintedField {
  readonly name: string;
  readonly expression: Sql;
}

/** Prints the fields of a selection over a frame, with everything behind its relations. */
export function compileFields(scope: Scope, frame: Frame, selection: Selection, rendering: Rendering): PrintedField[] {
  return [...selection.fields.values()].map(({ field, nested }) => {
    if (field.kind === "calculated") return { name: field.name, expression: raw(placeholderExpression(frame, field)) };
    if (field.kind === "company") {
      const line = frame.target(field.way);
      const fields = new Map([[field.name, { field: field.value, nested }]]);
      const [printed] = compileFields(scope, line, { model: line.model, fields }, rendering);
      const lines = compileLines(frame, field.way, line, null);
      return { name: field.name, expression: sql`(select ${printed?.expression ?? raw("null")} from ${lines})` };
    }
    if (nested === null) {
      const own = field as StoredField | NamingField;
      return { name: field.name, expression: raw(own.field[rendering](fieldText(frame, own))) };
    }
    const line = frame.target(field);
    const isMany = field.relation?.many === true;
    const columns = columnList(compileFields(scope, line, nested, rendering));
    // An order may add joins to the lines, so it comes before them.
    const order = isMany ? raw(` order by ${compileOrder(line, modelOrder(scope, nested.model))}`) : empty;
    const lines = sql`select ${columns} from ${compileLines(frame, field, line, null)}${order}`;
    // A record that stays a row until the whole answer is printed costs less than one that is printed by itself.
    const printed = raw(isMany ? "coalesce(json_agg(o), '[]')" : "o");
    return { name: field.name, expression: sql`(select ${printed} from (${lines}) o)` };
  });
}

/** Prints fields as one JSON object. */
export function compileObject(fields: readonly PrintedField[]): Sql {
  return sql`(select row_to_json(o) from (select ${columnList(fields)}) o)`;
}

function columnList(fields: readonly PrintedField[]): Sql {
  return joinOrEmpty(
    fields.map(({ name, expression }) => sql`${expression} as ${raw(`"${name}"`)}`),
    ", ",
  );
}
