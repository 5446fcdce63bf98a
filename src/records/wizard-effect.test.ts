/** UI effects in wizards: over values and lines as they are filled in, in cascade, with an end, for who knows the wizard, and never written. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import { type Caller, createCaller, createWorld, shippedModules, type World } from "../../test/support/world.ts";
import type { ModelName } from "../fields/known-model.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import { char, integer, manyToOne, monetary } from "../index.ts";
import { composeRegistry } from "../models/compose.ts";
import type { AnyEffectCall, EffectDeclaration } from "../models/effect.ts";
import { runEffects } from "./ui-effect.ts";
import { createRecord } from "./write.ts";

type Values = Readonly<Record<string, never>>;
const on = (run: (values: never, call: AnyEffectCall) => unknown): EffectDeclaration => ({ reads: [], run });
const declare = (wizard: string, fields: object) => ({
  ...{ wizard, fields: fields as never, options: { label: wizard }, file: `modules/test/${wizard}.ts` },
});
const wizards = [
  declare("OfferWizard", {
    contact: manyToOne("Contact" as ModelName),
    currency: manyToOne("Currency" as ModelName),
    rate: monetary({ required: true, default: 1 }),
    note: char({ required: true }),
    ping: integer(),
    pong: integer(),
    write: char(),
    pick: integer(),
    lines: new WizardLinesField("OfferLine", {}),
  }),
  declare("OfferLine", { quantity: integer({ required: true, default: 1 }), price: monetary(), text: char() }),
];
const behaviours = [
  declareBehaviour("Contact", {
    methods: {
      offer: { kind: "method", options: { scope: "records", wizard: "OfferWizard" }, run: () => null },
    },
  }),
  declareBehaviour("OfferWizard", {
    effects: {
      contact: on(async ({ contact }: { contact: { id: number } | null }, { env, change, narrow }) => {
        if (contact === null) return;
        const { currency } = await env.model("Contact").get(contact.id, "currency");
        change({ currency: currency?.id ?? null });
        narrow("currency", { id: currency?.id ?? null });
      }),
      currency: on((_values, { change, warn }) => {
        change({ rate: "1.50" });
        warn("currency", "has changed");
      }),
      rate: on(({ rate }: { rate: string }, { change }) => change({ lines: [{ quantity: 2, price: rate }, {}] })),
      lines: on(({ lines }: { lines: readonly { quantity: number }[] }, { change }) =>
        change({ note: `${lines.reduce((sum, { quantity }) => sum + quantity, 0)} pieces` }),
      ),
      ping: on(({ ping }: { ping: number }, { change }) => change({ pong: ping + 1 })),
      pong: on(({ pong }: { pong: number }, { change }) => change({ ping: pong + 1 })),
      pick: on(({ pick }: { pick: number }, { change }) => change({ currency: pick })),
      write: on((_values, { env }) => env.elevated().model("Contact").create({ name: "must not be" })),
    },
  }),
  declareBehaviour("OfferLine", {
    effects: {
      quantity: on(({ quantity }: { quantity: number }, { change, warn }) => {
        change({ text: `${quantity} of it` });
        if (quantity > 9) warn("quantity", "is much");
      }),
    },
  }),
];
const offers = { identifier: "offers", models: [], extensions: [], wizards, behaviours };

let world: World;
let user: Caller;
let euro: number;
let contact: number;
beforeAll(async () => {
  world = await createWorld([...shippedModules, offers]);
  user = await createCaller(world, { Contact: "rw", Currency: "r" });
  euro = (await createRecord(world.env, "Currency", { name: "Euro", code: "EUR", symbol: "€" } as never)).id;
  contact = (await createRecord(world.env, "Contact", { name: "Ada", currency: euro } as never)).id;
});
afterAll(() => world.drop());

const run = async (values: object, trigger: string, env = user.env) =>
  JSON.parse(await runEffects(env, "OfferWizard", { id: null, values: values as Values, trigger })) as object;

test("effects follow each other, and only what has changed comes back: relations as ids, lists whole", async () => {
  expect(await run({ contact }, "contact")).toEqual({
    currency: euro,
    rate: 1.5,
    note: "3 pieces",
    lines: [
      { quantity: 2, price: 1.5, text: null },
      { quantity: 1, price: null, text: null },
    ],
    _warnings: [{ field: "currency", message: "has changed" }],
    _options: { currency: `Q(id__eq=${euro})` },
  });
  expect(await run({ contact: null }, "contact")).toEqual({});
});

test("the effect of a line changes the line, and then what hangs on the list", async () => {
  const lines = [{}, { quantity: 12 }, { quantity: 3 }];
  expect(await run({ lines }, "lines[1].quantity")).toEqual({
    note: "16 pieces",
    lines: [
      { quantity: 1, price: null, text: null },
      { quantity: 12, price: null, text: "12 of it" },
      { quantity: 3, price: null, text: null },
    ],
    _warnings: [{ field: "lines[1].quantity", message: "is much" }],
  });
});

test("a form that is not complete is no mistake", async () => {
  expect(await run({ note: "", rate: null, lines: [{ quantity: "" }] }, "lines")).toEqual({ note: "0 pieces" });
});

test("a record that the caller does not see is none, though code gives it", async () => {
  const stranger = await createCaller(world, { Contact: "rw" });
  expect(await run({ pick: euro }, "pick")).toMatchObject({ currency: euro });
  expect(await run({ pick: euro }, "pick", stranger.env)).toEqual({});
});

test("effects that go round in a circle are stopped, and named", async () => {
  await expect(run({ ping: 1 }, "ping")).rejects.toThrow("do not come to an end: ... pong -> ping");
});

test("an effect that writes is refused by the database", async () => {
  await expect(run({}, "write")).rejects.toThrow("25006");
  await expect(world.env.model("Contact").filter({ name: "must not be" }).count()).resolves.toBe(0);
});

describe("refusals", () => {
  const rows: readonly [title: string, values: object, trigger: string, message: string][] = [
    ["an unknown field", { contac: 1 }, "contact", 'values.contac: is not known here; did you mean "contact"?'],
    ["a name of every object", { constructor: 1 }, "contact", "values.constructor: is not known here"],
    ["a wrong value", { contact: "x" }, "contact", "values.contact: must be a record id"],
    ["a reference that is not there", { contact: 99999 }, "contact", "values.contact: there is no such Contact record"],
    ["a wrong value of a line", { lines: [{ quantity: "x" }] }, "lines", "values.lines[0].quantity: must be"],
    ["an unknown trigger", {}, "contac", 'OfferWizard has no field "contac"; did you mean "contact"?'],
    ["a name of every object as trigger", {}, "toString", 'OfferWizard has no field "toString"'],
    ["a line that the values have not", { lines: [] }, "lines[0].text", "names no line of the values"],
    ["a path that is no line", {}, "contact.name", "names no line of the values"],
    ["a line itself", { lines: [{}] }, "lines[0]", "must end in the name of a field"],
  ];
  test.each(rows)("%s", async (_title, values, trigger, message) => {
    await expect(run(values, trigger)).rejects.toThrow(message);
  });

  test("a wizard has no records, and is unknown to who may call none of its methods", async () => {
    const request = { id: 1, values: {}, trigger: "contact" };
    await expect(runEffects(user.env, "OfferWizard", request)).rejects.toThrow("id: must be null");
    const reader = await createCaller(world, { Contact: "r" });
    await expect(run({}, "contact", reader.env)).rejects.toThrow('Unknown model "OfferWizard"');
  });

  test("an effect of no field stops the composition", () => {
    const wrong = declareBehaviour("OfferWizard", { effects: { contac: on(() => null) } });
    const modules = [...shippedModules, offers, { ...offers, identifier: "more", wizards: [], behaviours: [wrong] }];
    expect(() => composeRegistry(modules)).toThrow(/OfferWizard.contac: has an effect, but is no field/);
  });
});
