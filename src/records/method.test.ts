/** Methods of records: their right and rules, one call after the other, wrapped in the order of the modules, and results that are plain JSON. */
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
import { char, integer, UserError } from "../index.ts";
import { composeRegistry } from "../models/compose.ts";
import type { AnyCall, MethodDeclaration, MethodOptions, MethodWrapper } from "../models/method.ts";
import type { Environment } from "./environment.ts";
import { executeMethod } from "./method.ts";
import { createRecord } from "./write.ts";

type Run = (records: readonly never[], call: AnyCall) => unknown;
const declare = (options: Partial<MethodOptions>, run: Run): MethodDeclaration => ({
  kind: "method",
  options: { scope: "records", ...options },
  run: run as never,
});
const wrap = (run: Run, options: MethodWrapper["options"] = {}): MethodWrapper => ({
  kind: "wrapper",
  options,
  run: run as never,
});

const Ticket = declareModel("Ticket", {
  name: char({ required: true }),
  count: integer({ required: true, default: 0 }),
});
const names = (records: readonly { name: string }[]) => records.map(({ name }) => name);
const own = declareBehaviour("Ticket", {
  methods: {
    names: declare({ reads: ["name"], readonly: true }, (tickets) => names(tickets)),
    add: declare({ reads: ["count"] }, async (tickets, { env }) => {
      for (const { id, count } of tickets as readonly { id: number; count: number }[]) {
        await env.model("Ticket" as never).update(id, { count: count + 1 } as never);
      }
    }),
    half: declare({}, async ([ticket], { env }) => {
      await env.model("Ticket" as never).update((ticket as unknown as { id: number }).id, { count: 99 } as never);
      throw new UserError("changed my mind");
    }),
    sneak: declare({ readonly: true }, (_tickets, { env }) => env.model("Contact").create({ name: "sneaked" })),
    remove: declare({ needs: "delete", groups: ["keepers"] }, () => null),
    date: declare({ scope: "model", readonly: true }, () => ({ at: [new Date(0)] })),
    shout: declare({ scope: "model", readonly: true }, () => ({ type: "notify", mesage: "x" })),
    script: declare({ scope: "model", readonly: true }, () => ({ type: "url", url: "javascript:alert(1)" })),
    kind: declare({ scope: "model", readonly: true }, () => ({ type: "invoice", total: 5 })),
    echo: declare({ scope: "model", readonly: true, context: { reason: char() } }, (_none, { context }) =>
      Object.assign({}, context),
    ),
  },
});
const outer = declareBehaviour("Ticket", {
  methods: {
    names: wrap(async (tickets, { next, inputs }) => [inputs.mark, ...((await next()) as string[]), tickets.length], {
      reads: ["count"],
      inputs: { mark: char({ default: "!" }) },
    }),
  },
});

const modules = [
  ...shippedModules,
  { identifier: "tickets", models: [Ticket], extensions: [], behaviours: [own] },
  { identifier: "wrapping", models: [], extensions: [], behaviours: [outer] },
];
let world: World;
let user: Caller;
let ids: number[];
let hidden: number;
beforeAll(async () => {
  world = await createWorld(modules);
  user = await createCaller(world, { Ticket: "rcw" });
  const rule = { name: "not hidden", model: "Ticket", rule: "Q(name__neq='hidden')", read_perm: true };
  await createRecord(world.env, "RecordRule", rule);
  const locked = {
    name: "not locked",
    model: "Ticket",
    rule: "Q(name__neq='locked')",
    write_perm: true,
    read_perm: false,
  };
  await createRecord(world.env, "RecordRule", locked);
  const create = async (name: string) => (await createRecord(world.env, "Ticket", { name })).id;
  ids = [await create("a"), await create("b"), await create("locked")];
  hidden = await create("hidden");
  user = await createCaller(world, { Ticket: "rcw" });
});
afterAll(() => world.drop());

const call = (method: string, request: object = {}, env = user.env) => executeMethod(env, "Ticket", method, request);
const countOf = async (id: number) =>
  ((await world.env.model("Ticket" as never).get(id, "count" as never)) as unknown as { count: number }).count;

test("what wraps a method runs around it, and records come once, in the order of the call", async () => {
  await expect(call("names", { ids: [ids[1], ids[0], ids[1]] })).resolves.toEqual(["!", "b", "a", 2]);
  await expect(call("names", { ids: [ids[0]], inputs: { mark: "?" } })).resolves.toEqual(["?", "a", 1]);
});

test("calls for the same record come one after the other", async () => {
  await Promise.all([1, 2, 3, 4].map(() => call("add", { ids: [ids[0]] })));
  expect(await countOf(ids[0] as number)).toBe(4);
});

test("one record that is not for the caller refuses the whole call", async () => {
  const refused = (given: readonly (number | undefined)[]) =>
    call("add", { ids: given }).catch((error: Error) => error);
  expect(await refused([ids[1], hidden])).toMatchObject({
    name: "MissingError",
    message: `Ticket ${hidden} does not exist`,
  });
  expect(await refused([ids[1], 99999])).toMatchObject({
    name: "MissingError",
    message: "Ticket 99999 does not exist",
  });
  expect(await refused([ids[1], ids[2]])).toMatchObject({ name: "AccessError" });
  expect(await countOf(ids[1] as number)).toBe(0);
});

