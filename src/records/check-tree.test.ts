/** All that is wrong with a write is told at once, references that lead nowhere included. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCaller, createWorld, type World } from "../../test/support/world.ts";
import type { FieldError, ValidationError } from "../errors.ts";
import type { Environment } from "./environment.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, updateRecord } from "./write.ts";
import { createRecords, updateRecords } from "./write-bulk.ts";

let world: World;
let env: Environment;
let category: number;
beforeAll(async () => {
  world = await createWorld();
  env = world.env;
  category = (await createRecord(env, "Category", { name: "Here" })).id;
});
afterAll(() => world.drop());

const NOWHERE = 999_999;

/** The places that a refused write names; those of references that lead nowhere with a `!`. */
async function placesOf(write: Promise<unknown>): Promise<string[]> {
  const error: unknown = await write.then(
    () => "nothing was refused",
    (reason: unknown) => reason,
  );
  const { fields } = (error as ValidationError).extra as { fields: readonly FieldError[] };
  return fields.map(({ path, message }) => (message.startsWith("there is no such ") ? `${path}!` : path)).sort();
}

const rows: readonly (readonly [title: string, model: string, values: () => GivenValues, places: string[]])[] = [
  ["two references", "Product", () => ({ name: "x", category: NOWHERE, uom: NOWHERE }), ["category!", "uom!"]],
  [
    "a reference and a wrong value",
    "Product",
    () => ({ price: "x", category: NOWHERE, uom: null }),
    ["category!", "name", "price"],
  ],
  ["one that is right", "Product", () => ({ name: "x", category, uom: NOWHERE }), ["uom!"]],
  [
    "what a list links, beside a reference",
    "Contact",
    () => ({ name: "x", tags: [NOWHERE], country: NOWHERE }),
    ["country!", "tags[0]!"],
  ],
  [
    "records within records, where a value is wrong",
    "Category",
    () => ({ name: "x", parent: NOWHERE, products: [{ name: "y", uom: NOWHERE }, { price: 1 }] }),
    ["parent!", "products[0].uom!", "products[1].name"],
  ],
  [
    "records within records, where no value is",
    "Category",
    () => ({
      name: "x",
      parent: NOWHERE,
      products: [{ name: "y", uom: NOWHERE }],
      children: [["C", { name: "z", products: [["C", { name: "p", uom: NOWHERE }]] }]],
    }),
    ["children[0].products[0].uom!", "parent!", "products[0].uom!"],
  ],
  [
    "what is taken already, beside a reference",
    "Product",
    () => ({ name: "x", code: "TAKEN", category: NOWHERE }),
    ["category!", "code"],
  ],
];

test.each(rows)("%s", async (_title, model, values, places) => {
  if (places.includes("code")) await createRecord(env, "Product", { name: "first", code: "TAKEN" });
  expect(await placesOf(createRecord(env, model, values()))).toEqual(places);
});

test("in a change, and in many records", async () => {
  const { id } = await createRecord(env, "Product", { name: "x" });
  const values = { category: NOWHERE, uom: NOWHERE };
  expect(await placesOf(updateRecord(env, "Product", id, values))).toEqual(["category!", "uom!"]);
  expect(await placesOf(updateRecords(env, "Product", [id], values))).toEqual(["values.category!", "values.uom!"]);
  const records = [
    { name: "a", category: NOWHERE },
    { name: "b", category },
    { name: "c", uom: NOWHERE },
  ];
  expect(await placesOf(createRecords(env, "Product", records))).toEqual(["records[0].category!", "records[2].uom!"]);
});

test("beside a field that the caller may not know", async () => {
  const { env: user } = await createCaller(world, { Product: "crw", UoM: "r" });
  const values = { name: "x", uom: NOWHERE, category };
  expect(await placesOf(createRecord(user, "Product", values))).toEqual(["category", "uom!"]);
});

describe("inside a transaction of somebody else", () => {
  /** What only the database finds ends that transaction, so nothing else can be told with it. */
  const inside = rows.map(([title, model, values, places]) => {
    return [title, model, values, places.includes("code") ? ["code"] : places] as const;
  });
  test.each(inside)("%s", async (_title, model, values, places) => {
    expect(await placesOf(env.transaction((inner) => createRecord(inner, model, values())))).toEqual(places);
  });

  test("in a change, and in many records", async () => {
    const { id } = await createRecord(env, "Product", { name: "x" });
    const values = { category: NOWHERE, uom: NOWHERE };
    const change = env.transaction((inner) => updateRecord(inner, "Product", id, values));
    expect(await placesOf(change)).toEqual(["category!", "uom!"]);
    const records = [
      { name: "a", category: NOWHERE },
      { name: "b", category },
      { name: "c", uom: NOWHERE },
    ];
    const creation = env.transaction((inner) => createRecords(inner, "Product", records));
    expect(await placesOf(creation)).toEqual(["records[0].category!", "records[2].uom!"]);
  });

  test("the transaction goes on, and what it has made itself is there", async () => {
    const made = await env.transaction(async (inner) => {
      const parent = await createRecord(inner, "Category", { name: "of this transaction" });
      const refused = createRecord(inner, "Product", { name: "x", category: parent.id, uom: NOWHERE });
      expect(await placesOf(refused)).toEqual(["uom!"]);
      return createRecord(inner, "Product", { name: "x", category: parent.id });
    });
    expect(made.id).toBeGreaterThan(0);
  });

  test("what the caller cannot even read is as unknown there as elsewhere", async () => {
    const { env: user } = await createCaller(world, { Product: "crw", UoM: "r" });
    const values = { name: "x", uom: NOWHERE, category };
    expect(await placesOf(user.transaction((inner) => createRecord(inner, "Product", values)))).toEqual([
      "category",
      "uom!",
    ]);
  });

  test("takes one statement for all of them", async () => {
    const { id: pieces } = await createRecord(env, "UoMCategory", { name: "pieces" });
    const { id: uom } = await createRecord(env, "UoM", { name: "piece", category: pieces, is_base_uom: true });
    const statements = async (values: GivenValues) => {
      const work = () => env.transaction((inner) => createRecord(inner, "Product", { name: "x", ...values }));
      return (await world.statements.during(work)).texts.length;
    };
    expect(await statements({ category, uom })).toBe((await statements({ category })) + 1);
  });
});
