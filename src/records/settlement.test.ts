/** Stored calculated values: right after every write, whatever it was; few statements; versions that count once. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareStored } from "../../test/fixtures/shop-oracle.ts";
import { shopModule } from "../../test/fixtures/shop-registry.ts";
import { createWorld, type World } from "../../test/support/world.ts";
import { modelOf } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { makesStale } from "./settlement.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";
import { createRecords, deleteRecords, updateRecords } from "./write-bulk.ts";

let world: World;

beforeAll(async () => {
  world = await createWorld([shopModule]);
});
afterAll(() => world.drop());

async function create(model: string, values: GivenValues): Promise<number> {
  return (await createRecord(world.env, model, values)).id;
}

async function change(model: string, ids: readonly number[], values: GivenValues): Promise<void> {
  const [only] = ids;
  if (ids.length === 1 && only !== undefined) await updateRecord(world.env, model, only, values);
  else await updateRecords(world.env, model, ids, values);
}

async function remove(model: string, ids: readonly number[]): Promise<void> {
  const [only] = ids;
  if (ids.length === 1 && only !== undefined) await deleteRecord(world.env, model, only);
  else await deleteRecords(world.env, model, ids);
}

async function check(): Promise<void> {
  const { stored, fresh } = await compareStored(world.database);
  expect(stored).toEqual(fresh);
}

describe("each kind of write", () => {
  let ids: Readonly<Record<string, number>> = {};
  beforeAll(async () => {
    const root = await create("Category", { name: "root" });
    const middle = await create("Category", { name: "middle", parent: root });
    const leaf = await create("Category", { name: "leaf", parent: middle });
    const other = await create("Category", { name: "other" });
    const article = await create("Article", { name: "a", price: "1.10", category: leaf });
    const gone = await create("Article", { name: "b", price: "2.20", category: middle });
    const customer = await create("Customer", { name: "Ada" });
    const second = await create("Customer", { name: "Ben" });
    const label = await create("Label", { name: "urgent" });
    const rare = await create("Label", { name: "rare" });
    const order = await create("Order", { name: "o", customer, discount: "0.50", labels: [label] });
    const order2 = await create("Order", { name: "p", customer: second, labels: [label, rare] });
    const line = await create("Line", { order, article, quantity: 2 });
    const line2 = await create("Line", { order, article: gone, quantity: 3 });
    const club = await create("Club", { name: "Chess" });
    const club2 = await create("Club", { name: "Go" });
    const membership = await create("Membership", { customer, club });
    ids = {
      root,
      middle,
      leaf,
      other,
      article,
      gone,
      customer,
      second,
      label,
      rare,
      order,
      order2,
      line,
      line2,
      club,
      club2,
      membership,
    };
    await check();
  });

  const id = (name: string) => ids[name] ?? 0;
  test.each<[string, () => Promise<unknown>]>([
    ["an own field", () => change("Line", [id("line")], { quantity: 5 })],
    [
      "lines of an order, changed with it",
      () => {
        const lines = [
          ["U", id("line"), { quantity: 9 }],
          ["C", { quantity: 3, article: id("gone") }],
        ];
        return change("Order", [id("order")], { discount: 7, lines });
      },
    ],
    ["a field of a reference", () => change("Article", [id("article")], { price: "9.99" })],
    ["another reference", () => change("Line", [id("line")], { article: id("gone") })],
    ["no reference", () => change("Line", [id("line")], { article: null })],
    ["a line that moves", () => change("Line", [id("line"), id("line2")], { order: id("order2") })],
    ["an order that moves", () => change("Order", [id("order2")], { customer: id("customer") })],
    ["several at once", () => change("Order", [id("order"), id("order2")], { discount: "3.33" })],
    ["links", () => change("Order", [id("order")], { labels: [id("rare")] })],
    ["links from the other side", () => change("Label", [id("label")], { orders: [id("order")] })],
    ["the name of a linked record", () => change("Label", [id("label")], { name: "later" })],
    ["a linked record that goes", () => remove("Label", [id("rare")])],
    ["a pair that a model keeps", () => create("Membership", { customer: id("customer"), club: id("club2") })],
    ["the other end of such a pair", () => change("Membership", [id("membership")], { club: id("club2") })],
    ["the owner of such a pair", () => change("Membership", [id("membership")], { customer: id("second") })],
    ["the name behind such pairs", () => change("Club", [id("club2")], { name: "Go!" })],
    ["what such pairs go with", () => remove("Club", [id("club2")])],
    ["a new child", () => create("Category", { name: "new", parent: id("leaf") })],
    ["a branch that moves", () => change("Category", [id("middle")], { parent: id("other") })],
    ["the name of a root", () => change("Category", [id("other")], { name: "another" })],
    ["something at the far end of a tree", () => create("Article", { name: "c", category: id("leaf") })],
    ["a branch that goes, with all behind it", () => remove("Category", [id("middle")])],
    ["lines that go with their order", () => remove("Order", [id("order2")])],
    [
      "lines of a new order",
      () => create("Order", { name: "q", lines: [{ quantity: 2, article: id("article") }, { quantity: 1 }] }),
    ],
    [
      "many at once",
      () =>
        createRecords(
          world.env,
          "Line",
          [1, 2, 3].map((quantity) => ({ quantity, order: id("order"), article: id("article") })),
        ),
    ],
    ["an owner that goes", () => remove("Customer", [id("customer")])],
  ])("%s", async (_name, write) => {
    const before = await compareStored(world.database);
    await write();
    const after = await compareStored(world.database);
    expect(after.stored).toEqual(after.fresh);
    expect(after.fresh).not.toEqual(before.fresh);
  });
});

describe("what a change makes stale is known without looking", () => {
  test.each<[string, "create" | "write" | "delete", string[], boolean]>([
    ["Line", "create", [], true],
    ["Line", "write", ["quantity"], true],
    ["Line", "write", [], false],
    ["Line", "delete", [], true],
    ["Order", "write", ["name"], false],
    ["Order", "write", ["name", "discount"], true],
    ["Label", "create", ["name"], false],
    ["Label", "create", ["name", "orders"], true],
    ["Label", "write", ["name"], true],
    ["Membership", "create", ["customer", "club"], true],
    ["Club", "create", ["name"], false],
    ["Club", "delete", [], true],
  ])("%s, %s of %j: %s", (model, operation, fields, expected) => {
    expect(makesStale(world.registry, modelOf(world.registry, model), operation, fields)).toBe(expected);
  });
});

describe("records that are only calculated again", () => {
  const versionOf = async (table: string, id: number) => {
    const text = `select version, write_uid from ${table} where id = $1`;
    const [row] = await world.database.rows<{ version: number }>({ text, values: [id] });
    return row?.version;
  };

  test("count as changed once, and not at all where nothing came of it", async () => {
    const customer = await create("Customer", { name: "Versions" });
    const order = await create("Order", { name: "o", customer });
    expect(await versionOf("sale_order", order)).toBe(1);
    expect(await versionOf("customer", customer)).toBe(1);
    const article = await create("Article", { name: "a", price: 2 });
    const line = await create("Line", { order, article });
    // Its sum and its total have changed: one change of the order.
    expect(await versionOf("sale_order", order)).toBe(2);
    expect(await versionOf("customer", customer)).toBe(2);
    expect(await versionOf("line", line)).toBe(1);
    await change("Article", [article], { price: "2.00" });
    expect(await versionOf("sale_order", order)).toBe(2);
    await change("Order", [order], { discount: 1 });
    expect(await versionOf("sale_order", order)).toBe(3);
  });
});

describe("statements", () => {
  const write = async (lines: number) => {
    const order = await create("Order", { name: "many" });
    const article = await create("Article", { name: "a", price: 1 });
    const made: number[] = [];
    for (let line = 0; line < lines; line++) made.push(await create("Line", { order, article }));
    return { order, article, made };
  };

  test.each([
    ["the price behind lines", "Article"],
    ["the quantities of lines", "Line"],
  ])("as many for two records as for twenty: %s", async (_name, name) => {
    const counts: number[] = [];
    for (const lines of [2, 20]) {
      const { article, made } = await write(lines);
      const ids = name === "Line" ? made : [article];
      const values = name === "Line" ? { quantity: 5 } : { price: 5 };
      const { texts } = await world.statements.during(() => updateRecords(world.env, name, ids, values));
      counts.push(texts.length);
    }
    expect(counts[0]).toBe(counts[1]);
    await check();
  });
});

describe("at the same moment", () => {
  test("lines of one order, and a price that changes", async () => {
    const customer = await create("Customer", { name: "Busy" });
    const order = await create("Order", { name: "busy", customer });
    const article = await create("Article", { name: "a", price: 1 });
    await Promise.all([
      ...Array.from({ length: 8 }, () => create("Line", { order, article })),
      change("Article", [article], { price: 3 }),
      change("Order", [order], { discount: 2 }),
    ]);
    await check();
  });

  test("a branch of a tree that gets a name and a leaf", async () => {
    for (let round = 0; round < 5; round++) {
      const root = await create("Category", { name: "root" });
      const middle = await create("Category", { name: "middle", parent: root });
      await Promise.all([
        change("Category", [root], { name: "renamed" }),
        create("Category", { name: "leaf", parent: middle }),
        create("Category", { name: "leaf", parent: root }),
      ]);
    }
    await check();
  });
});

describe("a write that has not ended yet", () => {
  /** Begins a write, lets the other one run as far as it gets, and ends both. */
  async function overlap(
    first: (env: BaseEnvironment) => Promise<unknown>,
    second: () => Promise<unknown>,
  ): Promise<void> {
    let other: Promise<unknown> = Promise.resolve();
    await world.env.transaction(async (env) => {
      await first(env);
      other = second();
      // Long enough for it to end, unless it waits for this transaction.
      await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 300))]);
    });
    await other;
    await check();
  }

  test.each<[string, string, GivenValues, string, (id: number) => GivenValues]>([
    ["a parent", "Category", { name: "renamed" }, "Category", (parent) => ({ name: "child", parent })],
    ["an article", "Article", { price: 7 }, "Line", (article) => ({ order: 0, article })],
    ["a label", "Label", { name: "renamed" }, "Order", (label) => ({ name: "o", labels: [label] })],
  ])(
    "is waited for by what comes to refer to %s, and the other way round",
    async (_name, source, changed, model, refer) => {
      const order = await create("Order", { name: "o" });
      const values = (id: number) => ({ ...refer(id), ...(model === "Line" ? { order } : {}) });
      const id = await create(source, { name: "old" });
      await overlap(
        (env) => updateRecord(env, source, id, changed),
        () => create(model, values(id)),
      );
      const next = await create(source, { name: "old" });
      await overlap(
        (env) => createRecord(env, model, values(next)),
        () => change(source, [next], changed),
      );
    },
  );

  test("is waited for by a deletion that takes along what it refers to", async () => {
    const category = await create("Category", { name: "gone" });
    const article = await create("Article", { name: "gone", price: 5, category });
    const order = await create("Order", { name: "o" });
    await overlap(
      (env) => createRecord(env, "Line", { order, article }),
      () => remove("Category", [category]),
    );
  });
});

