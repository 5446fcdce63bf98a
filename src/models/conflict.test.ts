/** Every conflict of a composition: each by itself with module and file, and all of them at once. */
import { describe, expect, test } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import { declareModel, declareModule, shippedModules } from "../../test/support/world.ts";
import { char, text } from "../fields/char.ts";
import type { Field } from "../fields/field.ts";
import { json } from "../fields/json.ts";
import { monetary } from "../fields/monetary.ts";
import { integer } from "../fields/number.ts";
import { ManyToManyField, ManyToOneField, OneToManyField, OneToOneField } from "../fields/relation.ts";
import { selection } from "../fields/selection.ts";
import type { ModuleSource } from "./collect.ts";
import { composeRegistry } from "./compose.ts";
import { CompositionError } from "./conflict.ts";
import type { ModelOptions } from "./definition.ts";

type Fields = Readonly<Record<string, Field>>;

const toOne = (target: string, options = {}) => new ManyToOneField(target, options);
const toMany = (target: string, options = {}) => new ManyToManyField(target, options);
const other = declareModel("Other", { name: char(), code: char() });
const base = (...models: Parameters<typeof declareModule>[1][]) => declareModule("base", other, ...models);
/** A module with one model `Thing` beside `Other`. */
const thing = (fields: Fields, options: Partial<ModelOptions> = {}) => [base(declareModel("Thing", fields, options))];
const extension = (target: string, fields: Fields, choices = {}): ModuleSource => ({
  identifier: "more",
  models: [],
  extensions: [{ extends: target, fields, choices, file: "modules/more/x.ts" }],
});

