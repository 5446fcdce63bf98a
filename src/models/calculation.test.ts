/** Calculated fields in a composition: what does not fit is reported at once, what fits is ordered and turned around. */
import { describe, expect, test } from "vitest";
import { declareBehaviour, each, shopModule } from "../../test/fixtures/shop-registry.ts";
import { declareModel } from "../../test/support/world.ts";
import { char } from "../fields/char.ts";
import type { Field } from "../fields/field.ts";
import { integer } from "../fields/number.ts";
import { password } from "../fields/password.ts";
import { ManyToManyField, ManyToOneField, OneToManyField } from "../fields/relation.ts";
import type { ModelBehaviour } from "./behaviour.ts";
import { composeRegistry } from "./compose.ts";
import { CompositionError } from "./conflict.ts";
import { fieldOf, modelOf } from "./model.ts";

const one = each(() => 1);

/** The conflicts of two models, the first of which has a name, a secret and relations besides the given fields. */
function conflictsOf(
  fields: Readonly<Record<string, Field>>,
  parts: Partial<ModelBehaviour> = {},
  others: Readonly<Record<string, Field>> = {},
): string[] {
  const thing = declareModel("Thing", {
    name: char(),
    secret: password(),
    parent: new ManyToOneField("Thing", { acyclic: true, relatedName: "children" }),
    friend: new ManyToOneField("Thing", { relatedName: "admirers" }),
    parts: new OneToManyField("Part", "thing", {}),
    ...fields,
  });
  const part = declareModel("Part", { thing: new ManyToOneField("Thing", {}), size: integer(), ...others });
  const functions = Object.fromEntries(
    Object.values(others).flatMap(({ options }) => (options.calculate === undefined ? [] : [[options.calculate, one]])),
  );
  const behaviours = [declareBehaviour("Thing", parts), declareBehaviour("Part", { calculate: functions })];
  try {
    composeRegistry([{ identifier: "base", models: [thing, part], extensions: [], behaviours }]);
    return [];
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error;
    return error.conflicts.map(({ subject, message }) => `${subject}: ${message}`);
  }
}

const of = (dependsOn: readonly string[], more: object = {}) => integer({ calculate: "f", dependsOn, ...more });

