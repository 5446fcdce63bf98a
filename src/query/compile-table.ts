/** Compiles a table of records: one row for each, with the text of its cells, and each list within it as JSON. */
import { type Model, modelOf } from "../models/model.ts";
import { joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileLines } from "./compile-filter.ts";
import { compileWhere } from "./compile-read.ts";
import { Frame } from "./frame.ts";
import { compileOrder, compileOrderKeys, modelOrder, orderText, type ResolvedOrder } from "./order.ts";
import { type Plan, planOf } from "./plan.ts";
import type { ResolvedFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";
import { parameterSlot } from "./slot.ts";
import type { TableCell, TableLevel, TableList } from "./table.ts";

/** Which records a table has. */
export interface TableRecords {
  readonly filter: ResolvedFilter | null;
  /** Only records whose ids are given as the first parameter. */
  readonly byIds: boolean;
}

const cellName = (index: number): string => `c${index}`;
const listName = (index: number): string => `l${index}`;

/**
 * Compiles the rows. The first columns are the level's cells in their order: text, or where `isJson` says so, the text of JSON. The
 * others are its lists: the text of a JSON list of objects whose members are cells and lists again, in the same order.
 */
export function compileTable(
  scope: Scope,
  level: TableLevel,
  order: readonly ResolvedOrder[],
  records: TableRecords,
): Plan {
  const frame = new Frame(startCompilation(scope), level.model);
  const keys = compileOrderKeys(frame, order);
  const cells = level.cells.map((cell, index) => {
    const value = printCell(scope, frame, cell);
    return named(cell.isJson ? sql`to_json(${value})::text` : value, cellName(index));
  });
  const ends = level.lists.map(({ hops }, index) => raw(`${frame.through(hops).column("id")} as "~${index}"`));
  const columns = joinOrEmpty([...cells, ...ends], ", ");
  const where = compileRecords(frame, records);
  const rows = sql`select ${columns} from ${frame.source()}${where} order by ${raw(orderText(keys))}`;
  if (level.lists.length === 0) return planOf(rows);
  // Lists are made of rows that are in order already: as they are asked for, and not before all are sorted.
  const ordered = frame.compilation.nextAlias();
  const lists = level.lists.map((list, index) => {
    const last = list.hops.at(-1);
    const model = last === undefined ? level.model : modelOf(scope.registry, last.relation?.target ?? "");
    const start = new Frame(frame.compilation, model);
    const one = sql`(select ${raw(ordered)}."~${raw(String(index))}" as id) ${raw(start.alias)}`;
    return { one, column: named(sql`${compileList(scope, start, list)}::text`, listName(index)) };
  });
  const own = level.cells.map((_, index) => raw(`${ordered}.${cellName(index)}`));
  const all = joinOrEmpty([...own, ...lists.map(({ column }) => column)], ", ");
  const starts = joinOrEmpty(
    lists.map(({ one }) => sql`, lateral ${one}`),
    "",
  );
  return planOf(sql`select ${all} from (${rows}) ${raw(ordered)}${starts}`);
}

/** Compiles the number of the records, as `count`. */
export function compileCount(scope: Scope, model: Model, records: TableRecords): Plan {
  const frame = new Frame(startCompilation(scope), model);
  const where = compileRecords(frame, records);
  return planOf(sql`select count(*) as count from ${frame.source()}${where}`);
}

function compileRecords(frame: Frame, { filter, byIds }: TableRecords): Sql {
  const chosen = sql`${raw(frame.column("id"))} = any(${parameterSlot(0) as never}::bigint[])`;
  return compileWhere(frame, filter, byIds ? chosen : undefined);
}

function compileList(scope: Scope, start: Frame, { field, level }: TableList): Sql {
  const line = start.target(field);
  const cells = level.cells.map((cell, index) => {
    const value = printCell(scope, line, cell);
    return named(cell.isJson ? value : sql`(${value})::text`, cellName(index));
  });
  const lists = level.lists.map((list, index) =>
    named(compileList(scope, line.through(list.hops), list), listName(index)),
  );
  const order = compileOrder(line, modelOrder(scope, level.model));
  const columns = joinOrEmpty([...cells, ...lists], ", ");
  // Cells and order add joins to the lines, so they come before them.
  const lines = sql`select ${columns} from ${compileLines(start, field, line, null)} order by ${raw(order)}`;
  return sql`(select json_agg(o) from (${lines}) o)`;
}

function printCell(scope: Scope, frame: Frame, { hops, print }: TableCell): Sql {
  return print(scope, frame.through(hops));
}

function named(expression: Sql, name: string): Sql {
  return sql`${expression} as ${raw(name)}`;
}
