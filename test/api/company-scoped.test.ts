/** Records of companies: made in the current one, seen and changed in the active ones, and nowhere else to be found. */
import { currentCompany, manyToOne } from "fullfinity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import { char, integer, oneToMany } from "../../src/index.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import type { Environment } from "../../src/records/environment.ts";
import { groupRecords } from "../../src/records/group.ts";
import { queryRecords } from "../../src/records/read.ts";
import { createRecord, deleteRecord, updateRecord } from "../../src/records/write.ts";
import { storeAccessData, storeCompanies } from "../fixtures/access-data.ts";
import { unannounced } from "../fixtures/filter-registry.ts";
import { createWorld, declareModel, declareModule, type World } from "../support/world.ts";

const box = declareModel(
  "Box",
  { name: char({ required: true }), items: oneToMany(unannounced("Item"), "box"), size: integer() },
  { companyScoped: true },
);
const item = declareModel(
  "Item",
  {
    name: char({ required: true }),
    company: manyToOne("Company", { required: true, default: currentCompany }),
    box: manyToOne(unannounced("Box")),
  },
  { companyScoped: true },
);
const modules = [{ identifier: "core", ...core }, declareModule("store", box, item)];

let world: World;
beforeAll(async () => {
  world = await createWorld(modules);
  await storeCompanies(world.database);
  await storeAccessData(world.database, world.registry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1 }],
    access: [{ model: "*", group: 1, can: "rcwd" }],
  });
});
afterAll(() => world?.drop());

/** The user's environment in these companies, the first of which is the current one. */
async function inCompanies(...ids: number[]): Promise<Environment> {
  const rights = await loadRights(world.database, world.registry, 1);
  if (rights === null) throw new Error("no such user");
  const names = { ...rights.names, cid: ids[0] ?? null, company_id: ids[0] ?? null, cids: ids };
  return world.derive({ access: accessOf(world.registry, rights), names });
}

const namesIn = async (env: Environment, model = "Box") =>
  (
    JSON.parse((await queryRecords(env, model, { fields: ["name"], order_by: ["id"] })).data.toString()) as {
      name: string;
    }[]
  ).map(({ name }) => name);
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("records of companies", () => {
  let first: number;
  let second: number;

  beforeAll(async () => {
    first = (await createRecord(await inCompanies(1, 2), "Box", { name: "first" })).id;
    second = (await createRecord(await inCompanies(2, 1), "Box", { name: "second" })).id;
    await createRecord(await inCompanies(1), "Box", { name: "shared", company: null });
  });

  test.each<[companies: number[], seen: string[]]>([
    [[1], ["first", "shared"]],
    [[2], ["second", "shared"]],
    [
      [2, 1],
      ["first", "second", "shared"],
    ],
    [[], ["shared"]],
  ])("in %j there are %j", async (companies, seen) => {
    const env = await inCompanies(...companies);
    expect(await namesIn(env)).toEqual(seen);
    const counted = await groupRecords(env, "Box", { group_by: null, aggregates: ["id__count"] });
    expect(JSON.parse(counted.data.toString())).toEqual([expect.objectContaining({ count: seen.length })]);
  });

  test("those of another company are changed and deleted like ones that do not exist", async () => {
    const env = await inCompanies(1);
    expect(await outcome(updateRecord(env, "Box", second, { size: 1 }))).toBe(
      `MissingError: Box ${second} does not exist`,
    );
    expect(await outcome(deleteRecord(env, "Box", second))).toBe(`MissingError: Box ${second} does not exist`);
  });

  test("a target of another company is refused as one that does not exist, in columns, lists and nested records", async () => {
    const env = await inCompanies(1);
    const refused = (path: string) => `ValidationError: ${path}: there is no such Box record`;
    expect(await outcome(createRecord(env, "Item", { name: "x", box: second }))).toBe(refused("box"));
    expect(await outcome(createRecord(env, "Item", { name: "x", box: 4711 }))).toBe(refused("box"));
    expect(await outcome(createRecord(env, "Item", { name: "x", box: first }))).toBe("done");
    const values = { name: "y", items: [{ name: "z", box: second }] };
    expect(await outcome(createRecord(env, "Box", values))).toMatch(/^ValidationError: items\[0\]\.box/);
  });

  test("nobody gives a record to a company that is not active", async () => {
    const env = await inCompanies(1);
    for (const company of [2, 4711]) {
      expect(await outcome(updateRecord(env, "Box", first, { company }))).toMatch(/^(AccessError|ValidationError): /);
      expect(await outcome(createRecord(env, "Box", { name: "x", company }))).toMatch(
        /^(AccessError|ValidationError): /,
      );
    }
    expect(await namesIn(await inCompanies(2))).toEqual(["second", "shared"]);
  });

  test("code with all rights sees all of them, and makes such as belong to none", async () => {
    const { id } = await createRecord(world.env, "Box", { name: "kernel's" });
    expect(await namesIn(world.env)).toEqual(expect.arrayContaining(["first", "second", "shared", "kernel's"]));
    await deleteRecord(world.env, "Box", id);
  });
});

test("a field that is called company must be one", () => {
  const wrong = declareModel("Wrong", { name: char(), company: char() }, { companyScoped: true });
  expect(() => composeRegistry([...modules, declareModule("wrong", wrong)])).toThrow(
    /Wrong\.company: must be a manyToOne relation to Company/,
  );
});
