/** Values that are calculated when they are read: at every level, in a constant number of statements, under the reader's rights. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { declareBehaviour, each, shopModule } from "../../test/fixtures/shop-registry.ts";
import { createCaller, createWorld, declareModel, type World } from "../../test/support/world.ts";
import { ValidationError } from "../errors.ts";
import { binary } from "../fields/binary.ts";
import { boolean } from "../fields/boolean.ts";
import { char } from "../fields/char.ts";
import { date, datetime } from "../fields/date.ts";
import type { Field } from "../fields/field.ts";
import { json } from "../fields/json.ts";
import { monetary } from "../fields/monetary.ts";
import { float, integer } from "../fields/number.ts";
import { selection } from "../fields/selection.ts";
import { describeModel } from "./describe.ts";
import { groupRecords } from "./group.ts";
import { fetchRecord, type QueryRequest, queryAs, queryRecords } from "./read.ts";
import { Settlement } from "./settlement.ts";
import { createRecord, updateRecord } from "./write.ts";

let world: World;

type Declare = (options: object) => Field;

/** A model whose calculated values show how each field type prints, stored beside calculated. */
const shown: Readonly<Record<string, readonly [Declare, unknown]>> = {
  char: [char, 'a "quoted" \\ text $& $1 \u2028 é'],
  integer: [integer, 42],
  monetary: [monetary, "12345678901234567890.10"],
  float: [float, 0.1],
  boolean: [boolean, true],
  date: [date, "2024-02-29"],
  datetime: [datetime, "2024-02-29T12:00:00.000Z"],
  json: [json, { a: [1, null, "x"] }],
  binary: [binary, Buffer.from("bytes".repeat(30)).toString("base64")],
};
const decimal = {
  stored: float({ precision: 3 }),
  read: (name: string) => float({ precision: 3, calculate: name, stored: false }),
};
const printed = declareModel("Printed", {
  decimal_stored: decimal.stored,
  decimal_read: decimal.read("decimal_read"),
  choice_stored: selection(["a", "b"]),
  choice_read: selection(["a", "b"], { calculate: "choice_read", stored: false }),
  nothing_read: integer({ calculate: "nothing_read", stored: false }),
  ...Object.fromEntries(
    Object.entries(shown).flatMap(([name, [declare]]) => [
      [`${name}_stored`, declare({})],
      [`${name}_read`, declare({ calculate: `${name}_read`, stored: false })],
    ]),
  ),
});
const printing = declareBehaviour("Printed", {
  calculate: {
    decimal_read: each(() => "7.1250"),
    choice_read: each(() => "b"),
    nothing_read: each(() => null),
    ...Object.fromEntries(Object.entries(shown).map(([name, [, value]]) => [`${name}_read`, each(() => value)])),
  },
});
const wrong = declareModel("Wrong", {
  short: char({ maxLength: 3, calculate: "short", stored: false }),
  missing: integer({ calculate: "missing", stored: false }),
  none: integer({ calculate: "none", stored: false }),
  required: integer({ calculate: "required", stored: false, required: true }),
});
const wronging = declareBehaviour("Wrong", {
  calculate: {
    short: each(() => "long"),
    missing: () => [],
    none: () => null as unknown as number[],
    required: each(() => null),
  },
});

beforeAll(async () => {
  const test = { identifier: "test", models: [printed, wrong], extensions: [], behaviours: [printing, wronging] };
  world = await createWorld([{ identifier: "core", ...core }, shopModule, test]);
  const { env } = world;
  for (const name of ["Ada", "Ben", "Cleo"]) {
    const customer = await createRecord(env, "Customer", { name, secret_note: name.repeat(2) });
    for (let order = 1; order <= 3; order++) {
      const { id } = await createRecord(env, "Order", {
        name: `${name} ${order}`,
        customer: customer.id,
        discount: "0.25",
      });
      const article = await createRecord(env, "Article", { name: `Article of ${name}`, price: `${order}.10` });
      for (let line = 1; line <= 3; line++) {
        await createRecord(env, "Line", { order: id, article: article.id, quantity: line });
      }
    }
  }
  await env.transaction(async (inner) => {
    const settlement = new Settlement(inner);
    for (const model of world.registry.models.values()) await settlement.markAll(model, [...model.fields.keys()]);
    await settlement.settle();
  });
  const values = Object.fromEntries(Object.entries(shown).map(([name, [, value]]) => [`${name}_stored`, value]));
  await createRecord(env, "Printed", { ...values, decimal_stored: "7.125", choice_stored: "b" });
  await createRecord(env, "Wrong", {});
}, 60_000);
afterAll(() => world.drop());

