/** Amounts of a currency: rounded once to its decimals, half away from zero, by every write that they depend on. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, declareModel, type World } from "../../test/support/world.ts";
import { Decimal } from "../fields/decimal.ts";
import type { FieldMap } from "../fields/field.ts";
import type { ModelName } from "../fields/known-model.ts";
import { char, integer, manyToOne, monetary } from "../index.ts";
import type { ModelBehaviour } from "../models/behaviour.ts";
import { composeRegistry } from "../models/compose.ts";
import { describeModel } from "./describe.ts";
import { fetchRecord } from "./read.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";
import { createRecords, updateRecords } from "./write-bulk.ts";

const named = (name: string) => name as ModelName;
const behaviour = (model: string, calculate: object): ModelBehaviour => {
  const rest = { setters: {}, validate: {}, hooks: {}, file: "test" };
  return { implements: model, calculate: calculate as ModelBehaviour["calculate"], ...rest };
};

interface LineParts {
  readonly price: string | null;
  readonly quantity: string;
}
const product = ({ price, quantity }: LineParts) =>
  price === null ? null : new Decimal(price).times(quantity).toFixed();

const models = [
  declareModel("Coin", { name: char({ required: true }), decimal_places: integer({ required: true, default: 2 }) }),
  declareModel("Bill", {
    coin: manyToOne(named("Coin"), { onDelete: "SET NULL" }),
    fee: monetary({ currency: "coin", decimals: 1 }),
    total: monetary({ currency: "coin", decimals: 1, calculate: "total", dependsOn: ["lines.amount"] }),
  }),
  declareModel("BillLine", {
    bill: manyToOne(named("Bill"), { required: true, relatedName: "lines", onDelete: "CASCADE" }),
    price: monetary({ currency: "bill__coin" }),
    quantity: monetary({ required: true, default: 1, decimals: 3 }),
    amount: monetary({ currency: "bill.coin", calculate: "amount", dependsOn: ["price", "quantity"] }),
    shown: monetary({ currency: "bill.coin", calculate: "shown", dependsOn: ["price", "quantity"], stored: false }),
  }),
];
const module = {
  identifier: "money",
  models,
  extensions: [],
  behaviours: [
    behaviour("Bill", {
      total: (bills: readonly { readonly lines: readonly { readonly amount: string | null }[] }[]) =>
        bills.map(({ lines }) => lines.reduce((sum, { amount }) => sum.plus(amount ?? 0), new Decimal(0)).toFixed()),
    }),
    behaviour("BillLine", {
      amount: (lines: readonly LineParts[]) => lines.map(product),
      shown: (lines: readonly LineParts[]) => lines.map(product),
    }),
  ],
};

let world: World;
let [yen, euro, dinar]: number[] = [];
beforeAll(async () => {
  world = await createWorld([module]);
  [yen, euro, dinar] = await createRecords(world.env, "Coin", [
    { name: "yen", decimal_places: 0 },
    { name: "euro" },
    { name: "dinar", decimal_places: 3 },
  ]);
});
afterAll(() => world.drop());

const read = async (model: string, id: number, ...fields: string[]) =>
  JSON.parse((await fetchRecord(world.env, model, id, { fields })).data.toString()) as Record<string, unknown>;
/** What stands in the columns, with every digit. */
const texts = async (table: string, columns: string): Promise<readonly object[]> =>
  world.database.rows<object>({ text: `select ${columns} from ${table} order by id`, values: [] });

test.each<[string, () => number | null, string, string, string, string]>([
  ["yen", () => yen ?? 0, "2.5", "3", "9", "9"],
  ["euro", () => euro ?? 0, "2.345", "2.35", "7.05", "7.05"],
  ["dinar", () => dinar ?? 0, "-2.3455", "-2.346", "-7.038", "-7.038"],
  ["nothing", () => null, "2.25", "2.25", "6.75", "6.8"],
])(
  "a record of %s is rounded as it is created, changed and calculated",
  async (_name, coin, given, price, amount, total) => {
    const written = await createRecord(
      world.env,
      "Bill",
      { coin: coin(), lines: [{ price: given, quantity: 3 }] },
      { fields: ["total", "lines.price", "lines.amount", "lines.shown"] },
    );
    const line = { price: Number(price), amount: Number(amount), shown: Number(amount) };
    expect(JSON.parse(written.data.toString())).toMatchObject({ total: Number(total), lines: [line] });
    expect(written.version).toBe(1);
    const [id] = (await texts("bill_line", "id")).slice(-1).map((row) => (row as { id: number }).id);
    await updateRecord(world.env, "BillLine", id ?? 0, { price: 0 });
    const changed = await updateRecord(world.env, "BillLine", id ?? 0, { price: given }, { fields: ["price"] });
    expect(JSON.parse(changed.data.toString()).price).toBe(Number(price));
    expect((await texts("bill_line", "price::text, amount::text")).at(-1)).toEqual({ price, amount });
  },
);

