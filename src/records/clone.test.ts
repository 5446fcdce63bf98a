/** Copies: what comes along, what does not, and what is made unique again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, shippedModules, type World } from "../../test/support/world.ts";
import type { ModelName } from "../fields/known-model.ts";
import { boolean, char, integer, manyToMany, manyToOne, monetary, password } from "../index.ts";
import { cloneRecord } from "./clone.ts";
import { fetchRecord } from "./read.ts";
import { createRecord } from "./write.ts";

const name = (text: string): ModelName => text as ModelName;

const modules = [
  ...shippedModules,
  declareModule(
    "tours",
    declareModel("Port", { name: char() }),
    declareModel("Tour", {
      name: char({ required: true, maxLength: 40 }),
      code: char({ unique: true }),
      number: char({ required: true, unique: "ignore_case" }),
      price: monetary(),
      state: char({ required: true, default: "new", clone: false }),
      locked: boolean({ readonly: true }),
      secret: password(),
      harbour: manyToOne(name("Port"), {}),
      ports: manyToMany(name("Port"), { relatedName: "tours" }),
    }),
    declareModel("Stop", {
      tour: manyToOne(name("Tour"), { required: true, relatedName: "stops", onDelete: "CASCADE" }),
      place: integer(),
      port: manyToOne(name("Port"), {}),
      ticket: char({ required: true, unique: true }),
    }),
    declareModel("Guest", {
      name: char(),
      stop: manyToOne(name("Stop"), { relatedName: "guests", onDelete: "CASCADE" }),
      favourite: manyToOne(name("Tour"), { relatedName: "fans", onDelete: "SET NULL" }),
    }),
    declareModel("Badge", { number: integer({ required: true, unique: true }) }),
  ),
];

let world: World;
let id: number;
beforeAll(async () => {
  world = await createWorld(modules);
  const { env } = world;
  const port = (await createRecord(env, "Port", { name: "Oslo" })).id;
  const other = (await createRecord(env, "Port", { name: "Kiel" })).id;
  const stops = [
    { place: 1, port, ticket: "A", guests: [{ name: "Ann" }, { name: "Bob" }] },
    { place: 2, port: other, ticket: "B" },
  ];
  const values = {
    name: "Fjords",
    code: "F1",
    number: "T-1",
    price: "12.345",
    state: "sold",
    secret: "hidden-secret",
    harbour: port,
  };
  ({ id } = await createRecord(env, "Tour", { ...values, ports: [port, other], stops }));
  await createRecord(env, "Guest", { name: "Fan", favourite: id });
});
afterAll(() => world.drop());

const read = async (tour: number) => {
  const fields = ["name", "code", "number", "price", "state", "harbour", "ports.name", "fans"];
  const lines = ["stops.place", "stops.port.name", "stops.ticket", "stops.guests.name"];
  return JSON.parse((await fetchRecord(world.env, "Tour", tour, { fields: [...fields, ...lines] })).data.toString());
};

describe("a copy", () => {
  test("has the values, its own lines and the same links; unique and uncloned fields are its own", async () => {
    const before = await read(id);
    const copy = await read((await cloneRecord(world.env, "Tour", id, {})).id);
    expect(copy).toMatchObject({
      name: "Fjords (copy)",
      code: null,
      number: "T-1 (copy)",
      price: 12.35,
      state: "new",
      harbour: { display_name: "Oslo" },
      ports: [{ name: "Oslo" }, { name: "Kiel" }],
      fans: [],
      stops: [
        { place: 1, port: { name: "Oslo" }, ticket: "A (copy)", guests: [{ name: "Ann" }, { name: "Bob" }] },
        { place: 2, port: { name: "Kiel" }, ticket: "B (copy)", guests: [] },
      ],
    });
    expect(await read(id)).toEqual(before);
    const [row] = await world.database.rows<{ secret: string | null }>({
      text: "select secret from tour where id = $1",
      values: [copy.id],
    });
    expect(row?.secret).toBeNull();
  });

  test("finds names that are free, also behind those that were cut off", async () => {
    const second = await read((await cloneRecord(world.env, "Tour", id, {})).id);
    expect([second.name, second.number]).toEqual(["Fjords (copy)", "T-1 (copy 2)"]);
    expect(second.stops.map(({ ticket }: { ticket: string }) => ticket)).toEqual(["A (copy 2)", "B (copy 2)"]);
    const long = (await createRecord(world.env, "Tour", { name: "x".repeat(40), number: "😀".repeat(255) })).id;
    const copies = [await cloneRecord(world.env, "Tour", long, {}), await cloneRecord(world.env, "Tour", long, {})];
    const [first, next] = [await read(copies[0]?.id ?? 0), await read(copies[1]?.id ?? 0)];
    expect(first.name).toBe(`${"x".repeat(26)} (copy)`);
    expect([first.number, next.number]).toEqual([`${"😀".repeat(241)} (copy)`, `${"😀".repeat(241)} (copy 2)`]);
  });

  test("takes what is to be different", async () => {
    const given = { name: "Other", number: "T-9", stops: [], price: 1 };
    const { id: made, data } = await cloneRecord(world.env, "Tour", id, given, { fields: ["price"] });
    expect(JSON.parse(data.toString())).toEqual({ id: made, price: 1, name: "Other", display_name: "Other" });
    expect(await read(made)).toMatchObject({ name: "Other", number: "T-9", stops: [], ports: [{}, {}] });
  });

  const refused: readonly (readonly [values: object, says: RegExp])[] = [
    [{ nope: 1 }, /^nope: Tour has no such field/],
    [{ id: 7 }, /^id: is read-only/],
    [{ price: "x", stops: [{ place: "y" }] }, /price: .*stops\[0\]\.place/s],
  ];
  test.each(refused)("is refused with %j", async (values, says) => {
    await expect(cloneRecord(world.env, "Tour", id, { ...values })).rejects.toThrow(says);
  });

  test("of what cannot be made unique asks for another value", async () => {
    const badge = (await createRecord(world.env, "Badge", { number: 5 })).id;
    await expect(cloneRecord(world.env, "Badge", badge, {})).rejects.toThrow(/^number: must be given/);
    await expect(cloneRecord(world.env, "Badge", badge, { number: 6 })).resolves.toMatchObject({ version: 1 });
  });

  test("of what is not there is a missing record", async () => {
    await expect(cloneRecord(world.env, "Tour", 999_999, {})).rejects.toThrow("Tour 999999 does not exist");
    await expect(cloneRecord(world.env, "Nothing", 1, {})).rejects.toThrow('Unknown model "Nothing"');
  });
});
