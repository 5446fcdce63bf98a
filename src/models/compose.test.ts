/** What a composition makes of declarations: relations seen from both sides, names, and a registry that nobody can change. */
import { expect, test } from "vitest";
import { createWorld, declareModel, declareModule, shippedModules } from "../../test/support/world.ts";
import { char, text } from "../fields/char.ts";
import { date } from "../fields/date.ts";
import { integer } from "../fields/number.ts";
import { ManyToManyField, ManyToOneField, OneToManyField, OneToOneField } from "../fields/relation.ts";
import { selection } from "../fields/selection.ts";
import { fetchRecord, queryRecords } from "../records/read.ts";
import { createRecord, updateRecord } from "../records/write.ts";
import { composeRegistry } from "./compose.ts";
import { fieldOf, type Model, modelOf } from "./model.ts";

const relationsOf = (model: Model): Record<string, unknown> =>
  Object.fromEntries(
    [...model.fields.values()].flatMap((field) =>
      field.relation === null || field.module === "kernel"
        ? []
        : [[field.name, { type: field.field.type, ...field.relation }]],
    ),
  );

test("relations have two sides, wherever they are declared", () => {
  const registry = composeRegistry([
    declareModule(
      "base",
      declareModel("Order", {
        name: char(),
        contact: new ManyToOneField("Contact", { relatedName: "orders" }),
        lines: new OneToManyField("Line", "order", {}),
        invoice: new OneToOneField("Invoice", { relatedName: "order" }),
        tags: new ManyToManyField("Tag", { relatedName: "orders" }),
        named: new ManyToManyField("Tag", { through: "order_named" }),
        people: new ManyToManyField("Contact", { through: "Participation", relatedName: "joined" }),
      }),
      declareModel("Line", { order: new ManyToOneField("Order", {}) }),
      declareModel("Contact", { friends: new ManyToManyField("Contact", { relatedName: "friend_of" }) }),
      declareModel("Invoice", {}),
      declareModel("Tag", {}),
      declareModel("Participation", {
        order: new ManyToOneField("Order", {}),
        contact: new ManyToOneField("Contact", {}),
      }),
    ),
  ]);
  const pairs = (target: string, table: string, source: string, other: string) => ({
    type: "ManyToMany",
    target,
    many: true,
    link: { kind: "through", table, source, target: other },
  });
  expect(relationsOf(modelOf(registry, "Order"))).toEqual({
    contact: { type: "ManyToOne", target: "Contact", many: false, link: { kind: "column", column: "contact_id" } },
    lines: { type: "OneToMany", target: "Line", many: true, link: { kind: "reverse", column: "order_id" } },
    invoice: { type: "OneToOne", target: "Invoice", many: false, link: { kind: "column", column: "invoice_id" } },
    tags: pairs("Tag", "order_tags_link", "order_id", "tag_id"),
    named: pairs("Tag", "order_named", "order_id", "tag_id"),
    people: pairs("Contact", "participation", "order_id", "contact_id"),
  });
  expect(relationsOf(modelOf(registry, "Contact"))).toEqual({
    orders: { type: "OneToMany", target: "Order", many: true, link: { kind: "reverse", column: "contact_id" } },
    joined: pairs("Order", "participation", "contact_id", "order_id"),
    friends: pairs("Contact", "contact_friends_link", "source_id", "target_id"),
    friend_of: pairs("Contact", "contact_friends_link", "target_id", "source_id"),
  });
  expect(relationsOf(modelOf(registry, "Invoice"))).toEqual({
    order: { type: "OneToOne", target: "Order", many: false, link: { kind: "reverse", column: "invoice_id" } },
  });
  // The pairs that a model keeps need no table of their own.
  expect(registry.linkTables.map(({ table }) => table)).toEqual([
    "order_tags_link",
    "order_named",
    "contact_friends_link",
  ]);
});

test("extensions add fields and choices in the order of the modules", () => {
  const state = selection(["draft"]);
  const extend = (identifier: string, fields: object, choices: object) => ({
    identifier,
    models: [],
    extensions: [{ extends: "Thing", fields: { ...fields }, choices: { ...choices }, file: "x.ts" }],
  });
  const { fields } = modelOf(
    composeRegistry([
      declareModule("base", declareModel("Thing", { name: char(), state })),
      extend("one", { color: char() }, { state: ["sent"] }),
      extend("two", { size: integer() }, { state: { lost: "Given up" } }),
    ]),
    "Thing",
  );
  const composed = fields.get("state")?.field;
  expect(composed?.describeOptions()).toEqual({
    choices: [
      { value: "draft", label: "Draft" },
      { value: "sent", label: "Sent" },
      { value: "lost", label: "Given up" },
    ],
  });
  expect([...state.choices.keys()]).toEqual(["draft"]);
  expect([...fields.values()].map(({ name, module }) => `${name} of ${module}`)).toEqual([
    "id of kernel",
    "display_name of kernel",
    "name of base",
    "state of base",
    "color of one",
    "size of two",
    "create_uid of kernel",
    "created_date of kernel",
    "write_uid of kernel",
    "updated_date of kernel",
    "version of kernel",
  ]);
});

test("tables and labels are made from names", () => {
  const names = { SaleOrderLine: "sale_order_line", UoM: "uo_m", APIKey: "api_key", Iso9Code: "iso9_code" };
  const registry = composeRegistry([
    declareModule("base", ...Object.keys(names).map((name) => declareModel(name, { a_long_name: char() }))),
  ]);
  expect(Object.fromEntries([...registry.models.values()].map(({ name, table }) => [name, table]))).toEqual(names);
  expect(fieldOf(modelOf(registry, "UoM"), "a_long_name").label).toBe("A long name");
});

