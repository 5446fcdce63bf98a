/** Whatever values rows hold, they are read as PostgreSQL prints them. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { printedValue, readRows, textJson } from "./row-text.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
});
afterAll(() => made.drop());

function read(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  readRows(text, (row) => rows.push(row.map((each) => (each === null ? null : printedValue(each)))) > 0);
  return rows;
}

const special = fc.constantFrom(
  "",
  '"',
  "\\",
  ",",
  "(",
  ")",
  " ",
  "\n",
  "\t",
  "a",
  "é",
  "😀",
  "null",
  "\u0085",
  "\u00a0",
);
const value = fc.option(
  fc.oneof(
    fc.array(special, { maxLength: 6 }).map((parts) => parts.join("")),
    fc.string(),
  ),
);

test("rows of any texts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(value, value, value), { maxLength: 6 }), async (given) => {
      const rows = given.map((row) => row.map((text) => text?.replaceAll("\0", "") ?? null));
      const [printed] = await made.database.rows<{ text: string }>({
        text: "select coalesce(string_agg(row(v ->> 0, v ->> 1, v ->> 2)::text, '' order by i), '') as text from jsonb_array_elements($1) with ordinality a(v, i)",
        values: [JSON.stringify(rows)],
      });
      expect(read(printed?.text ?? "")).toEqual(rows);
      const checked: unknown[] = [];
      readRows(printed?.text ?? "", (row) => {
        const texts = row.map((each) => (each === null ? null : JSON.parse(textJson(each))));
        return checked.push(texts) > 0;
      });
      expect(checked).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});

test.each<[sql: string, rows: (string | null)[][]]>([
  ["row(1)", [["1"]]],
  ["row(null)", [[null]]],
  ["row('')", [[""]]],
  ["row(null, null)", [[null, null]]],
  ["row('', null, '')", [["", null, ""]]],
  ["row(true, false, -1.50, 'NaN'::numeric, date '2024-02-29')", [["t", "f", "-1.50", "NaN", "2024-02-29"]]],
  [`row('{"a": "b\\"c"}'::jsonb)`, [['{"a": "b\\"c"}']]],
])("%s", async (sql, rows) => {
  const [printed] = await made.database.rows<{ text: string }>({ text: `select ${sql}::text as text`, values: [] });
  expect(read(printed?.text ?? "")).toEqual(rows);
});

test.each(["(", "(1", "(1,", '("a', '("a"', '("a""'])("%j is no row", (text) => {
  expect(() => readRows(text, () => true)).toThrow("cut off");
});

test("reading ends where nobody wants more", () => {
  const seen: unknown[] = [];
  expect(readRows("(1)(2)(3)", (row) => seen.push(...row) < 2)).toBe(false);
  expect(seen).toEqual(["1", "2"]);
});
