/** What clients are told of models and fields: only what they may see, and only options that differ from the default. */
import { expect, test } from "vitest";
import { declareModel, declareModule, shippedModules } from "../../test/support/world.ts";
import { unrestrictedAccess } from "../access/access.ts";
import { Database } from "../database/database.ts";
import { MissingError } from "../errors.ts";
import { char } from "../fields/char.ts";
import { date } from "../fields/date.ts";
import { json } from "../fields/json.ts";
import { monetary } from "../fields/monetary.ts";
import { float, integer } from "../fields/number.ts";
import { password } from "../fields/password.ts";
import { ManyToManyField, ManyToOneField, OneToManyField, OneToOneField } from "../fields/relation.ts";
import { selection } from "../fields/selection.ts";
import { composeRegistry } from "../models/compose.ts";
import { describeModel, describeModels } from "./describe.ts";
import { Environment, type EnvironmentParts } from "./environment.ts";
import { PlanCache } from "./plan-cache.ts";

const thing = declareModel("Thing", {
  name: char({
    required: true,
    maxLength: 40,
    unique: "ignore_case",
    label: "Title",
    hint: "h",
    description: "d",
    clone: false,
  }),
  price: monetary({ default: 0, readonly: true, index: true }),
  weight: float({ precision: 3, default: "0.25" }),
  plain: float(),
  place: integer({ sequence: true }),
  day: date({ default: () => "2026-01-01" }),
  state: selection({ a: "Alpha" }, { groups: ["core_admin"] }),
  data: json(),
  secret: password(),
  parent: new ManyToOneField("Thing", { relatedName: "children" }),
  twin: new OneToOneField("Thing", { required: true, onDelete: "CASCADE", relatedName: "twin_of" }),
  lines: new OneToManyField("Thing", "parent", {}),
  friends: new ManyToManyField("Thing", { through: "friendship", relatedName: "friend_of" }),
});
// Nothing here asks the database; it connects with the first statement only.
const database = new Database({ connection: { host: "nowhere" } });
const environment = (
  registry: Parameters<typeof unrestrictedAccess>[0],
  access: Partial<EnvironmentParts["access"]> = {},
) => new Environment({ access: { ...unrestrictedAccess(registry), ...access }, database, plans: new PlanCache() });

test("each field is described by its type, label and unusual options", () => {
  const env = environment(composeRegistry([declareModule("test", thing)]));
  const to = { related_model: "Thing" };
  expect(describeModel(env, "Thing")).toEqual({
    id: { type: "Integer", label: "ID", required: true, readonly: true, clone: false },
    display_name: { type: "Char", label: "Display name", readonly: true },
    name: {
      type: "Char",
      label: "Title",
      hint: "h",
      description: "d",
      required: true,
      unique: "ignore_case",
      clone: false,
      max_length: 40,
    },
    price: { type: "Monetary", label: "Price", readonly: true, index: true, default: 0 },
    weight: { type: "Float", label: "Weight", default: 0.25, precision: 3 },
    plain: { type: "Float", label: "Plain" },
    place: { type: "Integer", label: "Place", sequence: true },
    // A default that is made for each record cannot be shown.
    day: { type: "Date", label: "Day" },
    state: { type: "Selection", label: "State", groups: ["core_admin"], choices: [{ value: "a", label: "Alpha" }] },
    data: { type: "JSON", label: "Data" },
    secret: { type: "Password", label: "Secret", clone: false, write_only: true, min_length: 8 },
    parent: { type: "ManyToOne", label: "Parent", ...to, on_delete: "SET NULL", related_name: "children" },
    twin: { type: "OneToOne", label: "Twin", required: true, ...to, on_delete: "CASCADE", related_name: "twin_of" },
    lines: { type: "OneToMany", label: "Lines", ...to, inverse: "parent" },
    friends: { type: "ManyToMany", label: "Friends", ...to, through: "friendship", related_name: "friend_of" },
    children: { type: "OneToMany", label: "Children", ...to, inverse: "parent" },
    twin_of: { type: "OneToOne", label: "Twin of", readonly: true, ...to, inverse: "twin" },
    friend_of: { type: "ManyToMany", label: "Friend of", ...to, through: "friendship" },
    create_uid: expect.objectContaining({ type: "ManyToOne", related_model: "User", readonly: true }),
    created_date: expect.objectContaining({ type: "Datetime", readonly: true }),
    write_uid: expect.objectContaining({ type: "ManyToOne", related_model: "User", readonly: true }),
    updated_date: expect.objectContaining({ type: "Datetime", readonly: true }),
    version: expect.objectContaining({ type: "Integer", readonly: true }),
  });
});

test("what the caller may not see is not there, and what it may not write is read-only", () => {
  const registry = composeRegistry(shippedModules);
  const env = environment(registry, {
    can: ({ name }, operation) => name === "Product" || (name === "Category" && operation === "read"),
    canRead: ({ name, internal }) => !internal && ["Product", "Category"].includes(name),
    canReadField: (_model, { name }) => name !== "cost",
    canWriteField: (_model, { name }) => name !== "price",
  });
  expect(describeModels(env)).toEqual({
    Category: {
      label: "Product category",
      module: "products",
      permissions: { read: true, create: false, write: false, delete: false },
    },
    Product: {
      label: "Product",
      methods: { change_prices: { label: "Change prices", scope: "records", wizard: "ChangePricesWizard" } },
      module: "products",
      permissions: { read: true, create: true, write: true, delete: true },
    },
  });
  const product = describeModel(env, "Product");
  // The units and users behind these are hidden.
  for (const name of ["cost", "uom", "create_uid"]) expect(product).not.toHaveProperty(name);
  expect(product.price).toMatchObject({ readonly: true });
  expect(product.name).not.toHaveProperty("readonly");
  for (const name of ["User", "Nope", "__proto__"]) {
    expect(() => describeModel(env, name)).toThrow(MissingError);
    expect(() => describeModel(env, name)).toThrow(`Unknown model ${JSON.stringify(name)}`);
  }
});

test("the kernel's own models are listed to nobody", () => {
  const listed = Object.keys(describeModels(environment(composeRegistry(shippedModules))));
  expect(listed).toContain("User");
  expect(listed).not.toContain("RefreshToken");
});