test("a registry refuses every change", () => {
  const registry = composeRegistry(shippedModules);
  const user = modelOf(registry, "User");
  const name = fieldOf(user, "name");
  const frozen = [
    registry,
    registry.linkTables,
    user,
    name,
    name.field.options,
    user.order,
    user.displayName,
    user.search,
    user.unique,
    user.checks,
  ];
  for (const part of frozen) expect(Object.isFrozen(part)).toBe(true);
  for (const map of [registry.models, user.fields] as Map<string, unknown>[]) {
    expect(() => map.set("x", 1)).toThrow("never changed");
    expect(() => map.delete("name")).toThrow("never changed");
    expect(() => map.clear()).toThrow("never changed");
  }
  expect(registry.models.get("User")).toBe(user);
});

test("two registries never share their serial number, though they be equal", () => {
  expect(composeRegistry(shippedModules).serial).not.toBe(composeRegistry(shippedModules).serial);
});

test("records are named by the fields that the model tells, and by their number without them", async () => {
  const world = await createWorld([
    declareModule(
      "base",
      declareModel("Plain", { name: char() }),
      declareModel("Nameless", { note: char() }),
      declareModel("Person", { first: char(), last: text() }, { displayName: ["first", "last"] }),
      declareModel("Visit", { day: date(), count: integer() }, { displayName: ["day", "count"] }),
      declareModel("Numbered", { count: integer() }, { displayName: ["count"] }),
      declareModel("Holder", { person: new ManyToOneField("Person", {}) }),
    ),
  ]);
  const rows: readonly (readonly [model: string, values: Record<string, unknown>, name: string | null])[] = [
    ["Plain", { name: "Desk" }, "Desk"],
    ["Plain", { name: "" }, null],
    ["Plain", {}, null],
    ["Nameless", { note: "x" }, null],
    ["Person", { first: "Ada", last: "Lovelace" }, "Ada Lovelace"],
    ["Person", { last: "Lovelace" }, "Lovelace"],
    ["Person", { first: "Ada", last: null }, "Ada"],
    ["Person", {}, null],
    ["Visit", { day: "2026-05-06", count: 0 }, "2026-05-06 0"],
    ["Numbered", { count: 5 }, "5"],
    ["Numbered", {}, null],
  ];
  for (const [model, values, name] of rows) {
    const { id, data } = await createRecord(world.env, model, values);
    const expected = name ?? `#${id}`;
    expect([model, values, JSON.parse(data.toString()).display_name]).toEqual([model, values, expected]);
    const filter = { q_filter: { display_name: expected }, fields: ["display_name"], order_by: ["display_name ASC"] };
    expect(JSON.parse((await queryRecords(world.env, model, filter)).data.toString())).toContainEqual({
      id,
      display_name: expected,
    });
  }
  const { id: person } = await createRecord(world.env, "Person", { first: "Grace", last: "Hopper" });
  const { data } = await createRecord(world.env, "Holder", { person }, { fields: ["person"] });
  expect(JSON.parse(data.toString()).person).toEqual({ id: person, display_name: "Grace Hopper" });
  await world.drop();
});

test("a one-to-one relation reads as one record from either side", async () => {
  const world = await createWorld([
    declareModule(
      "base",
      declareModel("Passport", { name: char() }),
      declareModel("Person", { name: char(), passport: new OneToOneField("Passport", { relatedName: "owner" }) }),
    ),
  ]);
  const passport = await createRecord(world.env, "Passport", { name: "P1" });
  const owner = async () =>
    JSON.parse((await fetchRecord(world.env, "Passport", passport.id, { fields: ["owner"] })).data.toString()).owner;
  expect(await owner()).toBeNull();
  const person = await createRecord(world.env, "Person", { name: "Ada", passport: passport.id });
  expect(await owner()).toEqual({ id: person.id, display_name: "Ada" });
  const found = await queryRecords(world.env, "Passport", { q_filter: { owner__name: "Ada" }, fields: ["owner.name"] });
  expect(JSON.parse(found.data.toString())).toEqual([
    { id: passport.id, owner: { id: person.id, display_name: "Ada", name: "Ada" } },
  ]);
  await expect(updateRecord(world.env, "Passport", passport.id, { owner: person.id })).rejects.toThrow(
    "owner: is written from the other side: change the records of Person",
  );
  await world.drop();
});

test("a model may have a version of its own; its changes are counted aside", async () => {
  const world = await createWorld([declareModule("base", declareModel("Release", { name: char(), version: char() }))]);
  const made = await createRecord(
    world.env,
    "Release",
    { name: "App", version: "1.0" },
    { fields: ["version", "record_version"] },
  );
  expect([made.version, JSON.parse(made.data.toString())]).toMatchObject([1, { version: "1.0", record_version: 1 }]);
  const changed = await updateRecord(
    world.env,
    "Release",
    made.id,
    { version: "2.0" },
    { version: 1, fields: ["version", "record_version"] },
  );
  expect([changed.version, JSON.parse(changed.data.toString())]).toMatchObject([
    2,
    { version: "2.0", record_version: 2 },
  ]);
  await expect(updateRecord(world.env, "Release", made.id, { name: "x" }, { version: 1 })).rejects.toThrow(
    "has version 2, not 1",
  );
  await expect(updateRecord(world.env, "Release", made.id, { record_version: 1 })).rejects.toThrow(
    "record_version: is read-only",
  );
  await world.drop();
});
