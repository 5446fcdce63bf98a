/** The environment and its typed handles, as the methods of modules use them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCaller, createWorld, type World } from "../../test/support/world.ts";
import { MissingError, ValidationError } from "../errors.ts";
import type { Environment } from "./environment.ts";

let world: World;
let env: Environment;
let office: number;
let home: number;

beforeAll(async () => {
  world = await createWorld();
  env = world.env;
  office = (await env.model("Category").create({ name: "Office" })).id;
  home = (await env.model("Category").create({ name: "Home", parent: office })).id;
  for (const [index, category] of [office, office, home].entries()) {
    await env.model("Product").create({ name: `Desk ${index}`, price: `${10 - index}.10`, category });
  }
});
afterAll(() => world.drop());

test("filters join, orders and limits narrow, and none of it changes the handle", async () => {
  const products = env.model("Product");
  const desks = products.filter({ name__startswith: "Desk" });
  const names = async (handle: typeof products) => (await handle.all("name")).map(({ name }) => name);
  expect(await names(desks.order("price ASC"))).toEqual(["Desk 2", "Desk 1", "Desk 0"]);
  expect(await names(desks.order("category__name ASC", "name DESC"))).toEqual(["Desk 2", "Desk 1", "Desk 0"]);
  expect(await names(desks.filter({ category: office }).order("name DESC").limit(1))).toEqual(["Desk 1"]);
  expect(await names(desks.filter({ category__parent__name: "Office" }))).toEqual(["Desk 2"]);
  expect(await names(desks.filter({ price__between: ["8.10", 9.1] }))).toEqual(["Desk 1", "Desk 2"]);
  expect(await names(desks.filter({ uom__isnull: true, category__in: [home] }))).toEqual(["Desk 2"]);
  expect(await names(desks)).toHaveLength(3);
  expect([await desks.count(), await desks.filter({ price__gt: 9 }).count(), await products.limit(1).count()]).toEqual([
    3, 2, 3,
  ]);
});

test("code reads exact decimals, references, and all default fields where none is named", async () => {
  const [desk] = await env.model("Product").filter({ name: "Desk 0" }).all();
  expect(desk).toMatchObject({
    name: "Desk 0",
    price: "10.10",
    cost: null,
    category: { id: office, display_name: "Office" },
  });
  expect(desk).not.toHaveProperty("image");
  const one = await env.model("Product").get(desk?.id ?? 0, "price", "category");
  expect(one).toEqual({ id: desk?.id, price: "10.10", category: { id: office, display_name: "Office" } });
  await expect(env.model("Product").get(99_999, "name")).rejects.toThrow(MissingError);
});

test("code gets every record, not a page of them", async () => {
  await world.database.run({
    text: "insert into contact_tag (name, color) select 'tag ' || n, 0 from generate_series(1, 10050) n",
    values: [],
  });
  expect(await env.model("ContactTag").all("color")).toHaveLength(10_050);
  await expect(env.model("ContactTag").limit(-1).all("color")).rejects.toThrow(ValidationError);
  await expect(env.model("ContactTag").limit(Number.NaN).all("color")).rejects.toThrow(ValidationError);
});

test("a handle creates, changes and deletes", async () => {
  const contacts = env.model("Contact");
  const { id, version } = await contacts.create({ name: "Ada", email: "ada@example.com" });
  expect(version).toBe(1);
  expect((await contacts.update(id, { city: "London", parent: null })).version).toBe(2);
  expect(await contacts.get(id, "city", "parent")).toEqual({ id, city: "London", parent: null });
  await contacts.delete(id);
  expect(await contacts.filter({ id }).count()).toBe(0);
});

test("a transaction is all or nothing, and an inner one joins it", async () => {
  const categories = (of: Environment) => of.model("Category").filter({ name__startswith: "T-" });
  const failing = env.transaction(async (outer) => {
    expect([env.inTransaction, outer.inTransaction]).toEqual([false, true]);
    await outer.model("Category").create({ name: "T-1" });
    await outer.transaction(async (inner) => {
      expect(inner).toBe(outer);
      await inner.model("Category").create({ name: "T-2" });
    });
    expect([await categories(outer).count(), await categories(env).count()]).toEqual([2, 0]);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await categories(env).count()).toBe(0);
  const made = await env.transaction(async (inner) => (await inner.model("Category").create({ name: "T-3" })).id);
  expect((await categories(env).all("name")).map(({ id }) => id)).toEqual([made]);
});

test("transactions that collide are run again, and every change counts", async () => {
  const { id } = await env.model("Category").create({ name: "Counter", sequence: 0 });
  const { id: other } = await env.model("Category").create({ name: "Other", sequence: 0 });
  let runs = 0;
  const increase = (first: number, second: number) =>
    env.transaction(async (inner) => {
      runs += 1;
      for (const each of [first, second]) {
        await inner.model("Category").update(each, { name: "held" });
        // Both have locked one record by now, so that each waits for the other.
        if (each === first && runs <= 2) await bothStarted();
        const { sequence } = await inner.model("Category").get(each, "sequence");
        await inner.model("Category").update(each, { sequence: (sequence ?? 0) + 1 });
      }
    });
  let waiting: (() => void) | undefined;
  const bothStarted = () =>
    new Promise<void>((resolve) => {
      if (waiting === undefined) waiting = resolve;
      else {
        waiting();
        resolve();
      }
    });
  await Promise.all([increase(id, other), increase(other, id)]);
  expect(runs).toBeGreaterThan(2);
  const counters = await env
    .model("Category")
    .filter({ id__in: [id, other] })
    .all("sequence");
  expect(counters.map(({ sequence }) => sequence)).toEqual([2, 2]);
});

test("elevated rights are another environment with the same user and transaction", async () => {
  const { id, env: user } = await createCaller(world, { User: "r" });
  await expect(user.model("Category").all("name")).rejects.toThrow('Unknown model "Category"');
  const work = user.transaction(async (inner) => {
    const elevated = inner.elevated();
    const made = await elevated.model("Category").create({ name: "Elevated" });
    expect(await elevated.model("Category").get(made.id, "create_uid")).toMatchObject({ create_uid: { id } });
    expect([elevated.inTransaction, elevated.names.uid]).toEqual([true, id]);
    await expect(inner.model("Category").get(made.id, "name")).rejects.toThrow('Unknown model "Category"');
    throw new Error("undo");
  });
  await expect(work).rejects.toThrow("undo");
  expect(await env.model("Category").filter({ name: "Elevated" }).count()).toBe(0);
  await expect(user.model("Category").create({ name: "x" })).rejects.toThrow(MissingError);
});
