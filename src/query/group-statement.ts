/** Compiles a grouping to one statement that gives a page of groups and the number of all groups. */
import { fieldOf, type NamingField } from "../models/model.ts";
import { empty, join, joinOrEmpty, quoteLiteral, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter, compileLines } from "./compile-filter.ts";
import { type Compilation, Frame, fieldText } from "./frame.ts";
import { compileAggregate } from "./group-aggregate.ts";
import { COUNT_COLUMN } from "./group-having.ts";
import type { GroupKey, PartKey, RecordKey } from "./group-key.ts";
import type { GroupOrder } from "./group-order.ts";
import { compileFieldPath } from "./group-path.ts";
import type { ResolvedGrouping } from "./group-resolution.ts";
import { keeperOf } from "./path.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Scope } from "./scope.ts";
import { parameterSlot, type Slot } from "./slot.ts";

/** The grouped rows: keys `k0`, `k1`, ..., the number of records, aggregates `a0`, `a1`, ... */
const GROUPS = "g";

/**
 * Compiles a page of groups. Each row has the number of all groups as `total`; and, unless the page is empty, `data`, the
 * JSON text of the group without its filter, and its keys as texts `k0`, `k1`, ...
 */
export function compileGroups(scope: Scope, grouping: ResolvedGrouping): Plan {
  const compilation = startCompilation(scope);
  const { keys } = grouping;
  const printed = keys.map((key, index) => printKey(compilation, key, index));
  const members = [
    ...keys.map(({ name }, index) => ({ name, value: printed[index]?.json ?? "" })),
    { name: "count", value: `${GROUPS}.${COUNT_COLUMN}` },
    ...grouping.aggregates.map(({ name, aggregate: { result, column } }) => ({
      name,
      value: result.wireExpression(`${GROUPS}.${column}`),
    })),
  ];
  const object = members.map(({ name, value }) => `${quoteLiteral(name)}, ${value}`).join(", ");
  const texts = printed.map(({ text }, index) => `, (${text})::text as k${index}`).join("");
  const page = compilePage(grouping, printed);
  // Printed only now, for the groups of the page alone.
  const rows = sql`select ${raw(`json_build_object(${object})::text as data${texts}`)}, row_number() over () as position from (${page}) ${raw(GROUPS)}`;
  const columns = raw(keys.map((_, index) => `, p.k${index}`).join(""));
  return planOf(
    sql`with ${raw(GROUPS)} as (${compileGroupedRows(scope, compilation, grouping)}) select c.total, p.data${columns} from (select count(*) as total from ${raw(GROUPS)}) c left join (${rows}) p on true order by p.position`,
  );
}

/** The groups of the page in their order, with the names of their records. */
function compilePage({ keys, order, limit, hasOffset }: ResolvedGrouping, printed: readonly PrintedKey[]): Sql {
  const names = raw(printed.flatMap(({ name }) => (name === null ? [] : [`, ${name}`])).join(""));
  const joins = joinOrEmpty(
    printed.map(({ joined }) => joined),
    "",
  );
  const offset = hasOffset ? sql` offset ${parameterSlot(0) as never}::bigint` : empty;
  const steps = raw(compileGroupOrder(order, keys, printed));
  return sql`select ${raw(GROUPS)}.*${names} from ${raw(GROUPS)}${joins}${steps} limit ${raw(String(limit))}${offset}`;
}

/** All groups that pass `having`, with their keys, counts and aggregates. */
function compileGroupedRows(scope: Scope, compilation: Compilation, grouping: ResolvedGrouping): Sql {
  const { model, keys, computed, filter, having } = grouping;
  const frame = new Frame(compilation, model);
  const lines = keys.map((key) => (key.kind === "record" && key.many ? compileLinked(frame, key) : null));
  const values = keys.map((key, index) => lines[index]?.id ?? compileKey(scope, frame, key));
  const columns = [
    ...values.map((value, index) => sql`${value} as ${raw(`k${index}`)}`),
    raw(`count(*) as ${COUNT_COLUMN}`),
    ...computed.map((each) => raw(`${compileAggregate(each, compileFieldPath(scope, frame, each))} as ${each.column}`)),
  ];
  const rule = compilation.rule(model, frame.alias);
  const conditions = [
    ...(rule === null ? [] : [rule.condition]),
    ...(filter === null ? [] : [sql`(${compileFilter(frame, filter)})`]),
  ];
  const where = conditions.length === 0 ? empty : sql` where ${join(conditions, " and ")}`;
  const linked = joinOrEmpty(
    lines.map((line) => line?.clause ?? empty),
    "",
  );
  // By position: an expression with a parameter would not be seen to be the same a second time.
  const by = raw(keys.length === 0 ? "" : ` group by ${keys.map((_, index) => index + 1).join(", ")}`);
  const rows = sql`select ${join(columns, ", ")} from ${frame.source()}${linked}${rule?.joins ?? empty}${where}${by}`;
  if (having === null) return rows;
  const grouped = new Frame(compilation, model);
  return sql`select * from (${rows}) ${raw(grouped.alias)} where ${compileFilter(grouped, having)}`;
}

