/** API keys: made and ended by their owners, limited, and refused as soon as they do not hold any more. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type SecondProcess, startSecondProcess } from "../support/second-process.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

interface Key {
  readonly id: number;
  readonly key: string;
}

let api: TestServer;
let other: SecondProcess;
let internal: string;

beforeAll(async () => {
  api = await startTestServer();
  other = await startSecondProcess(api);
  internal = await api.signIn("internal@example.com", "demo-demo");
});
afterAll(async () => {
  await other?.close();
  await api?.close();
});

async function make(values: object = {}, token = api.token): Promise<Key> {
  const answer = await api.call("POST", "/auth/api-keys", { name: "a key", ...values }, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.json as unknown as Key;
}

const list = async (token = api.token) =>
  (await api.call("GET", "/auth/api-keys", undefined, { token })).json.data as readonly Record<string, unknown>[];
const read = (token: string) => api.call("GET", "/api/get_registry", undefined, { token });
const sql = (text: string, values: (string | number)[] = []) => api.database.database.run({ text, values });

test("a key is shown once, and nowhere kept", async () => {
  const answer = await api.call("POST", "/auth/api-keys", { name: "Shop", expires: "2100-01-01" });
  expect(answer.json).toEqual({
    id: expect.any(Number),
    key: expect.stringMatching(/^ff_[\w-]{43}$/),
    name: "Shop",
    prefix: String(answer.json.key).slice(0, 8),
    created_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    expires: "2100-01-01T00:00:00Z",
    read_only: false,
    models: null,
  });
  const { key, ...described } = answer.json;
  expect(await list()).toContainEqual(described);
  const rows = await api.database.database.rows({ text: "SELECT * FROM api_key", values: [] });
  expect(JSON.stringify(rows)).not.toContain(String(key).slice(8));
});

test("a key that says nothing about its end holds a year", async () => {
  const { id } = await make();
  const expires = (await list()).find((each) => each.id === id)?.expires;
  const days = (Date.parse(String(expires)) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(365);
});

const wrong: readonly (readonly [body: object, path: string])[] = [
  [{}, "name"],
  [{ name: "" }, "name"],
  [{ name: "  " }, "name"],
  [{ name: "a\0" }, "name"],
  [{ name: "x".repeat(101) }, "name"],
  [{ name: "a", expires: "2020-01-01" }, "expires"],
  [{ name: "a", expires: "soon" }, "expires"],
  [{ name: "a", expires: null }, "expires"],
  [{ name: "a", models: ["Nothing"] }, "models[0]"],
  [{ name: "a", models: ["Country", "RefreshToken"] }, "models[1]"],
  [{ name: "a", models: [] }, "models"],
  [{ name: "a", read_only: "yes" }, "read_only"],
  [{ name: "a", user: 1 }, "user"],
];
test.each(wrong)("is refused: %j", async (body, path) => {
  const answer = await api.call("POST", "/auth/api-keys", body);
  expect([answer.status, answer.json.error], answer.text).toEqual([400, "ValidationError"]);
  expect((answer.json.fields as { path: string }[]).map((field) => field.path)).toEqual([path]);
});

test("names no model that its owner may not read", async () => {
  const body = { name: "a", models: ["RecordRule"] };
  expect((await api.call("POST", "/auth/api-keys", body, { token: internal })).status).toBe(400);
});

test("nobody has more than a hundred", async () => {
  await sql(`INSERT INTO api_key (user_id, name, prefix, hash, expires)
    SELECT u.id, 'many', 'ff_', 'hash ' || n, now() FROM "user" u, generate_series(1, 100) n WHERE email = 'internal@example.com'`);
  const answer = await api.call("POST", "/auth/api-keys", { name: "a" }, { token: internal });
  expect([answer.status, answer.json.error]).toEqual([400, "UserError"]);
  await sql("DELETE FROM api_key WHERE name = 'many'");
});

describe("a key is its user's", () => {
  test("it reads and writes as the user does", async () => {
    const { key } = await make();
    const created = await api.call("POST", "/api/create/Country", { name: "Nowhere", code: "XX" }, { token: key });
    expect(created.status, created.text).toBe(200);
    const me = await api.call("GET", "/auth/me", undefined, { token: key });
    expect(me.json).toEqual((await api.call("GET", "/auth/me")).json);
    const users = await make({}, internal);
    const denied = { name: "x" };
    expect((await api.call("PUT", "/api/update/Country/1", denied, { token: users.key })).status).toBe(403);
    expect((await api.call("POST", "/api/query/RecordRule", {}, { token: users.key })).status).toBe(404);
  });

  test("others neither see it nor end it", async () => {
    const { id, key } = await make();
    expect(await list(internal)).toEqual([expect.objectContaining({ name: "a key" })]);
    const answer = await api.call("DELETE", `/auth/api-keys/${id}`, undefined, { token: internal });
    const missing = await api.call("DELETE", "/auth/api-keys/999999", undefined, { token: internal });
    expect([answer.status, missing.status]).toEqual([404, 404]);
    expect(answer.text).toBe(missing.text.replace("999999", String(id)));
    expect((await read(key)).status).toBe(200);
  });
});

describe("a limited key", () => {
  const writes: readonly (readonly [method: string, path: string, body: object | undefined])[] = [
    ["POST", "/api/create/Country", { name: "x", code: "XY" }],
    ["PUT", "/api/update/Country/1", { name: "x" }],
    ["DELETE", "/api/delete/Country/1", undefined],
    ["POST", "/api/bulk-create/Country", { records: [] }],
    ["PUT", "/api/bulk-update/Country", { ids: [], values: {} }],
    ["DELETE", "/api/bulk-delete/Country", { ids: [] }],
  ];
  test("that is read-only reads, and gets a 403 for whatever writes", async () => {
    const { key: token } = await make({ read_only: true });
    for (const [method, path, body] of writes) {
      const { status, json } = await api.call(method, path, body, { token });
      expect([status, json.error, json.detail], path).toEqual([403, "AccessError", "The API key is read-only"]);
    }
    expect((await api.call("POST", "/api/query/Country", { limit: 1 }, { token })).status).toBe(200);
    const { json } = await api.call("GET", "/api/get_registry", undefined, { token });
    expect(json.Country).toMatchObject({
      permissions: { read: true, create: false, write: false, delete: false },
    });
  });

  test("that is for some models finds no other one, also not through relations", async () => {
    const { key: token } = await make({ models: ["Country"] });
    const registry = await api.call("GET", "/api/get_registry", undefined, { token });
    expect(Object.keys(registry.json)).toEqual(["Country"]);
    const call = async (path: string, body: object) => (await api.call("POST", path, body, { token })).status;
    expect(await call("/api/query/Country", { fields: ["name"], limit: 1 })).toBe(200);
    expect(await call("/api/query/Currency", {})).toBe(404);
    expect(await call("/api/create/Currency", { name: "x" })).toBe(404);
    expect(await call("/api/query/Country", { fields: ["currency.code"] })).toBe(400);
    expect(await call("/api/query/Country", { q_filter: "Q(currency__code='EUR')" })).toBe(400);
    const unlimited = await api.call("POST", "/api/query/Currency", {});
    expect(unlimited.status).toBe(200);
  });

  test("has a document of what it may do", async () => {
    const { key: token } = await make({ models: ["Country"], read_only: true });
    const { json } = await api.call("GET", "/openapi.json", undefined, { token });
    const paths = Object.keys(json.paths as object);
    expect(paths).toContain("/api/query/Country");
    expect(paths).not.toContain("/api/create/Country");
    expect(paths).not.toContain("/api/query/Currency");
  });
});

describe("no key does what takes a sign-in", () => {
  test.each([
    ["POST", "/auth/api-keys", { name: "another" }],
    ["GET", "/auth/api-keys", undefined],
    ["DELETE", "/auth/api-keys/1", undefined],
    ["POST", "/auth/logout", undefined],
    ["POST", "/auth/change-password", { current_password: "admin", new_password: "long enough" }],
  ])("%s %s", async (method, path, body) => {
    const { key } = await make();
    const { status, json } = await api.call(method, path, body, { token: key });
    expect([status, json.detail]).toEqual([403, "An API key cannot do this: sign in"]);
  });

  test("signing in and refreshing", async () => {
    const { key } = await make();
    const body = { email: "admin@example.com", password: key };
    expect((await api.call("POST", "/auth/authenticate", body, { token: null })).status).toBe(401);
    expect((await api.call("POST", "/auth/refresh", { refresh_token: key }, { token: null })).status).toBe(401);
  });
});

describe("a key is refused", () => {
  /** Both processes know the key, so that both have to be told. */
  async function expectEnd(values: object, token: string, end: (made: Key) => Promise<unknown>): Promise<void> {
    const made = await make(values, token);
    expect((await read(made.key)).status).toBe(200);
    expect(await other.status("/api/get_registry", made.key)).toBe(200);
    await end(made);
    const answer = await read(made.key);
    expect([answer.status, answer.json.error]).toEqual([401, "AuthenticationError"]);
    await vi.waitFor(async () => expect(await other.status("/api/get_registry", made.key)).toBe(401));
  }

  test("once it is deleted", () =>
    expectEnd({}, api.token, async ({ id }) => {
      const answer = await api.call("DELETE", `/auth/api-keys/${id}`);
      expect(answer.json).toEqual({ id, deleted: true });
    }));

  test("once its user is switched off", () =>
    expectEnd({}, internal, async () => {
      const found = await api.call("POST", "/api/query/User", { q_filter: "Q(email='internal@example.com')" });
      const id = (found.json.data as { id: number }[])[0]?.id;
      await api.call("PUT", `/api/update/User/${id}`, { active: false });
    }));

  test("once it has expired", async () => {
    const { id, key } = await make();
    await sql("UPDATE api_key SET expires = now() - interval '1 second' WHERE id = $1", [id]);
    expect((await read(key)).status).toBe(401);
  });

  test("when it is another one by a character, in a URL, or with another scheme", async () => {
    const { key } = await make();
    const last = key.endsWith("A") ? "B" : "A";
    const rows: readonly (readonly [url: string, headers: Readonly<Record<string, string>>])[] = [
      ["/api/get_registry", { authorization: `Bearer ${key.slice(0, -1)}${last}` }],
      ["/api/get_registry", { authorization: `Bearer ${key.slice(3)}` }],
      ["/api/get_registry", { authorization: `Bearer ${key.slice(0, 20)}` }],
      ["/api/get_registry", { authorization: `Bearer ff_${"A".repeat(8000)}` }],
      ["/api/get_registry", { authorization: `ApiKey ${key}` }],
      ["/api/get_registry", { "x-api-key": key }],
      ["/api/get_registry", { cookie: `access_token=${key}` }],
      [`/api/get_registry?access_token=${key}`, {}],
      [`/api/get_registry?api_key=${key}`, {}],
    ];
    for (const [url, headers] of rows) {
      expect((await api.call("GET", url, undefined, { token: null, headers })).status, url).toBe(401);
    }
  });
});

