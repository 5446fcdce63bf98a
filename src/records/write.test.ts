/** Single writes on the shipped models: answers, every kind of refusal, and how many statements they take. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Caller, createCaller, createWorld, type World } from "../../test/support/world.ts";
import type { Access } from "../access/access.ts";
import { ConflictError, type FieldError, MissingError, ValidationError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import type { Environment } from "./environment.ts";
import { fetchRecord, queryRecords } from "./read.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";

let world: World;
let env: Environment;
let caller: Caller;
let user: Environment;
let officeId: number;
let companyId: number;

beforeAll(async () => {
  world = await createWorld();
  env = world.env;
  caller = await createCaller(world, {
    Category: "crwd",
    Product: "crwd",
    UoM: "crwd",
    Contact: "crw",
    User: "r",
    Group: "r",
  });
  user = caller.env;
  officeId = (await createRecord(env, "Category", { name: "Office" })).id;
  companyId = (await createRecord(env, "Contact", { name: "Acme", is_company: true })).id;
});
afterAll(() => world.drop());

/** The field errors of a refused write. */
async function errorsOf(write: Promise<unknown>): Promise<readonly FieldError[]> {
  const error: unknown = await write.then(
    () => "nothing was refused",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ValidationError);
  return (error as ValidationError).extra.fields as FieldError[];
}

const everyField = async (model: string, id: number) => JSON.parse((await fetchRecord(env, model, id)).data.toString());
const count = async (model: string) => (await queryRecords(env, model, { limit: 0 })).total;

describe("answers", () => {
  test("a new record answers with id, name and display_name, and what was asked for", async () => {
    const made = await createRecord(user, "Product", { name: "Desk", price: "12.5", category: officeId });
    expect(made.version).toBe(1);
    expect(JSON.parse(made.data.toString())).toEqual({ id: made.id, name: "Desk", display_name: "Desk" });
    const more = await createRecord(
      user,
      "Product",
      { name: "Lamp", category: { id: officeId } },
      { fields: ["price", "category.name", "active"] },
    );
    expect(more.data.toString()).toContain('"price":0.00');
    expect(JSON.parse(more.data.toString())).toEqual({
      id: more.id,
      name: "Lamp",
      display_name: "Lamp",
      price: 0,
      active: true,
      category: { id: officeId, display_name: "Office", name: "Office" },
    });
  });

  test.each([
    ["fields of the record itself", []],
    ["what stands behind relations too", ["category.name", "uom"]],
  ])("the answer is what a fetch gives: %s", async (_what, behind) => {
    const fields = [
      "version",
      "code",
      "description",
      "price",
      "cost",
      "active",
      "created_date",
      "updated_date",
      ...behind,
    ];
    const texts = ['a "b" \\ (c, d)', "", "(,)", "ä\u2028\u0001\t'", null];
    const { id } = await createRecord(env, "Product", { name: "Texts", category: officeId });
    for (const description of texts) {
      const values = { name: `Texts ${description}`, description, cost: "1.50", active: description !== "" };
      const made = await createRecord(env, "Product", values, { fields });
      const changed = await updateRecord(env, "Product", id, { ...values, category: null }, { fields });
      for (const { id: written, version, data } of [made, changed]) {
        const fetched = await fetchRecord(env, "Product", written, { fields: [...fields, "name", "display_name"] });
        expect(JSON.parse(data.toString())).toMatchObject({ id: written, version, description });
        expect(JSON.parse(data.toString())).toEqual(JSON.parse(fetched.data.toString()));
      }
    }
  });

  test("a model without a name has none in its answer", async () => {
    const { id, data } = await createRecord(env, "DataIdentifier", {
      identifier: "x.y",
      module: "x",
      model: "User",
      record: 1,
    });
    expect(JSON.parse(data.toString())).toEqual({ id, display_name: "x.y" });
  });

  test("the user and the time of each write are kept", async () => {
    const { id } = await createRecord(env, "Product", { name: "Chair" });
    const before = await everyField("Product", id);
    expect(before).toMatchObject({ create_uid: null, write_uid: null, version: 1 });
    const changed = await updateRecord(user, "Product", id, { price: 5 });
    expect(changed).toMatchObject({ id, version: 2 });
    const after = await everyField("Product", id);
    expect(after).toMatchObject({
      create_uid: null,
      write_uid: { id: caller.id, display_name: caller.name },
      version: 2,
      price: 5,
    });
    expect(after.created_date).toBe(before.created_date);
    expect(Date.parse(after.updated_date)).toBeGreaterThanOrEqual(Date.parse(before.updated_date));
    const made = await createRecord(user, "Product", { name: "Stool" });
    expect(await everyField("Product", made.id)).toMatchObject({
      create_uid: { id: caller.id },
      write_uid: { id: caller.id },
    });
  });

  test("an answer that looks at other records of the model sees the write", async () => {
    const parent = await createRecord(env, "Category", { name: "Parent" });
    const child = await createRecord(env, "Category", { name: "Child" });
    const { data } = await updateRecord(
      env,
      "Category",
      child.id,
      { parent: parent.id },
      { fields: ["parent.children.name"] },
    );
    expect(JSON.parse(data.toString()).parent.children).toEqual([{ id: child.id, name: "Child" }]);
    const renamed = await updateRecord(
      env,
      "Category",
      parent.id,
      { name: "Renamed" },
      { fields: ["children.parent"] },
    );
    expect(JSON.parse(renamed.data.toString()).children).toEqual([
      { id: child.id, parent: { id: parent.id, display_name: "Renamed" } },
    ]);
  });

  test("an unknown field of the answer is refused before anything is written", async () => {
    const before = await count("Product");
    await expect(createRecord(env, "Product", { name: "x" }, { fields: ["prce"] })).rejects.toThrow(
      'fields[0]: Product has no field "prce"',
    );
    expect(await count("Product")).toBe(before);
  });

  test("what is deleted is gone", async () => {
    const { id } = await createRecord(user, "Product", { name: "Short-lived" });
    await deleteRecord(user, "Product", id);
    await expect(fetchRecord(user, "Product", id)).rejects.toThrow(MissingError);
    await expect(deleteRecord(user, "Product", id)).rejects.toThrow(`Product ${id} does not exist`);
    await expect(updateRecord(user, "Product", id, { name: "x" })).rejects.toThrow(`Product ${id} does not exist`);
  });
});