async function read(model: string, request: QueryRequest): Promise<unknown> {
  return JSON.parse((await queryRecords(world.env, model, { count: "none", ...request })).data.toString());
}

describe("reading", () => {
  test("at the root, in the order of the fields that were asked for", async () => {
    const { data } = await queryRecords(world.env, "Order", {
      fields: ["name", "average", "total", "heading"],
      order_by: ["id"],
      limit: 1,
    });
    expect(data.toString()).toBe(
      '[{"id":1,"name":"Ada 1","average":1.05833333333333333333,"total":6.35,"heading":"Ada 1: Hello Ada, 3 for \\"37.05\\""}]',
    );
  });

  test("nested in to-one and to-many relations", async () => {
    expect(
      await read("Order", {
        fields: ["customer.greeting", "lines.weight_text", "lines.order.average"],
        order_by: ["id"],
        limit: 1,
      }),
    ).toEqual([
      {
        id: 1,
        customer: { id: 1, display_name: "Ada", greeting: 'Hello Ada, 3 for "37.05"' },
        lines: [1, 2, 3].map((id) => ({
          id,
          weight_text: `${id} pcs`,
          order: { id: 1, display_name: "Ada 1", average: expect.closeTo(1.058333, 5) },
        })),
      },
    ]);
  });

  test("one record", async () => {
    const { data } = await fetchRecord(world.env, "Line", 2, { fields: ["weight_text"], related: [] });
    expect(data.toString()).toBe('{"id":2,"weight_text":"2 pcs"}');
  });

  test("for code, decimals are texts", async () => {
    const { data } = await queryAs(
      world.env,
      "Order",
      { fields: ["average"], limit: 1, order_by: ["id"] },
      "codeExpression",
    );
    expect(data.toString()).toBe('[{"id":1,"average":"1.05833333333333333333"}]');
  });

  test("only what is asked for is calculated", async () => {
    const [record] = (await read("Order", { limit: 1 })) as [Record<string, unknown>];
    expect(record).toHaveProperty("total");
    expect(record).not.toHaveProperty("average");
  });

  test.each([
    ["wireExpression", Object.keys(shown)],
    ["codeExpression", Object.keys(shown)],
  ] as const)("every type prints as a column does: %s", async (rendering, types) => {
    const names = [...types, "decimal", "choice"];
    const fields = names.flatMap((name) => [`${name}_stored`, `${name}_read`]);
    const { data } = await queryAs(world.env, "Printed", { fields: [...fields, "nothing_read"] }, rendering);
    for (const name of names.filter((each) => each !== "json" && each !== "char")) {
      const [stored, calculated] = ["stored", "read"].map(
        (kind) => new RegExp(`"${name}_${kind}":("[^"]*"|[^,}]*)`).exec(data.toString())?.[1],
      );
      expect([name, calculated]).toEqual([name, stored]);
    }
    const [record] = JSON.parse(data.toString()) as [Record<string, unknown>];
    expect(record.json_read).toEqual(record.json_stored);
    expect(record.char_read).toBe(record.char_stored);
    expect(record.nothing_read).toBeNull();
  });
});

test("a tree is calculated level by level", async () => {
  let parent: number | null = null;
  for (let depth = 0; depth < 4; depth++) {
    parent = (await createRecord(world.env, "Category", { name: "c", parent })).id;
  }
  const { env } = await createCaller(world, { Category: "r" });
  const { data } = await queryRecords(env, "Category", { fields: ["depth"], order_by: ["id"] });
  expect((JSON.parse(data.toString()) as { depth: number }[]).map(({ depth }) => depth)).toEqual([0, 1, 2, 3]);
});

describe("statements", () => {
  const rows: [string, string, string[], number][] = [
    ["none calculated", "Order", ["name", "total"], 1],
    ["one field", "Order", ["average"], 2],
    ["two fields of one model", "Customer", ["greeting", "note_length"], 2],
    ["two levels", "Order", ["average", "lines.weight_text"], 3],
    ["one depends on another", "Order", ["heading"], 3],
    ["the same model at two levels", "Order", ["average", "lines.order.average"], 2],
  ];
  test.each(rows)("%s", async (_name, model, fields, expected) => {
    for (const limit of [1, 3]) {
      const { texts } = await world.statements.during(() => read(model, { fields, limit }));
      expect(texts).toHaveLength(expected);
    }
  });
});