test("a key that holds costs no statement", async () => {
  const { key } = await make({ read_only: true });
  await read(key);
  const { result, texts } = await api.database.statements.during(() => read(key));
  expect([result.status, texts]).toEqual([200, []]);
});

describe("keys as records", () => {
  let internal: string;
  beforeAll(async () => {
    const found = await api.call("POST", "/api/query/Group", { q_filter: "Q(identifier='core_internal')" });
    const [group] = found.json.data as Key[];
    const user = { name: "Owner", email: "owner@example.com", password: "owner-owner", groups: [group?.id] };
    await api.call("POST", "/api/create/User", user);
    internal = await api.signIn(user.email, user.password);
  });
  const find = (token: string, body: object = {}) => api.call("POST", "/api/query/ApiKey", body, { token });
  const ids = ({ json }: { readonly json: Record<string, unknown> }) => (json.data as Key[]).map(({ id }) => id);

  test("owners see their own, administrators see all, and nobody sees a hash", async () => {
    const mine = await make({ name: "mine" }, internal);
    const yours = await make({ name: "yours" });
    const own = await find(internal);
    expect(ids(own)).toContain(mine.id);
    expect(ids(own)).not.toContain(yours.id);
    expect(ids(await find(api.token))).toEqual(expect.arrayContaining([mine.id, yours.id]));
    for (const token of [internal, api.token]) {
      expect((await find(token)).text).not.toContain('"hash"');
      for (const body of [{ fields: ["hash"] }, { q_filter: "Q(hash__startswith='a')" }, { order_by: ["hash"] }]) {
        expect((await find(token, body)).json.detail).toMatch(/ApiKey has no field "hash"/);
      }
      const described = await api.call("GET", "/api/get_registry/ApiKey", undefined, { token });
      expect(Object.keys(described.json)).not.toContain("hash");
    }
  });

  test("a key that is deleted as a record is refused at once, in every process", async () => {
    const { id, key } = await make({}, internal);
    expect([(await read(key)).status, await other.status("/api/get_registry", key)]).toEqual([200, 200]);
    expect((await api.call("DELETE", `/api/delete/ApiKey/${id}`, undefined, { token: internal })).status).toBe(200);
    expect((await read(key)).status).toBe(401);
    await vi.waitFor(async () => expect(await other.status("/api/get_registry", key)).toBe(401));
  });

  test("it can be renamed, and nothing else of it can be changed or made", async () => {
    const { id } = await make({}, internal);
    const change = (values: object) => api.call("PUT", `/api/update/ApiKey/${id}`, values);
    expect((await change({ name: "Shop" })).status).toBe(200);
    for (const values of [
      { expires: "2999-01-01" },
      { read_only: false },
      { models: null },
      { user: 1 },
      { prefix: "x" },
    ]) {
      const [name = ""] = Object.keys(values);
      expect((await change(values)).json.detail).toBe(`${name}: is read-only`);
    }
    expect((await change({ hash: "x" })).json.detail).toMatch(/^hash: ApiKey has no such field/);
    const made = await api.call("POST", "/api/create/ApiKey", { name: "x" });
    expect([made.status, made.json.error]).toEqual([400, "UserError"]);
    expect((await api.call("POST", "/api/create/ApiKey", { name: "x" }, { token: internal })).status).toBe(403);
    expect((await api.call("POST", "/api/clone/ApiKey", { id })).status).toBe(400);
  });
});
