/** Rules over several fields: checked when one of theirs is written, all at once, in one query. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import { createWorld, declareModel, type World } from "../../test/support/world.ts";
import { char } from "../fields/char.ts";
import { date } from "../fields/date.ts";
import { monetary } from "../fields/monetary.ts";
import { ManyToOneField } from "../fields/relation.ts";
import { modelOf } from "../models/model.ts";
import { findInvalid, isValidated } from "./validate.ts";

const invoice = declareModel("Invoice", {
  name: char(),
  date: date(),
  due_date: date(),
  amount: monetary(),
  parent: new ManyToOneField("Invoice", { relatedName: "parts" }),
});
interface Dates {
  readonly date: string | null;
  readonly due_date: string | null;
}
const behaviour = declareBehaviour("Invoice", {
  validate: {
    dates: {
      fields: ["date", "due_date"],
      check: ({ date: from, due_date: to }: Dates) =>
        from !== null && to !== null && to < from ? "is too early" : null,
    },
    exact: {
      fields: ["amount"],
      check: ({ amount }: { amount: string | null }) => (amount === "0.10" ? "is too little" : null),
    },
    whole: {
      fields: ["amount", "parts", "parent"],
      check: ({
        amount,
        parts,
        parent,
      }: {
        amount: string | null;
        parts: readonly object[];
        parent: { id: number } | null;
      }) => (amount === null && parts.length + (parent?.id ?? 0) > 1 ? "is missing" : null),
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await createWorld([{ identifier: "test", models: [invoice], extensions: [], behaviours: [behaviour] }]);
  await world.database.run({
    text: `insert into invoice (name, date, due_date, amount, parent_id) values
      ('good', '2024-01-01', '2024-01-02', 5, null), ('bad', '2024-01-02', '2024-01-01', 0.10, null), ('part', null, null, null, 1),
      ('part', null, null, null, 2)`,
    values: [],
  });
});
afterAll(() => world.drop());

const dates = ["date", "due_date"].map((path) => ({ path, message: "is too early" }));
const little = { path: "amount", message: "is too little" };
const missing = ["amount", "parts", "parent"].map((path) => ({ path, message: "is missing" }));

test.each<[string, "create" | "write", number[], string[], object[], number]>([
  ["nothing that rules look at", "write", [2], ["name"], [], 0],
  ["one of the fields", "write", [1, 2], ["due_date"], [{ id: 2, errors: dates }], 1],
  ["fields of several rules", "write", [2], ["date", "amount"], [{ id: 2, errors: [...dates, little] }], 1],
  ["a new record meets all", "create", [2, 1], [], [{ id: 2, errors: [...dates, little] }], 1],
  ["relations are ids", "write", [4, 3, 2], ["parent"], [{ id: 4, errors: missing }], 1],
  ["records that are gone", "write", [99], ["date"], [], 1],
])("%s", async (_name, operation, ids, fields, expected, statements) => {
  const model = modelOf(world.registry, "Invoice");
  expect(isValidated(model, operation, fields)).toBe(statements > 0);
  const { result, texts } = await world.statements.during(() => findInvalid(world.env, model, operation, ids, fields));
  expect(result).toEqual(expected);
  expect(texts).toHaveLength(statements);
});
