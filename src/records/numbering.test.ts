/** Numbers of new records: in order, formatted, unique, and without holes where a series promises that. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, shippedModules, type World } from "../../test/support/world.ts";
import type { ModelName } from "../fields/known-model.ts";
import { char, integer, manyToOne, nextNumber } from "../index.ts";
import { drawNumbers } from "./numbering.ts";
import { fetchRecord } from "./read.ts";
import { createRecord } from "./write.ts";
import { createRecords } from "./write-bulk.ts";

const numbered = (series: string) =>
  char({ required: true, unique: true, readonly: true, clone: false, default: nextNumber(series) });
const modules = [
  ...shippedModules,
  declareModule(
    "papers",
    declareModel("Note", {
      name: numbered("note"),
      weight: integer({ validators: [(v) => (v < 0 ? "is negative" : null)] }),
    }),
    declareModel("Bill", { name: numbered("bill"), day: integer() }),
    declareModel("BillLine", {
      name: numbered("note"),
      bill: manyToOne("Bill" as ModelName, { required: true, relatedName: "lines", onDelete: "CASCADE" }),
    }),
    declareModel("Stray", { name: numbered("nobody") }),
  ),
];

let world: World;
beforeAll(async () => {
  // However slow the machine is, each of the many waits until it has had its turn.
  world = await createWorld(modules, { waitTimeout: 60_000 });
});
afterAll(() => world.drop());

async function series(values: object): Promise<void> {
  await createRecord(world.env, "Sequence", { name: "Series", padding: 3, ...values });
}

beforeEach(async () => {
  await world.database.run({
    text: "with a as (delete from bill_line), b as (delete from bill), c as (delete from note) delete from sequence",
    values: [],
  });
  await series({ code: "note", prefix: "N-" });
  await series({ code: "bill", prefix: "B/{year}/", gapless: true, begins: "year" });
});

const names = async (table: string): Promise<string[]> => {
  const rows = await world.database.rows<{ name: string }>({
    text: `select name from ${table} order by id`,
    values: [],
  });
  return rows.map(({ name }) => name);
};
const at = (now: string) => world.derive({ now: new Date(now), timeZone: "Europe/Berlin" });

describe("a new record", () => {
  test("has the next number, in its answer too", async () => {
    const first = await createRecord(world.env, "Note", {});
    const second = await createRecord(world.env, "Note", {}, { fields: ["weight"] });
    expect([first, second].map(({ data }) => JSON.parse(data.toString()).name)).toEqual(["N-001", "N-002"]);
    expect(JSON.parse(second.data.toString())).toEqual({
      id: second.id,
      weight: null,
      name: "N-002",
      display_name: "N-002",
    });
    expect(second.version).toBe(1);
  });

  test("keeps the number that code gives it", async () => {
    await createRecord(world.env, "Note", { name: "Own" });
    await createRecord(world.env, "Note", {});
    expect(await names("note")).toEqual(["Own", "N-001"]);
  });

  test("has a number in bulk and in lists, in the order of the request, with as many statements for any number", async () => {
    await createRecords(world.env, "Note", [{ weight: 1 }, { name: "Own" }, { weight: 3 }]);
    expect(await names("note")).toEqual(["N-001", "Own", "N-002"]);
    const { id } = await createRecord(at("2026-05-05T12:00:00Z"), "Bill", { lines: [{}, {}] });
    const { data } = await fetchRecord(world.env, "Bill", id, { fields: ["name", "lines.name"] });
    expect(JSON.parse(data.toString())).toMatchObject({
      name: "B/2026/001",
      lines: [{ name: "N-003" }, { name: "N-004" }],
    });
    const counts: number[] = [];
    for (const count of [2, 200]) {
      const { texts } = await world.statements.during(() => createRecords(world.env, "Note", Array(count).fill({})));
      counts.push(texts.length);
    }
    expect(counts[1]).toBe(counts[0]);
  });

  test("of a series that is not there is refused", async () => {
    await expect(createRecord(world.env, "Stray", {})).rejects.toThrow('there is no Sequence with the code "nobody"');
    expect(await names("stray")).toEqual([]);
  });

  test("may not be given a number by clients", async () => {
    const { access } = world.env;
    const client = world.derive({ access: { ...access, canWriteField: (_model, field) => !field.readonly } });
    await expect(createRecord(client, "Note", { name: "Mine" })).rejects.toThrow("name: is read-only");
  });
});

describe("a series without gaps", () => {
  test("begins again with the year, in the user's time zone", async () => {
    const days = ["2026-12-30T12:00:00Z", "2026-12-31T22:59:00Z", "2026-12-31T23:01:00Z", "2027-06-01T00:00:00Z"];
    for (const day of days) await createRecord(at(day), "Bill", {});
    expect(await names("bill")).toEqual(["B/2026/001", "B/2026/002", "B/2027/001", "B/2027/002"]);
  });

  test("goes on in a year that is over, where its last number was", async () => {
    const draw = (day: string, count: number) => world.env.transaction((env) => drawNumbers(env, "bill", count, day));
    expect(await draw("2026-11-30", 2)).toEqual(["B/2026/001", "B/2026/002"]);
    expect(await draw("2028-01-01", 1)).toEqual(["B/2028/001"]);
    expect(await draw("2026-02-01", 2)).toEqual(["B/2026/003", "B/2026/004"]);
    expect(await draw("2027-02-01", 1)).toEqual(["B/2027/001"]);
    expect(await draw("2025-12-31", 1)).toEqual(["B/2025/001"]);
    expect(await draw("2028-12-31", 1)).toEqual(["B/2028/002"]);
    expect(await draw("2026-12-31", 1)).toEqual(["B/2026/005"]);
  });

  test("has no hole and no duplicate after 200 at once of which some fail", { timeout: 60_000 }, async () => {
    const now = at("2026-05-05T12:00:00Z");
    const create = async (n: number): Promise<boolean> => {
      const work = now.transaction(async (env) => {
        await createRecord(env, "Bill", { day: n });
        if (n % 10 === 3) throw new Error("fails after it has its number");
      });
      return work.then(
        () => true,
        () => false,
      );
    };
    const made = await Promise.all(Array.from({ length: 200 }, (_, n) => create(n)));
    expect(made.filter(Boolean)).toHaveLength(180);
    const expected = Array.from({ length: 180 }, (_, n) => `B/2026/${String(n + 1).padStart(3, "0")}`);
    expect((await names("bill")).toSorted()).toEqual(expected);
  });
});

test("a fast series has no duplicate after 200 at once, and no one waits for a transaction that is open", async () => {
  const made = await world.env.transaction(async (env) => {
    await createRecord(env, "Note", {});
    // The series exists by now only in this transaction; the first to need it makes it.
    return env.inTransaction;
  });
  expect(made).toBe(true);
  await world.env.transaction(async (env) => {
    await createRecord(env, "Note", {});
    await Promise.all(Array.from({ length: 200 }, () => createRecord(world.env, "Note", {})));
  });
  const all = await names("note");
  expect(all).toHaveLength(202);
  expect(new Set(all).size).toBe(202);
});

test.each([
  [{ code: "x", begins: "year" }, /begins: is for series without gaps/],
  [{ code: "x", padding: 21 }, /padding: must be between 0 and 20/],
  [{ code: "note" }, /code/],
])("the series %j is refused", async (values, says) => {
  await expect(series(values)).rejects.toThrow(says);
});
