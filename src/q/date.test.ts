/** Date expressions: their text, and what they mean at a moment in a time zone, over changes of the clock too. */
import { describe, expect, test } from "vitest";
import { ValidationError } from "../errors.ts";
import { parseDateExpression } from "./date-expression.ts";
import { resolveDateExpression, toDate, toInstant } from "./date-resolution.ts";
import { instantKey, isDateText } from "./iso-date.ts";

const berlin = "Europe/Berlin";
const newYork = "America/New_York";

describe("text", () => {
  test.each([
    ["today", { base: { kind: "today" }, offsets: [] }],
    ["now-36h", { base: { kind: "now" }, offsets: [{ amount: -36, unit: "h" }] }],
    [
      "month_end + 1m -2d",
      {
        base: { kind: "period", period: "month", edge: "end" },
        offsets: [
          { amount: 1, unit: "m" },
          { amount: -2, unit: "d" },
        ],
      },
    ],
    ["2024-02-29", { base: { kind: "date", date: "2024-02-29" }, offsets: [] }],
    ["2024-02-29-1y", { base: { kind: "date", date: "2024-02-29" }, offsets: [{ amount: -1, unit: "y" }] }],
    ["2024-02-29T10:00Z", { base: { kind: "datetime", instant: "2024-02-29T10:00:00.000Z" }, offsets: [] }],
    ["2024-02-29 10:00:01", { base: { kind: "datetime", instant: "2024-02-29T10:00:01.000Z" }, offsets: [] }],
    ["2024-02-29T10:00:00.5+05:30", { base: { kind: "datetime", instant: "2024-02-29T04:30:00.500Z" }, offsets: [] }],
    ["2024-12-31T23:00:00-02:00", { base: { kind: "datetime", instant: "2025-01-01T01:00:00.000Z" }, offsets: [] }],
    [
      "2024-02-29T10:00:00.123456Z",
      { base: { kind: "datetime", instant: "2024-02-29T10:00:00.123456Z" }, offsets: [] },
    ],
    ["0001-01-01", { base: { kind: "date", date: "0001-01-01" }, offsets: [] }],
    ["9999-12-31T23:59:59Z", { base: { kind: "datetime", instant: "9999-12-31T23:59:59.000Z" }, offsets: [] }],
    [
      "2024-02-29T10:00-2h",
      { base: { kind: "datetime", instant: "2024-02-29T10:00:00.000Z" }, offsets: [{ amount: -2, unit: "h" }] },
    ],
  ])("%s", (text, expression) => {
    expect(parseDateExpression(text)).toEqual(expression);
  });

  test.each([
    ["", "expected a date (2026-01-31)"],
    ["tomorrow", "one of today, now, week_start, week_end, month_start"],
    ["Today", "expected a date"],
    ["constructor", "expected a date"],
    ["day_start", "expected a date"],
    [" today", "expected a date"],
    ["today7d", 'expected "+" or "-"'],
    ["today-", 'expected a number of 1 to 6 digits after "-"'],
    ["today-d", 'expected a number of 1 to 6 digits after "-"'],
    ["today--7d", 'expected a number of 1 to 6 digits after "-"'],
    ["today-1000000d", "expected a number of 1 to 6 digits"],
    ["today-7", "expected a unit: d (days)"],
    ["today-7M", "expected a unit"],
    ["today-7days", 'expected "+" or "-"'],
    ["today-1.5d", "expected a unit"],
    [`today${"+1d".repeat(40)}`, "at most 100 characters"],
    ["2024-02-30", "there is no day 30 in 2024-02"],
    ["2023-02-29", "there is no day 29 in 2023-02"],
    ["1900-02-29", "there is no day 29 in 1900-02"],
    ["2024-04-31", "there is no day 31"],
    ["2024-01-00", "there is no day 00"],
    ["2024-13-01", "there is no month 13"],
    ["2024-00-01", "there is no month 00"],
    ["0000-01-01", "years go from 0001 to 9999"],
    ["-0001-01-01", "expected a date"],
    ["275760-09-13", "expected a date"],
    ["24-01-01", "expected a date"],
    ["2024-1-1", "expected a date"],
    ["2024-01-01T24:00:00Z", "there is no time 24:00:00Z"],
    ["2016-12-31T23:59:60Z", "there is no time 23:59:60Z"],
    ["2024-01-01T10:60Z", "there is no time"],
    ["2024-01-01T10Z", 'expected "+" or "-"'],
    ["2024-01-01T10:00:00z", 'expected "+" or "-"'],
    ["2024-01-01T10:00:00.1234567Z", 'expected "+" or "-"'],
    ["2024-01-01T10:00:00+19:00", "there is no offset +19:00"],
    ["2024-01-01T10:00:00+01:60", "there is no offset +01:60"],
    ["0001-01-01T00:00:00+01:00", "years go from 0001 to 9999"],
    ["9999-12-31T23:00:00-02:00", "years go from 0001 to 9999"],
    ["today\0", 'expected "+" or "-"'],
    ["２０２４-01-01", "expected a date"],
  ])("%j fails", (text, message) => {
    expect(() => parseDateExpression(text)).toThrow(ValidationError);
    expect(() => parseDateExpression(text)).toThrow(message);
  });
});

