/** Date and Datetime: calendar days, and instants kept in UTC to the millisecond. */
import type { CellForms, FilledCell } from "./cell.ts";
import { dateOfCell, datetimeOfCell } from "./cell-value.ts";
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import { describeValue } from "./text-value.ts";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATETIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Checks a calendar day.
 *
 * @param value `YYYY-MM-DD`, years 0001 to 9999
 * @throws ValueProblem for another form or a day that the calendar does not have
 */
export function parseDate(value: unknown): string {
  const match = typeof value === "string" ? DATE.exec(value) : null;
  if (match === null) throw new ValueProblem(`must be a date such as 2026-01-31, not ${describeValue(value)}`);
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    throw new ValueProblem(`must be a day that the calendar has; ${value} is none`);
  }
  return match[0];
}

/**
 * Checks an instant and converts it to UTC.
 *
 * @param value ISO 8601 with an offset or `Z`; without an offset it is UTC. Digits beyond the millisecond are cut.
 * @returns `YYYY-MM-DDTHH:MM:SS.mmmZ`
 * @throws ValueProblem for another form, a day that the calendar does not have, or a time such as 24:00
 */
export function parseDatetime(value: unknown): string {
  const match = typeof value === "string" ? DATETIME.exec(value) : null;
  if (match === null) {
    throw new ValueProblem(`must be a date and time such as 2026-01-31T10:00:00Z, not ${describeValue(value)}`);
  }
  const [, day = "", hour = "", minute = "", second = "00", fraction = "", offset = "Z"] = match;
  parseDate(day);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new ValueProblem("must have a time of day from 00:00:00 to 23:59:59");
  }
  const zone = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const instant = new Date(`${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`);
  const year = instant.getUTCFullYear();
  if (Number.isNaN(instant.getTime())) throw new ValueProblem("must have an offset such as +02:00 or Z");
  if (year < 1 || year > 9999) throw new ValueProblem("must lie in the years 0001 to 9999");
  return instant.toISOString();
}

/** A calendar day without a time. */
export class DateField<Options extends FieldOptions<string> = FieldOptions<string>> extends ColumnField<
  Nullable<string, Options>,
  Nullable<string, Options>,
  Options
> {
  readonly type = "Date";
  override readonly lookupFamily = "ordered";
  override readonly cellKind = "date";
  override readonly temporal = "date";
  readonly columnType = "date";

  parse(value: unknown): string {
    return parseDate(value);
  }

  override fromCell(cell: FilledCell, forms: CellForms): unknown {
    return dateOfCell(cell, forms);
  }

  describeOptions(): FieldDescription {
    return {};
  }

  readSchema(): JsonSchema {
    return { type: "string", format: "date" };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

/** An instant, kept in UTC to the millisecond. */
export class DatetimeField<Options extends FieldOptions<string> = FieldOptions<string>> extends ColumnField<
  Nullable<string, Options>,
  Nullable<string, Options>,
  Options
> {
  readonly type = "Datetime";
  override readonly lookupFamily = "ordered";
  override readonly cellKind = "datetime";
  override readonly temporal = "datetime";
  readonly columnType = "timestamp(3) with time zone";

  parse(value: unknown): string {
    return parseDatetime(value);
  }

  override wireExpression(column: string): string {
    // Every connection runs in UTC, so this is the instant itself whatever the reader's zone.
    return `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  }

  override fromCell(cell: FilledCell, forms: CellForms): unknown {
    return datetimeOfCell(cell, forms);
  }

  describeOptions(): FieldDescription {
    return {};
  }

  readSchema(): JsonSchema {
    return { type: "string", format: "date-time" };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

/** Declares a calendar day. */
export function date<const Options extends FieldOptions<string>>(options?: Options): DateField<Options> {
  return new DateField(options ?? ({} as Options));
}

/** Declares an instant. */
export function datetime<const Options extends FieldOptions<string>>(options?: Options): DatetimeField<Options> {
  return new DatetimeField(options ?? ({} as Options));
}
