/** UI effects over unsaved values, lines and calculated fields: in cascade, with an end, with the rights of the caller, and never written. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import {
  type Caller,
  createCaller,
  createWorld,
  declareModel,
  shippedModules,
  type World,
} from "../../test/support/world.ts";
import type { ModelName } from "../fields/known-model.ts";
import { boolean, char, Decimal, integer, manyToOne, monetary, oneToMany } from "../index.ts";
import type { AnyEffectCall, EffectDeclaration } from "../models/effect.ts";
import { runEffects } from "./ui-effect.ts";
import { createRecord } from "./write.ts";

const name = (model: string) => model as ModelName;
type Given = Readonly<Record<string, never>> & { readonly id: number };
const on = (reads: readonly string[], run: (record: never, call: AnyEffectCall) => unknown): EffectDeclaration => ({
  reads,
  run,
});

const Basket = declareModel("Basket", {
  name: char({ required: true, default: "new" }),
  status: char({ readonly: true, default: "open" }),
  contact: manyToOne(name("Contact")),
  currency: manyToOne(name("Currency")),
  discount: monetary({ required: true, default: 0 }),
  note: char(),
  template: char(),
  ping: integer(),
  pong: integer(),
  secret: char({ groups: ["core_admin"] }),
  lines: oneToMany(name("BasketLine"), "basket"),
  total: monetary({ calculate: "total", dependsOn: ["lines.amount", "discount"] }),
  heading: char({ calculate: "heading", dependsOn: ["name", "total"], stored: false }),
});
const BasketLine = declareModel(
  "BasketLine",
  {
    basket: manyToOne(name("Basket"), { required: true, onDelete: "CASCADE" }),
    product: manyToOne(name("Product")),
    quantity: integer({ required: true, default: 1 }),
    price: monetary({ required: true, default: 0 }),
    rushed: boolean(),
    amount: monetary({ calculate: "amount", dependsOn: ["quantity", "price", "basket.discount"] }),
  },
  { displayName: [] },
);

const behaviours = [
  declareBehaviour("Basket", {
    calculate: {
      total: (baskets) =>
        (baskets as readonly (Given & { lines: { amount: string }[]; discount: string })[]).map(({ lines, discount }) =>
          lines
            .reduce((sum, { amount }) => sum.plus(amount), new Decimal(0))
            .minus(discount)
            .toFixed(2),
        ),
      heading: (baskets) =>
        (baskets as readonly { name: string; total: string }[]).map(({ name: text, total }) => `${text}: ${total}`),
    },
    effects: {
      contact: on(["contact.currency"], ({ contact }: { contact: { currency: Given | null } | null }, { change }) =>
        change({ currency: contact?.currency?.id ?? null }),
      ),
      currency: on(
        ["currency.code"],
        ({ currency }: { currency: { code: string } | null }, { change, warn, narrow }) => {
          change({ status: currency?.code ?? "none", secret: "told" });
          warn("currency", "has changed");
          warn("secret", "is not for everybody");
          narrow("contact", { currency__code: currency?.code ?? null });
          narrow("secret", "Q(id=1)");
        },
      ),
      ping: on(["ping"], ({ ping }: { ping: number }, { change }) => change({ pong: ping + 1 })),
      pong: on(["pong"], ({ pong }: { pong: number }, { change }) => change({ ping: pong + 1 })),
      lines: on(["lines.quantity"], ({ lines }: { lines: { quantity: number }[] }, { change }) =>
        change({ note: `${lines.reduce((sum, { quantity }) => sum + quantity, 0)} pieces` }),
      ),
      discount: on([], async (_basket: never, { env }) => {
        await env.elevated().model("Contact").create({ name: "must not be" });
      }),
      template: on([], (_basket: never, { change }) => change({ lines: [{ quantity: 3, price: "2.50" }] })),
    },
  }),
  declareBehaviour("BasketLine", {
    calculate: {
      amount: (lines) =>
        (lines as readonly { quantity: number; price: string; basket: { discount: string } }[]).map(
          ({ quantity, price, basket }) =>
            new Decimal(price)
              .times(quantity)
              .times(new Decimal(basket.discount).gt(10) ? 2 : 1)
              .toFixed(2),
        ),
    },
    effects: {
      product: on(["product.price"], ({ product }: { product: { price: string } | null }, { change }) =>
        change({ price: product?.price ?? 0 }),
      ),
    },
  }),
];

let world: World;
let user: Caller;
let euro: number;
let contact: number;
let basket: number;
beforeAll(async () => {
  const modules = [
    ...shippedModules,
    { identifier: "baskets", models: [Basket, BasketLine], extensions: [], behaviours },
  ];
  world = await createWorld(modules);
  user = await createCaller(world, { Basket: "crwd", BasketLine: "crwd", Contact: "r", Currency: "r", Product: "r" });
  const create = async (model: string, values: object) => (await createRecord(world.env, model, values as never)).id;
  euro = await create("Currency", { name: "Euro", code: "EUR", symbol: "€" });
  contact = await create("Contact", { name: "Ada", currency: euro });
  basket = await create("Basket", {
    name: "Stored",
    lines: [
      { quantity: 2, price: 5 },
      { quantity: 1, price: 7 },
    ],
  });
});
afterAll(() => world.drop());

const run = async (values: object, trigger: string, id: number | null = null, env = user.env) =>
  JSON.parse(await runEffects(env, "Basket", { id, values: values as never, trigger })) as Record<string, unknown>;

test("effects follow each other, and only what has changed comes back: relations as ids", async () => {
  expect(await run({ contact }, "contact")).toEqual({
    currency: euro,
    status: "EUR",
    _warnings: [{ field: "currency", message: "has changed" }],
    _options: { contact: `Q(currency__code__eq='EUR')` },
  });
  expect(await run({ contact, currency: euro, status: "EUR" }, "contact")).toEqual({});
});

test("unsaved lines stand before stored ones, and calculated fields are what a save would make of them", async () => {
  const values = {
    lines: [
      { quantity: 2, price: "1.25" },
      { quantity: 1, price: 4 },
    ],
    name: "n",
  };
  expect(await run(values, "status")).toMatchObject({
    total: 6.5,
    heading: "n: 6.50",
    lines: [{ amount: 2.5 }, { amount: 4 }],
  });
});

test("commands change what is stored, and lines keep their ids", async () => {
  const lines = await world.env
    .model("BasketLine" as never)
    .filter({ basket } as never)
    .order("id" as never)
    .all();
  const [first, second] = (lines as unknown as { id: number }[]).map(({ id }) => id);
  const answer = await run(
    {
      lines: [
        ["U", first, { quantity: 4 }],
        ["C", { price: 1 }],
      ],
    },
    "status",
    basket,
  );
  expect(answer).toEqual({
    total: 28,
    heading: "Stored: 28.00",
    lines: [{ id: first, amount: 20 }, { id: second }, { amount: 1 }],
  });
});

test("lines as they are stored follow an unsaved value of their owner", async () => {
  const answer = await run({ discount: "20.00" }, "status", basket);
  expect(answer).toMatchObject({ total: 14, lines: [{ amount: 20 }, { amount: 14 }] });
});

test("the effect of a line changes the line, and then what hangs on the list", async () => {
  const product = (await createRecord(world.env, "Product", { name: "Desk", price: "12.50" })).id;
  const answer = await run({ lines: [{}, { product, quantity: 2 }] }, "lines[1].product");
  expect(answer).toMatchObject({ total: 25, note: "3 pieces", lines: [{}, { price: 12.5, amount: 25 }] });
});

test("an effect may make lines", async () => {
  expect(await run({ template: "x" }, "template")).toMatchObject({
    lines: [{ quantity: 3, price: 2.5, amount: 7.5 }],
    total: 7.5,
  });
});

test("a form that is not complete is no mistake", async () => {
  const answer = await run({ name: null, discount: null, lines: [{ quantity: null, price: "" }] }, "status");
  expect(answer).toEqual({ total: null, heading: "null: null" });
});

test("effects that go round in a circle are stopped, and named", async () => {
  await expect(run({ ping: 1 }, "ping")).rejects.toThrow(
    "The effects of this form do not come to an end: ... Basket.pong -> Basket.ping",
  );
});

test("an effect that writes is refused by the database", async () => {
  await expect(run({ discount: 1 }, "discount")).rejects.toThrow("25006");
  await expect(world.env.model("Contact").filter({ name: "must not be" }).count()).resolves.toBe(0);
});

describe("refusals", () => {
  const rows: readonly [title: string, values: object, trigger: string, message: string][] = [
    ["an unknown field", { contac: 1 }, "contact", 'values.contac: Basket has no such field; did you mean "contact"?'],
    ["a hidden field", { secret: "x" }, "contact", "values.secret: Basket has no such field"],
    ["a name of every object", { constructor: 1 }, "contact", "values.constructor: Basket has no such field"],
    ["a wrong value", { contact: "x" }, "contact", "values.contact: must be a record id"],
    ["a reference that is not there", { contact: 99999 }, "contact", "values.contact: there is no such Contact record"],
    [
      "a line that is not there",
      { lines: [["U", 99999, {}]] },
      "lines",
      "values.lines[0]: there is no such BasketLine record",
    ],
    ["a wrong value of a line", { lines: [{ quantity: "x" }] }, "lines", "values.lines[0].quantity: must be"],
    ["an unknown trigger", {}, "contac", 'trigger_field: Basket has no field "contac"; did you mean "contact"?'],
    ["a hidden trigger", {}, "secret", 'trigger_field: Basket has no field "secret"'],
    [
      "a line that the values have not",
      { lines: [] },
      "lines[0].product",
      "trigger_field: names no line of the values",
    ],
    ["a path that is no line", {}, "contact.name", "trigger_field: names no line of the values"],
  ];
  test.each(rows)("%s", async (_title, values, trigger, message) => {
    await expect(run(values, trigger)).rejects.toThrow(message);
  });

  test("what is hidden is as what is not there", async () => {
    const missing = await run({}, "contact", 99999).catch((error: Error) => error);
    expect(missing).toMatchObject({ name: "MissingError", message: "Basket 99999 does not exist" });
    await createRecord(world.env, "RecordRule", {
      name: "own",
      model: "Contact",
      rule: "Q(name__neq='Hidden')",
      read_perm: true,
    });
    const hidden = (await createRecord(world.env, "Contact", { name: "Hidden", currency: euro })).id;
    const ruled = await createCaller(world, { Basket: "crwd", BasketLine: "crwd", Contact: "r", Currency: "r" });
    await expect(run({ contact: hidden }, "contact", null, ruled.env)).rejects.toThrow(
      "there is no such Contact record",
    );
  });

  test("who may not save the form gets no help with it", async () => {
    const reader = await createCaller(world, { Basket: "r", Contact: "r", Currency: "r" });
    await expect(run({ contact }, "contact", null, reader.env)).rejects.toThrow("you may not create Basket records");
    await expect(run({ contact }, "contact", basket, reader.env)).rejects.toThrow("you may not change Basket records");
    const stranger = await createCaller(world, { Contact: "r" });
    await expect(run({ contact }, "contact", null, stranger.env)).rejects.toThrow('Unknown model "Basket"');
  });
});
