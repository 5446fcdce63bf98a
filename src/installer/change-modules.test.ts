/** Modules that are installed, upgraded along their ledger and uninstalled, on a real database. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase, templateDatabase } from "../../test/support/database.ts";
import { type FleetLibraries, makeFleetLibraries } from "../../test/support/fleet-module.ts";
import { raw } from "../sql/fragment.ts";
import { changeModules, describeModules, type ModuleAction, type ModuleRequest } from "./change-modules.ts";
import { loadDatabaseState } from "./database-state.ts";
import type { ModuleLibrary } from "./module-library.ts";
import { prepareSet } from "./open-database.ts";

let fleet: FleetLibraries;
let template: string;
const made: TestDatabase[] = [];

beforeAll(async () => {
  fleet = await makeFleetLibraries();
  template = await templateDatabase("core alone", async (database) => {
    await prepareSet(database, fleet.first.compose(["core"]), {
      demo: false,
      adminPassword: "admin",
      onProgress: () => {},
    });
  });
});

afterAll(async () => {
  await Promise.all(made.map((each) => each.drop()));
  await fleet.remove();
});

async function create(): Promise<TestDatabase> {
  const database = await createTestDatabase({ template });
  made.push(database);
  return database;
}

function change(
  { connection }: TestDatabase,
  library: ModuleLibrary,
  action: ModuleAction,
  options: Partial<ModuleRequest> = {},
) {
  return changeModules(connection, library, {
    action,
    module: "fleet",
    plan: false,
    allowDestructive: false,
    demo: false,
    ...options,
  });
}

const rows = ({ database }: TestDatabase, text: string) => database.rows<Record<string, unknown>>(raw(text));
const there = async (database: TestDatabase, table: string) =>
  (await rows(database, `SELECT to_regclass('${table}') IS NOT NULL AS there`))[0]?.there;

describe("a module that is installed", () => {
  it("is only planned where that is asked for", async () => {
    const database = await create();
    const outcome = await change(database, fleet.first, "install", { plan: true });
    expect(outcome.modules).toEqual(["fleet"]);
    expect(outcome.operations).toEqual(expect.arrayContaining([expect.stringMatching(/^create table car /)]));
    expect(await there(database, "car")).toBe(false);
  });

  it("brings its tables, fields and data, and counts the revision up", async () => {
    const database = await create();
    const before = await loadDatabaseState(database.database);
    await change(database, fleet.first, "install");
    expect(await there(database, "car")).toBe(true);
    expect(await rows(database, "SELECT model FROM model_access WHERE identifier = 'fleet_all'")).toEqual([
      { model: "Car" },
    ]);
    const after = await loadDatabaseState(database.database);
    expect(after?.revision).toBe((before?.revision ?? 0) + 1);
    expect(describeModules(fleet.second, after ?? { modules: [], revision: 0, fingerprint: null })).toMatchObject([
      { identifier: "core", state: "installed" },
      { identifier: "fleet", state: "upgradable", version: "2.0.0", installed_version: "1.0.0" },
    ]);
    await expect(change(database, fleet.first, "install")).rejects.toThrow("the module fleet is installed already");
  });
});

describe("a data file with a view or window that cannot be", () => {
  const entry = (type: string, values: string) => `
- data_type: ${type}
  identifier: broken
  values: { name: Broken, identifier: fleet.broken, ${values} }
`;
  it.each([
    ["a field", "UiView", "model: Car, type: list, content: { fields: [plate, colr] }", 'Car has no field "colr"'],
    ["a field behind one", "UiView", "model: Car, type: list, content: { fields: [wheel.nme] }", 'no field "nme"'],
    ["a model", "UiView", "model: Cart, type: list, content: { fields: [plate] }", '"Cart" is no model'],
    ["a method", "UiView", "model: Car, type: form, content: { buttons: [sell], groups: [] }", 'no method "sell"'],
    ["a model of a window", "WindowAction", "model: Cart", '"Cart" is no model'],
    ["a filter of a window", "WindowAction", "model: Car, filter: Q(colr=1)", 'Car has no field "colr"'],
  ])("stops the installation with what is wrong, and nothing has changed: %s", async (_what, type, values, message) => {
    const database = await create();
    const before = await loadDatabaseState(database.database);
    const library = await fleet.withData(entry(type, values));
    const failure = await change(database, library, "install").then(String, String);
    expect(failure).toContain(message);
    expect(failure).toMatch(/^InstallError: fleet\/more\.yaml, broken: /);
    expect(await there(database, "car")).toBe(false);
    expect(await rows(database, "SELECT id FROM ui_view WHERE model LIKE 'Car%'")).toEqual([]);
    expect(await rows(database, "SELECT id FROM model_access WHERE identifier = 'fleet_all'")).toEqual([]);
    expect(await loadDatabaseState(database.database)).toEqual(before);
  });
});

describe("what a data file keeps, and an upgrade takes the ground from", () => {
  const view = (fields: string, more = "") => `
- data_type: UiView
  identifier: kept
  ${more}
  values: { name: Kept, identifier: fleet.kept, model: Currency, type: list, content: { fields: [${fields}] } }
- data_type: RecordRule
  identifier: ruled
  ${more}
  values: { identifier: fleet.ruled, name: Kept, model: Currency, rule: "Q(${fields}=5)" }
`;
  it("stops the upgrade with the entry that does not hold any more", async () => {
    const database = await create();
    await change(database, await fleet.withData(view("wheel_count")), "install");
    const before = await loadDatabaseState(database.database);
    // The file is as it was; the field is not there any more.
    const library = await fleet.withData(view("wheel_count"), 2);
    const failure = await change(database, library, "upgrade", { allowDestructive: true }).then(String, String);
    expect(failure.split("\n")).toEqual([
      'InstallError: fleet/more.yaml, ruled: rule: Filter: Currency has no field "wheel_count"',
      'fleet/more.yaml, kept: content.fields[0]: Currency has no field "wheel_count"',
    ]);
    expect(await loadDatabaseState(database.database)).toEqual(before);
    expect(await there(database, "vehicle")).toBe(false);
    const repaired = await fleet.withData(view("car_count"), 2);
    await change(database, repaired, "upgrade", { allowDestructive: true });
    expect(await rows(database, "SELECT rule FROM record_rule WHERE identifier = 'fleet.ruled'")).toEqual([
      { rule: "Q(car_count=5)" },
    ]);
  });

  it("leaves alone what is the users' since it was made", async () => {
    const database = await create();
    await change(database, await fleet.withData(view("wheel_count", "apply_once: true")), "install");
    const library = await fleet.withData(view("wheel_count", "apply_once: true"), 2);
    await change(database, library, "upgrade", { allowDestructive: true });
    expect(await there(database, "vehicle")).toBe(true);
  });
});

describe("an upgrade along the ledger", () => {
  async function createWithCars(): Promise<TestDatabase> {
    const database = await create();
    await change(database, fleet.first, "install");
    await database.database.run(raw("INSERT INTO wheel (name) VALUES ('round')"));
    await database.database.run(
      raw("INSERT INTO car (plate, seats, colour, wheel_id) VALUES ('A 1', '5', 'red', 1), ('B 2', '', 'blue', NULL)"),
    );
    return database;
  }

  it("loses nothing without leave", async () => {
    const database = await createWithCars();
    await expect(change(database, fleet.second, "upgrade")).rejects.toThrow(
      /vehicle: loses data, .*drop column vehicle.colour/,
    );
    expect(await there(database, "vehicle")).toBe(false);
    expect(await rows(database, "SELECT colour FROM car ORDER BY id")).toEqual([{ colour: "red" }, { colour: "blue" }]);
  });

  it("renames, converts and drops, and keeps the rows", async () => {
    const database = await createWithCars();
    const planned = await change(database, fleet.second, "upgrade", { plan: true, allowDestructive: true });
    expect(planned.operations.slice(0, 8)).toEqual([
      "rename table car to vehicle",
      "call Car Vehicle in rights and data",
      "rename column vehicle.plate to number_plate",
      "convert vehicle.seats (character varying(255)) to seats (bigint) by nullif(seats, '')::bigint",
      "drop column vehicle.colour with its data",
      "count the wheels that are lost",
      "drop column vehicle.wheel_id with its data",
      "drop table wheel with its data",
    ]);
    const done = await change(database, fleet.second, "upgrade", { allowDestructive: true });
    expect(planned.operations.at(-1)).toBe("apply fleet/two.yaml: 1 record");
    expect(done.operations).toEqual(planned.operations);
    expect(await rows(database, "SELECT number_plate, seats, version FROM vehicle ORDER BY id")).toEqual([
      { number_plate: "A 1", seats: 5, version: 1 },
      { number_plate: "B 2", seats: null, version: 1 },
    ]);
    expect(await there(database, "wheel")).toBe(false);
    expect(await rows(database, "SELECT model FROM model_access WHERE identifier = 'fleet_all'")).toEqual([
      { model: "Vehicle" },
    ]);
    // Nothing is left to do: names of constraints and indexes fit too.
    const { operations } = await change(database, fleet.second, "upgrade", { plan: true });
    expect(operations).toEqual([]);
  });

  it("starts where an uninstalled module has been left", async () => {
    const database = await createWithCars();
    await change(database, fleet.first, "uninstall");
    await change(database, fleet.second, "install", { allowDestructive: true });
    expect(await rows(database, "SELECT number_plate FROM vehicle ORDER BY id")).toHaveLength(2);
  });
});

describe("a module that is uninstalled", () => {
  it("leaves its data, and takes its rights", async () => {
    const database = await create();
    await change(database, fleet.first, "install");
    await database.database.run(raw("INSERT INTO car (plate) VALUES ('A 1')"));
    const plan = await change(database, fleet.first, "uninstall", { plan: true });
    expect(plan.operations).toEqual(
      expect.arrayContaining(["keep car, which nothing uses", "keep currency.car_count, which nothing uses"]),
    );
    await change(database, fleet.first, "uninstall");
    expect(await rows(database, "SELECT plate FROM car")).toEqual([{ plate: "A 1" }]);
    expect(await rows(database, "SELECT FROM model_access WHERE identifier = 'fleet_all'")).toEqual([]);
    expect(await rows(database, "SELECT state FROM module WHERE identifier = 'fleet'")).toEqual([
      { state: "uninstalled" },
    ]);
    await change(database, fleet.first, "install");
    expect(await rows(database, "SELECT plate FROM car")).toEqual([{ plate: "A 1" }]);
    expect(await rows(database, "SELECT FROM model_access WHERE identifier = 'fleet_all'")).toHaveLength(1);
  });

  it("loses everything where that is allowed", async () => {
    const database = await create();
    await change(database, fleet.first, "install");
    await change(database, fleet.first, "uninstall", { allowDestructive: true });
    expect(await there(database, "car")).toBe(false);
    const columns =
      "SELECT FROM information_schema.columns WHERE table_name = 'currency' AND column_name = 'car_count'";
    expect(await rows(database, columns)).toEqual([]);
    expect(await rows(database, "SELECT FROM module WHERE identifier = 'fleet'")).toEqual([]);
  });

  const refusals: [what: string, request: Partial<ModuleRequest> & { action: ModuleAction }, message: RegExp][] = [
    ["core", { action: "uninstall", module: "core" }, /core cannot be uninstalled/],
    ["what is not installed", { action: "uninstall" }, /fleet is not installed/],
    ["an upgrade of it", { action: "upgrade" }, /fleet is not installed/],
    ["a module that there is not", { action: "install", module: "nope" }, /there is no module nope/],
  ];
  it.each(refusals)("cannot be %s", async (_what, request, message) => {
    const database = made[0] ?? (await create());
    await expect(change(database, fleet.first, request.action, request)).rejects.toThrow(message);
  });
});