describe("constraints", () => {
  test("unique: in any case of letters for e-mail addresses, exactly for codes", async () => {
    await createRecord(env, "Product", { name: "a", code: "A-1" });
    await createRecord(env, "Product", { name: "a", code: "a-1" });
    expect(await errorsOf(createRecord(env, "Product", { name: "b", code: "A-1" }))).toEqual([
      { path: "code", message: "is taken" },
    ]);
    await createRecord(env, "User", { name: "U", email: "ünique@example.com" });
    expect(await errorsOf(createRecord(env, "User", { name: "U", email: "ÜNIQUE@Example.com" }))).toEqual([
      { path: "email", message: "is taken (capital and small letters count as equal)" },
    ]);
  });

  test("a reference to nothing", async () => {
    const product = await createRecord(env, "Product", { name: "x" });
    for (const category of [999_999_999, 2 ** 53 - 1]) {
      const message = "there is no such Category record";
      expect(await errorsOf(createRecord(env, "Product", { name: "x", category }))).toEqual([
        { path: "category", message },
      ]);
      expect(await errorsOf(updateRecord(env, "Product", product.id, { category }))).toEqual([
        { path: "category", message },
      ]);
    }
  });

  test("a reference to what a rule hides, where the record itself is under none", async () => {
    const { id: hidden } = await createRecord(env, "Category", { name: "Hidden" });
    const { q } = parseFilter("Q(name__neq='Hidden')");
    const rule: Access["rule"] = ({ name }, operation) => (name === "Category" && operation === "read" ? q : null);
    const access = { ...user.access, key: "narrow", rule, readRule: (model: Model) => rule(model, "read") };
    const narrow = world.derive({ access });
    const { id } = await createRecord(narrow, "Product", { name: "Seen", category: officeId });
    const refused = [{ path: "category", message: "there is no such Category record" }];
    for (const write of [
      () => createRecord(narrow, "Product", { name: "Unseen", category: hidden }),
      () => updateRecord(narrow, "Product", id, { category: hidden }),
      () => narrow.transaction((inner) => updateRecord(inner, "Product", id, { category: hidden })),
    ]) {
      expect(await errorsOf(write())).toEqual(refused);
    }
    await updateRecord(narrow, "Product", id, { category: null });
    await updateRecord(user, "Product", id, { category: hidden });
  });

  test("a circle in a tree of which nothing else is calculated", async () => {
    const { id: top } = await createRecord(env, "UiMenu", { name: "Top", identifier: "t.top" });
    const { id: bottom } = await createRecord(env, "UiMenu", { name: "Bottom", identifier: "t.bottom", parent: top });
    expect(await errorsOf(updateRecord(env, "UiMenu", top, { parent: bottom }))).toEqual([
      { path: "parent", message: "a record cannot be its own ancestor" },
    ]);
    await updateRecord(env, "UiMenu", bottom, { parent: null });
    await updateRecord(env, "UiMenu", top, { parent: bottom });
  });

  test("a record that others must not lose", async () => {
    const category = await createRecord(env, "Category", { name: "Used" });
    const child = await createRecord(env, "Category", { name: "Child", parent: category.id });
    const refusal = (from: string) => `this Category record cannot be deleted: ${from} to it`;
    await expect(deleteRecord(env, "Category", category.id)).rejects.toThrow(
      refusal("Category records refer (parent)"),
    );
    await updateRecord(env, "Category", child.id, { parent: null });
    await createRecord(env, "Product", { name: "x", category: category.id });
    await expect(deleteRecord(env, "Category", category.id)).rejects.toThrow(ConflictError);
    await expect(deleteRecord(env, "Category", category.id)).rejects.toThrow(
      refusal("Product records refer (category)"),
    );
    const blind = world.derive({ access: { ...user.access, key: "blind", canRead: ({ name }) => name !== "Product" } });
    await expect(deleteRecord(blind, "Category", category.id)).rejects.toThrow(refusal("other records refer"));
  });

  test("one base unit in each category, whose factor is 1", async () => {
    const { id: category } = await createRecord(env, "UoMCategory", { name: "Weight" });
    const unit = (values: Record<string, unknown>) => createRecord(env, "UoM", { category, ...values });
    const base = await unit({ name: "kg", is_base_uom: true });
    expect(await errorsOf(unit({ name: "g", is_base_uom: true }))).toEqual([
      { path: "category", message: "a category of units has exactly one base unit, and this one has another already" },
    ]);
    expect(await errorsOf(unit({ name: "kg" }))).toEqual([
      { path: "category", message: "the category has a unit of this name already" },
    ]);
    expect(await errorsOf(updateRecord(env, "UoM", base.id, { factor: 2 }))).toEqual([
      { path: "factor", message: "must be 1 for the base unit" },
    ]);
    for (const factor of [0, -1, "0.0000000000001"]) {
      expect(await errorsOf(unit({ name: "x", factor }))).toEqual([
        { path: "factor", message: "must be greater than zero" },
      ]);
    }
    const gram = await unit({ name: "g", factor: "0.001" });
    expect(await errorsOf(updateRecord(env, "UoM", gram.id, { is_base_uom: true, factor: 1 }))).toHaveLength(1);
  });
});

