/** The columns that keep texts without case for searches are PostgreSQL's own: no request sees, names or writes them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { raw } from "../../src/sql/fragment.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let id: number;
beforeAll(async () => {
  api = await startTestServer();
  const made = await api.call("POST", "/api/create/Contact", { name: "Ada Lovelace", email: "ada@example.com" });
  id = made.json.id as number;
});
afterAll(() => api?.close());

const FOLDED = "name__folded";

test("it is there", async () => {
  const text = `SELECT ${FOLDED} AS text FROM contact WHERE id = ${id}`;
  expect(await api.database.database.rows(raw(text))).toEqual([{ text: "ada lovelace" }]);
});

test.each<readonly [what: string, method: "GET" | "POST" | "PUT", path: string, body: unknown]>([
  ["a field of a list", "POST", "/api/query/Contact", { fields: [FOLDED] }],
  ["a field of a record", "POST", "/api/fetch/Contact/1", { fields: [FOLDED] }],
  ["a filter", "POST", "/api/query/Contact", { q_filter: `Q(${FOLDED}='ada lovelace')` }],
  ["an order", "POST", "/api/query/Contact", { order_by: [`${FOLDED} ASC`] }],
  ["a group", "POST", "/api/query/Contact", { group_by: [FOLDED] }],
  ["an aggregate", "POST", "/api/query/Contact", { group_by: null, aggregates: [`${FOLDED}__max`] }],
  ["an export", "POST", "/api/export/Contact", { ids: null, fields: [FOLDED], format: "csv" }],
  ["a new record", "POST", "/api/create/Contact", { name: "Eve", [FOLDED]: "eve" }],
  ["a change", "PUT", "/api/update/Contact/1", { [FOLDED]: "eve" }],
])("%s knows no such field", async (_what, method, path, body) => {
  const answer = await api.call(method, path, body);
  expect(answer.status, answer.text).toBe(400);
  expect(answer.json).toMatchObject({ error: "ValidationError", detail: expect.stringContaining("folded") });
});

test.each<readonly [what: string, method: "GET" | "POST", path: string, body: unknown]>([
  ["a list", "POST", "/api/query/Contact", { limit: 3 }],
  ["a record with all its relations", "POST", "/api/fetch/Contact/1", { related: ["parent", "country", "children"] }],
  ["what a search finds", "POST", "/api/name_search/Contact", { term: "ada" }],
  ["the registry", "GET", "/api/get_registry/Contact", undefined],
  ["the description of the API", "GET", "/openapi.json", undefined],
  ["an export of everything", "POST", "/api/export/Contact", { ids: null, fields: ["name", "email"], format: "csv" }],
  ["the change history", "POST", "/api/query/ChangeLog", { limit: 1000 }],
  ["modules", "GET", "/api/modules", undefined],
])("%s tells nothing of it", async (_what, method, path, body) => {
  const answer = await api.call(method, path, body);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.text).not.toContain("__folded");
});

test("a group filtered by the first of its names compares that name", async () => {
  const request = { group_by: ["is_company"], aggregates: ["name__max"], having: "Q(name__max__icontains='A')" };
  const answer = await api.call("POST", "/api/query/Contact", request);
  expect(answer.status, answer.text).toBe(200);
});

test("what is written later is found", async () => {
  const search = async (term: string) => (await api.call("POST", "/api/name_search/Contact", { term })).json.data;
  await api.call("PUT", `/api/update/Contact/${id}`, { name: "Émilie du Châtelet" });
  expect(await search("ie du cha")).toEqual([{ id, display_name: "Émilie du Châtelet" }]);
  expect(await search("lovelace")).toEqual([]);
});
