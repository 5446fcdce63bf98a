/** Compiles a resolved filter to a condition over a frame. */
import type { ModelField } from "../models/model.ts";
import { identifier, join, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { foldedText } from "./folded-text.ts";
import { columnText, type Frame, fieldText } from "./frame.ts";
import { compileLookup } from "./lookup-sql.ts";
import { keeperOf } from "./path.ts";
import type { ResolvedFilter, ResolvedSome, ResolvedTest } from "./resolve-filter.ts";

/**
 * Compiles a filter.
 *
 * The condition may be null where a column is; that counts as false, and every `not` takes care of it.
 */
export function compileFilter(frame: Frame, filter: ResolvedFilter): Sql {
  if (filter.kind === "test") return compileTest(frame, filter);
  if (filter.kind === "some") return compileSome(frame, filter);
  // "Exists" is never null, and PostgreSQL makes a join of its plain denial.
  if (filter.kind === "not" && filter.item.kind === "some") return sql`not ${compileSome(frame, filter.item)}`;
  if (filter.kind === "not") return sql`(${compileFilter(frame, filter.item)}) is not true`;
  if (filter.items.length === 0) return filter.kind === "and" ? sql`true` : sql`false`;
  const items = filter.items.map((item) => sql`(${compileFilter(frame, item)})`);
  return join(items, filter.kind === "and" ? " and " : " or ");
}

function compileTest(frame: Frame, test: ResolvedTest): Sql {
  const reached = frame.through(test.hops);
  const column = raw(fieldText(reached, test.field));
  const { ignoreAccents } = reached.model;
  const folded = foldedText(reached, test.field);
  return compileLookup(test.lookup, { ...test, column, field: test.column, folded, ignoreAccents });
}

function compileSome(frame: Frame, { hops, relation, item }: ResolvedSome): Sql {
  const line = frame.target(relation);
  const condition = compileFilter(line, item);
  return sql`exists (select 1 from ${compileLines(frame.through(hops), relation, line, condition)})`;
}

/** The records at one end of a relation, and the column that ties them to those at the other end. */
interface TiedLines {
  /** What the tie compares, as text: their id, their reference, or the other half of a pair. */
  readonly key: string;
  /** `FROM ... WHERE ...` without the first keyword. */
  readonly lines: Sql;
}

/**
 * The visible records of a relation that starts at one record.
 *
 * @param start the frame of that record
 * @param field the relation
 * @param line the frame of the records on the other side; its joins are part of the result
 * @param condition what else they must meet
 * @returns `FROM ... WHERE ...` without the first keyword
 */
export function compileLines(start: Frame, field: ModelField, line: Frame, condition: Sql | null): Sql {
  const own = startColumn(start, field);
  return compileTied(field, line, (key) => raw(`${key} = ${own}`), condition).lines;
}

/** The column from which a relation starts, as text. */
export function startColumn(start: Frame, { relation }: ModelField): string {
  return start.column(relation?.link.kind === "column" ? relation.link.column : "id");
}

/**
 * The visible records of a relation, whichever records it starts from.
 *
 * @param line the frame of the records on the other side; its joins are part of the result
 * @param tie the condition that ties them, by the column to compare, to those that it starts from
 * @param condition what else they must meet
 */
export function compileTied(
  field: ModelField,
  line: Frame,
  tie: (key: string) => Sql,
  condition: Sql | null = null,
): TiedLines {
  const link = field.relation?.link;
  if (link === undefined) throw new Error(`${field.name} is no relation`);
  const { compilation } = line;
  const pair = link.kind === "through" ? compilation.nextAlias() : "";
  if (link.kind === "through") compilation.tables.add(link.table);
  const keeper = keeperOf(compilation.registry, link);
  const rules = [compilation.rule(line.model, line.alias), keeper === null ? null : compilation.rule(keeper, pair)];
  const known = rules.filter((rule) => rule !== null);
  const joins = joinOrEmpty([line.joins(), ...known.map((rule) => rule.joins)], "");
  const tied = (key: string, source: Sql): TiedLines => {
    const all = [tie(key), ...known.map((rule) => rule.condition), ...(condition === null ? [] : [condition])];
    return { key, lines: sql`${source}${joins} where ${joinOrEmpty(all, " and ")}` };
  };
  if (link.kind === "column") return tied(line.column("id"), line.table());
  if (link.kind === "reverse") return tied(line.column(link.column), line.table());
  const on = raw(`${line.column("id")} = ${columnText(pair, link.target)}`);
  const pairs = sql`${identifier(link.table)} ${raw(pair)} join ${line.table()} on ${on}`;
  return tied(columnText(pair, link.source), pairs);
}