describe("a calculated field that does not fit", () => {
  const rows: [string, Readonly<Record<string, Field>>, Partial<ModelBehaviour>, string[]][] = [
    ["fits", { f: of(["name", "parts.size", "parent__name"]) }, { calculate: { f: one } }, []],
    ["no function", { f: of(["name"]) }, {}, ['Thing.f: no implementModel("Thing") gives calculate.f']],
    [
      "no field",
      {},
      { calculate: { f: one }, setters: { g: () => {} } },
      [
        "Thing: calculate.f is a function that no field names by calculate",
        "Thing: setters.g is a function that no field names by setter",
      ],
    ],
    [
      "one function for two",
      { f: of(["name"]), g: of(["name"]) },
      { calculate: { f: one } },
      ['Thing.g: its function "f" calculates Thing.f already'],
    ],
    [
      "unknown names",
      { f: of(["nam", "parts.siz", "name.size", ""]) },
      { calculate: { f: one } },
      [
        'Thing.f: depends on "nam": Thing has no field "nam"',
        'Thing.f: depends on "parts.siz": Part has no field "siz"',
        'Thing.f: depends on "name.size": goes on behind Thing.name, which is no relation',
        'Thing.f: depends on "": Thing has no field ""',
      ],
    ],
    [
      "secrets",
      { f: of(["secret", "parts.thing.secret"]) },
      { calculate: { f: one } },
      [
        'Thing.f: depends on "secret": Thing.secret is a secret',
        'Thing.f: depends on "parts.thing.secret": Thing.secret is a secret',
      ],
    ],
    [
      "what every write changes",
      { f: of(["version"]), g: integer({ calculate: "g", dependsOn: ["version"], stored: false }) },
      { calculate: { f: one, g: one } },
      ['Thing.f: depends on "version": Thing.version changes with every write, that of the calculated value included'],
    ],
    [
      "stored on not stored",
      { f: of(["g"]), g: integer({ calculate: "g", stored: false }) },
      { calculate: { f: one, g: one } },
      ['Thing.f: depends on "g": Thing.g is not stored, so that nothing tells when it changes'],
    ],
    [
      "too far",
      { f: of([`${"parent.".repeat(7)}name`]) },
      { calculate: { f: one } },
      [`Thing.f: depends on "${"parent.".repeat(7)}name": passes through more than 6 relations`],
    ],
    [
      "options without a calculation",
      { f: integer({ dependsOn: ["name"], stored: false, elevated: true, setter: "f" }) },
      {},
      ["dependsOn", "stored", "elevated", "setter"].map(
        (option) => `Thing.f: ${option} is for calculated fields, which name their function by calculate`,
      ),
    ],
    [
      "options against each other",
      {
        f: of([], { required: true, elevated: true, validators: [() => null] }),
        g: integer({ calculate: "g", stored: false, index: true, unique: true }),
        h: integer({ calculate: "h", dependsOn: ["name"], setter: "h", readonly: true }),
      },
      { calculate: { f: one, g: one, h: one }, setters: { h: () => {} } },
      [
        "Thing.f: validators are for values that people write",
        "Thing.f: elevated is for fields that are not stored: stored values are everybody's",
        "Thing.f: is stored, and must say by dependsOn when it is to be calculated again",
        "Thing.f: is required, and needs a default, which stands until the value is calculated",
        "Thing.g: is not stored, so that unique has no column",
        "Thing.g: is not stored, so that index has no column",
        "Thing.h: has a setter, so that readonly contradicts it",
      ],
    ],
    [
      "types",
      {
        f: password({ calculate: "f", dependsOn: ["name"] }),
        g: new ManyToOneField("Thing", { calculate: "g", stored: false }),
        h: new ManyToManyField("Part", { calculate: "h" } as object),
      },
      { calculate: { f: one, g: one, h: one } },
      [
        "Thing.f: Password fields hold secrets and cannot be calculated",
        "Thing.g: a calculated relation must be stored",
        "Thing.h: ManyToMany fields cannot be calculated",
      ],
    ],
    [
      "validations",
      { g: integer({ calculate: "g", stored: false }) },
      {
        calculate: { g: one },
        validate: {
          a: { fields: [], check: () => null },
          b: { fields: ["nam", "secret", "g", "name"], check: () => null },
        },
      },
      [
        "Thing: validate.a looks at no field",
        'Thing: validate.b looks at "nam", which is no field',
        'Thing: validate.b looks at "secret", which is a secret',
        'Thing: validate.b looks at "g", which is not stored',
      ],
    ],
  ];
  test.each(rows)("%s", (_name, fields, parts, expected) => {
    expect(conflictsOf(fields, parts)).toEqual(expected);
  });

  test("a name, an order and a search take what is stored", () => {
    const thing = declareModel(
      "Thing",
      { name: char({ calculate: "f", stored: false }) },
      { order: ["name ASC"], search: ["name"] },
    );
    const behaviours = [declareBehaviour("Thing", { calculate: { f: one } })];
    expect(() => composeRegistry([{ identifier: "base", models: [thing], extensions: [], behaviours }])).toThrow(
      /not "name" .*\n.*not "name ASC"/,
    );
  });

  test("functions of several modules meet", () => {
    const thing = declareModel("Thing", { f: integer({ calculate: "f", stored: false }) });
    const behaviours = [declareBehaviour("Thing", { calculate: { f: one } })];
    const base = { identifier: "base", models: [thing], extensions: [], behaviours };
    const other = {
      identifier: "other",
      models: [],
      extensions: [],
      behaviours: [...behaviours, declareBehaviour("Ghost")],
    };
    expect(() => composeRegistry([base, other])).toThrow(
      "Thing: calculate.f is already implemented by module base (modules/test/Thing-behaviour.ts) (module other, modules/test/Thing-behaviour.ts)\n" +
        "  Ghost: is implemented, but no installed module defines it (module other, modules/test/Ghost-behaviour.ts)",
    );
  });
});

