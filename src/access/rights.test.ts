/** Rights as they are loaded: groups with all that they imply, model access summed up, rules that concern the user. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AccessData, storeAccessData } from "../../test/fixtures/access-data.ts";
import { createVault, vaultRegistry } from "../../test/fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { modelOf } from "../models/model.ts";
import { formatQ } from "../q/format.ts";
import type { RecordOperation } from "./access.ts";
import { accessOf, loadRights, type Rights } from "./rights.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
  await createVault(made.database);
});
afterAll(() => made.drop());

/** Stores rights and loads those of a user. */
async function rightsOf(data: AccessData, userId = 1): Promise<Rights> {
  await storeAccessData(made.database, vaultRegistry, data);
  const rights = await loadRights(made.database, vaultRegistry, userId);
  if (rights === null) throw new Error("no such user");
  return rights;
}

describe("groups", () => {
  test.each<[name: string, own: number[], implies: Record<number, number[]>, expected: string[]]>([
    ["none", [], {}, []],
    ["own ones", [1, 3], {}, ["group_1", "group_3"]],
    ["implied ones, all the way", [1], { 1: [2], 2: [3], 3: [4] }, ["group_1", "group_2", "group_3", "group_4"]],
    ["implied ones, not backwards", [3], { 1: [2], 2: [3], 3: [4] }, ["group_3", "group_4"]],
    ["a circle", [2], { 1: [2], 2: [3], 3: [1] }, ["group_1", "group_2", "group_3"]],
    ["a group that implies itself", [1], { 1: [1] }, ["group_1"]],
    ["two ways to one group", [1], { 1: [2, 3], 2: [4], 3: [4] }, ["group_1", "group_2", "group_3", "group_4"]],
  ])("%s", async (_name, own, implies, expected) => {
    const groups = [1, 2, 3, 4].map((id) => ({ id, implies: implies[id] ?? [] }));
    const rights = await rightsOf({ users: [{ id: 1, groups: own }], groups, access: [] });
    expect([...rights.groups]).toEqual(expected);
    expect(rights.names.gids).toEqual(expected.map((name) => Number(name.slice("group_".length))));
  });
});

describe("model access", () => {
  const operations: readonly RecordOperation[] = ["read", "create", "write", "delete"];
  const groups = [{ id: 1, implies: [2] }, { id: 2 }, { id: 3 }];

  test.each<[name: string, access: AccessData["access"], model: string, expected: RecordOperation[]]>([
    ["denied by default", [], "Person", []],
    ["what a row allows", [{ model: "Person", group: 1, can: "rw" }], "Person", ["read", "write"]],
    ["nothing of other models", [{ model: "Person", group: 1, can: "rcwd" }], "Skill", []],
    ["nothing through groups of others", [{ model: "Person", group: 3, can: "rcwd" }], "Person", []],
    ["through an implied group", [{ model: "Person", group: 2, can: "r" }], "Person", ["read"]],
    [
      "the sum of all groups",
      [
        { model: "Person", group: 1, can: "r" },
        { model: "Person", group: 2, can: "cd" },
      ],
      "Person",
      ["read", "create", "delete"],
    ],
    ["every model by the asterisk", [{ model: "*", group: 1, can: "rd" }], "Skill", ["read", "delete"]],
    [
      "the asterisk and the model together",
      [
        { model: "*", group: 1, can: "r" },
        { model: "Skill", group: 2, can: "w" },
      ],
      "Skill",
      ["read", "write"],
    ],
    ["internal models never", [{ model: "*", group: 1, can: "rcwd" }], "Seal", []],
    ["internal models never, by name", [{ model: "RefreshToken", group: 1, can: "rcwd" }], "RefreshToken", []],
    ["names are no patterns", [{ model: "Pers*", group: 1, can: "r" }], "Person", []],
  ])("%s", async (_name, access, name, expected) => {
    const rights = await rightsOf({ users: [{ id: 1, groups: [1] }], groups, access });
    const caller = accessOf(vaultRegistry, rights);
    const model = modelOf(vaultRegistry, name);
    expect(operations.filter((operation) => caller.can(model, operation))).toEqual(expected);
    expect(caller.canRead(model)).toBe(expected.includes("read"));
  });
});