const TABLES: Readonly<Record<string, string>> = { Order: "sale_order" };
const MODELS = ["Line", "Order", "Article", "Category", "Customer", "Label", "Club", "Membership"];
const number = fc.nat(1000);
const anyStep = fc.record({
  model: fc.constantFrom(...MODELS),
  operation: fc.constantFrom("create", "create", "nested", "change", "change", "change", "delete"),
  which: fc.array(number, { minLength: 1, maxLength: 3 }),
  numbers: fc.tuple(number, number, number),
  part: fc.nat(2),
});
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

async function idsOf(model: string): Promise<number[]> {
  const text = `select id from ${TABLES[model] ?? model.toLowerCase()} order by id`;
  return (await world.database.rows<{ id: number }>({ text, values: [] })).map(({ id }) => id);
}

async function pick(model: string, place: number): Promise<number | null> {
  const known = await idsOf(model);
  return known.length === 0 ? null : (known[place % known.length] ?? null);
}

/** What a step may write: each part is a change by itself, all together are a new record. */
async function valuesOf(model: string, [a, b, c]: Step["numbers"], older: readonly number[]): Promise<GivenValues[]> {
  const orNull = (target: string, place: number) => (place % 4 === 0 ? null : pick(target, place));
  const some = async (target: string, ...places: number[]) =>
    (await Promise.all(places.map((place) => pick(target, place)))).filter((id) => id !== null);
  switch (model) {
    case "Line":
      return [{ quantity: b }, { order: await pick("Order", a) }, { article: await orNull("Article", c) }];
    case "Order":
      return [
        { name: `o${a}`, discount: `${b}.${c % 100}` },
        { customer: await orNull("Customer", a) },
        { labels: await some("Label", a, b) },
      ];
    case "Article":
      return [{ price: `${a}.05` }, { category: await orNull("Category", b) }, { name: `a${c}` }];
    case "Category":
      return [{ name: `c${a}` }, { parent: older[b % older.length] ?? null }, { name: `d${c}`, parent: null }];
    case "Customer":
      return [{ name: `k${a}` }];
    case "Label":
      return [{ name: `l${a}` }, { orders: await some("Order", b, c) }];
    case "Club":
      return [{ name: `u${a}` }];
    default:
      return [{ customer: await pick("Customer", a) }, { club: await pick("Club", b) }];
  }
}

