/** Whatever values rows hold, they are read as PostgreSQL prints them, and become the JSON that they stand for. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import type { JsonForm } from "../fields/field.ts";
import { JsonOutput, TooLong } from "./json-output.ts";
import { joinedForm, listForm, recordForm, valueForm } from "./member-writer.ts";
import { type LevelTexts, objectShape, printRecords } from "./record-shape.ts";
import { RowReader } from "./row-reader.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
});
afterAll(() => made.drop());

function read(text: string): (string | null)[][] {
  const rows = new RowReader();
  rows.load(text);
  const all: (string | null)[][] = [];
  while (rows.at < rows.end) {
    const row: (string | null)[] = [];
    do {
      rows.enter();
      row.push(rows.take());
    } while (rows.hasValue);
    rows.leave();
    expect(row.map((_, column) => rows.valueOf(column))).toEqual(row);
    all.push(row);
  }
  return all;
}

/** The first columns of rows as they are printed in these forms. */
function print(text: string, forms: readonly JsonForm[], limit = Number.MAX_SAFE_INTEGER): string {
  const top = objectShape(
    0,
    forms.map((form, index) => [`c${index}`, valueForm(form)]),
  );
  const shape = { top, levels: [], order: [] };
  return printRecords({ data: text }, { shape, limit, columns: [] }, Number.POSITIVE_INFINITY).list.toString();
}

async function rowText(sql: string): Promise<string> {
  const [printed] = await made.database.rows<{ text: string }>({ text: `select ${sql}::text as text`, values: [] });
  return printed?.text ?? "";
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
  "\u0001",
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
    fc.string({ unit: "binary" }),
    fc.integer({ min: 1, max: 600 }).map((length) => "lang ".repeat(length)),
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
      const objects = JSON.parse(print(printed?.text ?? "", ["text", "text"]));
      expect(objects).toEqual(rows.map(([c0, c1]) => ({ c0, c1 })));
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
  expect(read(await rowText(sql))).toEqual(rows);
});

test.each<[sql: string, form: JsonForm, json: string]>([
  ["true", "boolean", "true"],
  ["false", "boolean", "false"],
  ["null::boolean", "boolean", "null"],
  ["-1.50", "number", "-1.50"],
  ["1e300::float8", "number", "1e+300"],
  ["'NaN'::numeric", "number", '"NaN"'],
  ["'-Infinity'::float8", "number", '"-Infinity"'],
  ["null::numeric", "number", "null"],
  ["9007199254740993", "printed", "9007199254740993"],
  [`'{"a": "b\\"c\\\\d, é"}'::jsonb`, "printed", '{"a": "b\\"c\\\\d, é"}'],
  [`'"x"'::jsonb`, "printed", '"x"'],
  ["'[]'::jsonb", "printed", "[]"],
  ["date '2024-02-29'", "text", '"2024-02-29"'],
  ["E'a\\u0001b'", "text", '"a\\u0001b"'],
  ["E'a \\u0001\"\\\\b'", "text", '"a \\u0001\\"\\\\b"'],
  ["'true'", "text", '"true"'],
])("%s as %s is %s", async (sql, form, json) => {
  const text = await rowText(`row(${sql}, 1)`);
  expect(print(`${text}${text}`, [form, "number"])).toBe(`[{"c0":${json},"c1":1},{"c0":${json},"c1":1}]`);
});

test.each(["(", "(1", "(1,", '("a', '("a"', '("a""', '("a"")', "(1)(2"])("%j is no row", (text) => {
  expect(() => read(text)).toThrow("cut off");
  expect(() => print(text, ["text"])).toThrow("cut off");
});

test("what is no id does not tie records", () => {
  const rows = new RowReader();
  rows.load("(12,,1x)");
  rows.enter();
  expect(rows.takeId()).toBe(12);
  rows.enter();
  expect(rows.takeId()).toBe(-1);
  rows.enter();
  expect(() => rows.takeId()).toThrow("no id");
});