test("a method that only reads may work on what may only be read, and changes nothing", async () => {
  await expect(call("names", { ids: [ids[2]] })).resolves.toEqual(["!", "locked", 1]);
  await expect(call("sneak", { ids: [ids[0]] }, world.env)).rejects.toThrow("25006");
  const inside = world.env.transaction(async (env) => {
    await call("names", { ids: [ids[0]] }, env);
    await call("add", { ids: [ids[1]] }, env);
  });
  await inside;
  expect(await countOf(ids[1] as number)).toBe(1);
});

test("a method of other groups is not there, and one without its right is refused", async () => {
  await expect(call("remove", { ids: [ids[0]] })).rejects.toThrow('Ticket has no method "remove"');
  const reader = await createCaller(world, { Ticket: "r" });
  await expect(call("add", { ids: [ids[0]] }, reader.env)).rejects.toThrow("you may not change Ticket records");
});

describe("called by code", () => {
  const called = (env: Environment, name: string, given: readonly number[], inputs: object = {}) =>
    env.model("Ticket" as "SaleOrder").call(name as "confirm", given, inputs as Record<string, never>);

  test("a method has the checks of a client's call, and what wraps it", async () => {
    await expect(called(user.env, "names", [ids[1] ?? 0], { mark: "?" })).resolves.toEqual(["?", "b", 1]);
    await expect(called(user.env, "names", [ids[1] ?? 0], { mark: 5 })).rejects.toThrow("mark: must be a text");
    await expect(called(user.env, "names", [ids[1] ?? 0], { mrak: "?" })).rejects.toThrow("mrak: is not known here");
    await expect(called(user.env, "names", [])).rejects.toThrow("ids: must name the records");
    await expect(called(user.env, "names", [hidden])).rejects.toThrow(`Ticket ${hidden} does not exist`);
    await expect(called(user.env, "remove", [ids[0] ?? 0])).rejects.toThrow('Ticket has no method "remove"');
    await expect(called(user.env, "toString", [])).rejects.toThrow('Ticket has no method "toString"');
    await expect(called(user.env.elevated(), "names", [hidden])).resolves.toEqual(["!", "hidden", 1]);
  });

  test("a method that fails undoes what it has done, and the transaction goes on", async () => {
    const before = await countOf(ids[1] ?? 0);
    const outcome = await user.env.transaction(async (env) => {
      await called(env, "add", [ids[1] ?? 0]);
      return called(env, "half", [ids[1] ?? 0]).catch((error: Error) => error.message);
    });
    expect(outcome).toBe("changed my mind");
    expect(await countOf(ids[1] ?? 0)).toBe(before + 1);
  });
});

test("only declared keys of the context are there", async () => {
  await expect(call("echo", { context: { reason: "x", sudo: true, uid: 1 } })).resolves.toEqual({ reason: "x" });
  await expect(call("echo", { context: { reason: 5 } })).rejects.toThrow("context.reason");
});

test.each([
  ["date", "Ticket.date(): its result.at[0] is a Date, and must be plain JSON"],
  ["shout", 'Ticket.shout(): its action "notify" is wrong'],
  ["script", 'Ticket.script(): its action "url" is wrong'],
])("%s: a result that is none is a fault of the module", async (method, message) => {
  await expect(call(method)).rejects.toThrow(message);
});

test("data may have a type of its own", async () => {
  await expect(call("kind")).resolves.toEqual({ type: "invoice", total: 5 });
});

test.each<[title: string, methods: Record<string, MethodDeclaration | MethodWrapper>, message: string]>([
  ["declared twice", { names: declare({}, () => null) }, "Ticket.names(): is already declared by module tickets"],
  ["wraps nothing", { other: wrap(() => null) }, "Ticket.other(): is wrapped, but neither this module"],
  [
    "reads nothing",
    { x: declare({ reads: ["nam"] }, () => null) },
    'Ticket.x(): reads "nam": Ticket has no field "nam"',
  ],
  [
    "no such wizard",
    { x: declare({ wizard: "Ghost" }, () => null) },
    'Ticket.x(): has the wizard "Ghost", which no installed module defines',
  ],
  ["a name for nobody", { constructor: declare({}, () => null) }, 'Ticket.constructor(): "constructor" is reserved'],
  [
    "an input with a column",
    { x: declare({ inputs: { a: char({ unique: true }) } }, () => null) },
    'its input "a" has no column, so that unique means nothing',
  ],
])("%s: the modules do not fit together", (_title, methods, message) => {
  const behaviours = [declareBehaviour("Ticket", { methods })];
  expect(() => composeRegistry([...modules, { identifier: "odd", models: [], extensions: [], behaviours }])).toThrow(
    message,
  );
});
