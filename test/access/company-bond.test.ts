/** Records of one company refer to none of another: bound by columns, lists and pairs, by new values and by a company that changes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import { char, manyToMany, manyToOne } from "../../src/index.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import type { ModelOptions } from "../../src/models/definition.ts";
import type { Environment } from "../../src/records/environment.ts";
import { queryRecords } from "../../src/records/read.ts";
import { createRecord, updateRecord } from "../../src/records/write.ts";
import { createRecords, updateRecords } from "../../src/records/write-bulk.ts";
import { storeAccessData, storeCompanies } from "../fixtures/access-data.ts";
import { unannounced } from "../fixtures/filter-registry.ts";
import { createWorld, declareModel, declareModule, type World } from "../support/world.ts";

const name = char({ required: true });
const to = (model: string, options = {}) => manyToOne(unannounced(model), options);
const house = declareModel("House", { name }, { companyScoped: true });
const room = declareModel(
  "Room",
  { name, house: to("House", { required: true, onDelete: "CASCADE", relatedName: "rooms" }) },
  { companyScoped: "house" },
);
const lamp = declareModel(
  "Lamp",
  {
    name,
    room: to("Room", { relatedName: "lamps" }),
    spares: manyToMany(unannounced("Room"), { relatedName: "spare_lamps" }),
    lent: to("Room", { otherCompanies: true }),
  },
  { companyScoped: true },
);
const modules = [{ identifier: "core", ...core }, declareModule("store", house, room, lamp)];

let world: World;
/** A user who works in both companies, and one who works in the first. */
let both: Environment;
let one: Environment;
const ids = new Map<string, number>();
const id = (of: string) => ids.get(of) ?? 0;
beforeAll(async () => {
  world = await createWorld(modules);
  await storeCompanies(world.database);
  await storeAccessData(world.database, world.registry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1 }],
    access: [{ model: "*", group: 1, can: "rcwd" }],
  });
  const rights = await loadRights(world.database, world.registry, 1);
  if (rights === null) throw new Error("no such user");
  const inCompanies = (...cids: number[]) =>
    world.derive({ access: accessOf(world.registry, rights), names: { ...rights.names, cid: 1, company_id: 1, cids } });
  [both, one] = [inCompanies(1, 2), inCompanies(1)];
  for (const company of [1, 2, null]) {
    const at = await createRecord(both, "House", { name: `house ${company}`, company });
    const inner = await createRecord(both, "Room", { name: `room ${company}`, house: at.id });
    const light = await createRecord(both, "Lamp", { name: `lamp ${company}`, company, room: inner.id });
    for (const [key, { id: made }] of Object.entries({ house: at, room: inner, lamp: light })) {
      ids.set(`${key} ${company}`, made);
    }
  }
});
afterAll(() => world?.drop());

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const foreign = (path: string) => `ValidationError: ${path}: is a record of another company`;
const held = (path: string, place: string) =>
  `ValidationError: ${path}: cannot be: ${place} would lead to another company`;
const make = (values: object) => createRecord(both, "Lamp", { name: "x", company: 1, ...values });

test("the company of a room is that of its house", async () => {
  const rooms = async (env: Environment) =>
    JSON.parse((await queryRecords(env, "Room", { fields: ["name"], order_by: ["id"] })).data.toString()).map(
      (each: { name: string }) => each.name,
    );
  expect(await rooms(both)).toEqual(["room 1", "room 2", "room null"]);
  expect(await rooms(one)).toEqual(["room 1", "room null"]);
  expect(await outcome(updateRecord(one, "Room", id("room 2"), { name: "y" }))).toMatch(/^MissingError/);
  expect(await outcome(createRecord(one, "Room", { name: "y", house: id("house 2") }))).toBe(
    "ValidationError: house: there is no such House record",
  );
});

