/** What the caller may not see has no name: models, fields and secrets answer like those that are not there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeModel, describeModels } from "../../src/records/describe.ts";
import type { Environment } from "../../src/records/environment.ts";
import { fetchRecord, type QueryRequest, queryRecords } from "../../src/records/read.ts";
import { createRecord, updateRecord } from "../../src/records/write.ts";
import { storeAccessData } from "../fixtures/access-data.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createVault, vaultRegistry } from "../fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

/** `admin` may do everything but is not of hr; `clerk` reads three models; `guest` has no rights at all. */
type Who = "admin" | "hr" | "clerk" | "guest";
const users: Record<Who, number> = { admin: 1, hr: 2, clerk: 3, guest: 4 };

let made: TestDatabase;
const environments = new Map<Who, Environment>();
beforeAll(async () => {
  made = await createTestDatabase();
  await createVault(made.database);
  await storeAccessData(made.database, vaultRegistry, {
    users: [
      { id: 1, groups: [1] },
      { id: 2, groups: [1, 2] },
      { id: 3, groups: [3] },
      { id: 4, groups: [] },
    ],
    groups: [{ id: 1 }, { id: 2, identifier: "hr" }, { id: 3 }],
    access: [
      { model: "*", group: 1, can: "rcwd" },
      { model: "Person", group: 3, can: "rcw" },
      { model: "Project", group: 3, can: "r" },
      { model: "Skill", group: 3, can: "r" },
    ],
  });
  for (const [who, id] of Object.entries(users)) {
    environments.set(who as Who, await environmentOf(made.database, vaultRegistry, id));
  }
});
afterAll(() => made.drop());

function as(who: Who): Environment {
  const env = environments.get(who);
  if (env === undefined) throw new Error(`no ${who}`);
  return env;
}

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "answered";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : "thrown";
  }
}

/** The same message with the name taken out, to compare what is said of two names. */
const neutral = (message: string, name: string) =>
  message.replaceAll(name, "?").replace(/; did you mean.*|; it has.*/, "");

describe("models", () => {
  const unknown = 'MissingError: Unknown model "Nothing"';

  test.each<[who: Who, model: string]>([
    ["guest", "Person"],
    ["guest", "User"],
    ["clerk", "User"],
    ["clerk", "Membership"],
    ["clerk", "Seal"],
    ["admin", "Seal"],
    ["hr", "RefreshToken"],
    ["admin", "DataIdentifier"],
    ["admin", "__proto__"],
    ["admin", "constructor"],
    ["admin", "toString"],
    ["admin", "person"],
  ])("to %s the model %s is unknown", async (who, model) => {
    const env = as(who);
    const expected = unknown.replace("Nothing", model);
    expect(await outcome(queryRecords(env, model, {}))).toBe(expected);
    expect(await outcome(queryRecords(env, model, { fields: ["nothing"], q_filter: "Q(nothing=1)" }))).toBe(expected);
    expect(await outcome(fetchRecord(env, model, 1))).toBe(expected);
    expect(await outcome(createRecord(env, model, {}))).toBe(expected);
    expect(await outcome(updateRecord(env, model, 1, {}))).toBe(expected);
    expect(await outcome((async () => describeModel(env, model))())).toBe(expected);
    expect(Object.keys(describeModels(env))).not.toContain(model);
  });

  test("a model that may be read but not written says so", async () => {
    const expected = /^AccessError: you may not (create|change) Project records$/;
    expect(await outcome(createRecord(as("clerk"), "Project", { name: "x" }))).toMatch(expected);
    expect(await outcome(updateRecord(as("clerk"), "Project", 1, { name: "x" }))).toMatch(expected);
  });
});

/** A name that nobody has, in the place of one that is hidden. */
const NOBODYS = "nobodys";