test("what depends on a change of currency is rounded again, and digits are printed as the currency has them", async () => {
  const { id } = await createRecord(world.env, "Bill", {
    coin: dinar,
    fee: "1.2345",
    lines: [{ price: "10.555", quantity: 2 }],
  });
  expect(await read("Bill", id, "fee", "total")).toMatchObject({ fee: 1.235, total: 21.11 });
  await updateRecord(world.env, "Bill", id, { coin: yen });
  expect(await read("Bill", id, "fee", "total", "lines.price")).toMatchObject({
    fee: 1,
    total: 22,
    lines: [{ price: 11 }],
  });
  expect((await texts("bill", "fee::text, total::text")).at(-1)).toEqual({ fee: "1", total: "22" });
  const coin = await createRecord(world.env, "Coin", { name: "own", decimal_places: 2 });
  await updateRecord(world.env, "Bill", id, { coin: coin.id, fee: "3.456" });
  await updateRecord(world.env, "Coin", coin.id, { decimal_places: 1 });
  expect((await texts("bill", "fee::text, total::text")).at(-1)).toEqual({ fee: "3.5", total: "22.0" });
});

test("the registry names the currency of an amount", () => {
  const { fee, price } = describeModel(world.env, "BillLine") as Record<string, unknown> & {
    fee?: unknown;
    price: unknown;
  };
  expect(fee).toBeUndefined();
  expect(price).toMatchObject({ type: "Monetary", currency: "bill__coin" });
});

test("a JSON number that cannot hold its digits is refused", async () => {
  await expect(createRecord(world.env, "Bill", { coin: euro, fee: Number("1234567890123456.7") })).rejects.toThrow(
    "send it as a text",
  );
});

test.each<[string, FieldMap, string]>([
  ["no such field", { fee: monetary({ currency: "coin" }) }, 'has its decimals from "coin": Wrong has no field "coin"'],
  [
    "no relation",
    { coin: char(), fee: monetary({ currency: "coin" }) },
    'has its decimals from "coin": goes on behind Wrong.coin, which is no relation',
  ],
  [
    "a model without decimals",
    { coin: manyToOne(named("BillLine")), fee: monetary({ currency: "coin" }) },
    'has its decimals from "coin": BillLine has no field "decimal_places"',
  ],
])("a path that leads to %s is a conflict", (_name, fields, message) => {
  const wrong = { ...module, models: [...models, declareModel("Wrong", fields)] };
  expect(() => composeRegistry([wrong])).toThrow(message);
});

test("whatever is written, every amount is a fresh rounding of what it is made of", { timeout: 60_000 }, async () => {
  const amount = fc.integer({ min: -99_999, max: 99_999 }).map((units) => String(units / 10_000));
  const coin = fc.constantFrom<number | null>(yen ?? 0, euro ?? 0, dinar ?? 0, null);
  const line = fc.record({ price: fc.option(amount), quantity: fc.constantFrom("1", "0.333", "7") });
  const write = fc.oneof(
    fc
      .record({ coin, fee: amount, lines: fc.array(line, { maxLength: 3 }) })
      .map((values) => (_ids: number[]) => createRecord(world.env, "Bill", values as GivenValues)),
    fc.tuple(fc.nat(), coin).map(
      ([at, value]) =>
        (ids: number[]) =>
          updateRecord(world.env, "Bill", pick(ids, at), { coin: value }),
    ),
    fc.tuple(coin, amount).map(
      ([value, fee]) =>
        (ids: number[]) =>
          updateRecords(world.env, "Bill", ids.slice(0, 4), { coin: value, fee }),
    ),
    fc.tuple(fc.nat(), fc.array(line, { maxLength: 3 })).map(
      ([at, lines]) =>
        (ids: number[]) =>
          updateRecord(world.env, "Bill", pick(ids, at), { lines }),
    ),
    fc.nat().map((at) => (ids: number[]) => deleteRecord(world.env, "Bill", pick(ids, at))),
    fc
      .integer({ min: 0, max: 4 })
      .map((decimal_places) => () => updateRecord(world.env, "Coin", euro ?? 0, { decimal_places })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 3, maxLength: 8 }), async (writes) => {
      for (const one of writes) {
        const ids = (await texts("bill", "id")).map((row) => (row as { id: number }).id);
        await one(ids.length > 0 ? ids : [(await createRecord(world.env, "Bill", {})).id]);
      }
      const wrong = await world.database.rows<object>({ text: WRONG, values: [] });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

function pick(ids: readonly number[], at: number): number {
  return ids[at % ids.length] ?? 0;
}

/** Amounts that are not what they should be. */
const WRONG = `
with line as (
  select l.id, l.price, l.amount, l.quantity, coalesce(c.decimal_places, 2)::integer as places, b.id as bill
  from bill_line l join bill b on b.id = l.bill_id left join coin c on c.id = b.coin_id
), sum as (
  select b.id, b.total, b.fee, coalesce(c.decimal_places, 1)::integer as places, coalesce((select sum(amount) from line where bill = b.id), 0) as fresh
  from bill b left join coin c on c.id = b.coin_id
)
select id, 'line' as what from line
  where price is distinct from round(price, places) or amount is distinct from round(price * quantity, places)
union all
select id, 'bill' from sum where fee is distinct from round(fee, places) or total is distinct from round(fresh, places)`;
