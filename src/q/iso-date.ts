/** Strict reading of ISO 8601 days and instants, for years 0001 to 9999, without a time zone database. */

const isoForm = /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?)?/y;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** What an ISO text says: a day, or an instant in UTC with milliseconds (microseconds where given). */
export type IsoReading =
  | { readonly kind: "date"; readonly date: string; readonly length: number }
  | { readonly kind: "datetime"; readonly instant: string; readonly length: number };

/**
 * Reads a day or an instant at the start of a text; an instant without an offset is in UTC.
 *
 * @returns the reading with the number of characters it took; undefined where there is none; text where the form is
 *   right but no calendar or clock has such a value
 */
export function readIso(text: string): IsoReading | string | undefined {
  isoForm.lastIndex = 0;
  const match = isoForm.exec(text);
  if (match === null) return undefined;
  const [whole, year = "", month = "", day = "", hour, minute = "", second = "00", fraction = "", zone = "Z"] = match;
  if (Number(year) === 0) return "years go from 0001 to 9999";
  if (Number(month) < 1 || Number(month) > 12) return `there is no month ${month}`;
  if (Number(day) < 1 || Number(day) > daysOfMonth(Number(year), Number(month))) {
    return `there is no day ${day} in ${year}-${month}`;
  }
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) return { kind: "date", date, length: whole.length };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return `there is no time ${whole.slice(11)}`;
  const offset = zone === "Z" ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  if (Number(zone.slice(4)) > 59 || offset > 18 * 60) return `there is no offset ${zone}`;
  const local = Date.parse(`${date}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`);
  const utc = new Date(zone.startsWith("-") ? local + offset * 60_000 : local - offset * 60_000);
  if (utc.getUTCFullYear() < 1 || utc.getUTCFullYear() > 9999) return "years go from 0001 to 9999";
  const instant = utc.toISOString();
  const micros = fraction.padEnd(6, "0").slice(3);
  return {
    kind: "datetime",
    instant: micros === "000" ? instant : `${instant.slice(0, 23)}${micros}Z`,
    length: whole.length,
  };
}

function daysOfMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (monthDays[month - 1] ?? 0);
}

/** Whether a text is a day, such as `2026-01-31`. */
export function isDateText(text: string): boolean {
  if (text.length !== 10) return false;
  const reading = readIso(text);
  return typeof reading === "object" && reading.kind === "date";
}

/** An instant as text that sorts by time, or undefined where the text is none. */
export function instantKey(text: string): string | undefined {
  if (text.length < 16 || text.length > 32) return undefined;
  const reading = readIso(text);
  if (typeof reading !== "object" || reading.kind !== "datetime" || reading.length !== text.length) return undefined;
  return reading.instant.length === 24 ? `${reading.instant.slice(0, 23)}000Z` : reading.instant;
}