describe("meaning", () => {
  test.each<[now: string, zone: string, text: string, result: string]>([
    // A Thursday; the local day is not the day in UTC.
    ["2024-02-29T23:30:00Z", berlin, "today", "2024-03-01"],
    ["2024-02-29T23:30:00Z", newYork, "today", "2024-02-29"],
    ["2024-02-29T03:30:00Z", newYork, "today", "2024-02-28"],
    ["2024-02-29T23:30:00Z", berlin, "now", "2024-02-29T23:30:00.000Z"],
    ["2024-02-29T12:00:00Z", berlin, "today-7d", "2024-02-22"],
    ["2024-02-29T12:00:00Z", berlin, "today+2w", "2024-03-14"],
    ["2024-02-29T12:00:00Z", berlin, "today-1y", "2023-02-28"],
    ["2024-02-29T12:00:00Z", berlin, "2024-01-31+1m", "2024-02-29"],
    ["2024-02-29T12:00:00Z", berlin, "2024-01-31+1m+1m", "2024-03-29"],
    ["2024-02-29T12:00:00Z", berlin, "week_start", "2024-02-26"],
    ["2024-02-29T12:00:00Z", berlin, "week_end", "2024-03-03"],
    ["2024-02-26T12:00:00Z", berlin, "week_start", "2024-02-26"],
    ["2024-03-03T12:00:00Z", berlin, "week_start", "2024-02-26"],
    ["2024-03-03T12:00:00Z", berlin, "week_end", "2024-03-03"],
    ["2024-02-29T12:00:00Z", berlin, "week_end-1w", "2024-02-25"],
    ["2024-02-29T12:00:00Z", berlin, "month_start", "2024-02-01"],
    ["2024-02-29T12:00:00Z", berlin, "month_end", "2024-02-29"],
    ["2024-02-10T12:00:00Z", berlin, "month_end+1m", "2024-03-31"],
    ["2024-01-10T12:00:00Z", berlin, "month_end+1m", "2024-02-29"],
    ["2024-01-10T12:00:00Z", berlin, "month_end+1m+1m", "2024-03-31"],
    ["2024-02-10T12:00:00Z", berlin, "month_end+1d", "2024-03-01"],
    ["2024-02-10T12:00:00Z", berlin, "month_end+1y", "2025-02-28"],
    ["2024-02-10T12:00:00Z", berlin, "month_start-1m", "2024-01-01"],
    ["2024-05-10T12:00:00Z", berlin, "quarter_start", "2024-04-01"],
    ["2024-05-10T12:00:00Z", berlin, "quarter_end", "2024-06-30"],
    ["2024-12-31T22:59:59Z", berlin, "quarter_end+3m", "2025-03-31"],
    ["2024-12-31T23:00:00Z", berlin, "quarter_start", "2025-01-01"],
    ["2024-05-10T12:00:00Z", berlin, "year_start", "2024-01-01"],
    ["2024-05-10T12:00:00Z", berlin, "year_end", "2024-12-31"],
    ["2024-05-10T12:00:00Z", berlin, "year_end-1y+1d", "2024-01-01"],
    // Hours turn a day into an instant, from local midnight.
    ["2024-06-15T12:00:00Z", berlin, "today+12h", "2024-06-15T10:00:00.000Z"],
    ["2024-06-15T12:00:00Z", berlin, "month_end+1h", "2024-06-29T23:00:00.000Z"],
    // Clocks go forward on 2024-03-31 at 02:00 in Berlin, on 2024-03-10 at 02:00 in New York.
    ["2024-03-31T12:00:00Z", berlin, "now-1d", "2024-03-30T13:00:00.000Z"],
    ["2024-03-31T12:00:00Z", berlin, "now-24h", "2024-03-30T12:00:00.000Z"],
    ["2024-03-30T01:30:00Z", berlin, "now+1d", "2024-03-31T01:30:00.000Z"],
    ["2024-03-31T12:00:00Z", berlin, "today+24h", "2024-03-31T23:00:00.000Z"],
    ["2024-03-10T12:00:00Z", newYork, "today+1h", "2024-03-10T06:00:00.000Z"],
    ["2024-03-10T12:00:00Z", newYork, "today+3h", "2024-03-10T08:00:00.000Z"],
    ["2024-03-09T07:30:00Z", newYork, "now+1d", "2024-03-10T07:30:00.000Z"],
    // And back on 2024-10-27 at 03:00 in Berlin, on 2024-11-03 at 02:00 in New York.
    ["2024-10-27T12:00:00Z", berlin, "today+24h", "2024-10-27T22:00:00.000Z"],
    ["2024-10-27T12:00:00Z", berlin, "now-1d", "2024-10-26T11:00:00.000Z"],
    ["2024-11-03T12:00:00Z", newYork, "now-1w", "2024-10-27T11:00:00.000Z"],
    ["2024-11-03T12:00:00Z", newYork, "2024-11-03T05:30:00Z+1h", "2024-11-03T06:30:00.000Z"],
    ["2024-06-15T12:00:00Z", newYork, "2024-01-31T23:00:00.000001Z+1m", "2024-02-29T23:00:00.000001Z"],
  ])("%s in %s: %s is %s", (now, timeZone, text, result) => {
    const resolved = resolveDateExpression(parseDateExpression(text), { now: new Date(now), timeZone });
    expect(resolved.kind === "date" ? resolved.date : resolved.instant).toBe(result);
  });

  test.each<[date: string, zone: string, instant: string]>([
    ["2024-06-15", "UTC", "2024-06-15T00:00:00.000Z"],
    ["2024-06-15", berlin, "2024-06-14T22:00:00.000Z"],
    ["2024-03-31", berlin, "2024-03-30T23:00:00.000Z"],
    ["2024-04-01", berlin, "2024-03-31T22:00:00.000Z"],
    ["2024-10-28", berlin, "2024-10-27T23:00:00.000Z"],
    ["2024-03-10", newYork, "2024-03-10T05:00:00.000Z"],
    ["2024-11-04", newYork, "2024-11-04T05:00:00.000Z"],
    // There is no midnight on this day: the clock goes from 00:00 to 01:00.
    ["2024-03-31", "Asia/Beirut", "2024-03-30T22:00:00.000Z"],
  ])("%s begins in %s at %s", (date, timeZone, instant) => {
    expect(toInstant({ kind: "date", date }, timeZone)).toBe(instant);
    expect(toDate({ kind: "datetime", instant }, timeZone)).toBe(date);
    const before = new Date(Date.parse(instant) - 1).toISOString();
    expect(toDate({ kind: "datetime", instant: before }, timeZone) < date).toBe(true);
  });

  test.each([
    ["today+9000y", "UTC", "leaves the years 0001 to 9999"],
    ["today-999999y", "UTC", "leaves the years 0001 to 9999"],
    ["today-99999m", "UTC", "leaves the years 0001 to 9999"],
    ["9999-12-31T23:59:59Z+1h", "UTC", "leaves the years 0001 to 9999"],
    ["today", "Mars/Olympus", 'Unknown time zone "Mars/Olympus"'],
    ["today", "../../etc/passwd", "Unknown time zone"],
    ["today", "", "Unknown time zone"],
  ])("%s in %j fails", (text, timeZone, message) => {
    const expression = parseDateExpression(text);
    const clock = { now: new Date("2024-06-15T12:00:00Z"), timeZone };
    expect(() => resolveDateExpression(expression, clock)).toThrow(ValidationError);
    expect(() => resolveDateExpression(expression, clock)).toThrow(message);
  });

  test("a day that begins before the first year of the world", () => {
    expect(() => toInstant({ kind: "date", date: "0001-01-01" }, "Asia/Tokyo")).toThrow(ValidationError);
  });
});

test.each([
  ["2024-02-29", true],
  ["2024-02-30", false],
  ["2024-02-29T10:00", false],
  ["2024-02-2", false],
])("%s is a day: %s", (text, result) => {
  expect(isDateText(text)).toBe(result);
});

test("instants sort as text", () => {
  const texts = [
    "2024-06-15T12:00:00Z",
    "2024-06-15T12:00:00.000001Z",
    "2024-06-15T12:00:00.001Z",
    "2024-06-15T12:00:00.001001Z",
    "2024-06-15T14:00:00.1+02:00",
    "2024-06-15T12:01",
  ];
  const keys = texts.map(instantKey);
  expect(keys).not.toContain(undefined);
  expect(keys).toEqual([...keys].sort());
  expect(new Set(keys).size).toBe(texts.length);
  expect(instantKey("2024-06-15")).toBeUndefined();
  expect(instantKey("2024-06-15T12:00:00Z and more")).toBeUndefined();
});
