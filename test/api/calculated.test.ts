/** Calculated fields over HTTP: what clients see of those that are stored and of those that are not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

test("the registry tells what is calculated", async () => {
  const { json } = await api.call("GET", "/api/get_registry/Category");
  const { complete_name, product_count } = (json.data ?? json) as Readonly<Record<string, object>>;
  expect(complete_name).toMatchObject({ type: "Text", calculated: true, readonly: true });
  expect(complete_name).not.toHaveProperty("stored");
  expect(product_count).toMatchObject({ type: "Integer", calculated: true, stored: false, readonly: true });
});

test("what is stored is read, filtered and ordered by like any field", async () => {
  const body = {
    fields: ["complete_name", "product_count"],
    q_filter: "Q(complete_name__contains=' / ')",
    order_by: ["complete_name ASC"],
  };
  const { status, json } = await api.call("POST", "/api/query/Category", body);
  const records = json.data as { complete_name: string; product_count: number }[];
  expect(status).toBe(200);
  expect(records.length).toBeGreaterThan(3);
  for (const { complete_name, product_count } of records) {
    expect(complete_name).toMatch(/^[^/]+ \/ /);
    expect(product_count).toBeGreaterThanOrEqual(0);
  }
});

test("what is not stored comes where it is asked for, nested too", async () => {
  const { json } = await api.call("POST", "/api/query/Contact", {
    fields: ["full_address", "parent.full_address", "children.full_address"],
    q_filter: "Q(parent__isnull=False, parent__country__isnull=False)",
    limit: 3,
  });
  const [contact] = json.data as { full_address: unknown; parent: { full_address: string } }[];
  expect(contact).toHaveProperty("full_address");
  expect(contact?.parent.full_address).toMatch(/\n/);
});

test("a write answers with it", async () => {
  const created = await api.call("POST", "/api/create/Contact?fields=full_address", { name: "Ada", city: "London" });
  expect(created.text).toContain('"full_address":"London"');
});

test.each([
  ["filter", "query", { q_filter: "Q(product_count__gt=1)" }],
  ["order", "query", { order_by: ["product_count DESC"] }],
  ["group", "query", { group_by: ["product_count"] }],
  ["aggregate", "query", { group_by: ["name"], aggregates: ["product_count__sum"] }],
])("what is not stored is refused in a %s", async (_name, path, body) => {
  const { status, text } = await api.call("POST", `/api/${path}/Category`, body);
  expect(status).toBe(400);
  expect(text).toContain("is calculated when it is read and not stored");
});

test.each([["complete_name"], ["product_count"]])("nobody writes %s", async (field) => {
  const { status, text } = await api.call("POST", "/api/create/Category", { name: "x", [field]: 1 });
  expect(status).toBe(400);
  expect(text).toContain("is calculated");
});