async function run({ model, operation, which, numbers, part }: Step): Promise<void> {
  const own = await idsOf(model);
  const chosen = [...new Set(which.flatMap((place) => own[place % own.length] ?? []))];
  // A parent with a smaller id never closes a circle.
  const older = (await idsOf("Category")).filter((id) => operation === "create" || id < Math.min(...chosen));
  const parts = await valuesOf(model, numbers, older);
  const values: GivenValues = operation === "create" ? Object.assign({}, ...parts) : (parts[part % parts.length] ?? {});
  const article = { article: await pick("Article", numbers[0]) };
  const required = { Line: ["order"], Membership: ["customer", "club"] }[model] ?? [];
  if (operation !== "delete" && required.some((name) => values[name] === null)) return;
  if (operation === "nested")
    await create("Order", { name: "n", lines: which.map((quantity) => ({ quantity, ...article })) });
  else if (operation === "create") await create(model, values);
  else if (chosen.length === 0) return;
  else if (operation === "delete") await remove(model, chosen);
  else await change(model, chosen, values);
}

test("after random writes every stored value is what a fresh computation gives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 8 }), async (steps) => {
      for (const step of steps) await run(step);
      await check();
    }),
    { numRuns: 40 },
  );
}, 120_000);

test("so it is when they run at the same time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 6, maxLength: 10 }), async (steps) => {
      const results = await Promise.allSettled(steps.map(run));
      for (const result of results) {
        // Somebody else may have deleted it meanwhile; anything but that is a fault.
        if (result.status === "rejected") expect(String(result.reason)).toMatch(/does not exist|there is no such/);
      }
      await check();
    }),
    { numRuns: 15, endOnFailure: true },
  );
}, 120_000);
