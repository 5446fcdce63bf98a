/** A change of rights is announced once it is saved, and only then: to other processes and to this one. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createWorld, type World } from "../../test/support/world.ts";
import type { Environment } from "./environment.ts";
import { RIGHTS_CHANNEL } from "./rights-change.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";

let world: World;
let env: Environment;
let ids: { group: number; user: number; company: number; contact: number; category: number; tag: number };
const rightsChanged = vi.fn();
const heard = vi.fn();

beforeAll(async () => {
  world = await createWorld();
  env = world.derive({ rightsChanged });
  const create = async (model: string, values: Record<string, unknown>) => (await createRecord(env, model, values)).id;
  const currency = await create("Currency", { name: "Euro", code: "EUR" });
  ids = {
    group: await create("Group", { name: "A", identifier: "a" }),
    company: await create("Company", { name: "Acme", currency }),
    contact: await create("Contact", { name: "Ada" }),
    category: await create("Category", { name: "Office" }),
    tag: await create("ContactTag", { name: "t" }),
    user: 0,
  };
  ids.user = await create("User", { name: "U", email: "u@example.com", contact: ids.contact });
  await world.database.listen(RIGHTS_CHANNEL, heard);
});
afterAll(() => world.drop());
beforeEach(async () => {
  await settle();
  rightsChanged.mockClear();
  heard.mockClear();
});

/** Waits until all notifications sent so far have been delivered: they come in the order of their commits. */
async function settle(): Promise<void> {
  const arrived = new Promise<void>((resolve) => {
    heard.mockImplementation((payload) => payload === "settled" && resolve());
  });
  await world.database.run({ text: "select pg_notify($1, 'settled')", values: [RIGHTS_CHANNEL] });
  await arrived;
}

async function announcements(): Promise<{ here: number; others: number }> {
  await settle();
  return {
    here: rightsChanged.mock.calls.length,
    others: heard.mock.calls.filter(([payload]) => payload === "").length,
  };
}

/** A write, and whether it may change what somebody may do or who somebody is to filters. */
const rows: readonly (readonly [string, () => Promise<unknown>, boolean])[] = [
  ["a new user", () => createRecord(env, "User", { name: "V", email: "v@example.com" }), true],
  ["a user's groups", () => updateRecord(env, "User", ids.user, { groups: [ids.group] }), true],
  ["a user's state", () => updateRecord(env, "User", ids.user, { active: false }), true],
  ["the users of a group", () => updateRecord(env, "Group", ids.group, { users: [] }), true],
  ["the users of a company", () => updateRecord(env, "Company", ids.company, { users: [ids.user] }), true],
  ["a company's name", () => updateRecord(env, "Company", ids.company, { name: "Acme Ltd" }), false],
  ["model access", () => createRecord(env, "ModelAccess", { name: "x", model: "User", group: ids.group }), true],
  ["a record rule", () => createRecord(env, "RecordRule", { name: "x", model: "User", rule: "Q()" }), true],
  ["a product category", () => updateRecord(env, "Category", ids.category, { sequence: 1 }), false],
  ["a contact's tags", () => updateRecord(env, "Contact", ids.contact, { tags: [ids.tag] }), false],
  ["a refused user", () => createRecord(env, "User", { name: "V", email: "u@example.com" }).catch(() => null), false],
  ["links to nobody", () => updateRecord(env, "User", ids.user, { groups: [99_999] }).catch(() => null), false],
  ["an empty change", () => updateRecord(env, "User", ids.user, {}), false],
  ["a deleted category", () => deleteRecord(env, "Category", ids.category), false],
  // The user loses its contact, its company and its group by that.
  ["a deleted contact", () => deleteRecord(env, "Contact", ids.contact), true],
  ["a deleted company", () => deleteRecord(env, "Company", ids.company), true],
  ["a deleted group", () => deleteRecord(env, "Group", ids.group), true],
  ["a deleted user", () => deleteRecord(env, "User", ids.user), true],
];

test.each(rows)("%s", async (_name, write, announced) => {
  await write();
  expect(await announcements()).toEqual(announced ? { here: 1, others: 1 } : { here: 0, others: 0 });
});

test("within a transaction nothing is announced before the commit", async () => {
  await env.transaction(async (inner) => {
    await createRecord(inner, "Group", { name: "B", identifier: "b" });
    expect(rightsChanged).not.toHaveBeenCalled();
  });
  expect(await announcements()).toEqual({ here: 1, others: 1 });
});

test("what is rolled back is never announced", async () => {
  const work = env.transaction(async (inner) => {
    await createRecord(inner, "Group", { name: "C", identifier: "c" });
    throw new Error("changed my mind");
  });
  await expect(work).rejects.toThrow("changed my mind");
  expect(await announcements()).toEqual({ here: 0, others: 0 });
});