test("printing ends where nobody wants more, and says so", () => {
  const shape = { top: objectShape(1, [["a", valueForm("printed")]]), levels: [], order: [] };
  const print = (limit: number) => printRecords(texts, { shape, limit, columns: [0, 2] }, 1000);
  const texts = { data: "(7,1,x)(8,2,)(9,3,z)" };
  expect(print(2)).toEqual({
    list: Buffer.from('[{"a":1},{"a":2}]'),
    isFollowed: true,
    count: 2,
    values: ["8", null],
  });
  expect(print(3)).toMatchObject({ isFollowed: false, values: ["9", "z"] });
  expect(print(4)).toMatchObject({ isFollowed: false, count: 3, values: null });
  expect(print(0)).toMatchObject({ isFollowed: true, count: 0, values: null });
});

describe("levels", () => {
  const name = (id: number, length: number) => `(${id},${id === 3 ? "" : "x".repeat(length)})`;
  const level = { ...objectShape(1, [["name", valueForm("text")]]), key: 0 };
  const list = { ...objectShape(1, [["record", recordForm(1)]]), key: 0 };
  const top = objectShape(0, [
    ["id", valueForm("printed")],
    ["lines", listForm(2)],
  ]);
  const shape = { top, levels: [level, list], order: [1, 2] };
  const text = (length: number, times: number) => ({
    l1: [1, 2, 3].map((id) => name(id, length)).join(""),
    l2: `${"(5,1)".repeat(times)}(5,3)(6,2)(6,)`,
    data: "(5,5)(6,6)(7,7)",
  });

  test.each([0, 1, 5, 199, 200, 201, 5000])("of %i letters are repeated wherever they are referred to", (length) => {
    const x = length === 0 ? null : "x".repeat(length);
    const { list } = printRecords(text(length, 300), { shape, limit: 9, columns: [] }, 1e9);
    const five = [...Array.from({ length: 300 }, () => ({ record: { name: x } })), { record: { name: null } }];
    expect(JSON.parse(list.toString())).toEqual([
      { id: 5, lines: five },
      { id: 6, lines: [{ record: { name: x } }, { record: null }] },
      { id: 7, lines: [] },
    ]);
  });

  test("that are too long are not printed, however few texts they are made of", () => {
    const print = (texts: LevelTexts) => printRecords(texts, { shape, limit: 9, columns: [] }, 100_000);
    expect(() => print(text(5000, 10))).not.toThrow();
    expect(() => print(text(5000, 30))).toThrow(TooLong);
    expect(() => print(text(50_000, 3))).toThrow(TooLong);
    // Far beyond what is kept in memory: it is refused on the way.
    expect(() => print(text(1_000_000, 5000))).toThrow(TooLong);
    expect(() => print({ ...text(1, 1), l1: null })).toThrow(TooLong);
    // And the next text is not bothered by it.
    expect(print(text(1, 0)).list.toString()).toContain('[{"id":5,"lines":[{"record":{"name":null}}]}');
  });
});

test("records stand in the rows of others, or are not there", () => {
  const joined = objectShape(0, [
    ["id", valueForm("printed")],
    ["name", valueForm("text")],
  ]);
  const level = objectShape(0, [
    ["maker", joinedForm(joined.members)],
    ["size", valueForm("number")],
    ["seller", joinedForm(joined.members)],
  ]);
  const top = objectShape(0, [["lines", listForm(1)]]);
  const shape = { top, levels: [{ ...level, key: 5 }], order: [1] };
  const texts = { l1: '(3,"a, b",7,,,1)(,,8,4,c,1)(,,9,,,1)(5,,,5,,1)', data: "(1)" };
  expect(JSON.parse(printRecords(texts, { shape, limit: 1, columns: [] }, 1e9).list.toString())).toEqual([
    {
      lines: [
        { maker: { id: 3, name: "a, b" }, size: 7, seller: null },
        { maker: null, size: 8, seller: { id: 4, name: "c" } },
        { maker: null, size: 9, seller: null },
        { maker: { id: 5, name: null }, size: null, seller: { id: 5, name: null } },
      ],
    },
  ]);
});

test("literals, texts and repetitions stand one behind the other", () => {
  const output = new JsonOutput();
  output.text("é");
  output.text("x".repeat(300_000));
  const end = output.length;
  output.repeat(0, end);
  expect(output.takeFrom(0).toString()).toBe(`é${"x".repeat(300_000)}`.repeat(2));
  output.clear();
  expect([output.length, output.bytes.length]).toEqual([0, 256 * 1024]);
});