/** Name, modules, and the conflicts as `subject: message (module file)`. */
const rows: Readonly<Record<string, readonly [modules: readonly ModuleSource[], ...conflicts: string[]]>> = {
  "an unknown target": [
    thing({
      a: toOne("Nope"),
      b: new OneToManyField("Nope", "x", {}),
      c: toMany("Nope"),
      d: new OneToOneField("Nope", {}),
    }),
    ...["a", "b", "c", "d"].map(
      (name) => `Thing.${name}: refers to the model "Nope", which no installed module defines`,
    ),
  ],
  "a taken related name": [
    thing({ a: toOne("Other", { relatedName: "name" }) }),
    "Thing.a: its related name is taken: Other.name, which module base declares (modules/test/Other.ts)",
  ],
  "two equal related names": [
    thing({ a: toOne("Other", { relatedName: "things" }), b: toMany("Other", { relatedName: "things" }) }),
    "Thing.b: its related name is taken: Other.things, which module base declares (modules/test/Thing.ts)",
  ],
  "a related name that is no name": [
    thing({ a: toOne("Other", { relatedName: "Things" }) }),
    "Other.Things: a field's name is snake_case, without double underscores (base modules/test/Thing.ts)",
  ],
  "a related name that every model has": [
    thing({ a: toOne("Other", { relatedName: "id" }) }),
    "Other.id: every model has this field already (base modules/test/Thing.ts)",
  ],
  "a missing inverse": [
    thing({ lines: new OneToManyField("Other", "thing", {}) }),
    "Thing.lines: needs Other.thing to be a to-one field to Thing",
  ],
  "an inverse to another model": [
    [
      base(
        declareModel("Line", { other: toOne("Other"), count: integer() }),
        declareModel("Thing", {
          a: new OneToManyField("Line", "other", {}),
          b: new OneToManyField("Line", "count", {}),
        }),
      ),
    ],
    "Thing.a: needs Line.other to be a to-one field to Thing",
    "Thing.b: needs Line.count to be a to-one field to Thing",
  ],
  "a model defined twice": [
    [base(), declareModule("more", declareModel("Other", {}))],
    "Other: is already defined by module base (modules/test/Other.ts); use extendModel (more modules/test/Other.ts)",
  ],
  "a field declared twice": [
    [base(), extension("Other", { name: text() })],
    "Other.name: is already declared by module base (modules/test/Other.ts) (more modules/more/x.ts)",
  ],
  "an extension of nothing": [
    [base(), extension("Nope", { a: char() })],
    "Nope: is extended, but no installed module defines it (more modules/more/x.ts)",
  ],
  "choices for what has none": [
    [base(), extension("Other", {}, { name: ["x"], nope: ["x"] })],
    "Other.name: gets more choices, but is no Selection field (more modules/more/x.ts)",
    "Other.nope: gets more choices, but is no Selection field (more modules/more/x.ts)",
  ],
  "model names": [
    [declareModule("base", declareModel("thing", {}), declareModel("Big_Thing", {}), declareModel("T".repeat(51), {}))],
    "thing: a model's name is PascalCase, at most 50 letters and digits (base modules/test/thing.ts)",
    "Big_Thing: a model's name is PascalCase, at most 50 letters and digits (base modules/test/Big_Thing.ts)",
    `${"T".repeat(51)}: a model's name is PascalCase, at most 50 letters and digits (base modules/test/${"T".repeat(51)}.ts)`,
    `${"T".repeat(51)}: "${"t".repeat(51)}" is no usable table name (base modules/test/${"T".repeat(51)}.ts)`,
  ],
  "field names": [
    thing({
      Name: char(),
      a__b: char(),
      _a: char(),
      a_: char(),
      "1a": char(),
      "": char(),
      [`a${"b".repeat(60)}`]: char(),
    }),
    ...["Name", "a__b", "_a", "a_", "1a", ""].map(
      (name) => `Thing.${name}: a field's name is snake_case, without double underscores`,
    ),
    `Thing.a${"b".repeat(60)}: a field's name has at most 60 characters`,
  ],
  "names of lookups": [
    thing({ eq: char(), icontains: char(), between: char() }),
    ...["eq", "icontains", "between"].map((name) => `Thing.${name}: "${name}" is a lookup of the filter language`),
  ],
  "reserved names": [
    thing({
      and: char(),
      not: char(),
      external_id: char(),
      constructor: char(),
      prototype: char(),
      xmin: char(),
      tableoid: char(),
    }),
    ...["and", "not", "external_id", "constructor", "prototype", "xmin", "tableoid"].map(
      (name) => `Thing.${name}: "${name}" is reserved`,
    ),
  ],
  "names that every model has": [
    thing({
      id: integer(),
      display_name: char(),
      create_uid: toOne("Other"),
      updated_date: char(),
      record_version: char(),
    }),
    ...["id", "display_name", "create_uid", "updated_date", "record_version"].map(
      (name) => `Thing.${name}: every model has this field already`,
    ),
  ],
  "two fields in one column": [
    thing({ other: toOne("Other"), other_id: integer() }),
    'Thing.other_id: its column "other_id" is also that of the field "other"',
  ],
  "two models in one table": [thing({}, { table: "other" }), 'Thing: table "other" belongs to Other'],
  "names of tables": [
    [
      base(
        declareModel("Upper", {}, { table: "Upper" }),
        declareModel("Quoted", {}, { table: 'a"b' }),
        declareModel("PgClass", {}),
      ),
    ],
    'Upper: "Upper" is no usable table name (base modules/test/Upper.ts)',
    'Quoted: "a"b" is no usable table name (base modules/test/Quoted.ts)',
    'PgClass: "pg_class" is no usable table name (base modules/test/PgClass.ts)',
  ],
  "display names and searches": [
    thing(
      { data: json(), price: monetary(), other: toOne("Other") },
      { displayName: ["data", "nope"], search: ["price", "other"] },
    ),
    ...["data", "nope", "price", "other"].map(
      (name) => `Thing: displayName and search take fields of type Char, Text, Selection, Integer, Date, not "${name}"`,
    ),
  ],
  "an order": [
    thing(
      { name: char(), tags: toMany("Other") },
      {
        order: [
          "nope ASC",
          "tags ASC",
          "display_name ASC",
          "name UP" as "x ASC",
          "name ASC, id ASC" as "x ASC",
          "name  ASC" as "x ASC",
        ],
      },
    ),
    ...["nope ASC", "tags ASC", "display_name ASC", "name UP", "name ASC, id ASC", "name  ASC"].map(
      (step) => `Thing: order takes stored fields and ASC or DESC, not "${step}"`,
    ),
  ],
  "unique declarations": [
    thing(
      { name: char(), tags: toMany("Other") },
      {
        unique: [
          { fields: ["nope", "tags", "display_name"], message: "m" },
          { fields: [], message: "m" },
        ],
      },
    ),
    ...["nope", "tags", "display_name"].map((name) => `Thing: unique takes stored fields, not "${name}"`),
    "Thing: unique takes at least one field",
  ],
  checks: [
    thing(
      { name: char() },
      {
        checks: [
          { name: "a", sql: "true", field: "nope", message: "m" },
          { name: "a", sql: "true", field: "name", message: "m" },
        ],
      },
    ),
    'Thing: check "a" is shown at "nope", which is no stored field',
    'Thing: has two checks of the name "a"',
  ],
  "a default that does not fit": [
    thing({
      long: char({ maxLength: 3, default: "abcd" }),
      choice: selection(["a"], { default: "b" as "a" }),
      price: monetary({ default: "x" }),
      parent: toOne("Thing", { default: 0 }),
      even: integer({ default: 3, validators: [(value) => (value % 2 === 0 ? null : "must be even")] }),
    }),
    "Thing.long: its default must have at most 3 characters",
    "Thing.choice: its default must be one of a",
    'Thing.price: its default must be a number or a numeral such as "12.50", not a text',
    "Thing.parent: its default must be a record id, a positive whole number, not the number 0",
    "Thing.even: its default must be even",
  ],
  "groups that are none": [
    thing({
      a: char({ groups: { wriet: ["x"] } as never }),
      b: char({ groups: "x" as never }),
      c: char({ groups: { read: "x" } as never }),
      d: char({ groups: { read: ["x"], write: [] } }),
    }),
    'Thing.a: groups takes read and write, not "wriet"',
    "Thing.b: groups takes a list, or { read, write }",
    "Thing.c: groups takes lists of identifiers",
  ],
  "groups that no module brings": [
    thing({
      a: char({ groups: ["clerks", "bosses"] }),
      b: char({ groups: { read: ["clerks"], write: ["nobody"] } }),
    }).map((module) => ({
      ...module,
      groups: ["clerks"],
      behaviours: [
        declareBehaviour("Thing", {
          methods: {
            go: {
              kind: "method",
              options: { scope: "model", groups: ["keepers"], inputs: { by: char({ groups: { write: ["givers"] } }) } },
              run: () => null,
            },
          },
        }),
      ],
    })),
    'Thing.a: is for the group "bosses", which no installed module brings in its data',
    'Thing.b: is for the group "nobody", which no installed module brings in its data',
    ...["keepers", "givers"].map(
      (group) =>
        `Thing.go(): is for the group "${group}", which no installed module brings in its data (base modules/test/Thing-behaviour.ts)`,
    ),
  ],
  "groups of a key of the context": [
    [
      {
        ...base(declareModel("Thing", {})),
        behaviours: [
          declareBehaviour("Thing", {
            methods: {
              go: {
                kind: "method",
                options: { scope: "model", context: { why: char({ groups: [] }) } },
                run: () => null,
              },
            },
          }),
        ],
      },
    ],
    'Thing.go(): its key of the context "why" is data and gives no right: groups mean nothing (base modules/test/Thing-behaviour.ts)',
  ],
  "acyclic to another model": [
    thing({ other: toOne("Other", { acyclic: true }) }),
    "Thing.other: acyclic is for a relation of a model to itself",
  ],
  "a required relation that is emptied": [
    thing({ a: toOne("Other", { required: true, onDelete: "SET_NULL" }) }),
    "Thing.a: is required, so that on delete it cannot be set to null; use CASCADE or RESTRICT",
  ],
  "a through-model that is not there": [
    thing({ a: toMany("Other", { through: "Pair" }) }),
    'Thing.a: goes through the model "Pair", which no installed module defines',
  ],
  "a through-model without both sides": [
    [
      base(
        declareModel("Pair", { thing: toOne("Thing") }),
        declareModel("Double", { thing: toOne("Thing"), a: toOne("Other"), b: toOne("Other") }),
        declareModel("Thing", {
          a: toMany("Other", { through: "Pair" }),
          b: toMany("Other", { through: "Double" }),
          c: toMany("Thing", { through: "Pair" }),
        }),
      ),
    ],
    "Thing.a: needs Pair to have exactly one to-one field to Thing and one to Other",
    "Thing.b: needs Double to have exactly one to-one field to Thing and one to Other",
    "Thing.c: needs Pair to have exactly two to-one fields to Thing, first that of this side",
  ],
  "a taken table of links": [
    [
      base(
        declareModel("Thing", {
          a: toMany("Other", { through: "pairs" }),
          b: toMany("Other", { through: "pairs" }),
          c: toMany("Other", { through: "other" }),
          d: toMany("Other", { through: "no name" }),
        }),
      ),
    ],
    'Thing.b: its table of links "pairs" is taken; the other side is declared by relatedName',
    'Thing.c: its table of links "other" is taken; the other side is declared by relatedName',
    'Thing.d: "no name" is no usable table name',
  ],
};

