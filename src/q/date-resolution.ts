/** What a date expression means at a moment in a time zone, and days as instants and back. */
import { Temporal } from "temporal-polyfill";
import { ValidationError } from "../errors.ts";
import type { DateBase, DateExpression, DateOffset, Period } from "./date-expression.ts";

/** The moment and the place that `today` and `now` speak of. */
export interface Clock {
  readonly now: Date;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** A day (`YYYY-MM-DD`) or an instant (ISO 8601 in UTC with `Z`, milliseconds, or microseconds where it has them). */
export type ResolvedDate =
  | { readonly kind: "date"; readonly date: string }
  | { readonly kind: "datetime"; readonly instant: string };

/**
 * Where an expression has come to. The end of a period is kept as the day after it, which every month has, until the
 * last offset is applied.
 */
type Position =
  | { kind: "day"; day: Temporal.PlainDate; isExclusiveEnd: boolean }
  | { kind: "time"; time: Temporal.ZonedDateTime };

/**
 * Resolves a date expression.
 *
 * Days, weeks, months and years move the local calendar and clock, hours are exact. Adding months keeps to the last day
 * of a shorter month; `month_end+1m` is the end of the next month. Hours on a day count from its local midnight.
 *
 * @throws ValidationError where the result is outside the years 0001 to 9999, or the time zone is unknown
 */
export function resolveDateExpression(expression: DateExpression, clock: Clock): ResolvedDate {
  return guarded(clock.timeZone, () => {
    let position = startingPosition(expression.base, clock);
    for (const offset of expression.offsets) position = moved(position, offset, clock.timeZone);
    if (position.kind === "time") return { kind: "datetime", instant: instantText(position.time.toInstant()) };
    return { kind: "date", date: dateText(dayOf(position)) };
  });
}

/** The day of a resolved date: of an instant, the local day in `timeZone`. */
export function toDate(resolved: ResolvedDate, timeZone: string): string {
  if (resolved.kind === "date") return resolved.date;
  return guarded(timeZone, () =>
    dateText(Temporal.Instant.from(resolved.instant).toZonedDateTimeISO(timeZone).toPlainDate()),
  );
}

/** The instant of a resolved date: of a day, its first moment in `timeZone`. */
export function toInstant(resolved: ResolvedDate, timeZone: string): string {
  if (resolved.kind === "datetime") return resolved.instant;
  return guarded(timeZone, () =>
    instantText(Temporal.PlainDate.from(resolved.date).toZonedDateTime({ timeZone }).toInstant()),
  );
}

function startingPosition(base: DateBase, clock: Clock): Position {
  if (base.kind === "date") return day(Temporal.PlainDate.from(base.date));
  if (base.kind === "datetime") {
    return { kind: "time", time: Temporal.Instant.from(base.instant).toZonedDateTimeISO(clock.timeZone) };
  }
  const now = Temporal.Instant.fromEpochMilliseconds(clock.now.getTime()).toZonedDateTimeISO(clock.timeZone);
  if (base.kind === "now") return { kind: "time", time: now };
  const today = now.toPlainDate();
  if (base.kind === "today") return day(today);
  const start = startOf(base.period, today);
  if (base.edge === "start") return day(start);
  return { kind: "day", day: start.add(lengthOf[base.period]), isExclusiveEnd: true };
}

const lengthOf: Readonly<Record<Period, { days?: number; months?: number }>> = {
  week: { days: 7 },
  month: { months: 1 },
  quarter: { months: 3 },
  year: { months: 12 },
};

function startOf(period: Period, date: Temporal.PlainDate): Temporal.PlainDate {
  if (period === "week") return date.subtract({ days: date.dayOfWeek - 1 });
  if (period === "month") return date.with({ day: 1 });
  const month = period === "year" ? 1 : date.month - ((date.month - 1) % 3);
  return date.with({ month, day: 1 });
}

function moved(position: Position, offset: DateOffset, timeZone: string): Position {
  const { amount, unit } = offset;
  if (unit === "h") {
    const time = position.kind === "time" ? position.time : dayOf(position).toZonedDateTime({ timeZone });
    return { kind: "time", time: time.add({ hours: amount }) };
  }
  const duration = { d: { days: amount }, w: { weeks: amount }, m: { months: amount }, y: { years: amount } }[unit];
  return position.kind === "time"
    ? { kind: "time", time: position.time.add(duration) }
    : { ...position, day: position.day.add(duration) };
}

function day(date: Temporal.PlainDate): Position {
  return { kind: "day", day: date, isExclusiveEnd: false };
}

function dayOf(position: { day: Temporal.PlainDate; isExclusiveEnd: boolean }): Temporal.PlainDate {
  return position.isExclusiveEnd ? position.day.subtract({ days: 1 }) : position.day;
}

function dateText(date: Temporal.PlainDate): string {
  checkYear(date.year);
  return date.toString();
}

function instantText(instant: Temporal.Instant): string {
  const utc = instant.toZonedDateTimeISO("UTC");
  checkYear(utc.year);
  return instant.toString({ fractionalSecondDigits: utc.microsecond === 0 ? 3 : 6 });
}

function checkYear(year: number): void {
  if (year < 1 || year > 9999) throw new ValidationError("A date expression leaves the years 0001 to 9999");
}

/** Turns what Temporal throws for unknown zones and far away dates into an error for the client. */
function guarded<Result>(timeZone: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (!isTimeZone(timeZone)) {
      throw new ValidationError(`Unknown time zone ${JSON.stringify(timeZone)}`, { cause: error });
    }
    throw new ValidationError("A date expression leaves the years 0001 to 9999", { cause: error });
  }
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
