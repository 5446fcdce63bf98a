/** Writes the filter that selects exactly the records of one group. */
import { Temporal } from "temporal-polyfill";
import { toInstant } from "../q/date-resolution.ts";
import { formatQ } from "../q/format.ts";
import { numeralLiteral } from "../q/numeral.ts";
import { type Condition, condition, group, type Literal, type Q } from "../q/tree.ts";
import { DATE_PARTS, type GroupKey, type PartKey } from "./group-key.ts";

/** A group's keys as text, in their order: ids of records, first days of periods, values as they are printed; or null. */
export type KeyTexts = readonly (string | null)[];

/** The first day and the last year that dates can have. */
const FIRST_DAY = "0001-01-01";
const LAST_YEAR = 9999;

/**
 * Prepares the filters of all groups of one answer.
 *
 * @param filter the request's own; names and date expressions in it stay what they are
 * @param timeZone the IANA name of the zone that instants were grouped in
 * @returns writes the filter of the group with these keys, as text
 */
export function groupFilterWriter(
  filter: Q | null,
  keys: readonly GroupKey[],
  timeZone: string,
): (texts: KeyTexts) => string {
  const isAll = filter === null || (filter.kind === "group" && filter.conditions.length === 0);
  if (keys.length === 0) {
    const text = formatQ(filter ?? group([]));
    return () => text;
  }
  const prefix = isAll ? "" : `${filter.kind === "or" ? `(${formatQ(filter)})` : formatQ(filter)} & `;
  return (texts) => {
    const conditions = keys.flatMap((key, index) => keyConditions(key, texts[index] ?? null, timeZone));
    return `${prefix}${formatQ(group(conditions))}`;
  };
}

function keyConditions(key: GroupKey, text: string | null, timeZone: string): Condition[] {
  if (text === null) return [condition([...key.path], "isnull", true)];
  if (key.kind === "part") return periodConditions(key, text, timeZone);
  return [
    condition([...key.path], "eq", key.kind === "record" ? Number(text) : literalOf(key.field.field.columnType, text)),
  ];
}

/** Column type -> the literal of a value in it; all other types are written as text. */
const LITERALS: Readonly<Record<string, (text: string) => Literal>> = {
  bigint: numeralLiteral,
  numeric: numeralLiteral,
  "double precision": numeralLiteral,
  boolean: (text) => text === "true",
};

function literalOf(columnType: string, text: string): Literal {
  return LITERALS[columnType]?.(text) ?? text;
}

/** A period from its first day to the first day after it; at the ends of the calendar it is open. */
function periodConditions({ path, part, field }: PartKey, text: string, timeZone: string): Condition[] {
  const end = Temporal.PlainDate.from(text).add(DATE_PARTS[part]);
  const bound = (day: string) =>
    field.field.temporal === "date" ? day : toInstant({ kind: "date", date: day }, timeZone);
  const conditions = [
    ...(text === FIRST_DAY ? [] : [condition([...path], "gte", bound(text))]),
    ...(end.year > LAST_YEAR ? [] : [condition([...path], "lt", bound(end.toString()))]),
  ];
  return conditions;
}