describe("fields", () => {
  /** Every place of a read that takes a path. */
  const places: readonly ((path: string) => QueryRequest)[] = [
    (path) => ({ fields: [path] }),
    (path) => ({ fields: ["name", path, path] }),
    (path) => ({ q_filter: { [path]: null } }),
    (path) => ({ q_filter: { not: { [`${path}__isnull`]: true } } }),
    (path) => ({ q_filter: { or: [{ id: 1 }, { [path.replaceAll(".", "__")]: 1 }] } }),
    (path) => ({ order_by: [path] }),
    (path) => ({ order_by: ["name", `${path} DESC NULLS LAST`] }),
  ];

  test.each<[who: Who, model: string, path: string]>([
    ["admin", "Person", "salary"],
    ["clerk", "Person", "salary"],
    ["admin", "Person", "badge"],
    ["admin", "Person", "boss"],
    ["admin", "Person", "boss.name"],
    ["admin", "Person", "mentor.salary"],
    ["admin", "Project", "leader.boss.salary"],
    ["admin", "Person", "pin"],
    ["hr", "Person", "pin"],
    ["hr", "Person", "boss.pin"],
    ["admin", "User", "password"],
    ["hr", "Person", "create_uid.password"],
    ["clerk", "Person", "create_uid"],
    ["clerk", "Person", "owner.email"],
    ["clerk", "Project", "leader.owner"],
  ])("to %s %s has no %s", async (who, model, path) => {
    const env = as(who);
    for (const request of places) {
      const hidden = path.split(".").find((name, index, all) => isHidden(env, model, all.slice(0, index), name)) ?? "";
      const refused = await outcome(queryRecords(env, model, request(path)));
      expect(refused).toMatch(/^ValidationError: .*has no field/);
      const unknown = path.replace(hidden, NOBODYS);
      const asUnknown = await outcome(queryRecords(env, model, request(unknown)));
      expect(neutral(refused, hidden)).toBe(neutral(asUnknown, NOBODYS));
    }
  });

  test.each<[who: Who, model: string, path: string]>([
    ["admin", "Person", "staff"],
    ["admin", "Person", "staff.name"],
    ["admin", "Person", "skills.name"],
    ["admin", "Skill", "people.name"],
    ["admin", "Person", "seals.number"],
    ["clerk", "Person", "projects.name"],
    ["clerk", "Project", "members"],
    ["clerk", "Person", "passport.number"],
  ])("to %s %s has no relation %s", async (who, model, path) => {
    const env = as(who);
    for (const request of [{ fields: [path] }, { q_filter: { [`${path}__isnull`]: true } }]) {
      expect(await outcome(queryRecords(env, model, request))).toMatch(/^ValidationError: .*has no field/);
    }
    const [relation = ""] = path.split(".");
    expect(await outcome(fetchRecord(env, model, 1, { related: [relation] }))).toMatch(/has no field/);
  });

  test.each<[who: Who, fields: string[]]>([
    ["hr", ["badge", "boss", "salary"]],
    ["admin", ["mentor", "owner"]],
    ["clerk", ["city", "mentor"]],
  ])("what %s may see is in answers and descriptions", async (who, fields) => {
    const { data } = await fetchRecord(as(who), "Person", 2);
    expect(Object.keys(JSON.parse(data.toString()) as object)).toEqual(expect.arrayContaining(fields));
    expect(Object.keys(describeModel(as(who), "Person"))).toEqual(expect.arrayContaining(fields));
  });

  test.each<[who: Who, hidden: string[]]>([
    ["admin", ["badge", "boss", "salary", "staff", "skills", "seals"]],
    ["clerk", ["badge", "boss", "salary", "owner", "create_uid", "write_uid", "projects", "passport"]],
    ["hr", ["seals"]],
  ])("what %s may not see is in none", async (who, hidden) => {
    const { data } = await fetchRecord(as(who), "Person", 2);
    const listed = Object.keys(describeModel(as(who), "Person"));
    for (const name of hidden) {
      expect(Object.keys(JSON.parse(data.toString()) as object)).not.toContain(name);
      expect(listed).not.toContain(name);
    }
  });

  test("nobody reads a secret", async () => {
    for (const who of ["admin", "hr"] as const) {
      expect((await fetchRecord(as(who), "Person", 1)).data).not.toContain("pin");
    }
  });

  test("a name is made of what the reader may see", async () => {
    const request = { fields: ["display_name", "mentor"], q_filter: "Q(id=2)" };
    const names = async (who: Who) =>
      JSON.parse((await queryRecords(as(who), "Person", request)).data.toString()) as unknown;
    expect(await names("hr")).toEqual([{ id: 2, display_name: "Bob B-2", mentor: { id: 1, display_name: "Ada B-1" } }]);
    expect(await names("admin")).toEqual([{ id: 2, display_name: "Bob", mentor: { id: 1, display_name: "Ada" } }]);
  });

  test("a hidden part of a name is not found, nor ordered by", async () => {
    const found = async (who: Who) =>
      (await queryRecords(as(who), "Person", { q_filter: "Q(display_name__contains='B-2')" })).total;
    expect(await found("hr")).toBe(1);
    expect(await found("admin")).toBe(0);
    const { result, texts } = await made.statements.during(() =>
      queryRecords(as("admin"), "Person", { fields: ["id"], order_by: ["display_name"] }),
    );
    expect(JSON.parse(result.data.toString())).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
    expect(texts.join()).not.toContain("badge");
  });

  test("the model's own order leaves out what the reader may not see", async () => {
    // Bob and Cleo have a boss, and those without come last.
    const ids = async (who: Who) => {
      const { data } = await queryRecords(as(who), "Person", { fields: ["id"] });
      return (JSON.parse(data.toString()) as { id: number }[]).map(({ id }) => id);
    };
    expect(await ids("hr")).toEqual([2, 3, 1, 4]);
    expect(await ids("admin")).toEqual([1, 2, 3, 4]);
  });
});

describe("writing", () => {
  test.each<[who: Who, values: Record<string, unknown>, message: RegExp]>([
    ["admin", { salary: 1 }, /^ValidationError: salary: Person has no such field/],
    ["admin", { boss: 1 }, /^ValidationError: boss: Person has no such field/],
    ["admin", { nothing: 1 }, /^ValidationError: nothing: Person has no such field/],
    ["clerk", { owner: 1 }, /^ValidationError: owner: Person has no such field/],
    ["hr", { version: 9 }, /^ValidationError: version: is read-only/],
    ["hr", { salary: 9, id: 4 }, /^ValidationError: id: is read-only/],
    ["admin", { name: "Bob", city: null }, /^answered$/],
    ["hr", { salary: 2000, pin: "12345678" }, /^answered$/],
    ["admin", { pin: "12345678" }, /^answered$/],
  ])("%s writes %j", async (who, values, message) => {
    expect(await outcome(updateRecord(as(who), "Person", 2, values))).toMatch(message);
  });
});

/** Whether a name of a path does not exist for the caller. */
function isHidden(env: Environment, start: string, before: readonly string[], name: string): boolean {
  let model = start;
  for (const step of before) {
    const target = env.registry.models.get(model)?.fields.get(step)?.relation?.target;
    if (target === undefined) return false;
    model = target;
  }
  if (!env.access.canRead(env.registry.models.get(model) as never)) return false;
  const known = describeModel(env, model);
  return !(name in known) || known[name]?.write_only === true;
}