describe("statements", () => {
  beforeEach(() => world.statements.clear());

  const rows: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["a plain create", () => createRecord(user, "Product", { name: "One", price: 1, category: officeId })],
    ["a create within a tree", () => createRecord(user, "Contact", { name: "Sub", parent: companyId })],
    [
      "a create with the fields of a relation",
      () => createRecord(user, "Product", { name: "One", category: officeId }, { fields: ["category.name"] }),
    ],
    ["a plain update", () => updateRecord(user, "Product", 1, { price: 2 })],
    ["an update of a certain version", () => updateRecord(user, "Category", officeId, { sequence: 2 }, { version: 1 })],
    ["an empty update", () => updateRecord(user, "Category", officeId, {})],
    ["a refused update", () => updateRecord(user, "Product", 1, { price: "x" }).catch(() => null)],
  ];

  test.each(rows)("%s takes at most one", async (_name, write) => {
    await write();
    expect(world.statements.count).toBeLessThanOrEqual(1);
  });

  test("a plain delete takes one", async () => {
    const { id } = await createRecord(user, "Product", { name: "Doomed" });
    world.statements.clear();
    await deleteRecord(user, "Product", id);
    expect(world.statements.texts).toHaveLength(1);
  });

  test("writes of one shape share one statement text", async () => {
    for (const name of ["a", "b'; drop table product; --", "$1"])
      await createRecord(user, "Product", { name, price: 1 });
    expect(new Set(world.statements.texts).size).toBe(1);
  });
});
