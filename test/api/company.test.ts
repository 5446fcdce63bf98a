/** The companies of a request: which may be named, and that filters, rules and totals go by them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let token: string;
/** Ids of three companies: the user's default one, another allowed one, and one that is not allowed. */
let own: number;
let second: number;
let foreign: number;

beforeAll(async () => {
  api = await startTestServer();
  const { json } = await api.call("POST", "/api/fetch/Company/1", { fields: ["currency"] });
  const { currency } = json;
  const create = async (name: string) =>
    (await api.call("POST", "/api/create/Company", { name, currency })).json.id as number;
  [own, second, foreign] = [1, await create("Second"), await create("Foreign")];
  const found = await api.call("POST", "/api/query/User", { q_filter: "Q(email='internal@example.com')" });
  const id = (found.json.data as { id: number }[])[0]?.id;
  await api.call("PUT", `/api/update/User/${id}`, { allowed_companies: [own, second] });
  token = await api.signIn("internal@example.com", "demo-demo");
});
afterAll(() => api?.close());

const call = (companies: string | undefined, body: object = {}) => {
  const headers = companies === undefined ? undefined : { "x-company-ids": companies };
  return api.call("POST", "/api/query/Company", body, { token, ...(headers === undefined ? {} : { headers }) });
};
const idsOf = (json: Record<string, unknown>) => (json.data as { id: number }[]).map(({ id }) => id).sort();

describe("names and rules", () => {
  const rows: readonly (readonly [header: () => string | undefined, current: () => number, all: () => number[]])[] = [
    [() => undefined, () => own, () => [own, second]],
    [() => `${own}`, () => own, () => [own]],
    [() => `${second}`, () => second, () => [second]],
    [() => `${second},${own}`, () => second, () => [own, second]],
    [() => ` ${own} , ${second} `, () => own, () => [own, second]],
    [() => `${second},${second}`, () => second, () => [second]],
  ];
  test.each(rows.map((row) => [row] as const))("%#", async ([header, current, all]) => {
    const listed = await call(header());
    expect([idsOf(listed.json), listed.json.total]).toEqual([all(), all().length]);
    for (const name of ["cid", "company_id"]) {
      expect(idsOf((await call(header(), { q_filter: `Q(id=${name})` })).json)).toEqual([current()]);
    }
    const named = header();
    const me = await api.call("GET", "/auth/me", undefined, {
      token,
      ...(named === undefined ? {} : { headers: { "x-company-ids": named } }),
    });
    const active = me.json.active_companies as number[];
    expect([active[0], [...active].sort()]).toEqual([current(), all()]);
    expect(me.json.companies).toHaveLength(2);
  });
});

test.each(["", " ", "a", "1,", ",1", "1;2", "1.5", "-1", "0", "01", "1e3", "9".repeat(16), "1 2", "*"])(
  "%j is no list of companies",
  async (header) => {
    const { status, json } = await call(header);
    expect([status, json.error]).toEqual([400, "ValidationError"]);
    expect(json.detail).toMatch(/^X-Company-Ids: must be ids of companies/);
  },
);

test("a company that the user may not work in is a 403, whether or not it exists", async () => {
  const rows: readonly (readonly [header: string, detail: string])[] = [
    [`${foreign}`, `you may not work in the company ${foreign}`],
    [`${own},${foreign}`, `you may not work in the company ${foreign}`],
    [`999999,${foreign}`, `you may not work in the companies 999999, ${foreign}`],
  ];
  for (const [header, detail] of rows) {
    const { status, json } = await call(header);
    expect([status, json.error, json.detail]).toEqual([403, "AccessError", `X-Company-Ids: ${detail}`]);
  }
  const headers = { "x-company-ids": String(foreign) };
  expect((await api.call("POST", "/api/query/Company", {}, { headers })).status).toBe(403);
});

test("nobody is told about companies without a token, and where anyone may call they do not matter", async () => {
  const headers = { "x-company-ids": "nonsense" };
  expect((await api.call("POST", "/api/query/Company", {}, { token: null, headers })).status).toBe(401);
  for (const given of [token, null]) {
    expect((await api.call("GET", "/openapi.json", undefined, { token: given, headers })).status).toBe(200);
  }
});

test("a company that is taken from the user is refused from the next request on", async () => {
  expect((await call(String(second))).status).toBe(200);
  const found = await api.call("POST", "/api/query/User", { q_filter: "Q(email='internal@example.com')" });
  const id = (found.json.data as { id: number }[])[0]?.id;
  await api.call("PUT", `/api/update/User/${id}`, { allowed_companies: [own] });
  expect((await call(String(second))).status).toBe(403);
});
