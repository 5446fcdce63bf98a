/** Texts that would be SQL, patterns or paths elsewhere: looked up as they are, or refused before any statement. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { namePlaces, type ReadRequest, textPlaces } from "../support/reading.ts";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  // The first request of a caller loads the rights.
  await api.call("POST", "/api/query/Product", { limit: 0 });
});
afterAll(() => api?.close());

async function send(request: ReadRequest): Promise<{ result: Answer; texts: readonly string[] }> {
  const { method, path, body } = request;
  return api.database.statements.during(() => api.call(method, path, body));
}

const hostile = [
  "'",
  '"',
  "\\",
  "\\'",
  "$1",
  "$$",
  "?",
  "::int",
  "--",
  "/*",
  ";",
  "%",
  "_",
  "'; drop table product; --",
  "' or '1'='1",
  "1) or (1=1",
  "E'\\x41'",
  "U&'\\0041'",
  "\u2019 or 1=1",
  "$x$ select pg_sleep(9) $x$",
  '{"a":1}',
  "(a+)+$",
  "\n\r\t",
  "null",
  "\u202egnp",
];

describe.each(textPlaces)("a text that is looked up: %s", (_place, request) => {
  test("is bound: the statement is the same for all", async () => {
    const plain = request("Product", "plain");
    // The first statement of a shape is not the prepared one yet; its text is the same.
    const { result, texts: expected } = await send(plain);
    expect(result.status, result.text).toBe(200);
    expect(expected).toHaveLength(1);
    for (const text of hostile) {
      const { result: answer, texts } = await send(request("Product", text));
      expect([text, answer.status, texts]).toEqual([text, 200, expected]);
    }
  });
});

test.each(hostile)("%j is found where it stands, and nowhere else", async (text) => {
  const name = `q${text}q`.trim();
  const created = await api.call("POST", "/api/create/Product", { name });
  expect(created.status, created.text).toBe(200);
  const { id } = created.json;
  for (const condition of [
    { name },
    { name__contains: `q${text}q` },
    { name__in: [name] },
    { name__icontains: name },
  ]) {
    const body = { fields: ["name"], q_filter: { and: [condition, { id__gte: id }] } };
    expect((await api.call("POST", "/api/query/Product", body)).json).toEqual({ data: [{ id, name }], total: 1 });
  }
  const groups = { group_by: "name", q_filter: { id } };
  const [group] = (await api.call("POST", "/api/query/Product", groups)).json.data as { q_filter: string }[];
  const own = await api.call("POST", "/api/query/Product", { fields: ["name"], q_filter: group?.q_filter });
  expect(own.json).toEqual({ data: [{ id, name }], total: 1 });
  const searched = await api.call("POST", "/api/name_search/Product", { term: name });
  expect((searched.json.data as { id: number }[]).map((each) => each.id)).toEqual([id]);
});

describe.each(namePlaces)("a name of ours: %s", (_place, request) => {
  const wrong = [...hostile, "(select pg_sleep(5))", "name; DROP TABLE x", "name ASC, (select 1)", "x".repeat(10_001)];
  test("is no other text, and no statement has seen it", async () => {
    for (const text of wrong) {
      const { result, texts } = await send(request("Product", text));
      // White space ends a step of an order as well as nothing does.
      if (text.trim() === "" && result.status === 200) continue;
      expect([text, result.status, result.json.error, texts]).toEqual([text, 400, "ValidationError", []]);
    }
  });
});

describe("numbers of a page", () => {
  const whole = [-1, 0.5, 1e9, 9e18, "10", "NaN", null, true, [], {}, "1 or 1=1"];
  interface NumberRow {
    readonly name: string;
    readonly path: string;
    readonly body: (given: unknown) => object;
    /** The one of the numbers that is allowed here. */
    readonly allowed?: unknown;
  }
  const path = "/api/query/Product";
  const rows: readonly NumberRow[] = [
    { name: "limit of a list", path, body: (limit) => ({ limit }) },
    { name: "limit of groups", path, body: (limit) => ({ group_by: "active", limit }) },
    { name: "limit of names", path: "/api/name_search/Product", body: (limit) => ({ term: "a", limit }) },
    { name: "offset of a list", path, body: (offset) => ({ offset }), allowed: 1e9 },
    { name: "offset of groups", path, body: (offset) => ({ group_by: "active", offset }), allowed: 1e9 },
  ];
  test.each(rows)("$name", async ({ name, path: to, body, allowed }) => {
    for (const given of whole.filter((each) => each !== allowed)) {
      const { result, texts } = await send({ method: "POST", path: to, body: body(given) });
      expect([given, result.status, texts]).toEqual([given, 400, []]);
      expect(result.json.detail).toContain(name.split(" ")[0]);
    }
  });
});

describe("more than a request may ask for", () => {
  const deep = (levels: number): unknown => (levels === 0 ? { id: 1 } : { not: deep(levels - 1) });
  const path = (names: number) => Array(names).fill("category").join(".");
  const bodies: readonly (readonly [name: string, body: object, says: RegExp])[] = [
    ["a filter of 10 000 levels", { q_filter: `${"(".repeat(10_000)}Q(id=1)${")".repeat(10_000)}` }, /level|deep/],
    ["a JSON filter of 65 levels", { q_filter: deep(65) }, /level|deep/],
    ["a thousand and one alternatives", { q_filter: { or: Array(1001).fill({ id: 1 }) } }, /1.?000/],
    ["ten thousand and one values", { q_filter: { id__in: Array(10_001).fill(1) } }, /10.?000/],
    ["a text of 64 KiB", { q_filter: `Q(name='${"x".repeat(65_536)}')` }, /65536|64|long/],
    ["a path of fifty relations", { fields: [path(50)] }, /more than 6 relations/],
    ["a path to be expanded", { fields: [`${path(7)}.name`] }, /more than 6 relations/],
    ["a thousand and one fields", { fields: Array(1001).fill("name") }, /fields/],
    ["seventeen steps of an order", { order_by: Array(17).fill("name") }, /order_by/],
    ["nine keys", { group_by: Array(9).fill("name") }, /group_by/],
    ["thirty-three aggregates", { aggregates: Array(33).fill("id__count") }, /aggregates/],
    ["a key of JSON or binary", { group_by: ["image"] }, /cannot be grouped by/],
    ["a cursor of 100 000 characters", { cursor: "A".repeat(100_000) }, /cursor/],
  ];
  const endpoints = ["/api/query/Product", "/api/name_search/Product"];
  test.each(bodies)("%s", async (_name, body, says) => {
    for (const endpoint of endpoints) {
      const isSearch = endpoint.includes("name_search");
      if (isSearch && !("q_filter" in body)) continue;
      const { result, texts } = await send({ method: "POST", path: endpoint, body });
      expect([result.status, texts, String(result.json.detail)]).toEqual([400, [], expect.stringMatching(says)]);
    }
  });
});