describe("what is not stored", () => {
  const text = "is calculated when it is read and not stored, so that it can be read only";
  test.each([
    ["filter", { q_filter: "Q(average__gt=1)" }, `Filter: "average__gt" ${text}`],
    ["nested filter", { q_filter: { lines__weight_text: "x" } }, `Filter: "lines__weight_text" ${text}`],
    ["order", { order_by: ["customer.greeting DESC"] }, `order_by[0]: "customer.greeting" ${text}`],
  ] as const)("cannot be used in a %s", async (_name, request, message) => {
    await expect(queryRecords(world.env, "Order", request)).rejects.toThrow(new ValidationError(message));
  });

  test.each([
    ["group_by", { group_by: ["heading"] }, `group_by[0]: "heading" ${text}`],
    ["aggregate", { group_by: ["name"], aggregates: ["average__sum"] }, `aggregates[0]: "average__sum" ${text}`],
    ["having", { group_by: ["name"], having: "Q(average__sum__gt=1)" }, text],
  ] as const)("cannot be used in a %s", async (_name, request, message) => {
    const failing = groupRecords(world.env, "Order", request);
    await expect(failing).rejects.toThrow(ValidationError);
    await expect(failing).rejects.toThrow(message);
  });

  test("is described as such", () => {
    const { average, total } = describeModel(world.env, "Order");
    expect(average).toEqual({
      type: "Monetary",
      label: "Average",
      calculated: true,
      stored: false,
      readonly: true,
      clone: false,
      decimals: 20,
    });
    expect(total).toEqual({ type: "Monetary", label: "Total", calculated: true, readonly: true, clone: false });
  });
});

describe("a calculation that is wrong", () => {
  test.each([
    ["short", "its calculated value must have at most 3 characters"],
    ["missing", "Wrong.missing: its calculation must give 1 values, one for each record, not 0"],
    ["none", "Wrong.none: its calculation must give 1 values, one for each record, not no list"],
    ["required", "its calculated value must not be empty"],
  ])("%s", async (field, message) => {
    await expect(read("Wrong", { fields: [field] })).rejects.toThrow(message);
  });
});

describe("the rights of the reader", () => {
  const all = { Order: "r", Customer: "r", Line: "r", Article: "r" };

  test("records that rules hide do not count", async () => {
    const caller = await createCaller(world, all);
    const rule = await createRecord(world.env, "RecordRule", {
      name: "few",
      model: "Order",
      rule: "Q(name__endswith='1')",
      read_perm: true,
    });
    const ruled = await createCaller(world, all);
    const [before, after] = await Promise.all(
      [caller, ruled].map(({ env }) => fetchRecord(env, "Customer", 1, { fields: ["greeting"] })),
    );
    expect(before?.data.toString()).toContain("Hello Ada, 3 for");
    expect(after?.data.toString()).toContain("Hello Ada, 1 for");
    await world.database.run({ text: "delete from record_rule where id = $1", values: [rule.id] });
  });

  test("without a source a field is unknown, unless it is elevated", async () => {
    const { env } = await createCaller(world, all);
    const reading = (field: string) => fetchRecord(env, "Customer", 1, { fields: [field] });
    await expect(reading("note_length")).rejects.toThrow('fields[0]: Customer has no field "note_length"');
    expect((await reading("open_note_length")).data.toString()).toBe('{"id":1,"open_note_length":6}');
    expect(Object.keys(describeModel(env, "Customer"))).not.toContain("note_length");
  });

  test("without the model behind a path a field is unknown", async () => {
    const { env } = await createCaller(world, { Customer: "r" });
    await expect(fetchRecord(env, "Customer", 1, { fields: ["greeting"] })).rejects.toThrow("has no field");
  });
});

test("the answer of a write holds calculated values", async () => {
  const { id } = await createRecord(world.env, "Line", { order: 1, quantity: 9 });
  const { data } = await updateRecord(world.env, "Line", id, { quantity: 10 }, { fields: ["weight_text"] });
  expect(JSON.parse(data.toString())).toMatchObject({ weight_text: "10 pcs" });
});
