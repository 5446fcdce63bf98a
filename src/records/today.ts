/** The calendar day, for code that dates what it makes. */
import { type Clock, resolveDateExpression, toDate } from "../q/date-resolution.ts";

/**
 * The day it is, as a default of a field (`date({ default: today })`) or in code (`today(env.clock)`).
 *
 * @returns `YYYY-MM-DD` in the time zone of whoever asks
 */
export function today({ now, timeZone }: Clock): string {
  return toDate(resolveDateExpression({ base: { kind: "today" }, offsets: [] }, { now, timeZone }), timeZone);
}

/**
 * The day that lies some days after another one.
 *
 * @param date `YYYY-MM-DD`
 * @param days may be negative
 */
export function addDays(date: string, days: number): string {
  const clock: Clock = { now: new Date(0), timeZone: "UTC" };
  return toDate(
    resolveDateExpression({ base: { kind: "date", date }, offsets: [{ amount: days, unit: "d" }] }, clock),
    "UTC",
  );
}
