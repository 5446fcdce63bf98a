/** Writing users, groups and rights: what would mean nothing, or two things at once, is refused where it stands. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
const groups = new Map<string, number>();
let users = 0;

beforeAll(async () => {
  api = await startTestServer();
  const { json } = await api.call("POST", "/api/query/Group", { fields: ["identifier"] });
  for (const { id, identifier } of json.data as { id: number; identifier: string }[]) groups.set(identifier, id);
});
afterAll(() => api?.close());

const create = (model: string, values: object) => api.call("POST", `/api/create/${model}`, values);
const idOf = (identifier: string): number => groups.get(identifier) ?? 0;
const newUser = (...identifiers: string[]) => {
  users += 1;
  return create("User", { name: "x", email: `right${users}@example.com`, groups: identifiers.map(idOf) });
};

test.each<[model: string, rule: string, says: RegExp | null]>([
  ["Contact", "Q(is_company=False)", null],
  ["Contact", "Q(create_uid=uid) | Q(id__in=cids, name__ne=1)", /^rule: Filter.*ne/],
  ["Contact", "Q(", /^rule: Filter, column/],
  ["Contact", "Q(nothing=1)", /^rule: Filter: Contact has no field "nothing"/],
  ["Contact", "Q(is_company='maybe')", /^rule: Filter/],
  ["User", "Q(password='x')", /^rule: Filter: User has no field "password"/],
  ["Nothing", "Q()", /^model: there is no model "Nothing"$/],
])("a rule of %s: %s", async (model, rule, says) => {
  const answer = await create("RecordRule", { name: "x", model, rule });
  expect(answer.status, answer.text).toBe(says === null ? 200 : 400);
  if (says !== null) expect(answer.json.detail).toMatch(says);
  else {
    const changed = await api.call("PUT", `/api/update/RecordRule/${answer.json.id}`, { rule: "Q(nothing=1)" });
    expect([changed.status, changed.json.detail]).toEqual([400, expect.stringMatching(/^rule: /)]);
    await api.call("DELETE", `/api/delete/RecordRule/${answer.json.id}`);
  }
});

test.each([
  ["Nothing", 400],
  ["*", 200],
  ["Contact", 200],
])("access to the model %s: %i", async (model, status) => {
  const answer = await create("ModelAccess", { name: "x", model, group: idOf("core_portal") });
  expect(answer.status, answer.text).toBe(status);
});

test.each<[identifiers: string[], status: number]>([
  [["core_internal"], 200],
  [["core_portal"], 200],
  [["core_admin", "contacts_user"], 200],
  [["core_internal", "core_portal"], 400],
  // Through what they imply.
  [["contacts_user", "core_portal"], 400],
  [["core_admin", "core_public"], 400],
])("a user of %j: %i", async (identifiers, status) => {
  const answer = await newUser(...identifiers);
  expect(answer.status, answer.text).toBe(status);
  if (status === 400) expect(answer.json.detail).toMatch(/^groups: nobody can be both "/);
});

test("nor does it come about later, from either side or by what a group implies", async () => {
  const { json } = await newUser("core_portal");
  const refused = [
    api.call("PUT", `/api/update/User/${json.id}`, { groups: [["L", idOf("contacts_user")]] }),
    api.call("PUT", `/api/update/Group/${idOf("contacts_user")}`, { users: [["L", json.id]] }),
    api.call("PUT", `/api/update/Group/${idOf("core_portal")}`, { implied_groups: [["L", idOf("core_internal")]] }),
  ];
  for (const answer of await Promise.all(refused)) {
    expect([answer.status, answer.json.detail], answer.text).toEqual([
      400,
      expect.stringMatching(/nobody can be both/),
    ]);
  }
  expect((await api.call("PUT", `/api/update/User/${json.id}`, { groups: [idOf("contacts_user")] })).status).toBe(200);
});
