/** The limits: what is just within passes, what is just beyond is refused, in both forms and while it is read. */
import { describe, expect, test } from "vitest";
import { ValidationError } from "../errors.ts";
import { formatQ } from "./format.ts";
import { parseFilter } from "./parse-filter.ts";
import { parseQ } from "./parse-text.ts";

const nested = (levels: number): unknown => {
  let json: unknown = { a: 1 };
  for (let level = 1; level < levels; level++) json = level % 2 === 0 ? { and: [json, {}] } : { or: [json, {}] };
  return json;
};
const negated = (levels: number): unknown => {
  let json: unknown = { a: 1 };
  for (let level = 1; level < levels; level++) json = { not: json };
  return json;
};
const repeated = (count: number, text: string, separator: string): string => Array(count).fill(text).join(separator);
/** Characters of two, three and four bytes: 63 000 bytes in 28 000 units. */
const wide = "é€😀".repeat(7_000);

test.each<[name: string, filter: (size: number) => unknown, most: number, message: string]>([
  ["parentheses", (size) => `${"(".repeat(size - 1)}Q()${")".repeat(size - 1)}`, 64, "64 levels"],
  ["tildes", (size) => `${"~".repeat(size - 1)}Q()`, 64, "64 levels"],
  ["Q in Q", (size) => `${"Q(".repeat(size)}${")".repeat(size)}`, 64, "64 levels"],
  ["JSON and, or", nested, 64, "64 levels"],
  ["JSON not", negated, 64, "64 levels"],
  ["names of a path", (size) => `Q(${repeated(size, "a", ".")}=1)`, 64, "more than 64 names"],
  ["conditions of a group", (size) => `Q(${repeated(size, "a=1", ",")})`, 1000, "1000 conditions"],
  ["conditions of an or", (size) => repeated(size, "Q(a=1)", "|"), 1000, "1000 conditions"],
  ["empty groups", (size) => repeated(size, "Q()", "&"), 1000, "1000 conditions"],
  ["JSON conditions", (size) => ({ and: Array(size).fill({ a: 1 }) }), 1000, "1000 conditions"],
  ["JSON empty groups", (size) => ({ or: [{ and: Array(size - 1).fill({}) }, {}] }), 1000, "1000 conditions"],
  [
    "JSON conditions of one object",
    (size) => Object.fromEntries(Array.from({ length: size }, (_, index) => [`a${index}`, 1])),
    1000,
    "1000 conditions",
  ],
  ["items of a list", (size) => `Q(a__in=[${repeated(size, "1", ",")}])`, 10_000, "10000 list items"],
  [
    "items of all lists",
    (size) => `Q(a__in=[${repeated(size - 5, "1", ",")}]) | Q(a__in=[1,2,3,4,5])`,
    10_000,
    "10000 list items",
  ],
  ["JSON items", (size) => ({ a__in: Array(size).fill(1) }), 10_000, "10000 list items"],
  ["JSON items of all lists", (size) => ({ a__in: Array(size - 1).fill(1), b__in: [1] }), 10_000, "10000 list items"],
  ["text", (size) => `Q(a='${"x".repeat(size - 7)}')`, 65_536, "64 KiB"],
  ["text in bytes", (size) => `Q(a='${wide}${"x".repeat(size - 7 - 63_000)}')`, 65_536, "64 KiB"],
  ["JSON text", (size) => ({ a: "x".repeat(size - 1) }), 65_536, "64 KiB"],
  ["JSON text of all values", (size) => ({ a: "x".repeat(size - 32_002), b: "é".repeat(16_000) }), 65_536, "64 KiB"],
  ["JSON as text", (size) => `{"a":"${"x".repeat(size - 8)}"}`, 65_536, "64 KiB"],
])("%s", (_name, filter, most, message) => {
  expect(() => parseFilter(filter(most))).not.toThrow();
  expect(() => parseFilter(filter(most + 1))).toThrow(ValidationError);
  expect(() => parseFilter(filter(most + 1))).toThrow(message);
});

test("a filter within the limits is within them when it is written out", () => {
  for (const json of [nested(64), negated(64)]) {
    const { q } = parseFilter(json);
    expect(parseQ(formatQ(q))).toMatchObject({ kind: q.kind });
  }
});

describe("hostile filters end early", () => {
  const deep = "(".repeat(60_000);
  test.each<[name: string, filter: unknown]>([
    ["parentheses", deep],
    ["brackets", `Q(a__in=${"[".repeat(60_000)}`],
    ["tildes", "~".repeat(60_000)],
    ["calls", "Q(".repeat(30_000)],
    ["a megabyte of text", `Q(a='${"x".repeat(1_000_000)}')`],
    ["a megabyte of items", `Q(a__in=[${repeated(500_000, "1", ",")}])`],
    ["JSON nested in text", `{"not":`.repeat(9_000)],
    ["JSON nested", negated(100_000)],
    ["JSON items", { a__in: Array(1_000_000).fill(1) }],
    ["JSON list of filters", { or: Array(1_000_000).fill({}) }],
    ["JSON list of lists", { a__in: Array(10_000).fill([]) }],
    ["a path of separators", `Q(a${"__".repeat(30_000)}=1)`],
    ["a path of names", `Q(a${".a".repeat(30_000)}=1)`],
  ])("%s", (_name, filter) => {
    expect(() => parseFilter(filter)).toThrow(ValidationError);
  });

  test("the rest of the text is not read once a limit is passed", () => {
    // A fault behind the limit would be reported if reading went on.
    expect(() => parseFilter(`${"(".repeat(65)}%`)).toThrow("64 levels");
    expect(() => parseFilter(`Q(${repeated(1001, "a=1", ",")},%`)).toThrow("1000 conditions");
    expect(() => parseFilter(`Q(a__in=[${repeated(10_001, "1", ",")}%`)).toThrow("10000 list items");
    const watched = {
      or: [
        negated(64),
        {
          get a(): never {
            throw new Error("read on");
          },
        },
      ],
    };
    expect(() => parseFilter(watched)).toThrow("64 levels");
  });
});