describe("a circle", () => {
  const calculated = (name: string, ...dependsOn: string[]) => integer({ calculate: name, dependsOn });
  const unstored = (name: string, ...dependsOn: string[]) => integer({ calculate: name, dependsOn, stored: false });
  const hint = "; a field may depend on itself along one acyclic relation, in one direction";
  const rows: [string, Readonly<Record<string, Field>>, Readonly<Record<string, Field>>, string[]][] = [
    ["up a tree", { a: calculated("a", "parent.a") }, {}, []],
    ["down a tree", { a: calculated("a", "children.a") }, {}, []],
    ["up a tree over two fields", { a: calculated("a", "b"), b: calculated("b", "parent.a", "parent.b") }, {}, []],
    ["not stored, up a tree", { a: unstored("a", "parent.a") }, {}, []],
    ["of one", { a: calculated("a", "a") }, {}, ["Thing.a: is calculated in a circle: Thing.a -> Thing.a"]],
    [
      "of three",
      { a: calculated("a", "b"), b: calculated("b", "c"), c: calculated("c", "name", "a") },
      {},
      ["Thing.c: is calculated in a circle: Thing.a -> Thing.b -> Thing.c -> Thing.a"],
    ],
    ["not stored", { a: unstored("a", "a") }, {}, ["Thing.a: is calculated in a circle: Thing.a -> Thing.a"]],
    [
      "over another model",
      { a: calculated("a", "parts.x") },
      { x: calculated("x", "thing.a") },
      [`Part.x: is calculated in a circle: Thing.a -> Part.x -> Thing.a${hint}`],
    ],
    [
      "over a relation that may go in circles",
      { a: calculated("a", "friend.a") },
      {},
      [`Thing.a: is calculated in a circle: Thing.a -> Thing.a${hint}`],
    ],
    [
      "up and down",
      { a: calculated("a", "parent.b"), b: calculated("b", "children.a") },
      {},
      [`Thing.b: is calculated in a circle: Thing.a -> Thing.b -> Thing.a${hint}`],
    ],
    [
      "over a calculated relation",
      { a: new ManyToOneField("Thing", { calculate: "a", dependsOn: ["a.name"], relatedName: "as" }) },
      {},
      ["Thing.a: is calculated in a circle: Thing.a -> Thing.a"],
    ],
    [
      "over a calculated relation, backwards",
      { a: new ManyToOneField("Thing", { calculate: "a", dependsOn: ["as.name"], relatedName: "as" }) },
      {},
      [`Thing.a: is calculated in a circle: Thing.a -> Thing.a${hint}`],
    ],
  ];
  test.each(rows)("%s", (_name, fields, others, expected) => {
    const functions = Object.fromEntries(Object.keys(fields).map((name) => [name, one]));
    const found = conflictsOf(fields, { calculate: functions }, others);
    expect(found.map((text) => text.replace(/^\S+ /, ""))).toEqual(expected.map((text) => text.replace(/^\S+ /, "")));
  });
});

describe("a registry of calculated fields", () => {
  const registry = composeRegistry([shopModule]);
  const { dependencies } = registry;
  const places = new Map(
    dependencies.steps.flatMap(({ model, fields }, step) =>
      fields.map((name): [string, number] => [`${model}.${name}`, step]),
    ),
  );

  test.each([
    ["Line.subtotal", "Order.sum"],
    ["Order.sum", "Order.total"],
    ["Order.total", "Customer.spent"],
  ])("%s comes before %s", (first, second) => {
    expect(places.get(first)).toBeLessThan(places.get(second) ?? -1);
  });

  test("fields without a column are in no step, all others in one", () => {
    expect([...places.keys()].sort()).toEqual(
      "Article.sold Category.path Category.size Customer.club_names Customer.spent Line.subtotal Order.label_text Order.sum Order.total".split(
        " ",
      ),
    );
    expect(fieldOf(modelOf(registry, "Order"), "average").kind).toBe("calculated");
    expect(fieldOf(modelOf(registry, "Order"), "sum")).toMatchObject({ kind: "stored", readonly: true });
  });

  /** [model, field, what becomes stale as field: tables and columns on the way back, `!` where the way itself changes] */
  test.each([
    ["Line", "quantity", ["Article.sold: line.id>article_id", "Line.subtotal:"]],
    ["Line", "subtotal", ["Order.sum: line.id>order_id"]],
    ["Line", "order", ["Order.sum: line.id>order_id !"]],
    ["Article", "price", ["Line.subtotal: line.article_id>id"]],
    ["Label", "name", ["Order.label_text: sale_order_labels_link.label_id>sale_order_id"]],
    ["Label", "orders", ["Order.label_text: sale_order_labels_link.label_id>sale_order_id !"]],
    ["Order", "labels", ["Order.label_text:"]],
    ["Membership", "club", ["Customer.club_names: membership.id>customer_id !"]],
    ["Club", "name", ["Customer.club_names: membership.club_id>customer_id"]],
    ["Category", "parent", ["Category.path:", "Category.size: category.id>parent_id !"]],
    ["Category", "path", ["Category.path: category.parent_id>id"]],
    ["Order", "discount", ["Order.total:"]],
    ["Order", "name", []],
  ])("a change of %s.%s", (model, field, expected) => {
    const triggers = dependencies.changes.get(model)?.get(field) ?? [];
    const shown = triggers.flatMap(({ step, back, cut }) => {
      const way = back.map(({ table, from, to }) => `${table}.${from}>${to}`).join(" ");
      const names = dependencies.steps[step]?.fields.map((name) => `${dependencies.steps[step]?.model}.${name}`);
      return (names ?? []).map((name) => `${name}:${way === "" ? "" : ` ${way}`}${cut ? " !" : ""}`);
    });
    expect(shown.filter((text) => expected.some((each) => each.split(":")[0] === text.split(":")[0])).sort()).toEqual(
      expected,
    );
    expect(shown.length === 0).toBe(expected.length === 0);
  });

  test("tables of behaviour are frozen", () => {
    const { behaviour } = modelOf(registry, "Order");
    for (const each of [dependencies, dependencies.steps, behaviour, behaviour.hooks, behaviour.validate]) {
      expect(Object.isFrozen(each)).toBe(true);
    }
  });
});
