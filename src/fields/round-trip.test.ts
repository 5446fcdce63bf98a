/** What is written is what clients and code read, byte for byte, for every field type on a real database. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, type World } from "../../test/support/world.ts";
import { fetchAs } from "../records/read.ts";
import { createRecord, updateRecord } from "../records/write.ts";
import { binary, file } from "./binary.ts";
import { boolean } from "./boolean.ts";
import { char, text } from "./char.ts";
import { date, datetime } from "./date.ts";
import { json } from "./json.ts";
import { monetary } from "./monetary.ts";
import { float, integer } from "./number.ts";
import { ManyToOneField } from "./relation.ts";
import { selection } from "./selection.ts";

const everything = declareModel("Everything", {
  name: char(),
  long: text(),
  whole: integer(),
  double: float(),
  exact: float({ precision: 6 }),
  price: monetary(),
  flag: boolean(),
  day: date(),
  instant: datetime(),
  choice: selection(["a", "b"]),
  bytes: binary(),
  data: json(),
  document: file(),
  other: new ManyToOneField("Everything", {}),
});

let world: World;
let id: number;
beforeAll(async () => {
  world = await createWorld([declareModule("test", everything)]);
  ({ id } = await createRecord(world.env, "Everything", { name: "first" }));
});
afterAll(() => world.drop());

const MOST = Number.MAX_SAFE_INTEGER;
const description = { name: "é.pdf", mimetype: "a/b", size: MOST, hash: "0".repeat(64) };
const oddText = [
  "",
  " x ",
  "\u0001\u007f\u0085",
  "a\u202eb\u0301",
  "😀",
  "'\"\\;--$1",
  "\ufeff\ufffe",
  "null",
  "\\u0000",
];

/** Field, what is written, the JSON text that clients read, and what code reads where that differs. */
const rows: readonly (readonly [string, unknown, string, unknown?])[] = [
  ...oddText.map((each) => ["name", each, JSON.stringify(each)] as const),
  ...oddText.map((each) => ["long", each, JSON.stringify(each)] as const),
  ["whole", MOST, String(MOST)],
  ["whole", -MOST, String(-MOST)],
  ["whole", -0, "0"],
  ["double", 0.1, "0.1"],
  ["double", 5e-324, "5e-324"],
  ["double", 1.7976931348623157e308, "1.7976931348623157e+308"],
  ["double", -0, "0"],
  ["exact", "0.1", "0.100000", "0.100000"],
  ["exact", "-12345678901234567890.123456", "-12345678901234567890.123456", "-12345678901234567890.123456"],
  ["price", 99.99, "99.99", "99.99"],
  ["price", "0.005", "0.01", "0.01"],
  ["price", 100, "100.00", "100.00"],
  ["price", "123456789012345678901234.56", "123456789012345678901234.56", "123456789012345678901234.56"],
  ["flag", true, "true"],
  ["flag", false, "false"],
  ["day", "0001-01-01", '"0001-01-01"'],
  ["day", "2024-02-29", '"2024-02-29"'],
  ["day", "9999-12-31", '"9999-12-31"'],
  ["instant", "0001-01-01T00:00:00Z", '"0001-01-01T00:00:00.000Z"'],
  ["instant", "2024-07-01T12:00:00.007+02:00", '"2024-07-01T10:00:00.007Z"'],
  ["instant", "9999-12-31T23:59:59.999Z", '"9999-12-31T23:59:59.999Z"'],
  ["choice", "b", '"b"'],
  ["bytes", "", '""'],
  [
    "bytes",
    Buffer.from([...Array(256).keys()]).toString("base64"),
    JSON.stringify(Buffer.from([...Array(256).keys()]).toString("base64")),
  ],
  ["data", { b: [1, null, "é\n", { x: 1.5e300 }], a: {} }, '{"a": {}, "b": [1, null, "é\\n", {"x": '],
  ["data", false, "false"],
  ["data", "", '""'],
  ["data", "a\\u0000b", JSON.stringify("a\\u0000b")],
  ["document", description, '{"hash": '],
];

test.each(rows as [string, unknown, string, unknown?][])("%s: %j", async (field, given, wire, code) => {
  await updateRecord(world.env, "Everything", id, { [field]: given });
  const { data } = await fetchAs(world.env, "Everything", id, { fields: [field] }, "wireExpression");
  expect(data.toString()).toContain(`"${field}":${wire}`);
  const read = JSON.parse(
    (await fetchAs(world.env, "Everything", id, { fields: [field] }, "codeExpression")).data.toString(),
  );
  expect(read[field]).toEqual(code ?? JSON.parse(data.toString())[field]);
  if (code === undefined && field !== "instant" && !Object.is(given, -0)) expect(read[field]).toEqual(given);
});

test("null empties every field that is not required", async () => {
  const empty = [
    "name",
    "long",
    "whole",
    "double",
    "exact",
    "price",
    "day",
    "instant",
    "choice",
    "bytes",
    "data",
    "document",
    "other",
  ];
  const { data } = await updateRecord(
    world.env,
    "Everything",
    id,
    Object.fromEntries(empty.map((name) => [name, null])),
    {
      fields: empty,
    },
  );
  expect(empty.filter((name) => JSON.parse(data.toString())[name] !== null)).toEqual([]);
});

test("a to-one value reads as id and name", async () => {
  const other = await createRecord(world.env, "Everything", { name: "other" });
  for (const given of [other.id, { id: other.id }]) {
    const { data } = await updateRecord(world.env, "Everything", id, { other: given }, { fields: ["other"] });
    expect(JSON.parse(data.toString()).other).toEqual({ id: other.id, display_name: "other" });
  }
});

test("any text, number and JSON value comes back as it was", async () => {
  const storable = (value: string) => !value.includes("\0") && value.isWellFormed();
  const character = fc.string({ unit: "binary", maxLength: 30 }).filter(storable);
  const value = fc.record({
    name: character,
    long: character,
    whole: fc.maxSafeInteger(),
    double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (each === 0 ? 0 : each)),
    data: fc
      .jsonValue({ maxDepth: 3, stringUnit: "binary" })
      .filter((each) => each !== null && !JSON.stringify(each).includes("\\u0000"))
      .map((each) => JSON.parse(JSON.stringify(each))),
  });
  await fc.assert(
    fc.asyncProperty(value, async (given) => {
      const { data } = await updateRecord(world.env, "Everything", id, given, { fields: Object.keys(given) });
      expect(JSON.parse(data.toString())).toMatchObject(given);
    }),
    { numRuns: 200 },
  );
});