describe.each<[what: string, by: () => Environment]>([
  ["a user", () => both],
  ["code", () => world.env],
])("by %s", (_who, by) => {
  const rows: readonly [what: string, write: () => Promise<unknown>, expected: string][] = [
    ["the own company", () => make({ room: id("room 1") }), "done"],
    ["none", () => make({ room: null }), "done"],
    ["what is of all", () => make({ room: id("room null"), spares: [id("room null")] }), "done"],
    ["another company", () => make({ room: id("room 2") }), foreign("room")],
    ["what may be lent", () => make({ lent: id("room 2") }), "done"],
    ["from what is of all", () => make({ company: null, room: id("room 1") }), foreign("room")],
    [
      "in bulk",
      () =>
        createRecords(
          by(),
          "Lamp",
          [1, 2].map((n) => ({ name: "x", company: 1, room: id(`room ${n}`) })),
        ),
      foreign("records[1].room"),
    ],
    ["a change", () => updateRecord(by(), "Lamp", id("lamp 1"), { room: id("room 2") }), foreign("room")],
    [
      "a change of many",
      () => updateRecords(by(), "Lamp", [id("lamp 1"), id("lamp 2")], { room: id("room 2") }),
      foreign("values.room"),
    ],
    [
      "a new record in a list",
      () => updateRecord(by(), "Room", id("room 2"), { lamps: [["C", { name: "x", company: 1 }]] }),
      foreign("lamps[0].room"),
    ],
    [
      "a record that is brought into a list",
      () => updateRecord(by(), "Room", id("room 2"), { lamps: [["L", id("lamp 1")]] }),
      foreign("lamps[0].room"),
    ],
    [
      "pairs",
      () => updateRecord(by(), "Lamp", id("lamp 1"), { spares: [id("room 1"), id("room 2")] }),
      "ValidationError: spares[1]: is a record of another company than the Lamp record",
    ],
    [
      "pairs from the other side",
      () => updateRecord(by(), "Room", id("room 2"), { spare_lamps: [["L", id("lamp 1")]] }),
      "ValidationError: spare_lamps[0]: is a record of another company than the Room record",
    ],
    [
      "its own company changes",
      () => updateRecord(by(), "Lamp", id("lamp 1"), { company: 2 }),
      held("company", "Lamp.room"),
    ],
    [
      "the company of what it refers to changes",
      () => updateRecord(by(), "House", id("house 1"), { company: 2 }),
      held("company", "Lamp.room"),
    ],
    [
      "what it refers to moves",
      () => updateRecord(by(), "Room", id("room 1"), { house: id("house 2") }),
      held("house", "Lamp.room"),
    ],
    [
      "both change together",
      async () => {
        const moved = await createRecord(by(), "Lamp", { name: "y", company: 1, room: id("room 1") });
        await updateRecord(by(), "Lamp", moved.id, { company: 2, room: id("room 2") });
      },
      "done",
    ],
  ];
  test.each(rows)("%s", async (_what, write, expected) => {
    expect(await outcome(write())).toBe(expected);
  });
});

test("two at once do not bind what neither could alone", async () => {
  for (let round = 0; round < 8; round++) {
    const at = await createRecord(both, "House", { name: "moving", company: 1 });
    const inner = await createRecord(both, "Room", { name: "moving", house: at.id });
    const done = await Promise.all([
      outcome(updateRecord(both, "House", at.id, { company: 2 })),
      outcome(make({ room: inner.id })),
      outcome(make({ spares: [inner.id] })),
    ]);
    expect(done[0] === "done" ? done.slice(1).some((each) => each === "done") : false).toBe(false);
  }
  const text = `select l.id from lamp l left join lamp_spares_link p on p.lamp_id = l.id
    join room r on r.id in (l.room_id, p.room_id) join house h on h.id = r.house_id where h.company_id is distinct from l.company_id and h.company_id is not null`;
  expect(await world.database.rows({ text, values: [] })).toEqual([]);
});

test.each<[companyScoped: NonNullable<ModelOptions["companyScoped"]>, message: string]>([
  ["nope", 'companyScoped takes true or a to-one field of Wrong, not "nope"'],
  ["name", 'companyScoped takes true or a to-one field of Wrong, not "name"'],
  ["user", "companyScoped leads to User, whose records are of no company"],
  ["self", "companyScoped leads round in a circle"],
])("companyScoped: %s", (companyScoped, message) => {
  const wrong = declareModel("Wrong", { name, user: to("User"), self: to("Wrong") }, { companyScoped });
  expect(() => composeRegistry([...modules, declareModule("wrong", wrong)])).toThrow(`Wrong: ${message}`);
});