describe.each(Object.entries(rows))("%s", (_name, [modules, ...expected]) => {
  test("is reported with its module and file, and nothing else is", () => {
    // Most rows have one place: that is left out there.
    const complete = expected.map((text) =>
      / \(\w+ modules\/[^()]+\)$/.test(text) ? text : `${text} (base modules/test/Thing.ts)`,
    );
    expect(conflictsOf(modules)).toEqual(complete);
  });
});

function conflictsOf(modules: readonly ModuleSource[]): string[] {
  try {
    composeRegistry(modules);
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error;
    return error.conflicts.map(({ subject, message, module, file }) => `${subject}: ${message} (${module} ${file})`);
  }
  return [];
}

test("all conflicts of a composition are told at once, those of each step and module", () => {
  const modules = [
    ...thing(
      { Bad: char(), a: toOne("Nope"), tags: toMany("Other", { relatedName: "name" }) },
      { displayName: ["nope"] },
    ),
    declareModule("more", declareModel("Other", {}), declareModel("thing", {})),
    extension("Missing", {}),
  ];
  expect(() => composeRegistry(modules)).toThrow(
    [
      "the modules do not fit together:",
      "  Other: is already defined by module base (modules/test/Other.ts); use extendModel (module more, modules/test/Other.ts)",
      "  Missing: is extended, but no installed module defines it (module more, modules/more/x.ts)",
      '  thing: table "thing" belongs to Thing (module more, modules/test/thing.ts)',
      '  Thing.a: refers to the model "Nope", which no installed module defines (module base, modules/test/Thing.ts)',
      "  Thing.tags: its related name is taken: Other.name, which module base declares (modules/test/Other.ts) (module base, modules/test/Thing.ts)",
      "  Thing.Bad: a field's name is snake_case, without double underscores (module base, modules/test/Thing.ts)",
      '  Thing: displayName and search take fields of type Char, Text, Selection, Integer, Date, not "nope" (module base, modules/test/Thing.ts)',
      "  thing: a model's name is PascalCase, at most 50 letters and digits (module more, modules/test/thing.ts)",
    ].join("\n"),
  );
});

test("the shipped modules fit together, in part and as a whole", () => {
  for (const count of [1, 2, 3]) expect(conflictsOf(shippedModules.slice(0, count))).toEqual([]);
});
