/** The tables that models ask for: columns, constraints, indexes, and what fills rows that are there already. */
import { expect, test } from "vitest";
import { declareModel, declareModule } from "../../test/support/world.ts";
import { boolean } from "../fields/boolean.ts";
import { char } from "../fields/char.ts";
import { json } from "../fields/json.ts";
import { monetary } from "../fields/monetary.ts";
import { float, integer } from "../fields/number.ts";
import { password } from "../fields/password.ts";
import { ManyToManyField, ManyToOneField, OneToOneField } from "../fields/relation.ts";
import { composeRegistry } from "../models/compose.ts";
import { desiredShape } from "./desired.ts";

const shape = desiredShape(
  composeRegistry([
    declareModule(
      "test",
      declareModel("User", { name: char({ required: true }) }),
      declareModel(
        "Thing",
        {
          name: char({ required: true, maxLength: 40, index: true, default: "it's" }),
          price: monetary({ default: 5, unique: true, index: true }),
          weight: float({ precision: 3 }),
          size: float({ default: 0.5 }),
          made: integer({ default: ({ now }) => now.getTime() }),
          flag: boolean(),
          on: boolean({ default: true }),
          secret: password({ default: "correct horse" }),
          data: json({ default: { a: "b" } }),
          owner: new ManyToOneField("User", { required: true, index: true, default: 1 }),
          twin: new OneToOneField("Thing", { index: true }),
          friends: new ManyToManyField("Thing", {}),
          users: new ManyToManyField("User", {}),
        },
        {
          unique: [{ fields: ["owner", "name"], message: "m" }],
          checks: [{ name: "c", sql: "price > 0", field: "price", message: "m" }],
        },
      ),
    ),
  ]),
);

function tableOf(name: string) {
  const table = shape.tables.get(name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return table;
}

test("there is a table for each model and for each relation that keeps its own pairs", () => {
  expect([...shape.tables.keys()].sort()).toEqual(["thing", "thing_friends_link", "thing_users_link", "user"]);
});

test("columns have the field's type, and constant defaults only for rows that are there already", () => {
  const columns = [...tableOf("thing").columns.values()].map((column) =>
    [column.name, column.type, column.notNull ? "not null" : "", column.default ?? "", column.fill ?? ""].join(" | "),
  );
  expect(columns.sort()).toEqual([
    "create_uid | bigint |  |  | ",
    "created_date | timestamp(3) with time zone | not null | now() | now()",
    `data | jsonb |  |  | '{"a":"b"}'`,
    "flag | boolean | not null | false | false",
    "id | bigint | not null |  | ",
    "made | bigint |  |  | ",
    "name | character varying(40) | not null |  | 'it''s'",
    "on | boolean | not null | true | true",
    "owner_id | bigint | not null |  | 1",
    "price | numeric |  |  | '5.00'",
    // A plain default must never stand where a hash belongs.
    "secret | text |  |  | ",
    "size | double precision |  |  | 0.5",
    "twin_id | bigint |  |  | ",
    "updated_date | timestamp(3) with time zone | not null | now() | now()",
    "version | bigint | not null | 1 | 1",
    "weight | numeric |  |  | ",
    "write_uid | bigint |  |  | ",
  ]);
});

test("constraints and indexes follow the options, and nothing is indexed twice", () => {
  const { constraints, indexes } = tableOf("thing");
  expect([...constraints.keys()].sort()).toEqual([
    "thing__c_check",
    "thing__create_uid_fkey",
    "thing__owner_id_fkey",
    "thing__price_key",
    "thing__twin_id_fkey",
    "thing__twin_id_key",
    "thing__write_uid_fkey",
    "thing_pkey",
  ]);
  const keys = [...indexes.values()].map(({ name, unique, keys }) => `${name} ${unique} ${keys.join()}`);
  expect(keys.sort()).toEqual([
    'thing__name_idx false "name"',
    'thing__owner_id__name_key true "owner_id","name"',
    'thing__owner_id_idx false "owner_id"',
  ]);
});

test("pairs are unique, found from either side, and go with their records", () => {
  const { columns, constraints, indexes } = tableOf("thing_users_link");
  expect([...columns.values()].map(({ name, type, notNull }) => [name, type, notNull])).toEqual([
    ["thing_id", "bigint", true],
    ["user_id", "bigint", true],
  ]);
  const described = [...constraints.values()].map((each) =>
    each.kind === "foreign"
      ? `${each.columns} -> ${each.references.table} ${each.onDelete}`
      : `${each.kind} ${"columns" in each ? each.columns : ""}`,
  );
  expect(described.sort()).toEqual([
    "primary thing_id,user_id",
    "thing_id -> thing CASCADE",
    "user_id -> user CASCADE",
  ]);
  expect([...indexes.values()].map(({ keys }) => keys)).toEqual([['"user_id"', '"thing_id"']]);
  expect([...tableOf("thing_friends_link").columns.keys()]).toEqual(["source_id", "target_id"]);
});