describe("record rules", () => {
  const groups = [{ id: 1, implies: [2] }, { id: 2 }, { id: 3 }];
  const a = { model: "Person", rule: "Q(name='a')" };
  const b = { model: "Person", rule: "Q(name='b')" };
  const c = { model: "Person", rule: "Q(name='c')" };
  const text = (name: string) => `Q(name__eq='${name}')`;

  test.each<[name: string, rules: AccessData["rules"], operation: RecordOperation, expected: string | null]>([
    ["none", [], "read", null],
    ["none of other models", [{ ...a, model: "Skill" }], "read", null],
    ["none of other groups", [{ ...a, groups: [3] }], "read", null],
    ["one for everybody", [a], "read", text("a")],
    ["all that are for everybody", [a, b], "read", `${text("a")} & ${text("b")}`],
    [
      "one of those of own groups, implied ones included",
      [
        { ...a, groups: [1] },
        { ...b, groups: [2, 3] },
      ],
      "read",
      `${text("a")} | ${text("b")}`,
    ],
    [
      "both kinds",
      [a, { ...b, groups: [1] }, { ...c, groups: [2] }],
      "read",
      `${text("a")} & (${text("b")} | ${text("c")})`,
    ],
    ["not those of other operations", [{ ...a, on: "cwd" }], "read", null],
    ["those of the operation", [{ ...a, on: "w" }], "write", text("a")],
    ["what may not be seen may not be changed", [{ ...a, on: "r" }], "write", text("a")],
    ["what may not be seen may not be deleted", [{ ...a, on: "r" }], "delete", text("a")],
    ["what may not be seen may not be made", [{ ...a, on: "r" }], "create", text("a")],
    [
      "reading and the operation",
      [
        { ...a, on: "r" },
        { ...b, on: "w" },
      ],
      "write",
      `${text("a")} & ${text("b")}`,
    ],
    ["a malformed one is met by nothing", [{ ...a, rule: "Q(" }], "read", "~Q()"],
    ["an unknown field is met by nothing", [{ ...a, rule: "Q(nothing=1)" }], "read", "~Q()"],
    ["a value that does not fit is met by nothing", [{ ...a, rule: "Q(salary='much')" }], "read", "~Q()"],
    ["a name that does not fit is met by nothing", [{ ...a, rule: "Q(name=uid)" }], "read", "~Q()"],
    ["secrets cannot be asked for", [{ ...a, rule: "Q(pin='x')" }], "read", "~Q()"],
    [
      "a broken one hides no more than its group's share",
      [
        { ...a, groups: [1] },
        { ...b, rule: "Q(", groups: [2] },
      ],
      "read",
      `${text("a")} | ~Q()`,
    ],
    [
      "a group that may do everything",
      [
        { ...a, groups: [1] },
        { ...b, rule: "Q()", groups: [2] },
      ],
      "read",
      null,
    ],
    [
      "a group that may do everything, within what holds for everybody",
      [a, { ...b, rule: "Q()", groups: [1] }, { ...c, rule: "Q()" }],
      "read",
      text("a"),
    ],
    ["fields that the user may not see", [{ ...a, rule: "Q(salary__gt=5)" }], "read", "Q(salary__gt=5)"],
  ])("%s", async (_name, rules, operation, expected) => {
    const rights = await rightsOf({ users: [{ id: 1, groups: [1] }], groups, access: [], rules: rules ?? [] });
    const rule = accessOf(vaultRegistry, rights).rule(modelOf(vaultRegistry, "Person"), operation);
    expect(rule === null ? null : formatQ(rule)).toBe(expected);
  });
});

test("who the user is", async () => {
  const data = {
    users: [
      { id: 1, groups: [] },
      { id: 7, groups: [], active: false },
    ],
    groups: [],
    access: [],
  };
  const rights = await rightsOf(data);
  expect(rights).toMatchObject({ userId: 1, active: true, email: "user1@example.com", timeZone: "Europe/Berlin" });
  expect(rights.names).toEqual({ uid: 1, cid: 2, company_id: 2, cids: [1, 2], contact_id: null, gids: [] });
  expect(await loadRights(made.database, vaultRegistry, 7)).toMatchObject({ active: false });
  expect(await loadRights(made.database, vaultRegistry, 8)).toBeNull();
});

test("equal rights have equal keys, others have others", async () => {
  const access = [{ model: "Person", group: 1, can: "r" }];
  const users = [
    { id: 1, groups: [1] },
    { id: 2, groups: [1] },
    { id: 3, groups: [2] },
    { id: 4, groups: [1, 2] },
  ];
  await rightsOf({
    users,
    groups: [{ id: 1 }, { id: 2 }],
    access,
    rules: [{ model: "Person", rule: "Q(id=1)", groups: [2] }],
  });
  const keys = await Promise.all(
    users.map(async ({ id }) => (await loadRights(made.database, vaultRegistry, id))?.key ?? "none"),
  );
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(3);
});