/** The visible records that a to-many relation links to each record, or once null where there is none. */
function compileLinked(frame: Frame, { hops, field }: RecordKey): { id: Sql; clause: Sql } {
  const { compilation } = frame;
  const line = frame.target(field);
  const alias = compilation.nextAlias();
  // A model that keeps pairs may hold the same one twice.
  const link = field.relation?.link;
  const distinct = link !== undefined && keeperOf(compilation.registry, link) !== null ? "distinct " : "";
  const ids = sql`select ${raw(`${distinct}${line.column("id")}`)} as id from ${compileLines(frame.through(hops), field, line, null)}`;
  return { id: raw(`${alias}.id`), clause: sql` left join lateral (${ids}) ${raw(alias)} on true` };
}

function compileKey(scope: Scope, frame: Frame, key: GroupKey): Sql {
  const value = raw(compileFieldPath(scope, frame, key));
  return key.kind === "part" ? compilePart(key, value) : value;
}

/** The first day of the period that a date lies in; of an instant, in the reader's time zone. */
function compilePart({ part, field }: PartKey, value: Sql): Sql {
  const name = raw(quoteLiteral(part));
  if (field.field.temporal === "date") return sql`date_trunc(${name}, ${value}::timestamp)::date`;
  const zone: Slot = { bind: ({ clock }) => clock.timeZone };
  // Near the ends of the calendar the local day may have no date on the wire; it counts as the first or the last one.
  const local = sql`least(greatest(${value} at time zone ${zone as never}::text, '0001-01-01'), '9999-12-31')`;
  return sql`case when ${value} is not null then date_trunc(${name}, ${local})::date end`;
}

/** How a key is shown. */
interface PrintedKey {
  /** As the answer prints it. */
  readonly json: string;
  /** As text for the group's filter. */
  readonly text: string;
  /** What groups are ordered by, most significant first: enough to tell any two values apart. */
  readonly order: readonly string[];
  /** The record's name as a column of the page. */
  readonly name: string | null;
  /** The join that the name needs. */
  readonly joined: Sql;
}

function printKey(compilation: Compilation, key: GroupKey, index: number): PrintedKey {
  const value = `${GROUPS}.k${index}`;
  if (key.kind !== "record") {
    const text = key.kind === "part" ? value : key.field.field.wireExpression(value);
    return { json: text, text, order: [value], name: null, joined: empty };
  }
  // No rule is needed here: whatever id is a key has passed it when the records were grouped.
  const record = new Frame(compilation, key.target);
  const name = fieldText(record, fieldOf(key.target, "display_name") as NamingField);
  const object = `json_build_object('id', ${value}, 'display_name', ${GROUPS}.d${index})`;
  return {
    json: `case when ${value} is not null then ${object} end`,
    text: value,
    order: [name, value],
    name: `${name} as d${index}`,
    joined: sql` left join ${record.table()} on ${raw(`${record.column("id")} = ${value}`)}`,
  };
}

/** All keys are the last steps, so that the order is always strict. */
function compileGroupOrder(
  order: readonly GroupOrder[],
  keys: readonly GroupKey[],
  printed: readonly PrintedKey[],
): string {
  const expressionOf = ({ by }: GroupOrder): string => {
    if (by === "count") return `${GROUPS}.${COUNT_COLUMN}`;
    return "column" in by ? `${GROUPS}.${by.column}` : (printed[keys.indexOf(by)]?.order[0] ?? "");
  };
  const asked = order.map((step) => {
    const { descending, nulls } = step;
    return `${expressionOf(step)}${descending ? " desc" : ""}${nulls === null ? "" : ` nulls ${nulls}`}`;
  });
  const steps = [...asked, ...printed.flatMap((each) => each.order)];
  return steps.length === 0 ? "" : ` order by ${steps.join(", ")}`;
}
