/** Who gets in: every endpoint with every kind of token, and what a guest may read. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpoints } from "../../src/contract/endpoints.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
const tokens = new Map<string, string>();

beforeAll(async () => {
  api = await startTestServer();
  tokens.set("administrator", api.token);
  tokens.set("internal", await api.signIn("internal@example.com", "demo-demo"));
  tokens.set("portal", await api.signIn("portal@example.com", "demo-demo"));
});
afterAll(() => api?.close());

/** A token with our form and any content, signed with a key that everybody could have. */
function forged(header: object, claims: object, key = "secret"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

const now = Math.floor(Date.now() / 1000);
const claims = { sub: "1", db: "main", typ: "access", aud: "fullfinity", fam: "x", iat: now, exp: now + 900 };

const badAuthorizations: readonly (readonly [name: string, authorization: () => string | undefined])[] = [
  ["no header", () => undefined],
  ["an empty header", () => ""],
  ["no scheme", () => api.token],
  ["another scheme", () => `Basic ${Buffer.from("admin@example.com:admin").toString("base64")}`],
  ["a scheme alone", () => "Bearer"],
  ["two tokens", () => `Bearer ${api.token} ${api.token}`],
  ["a token cut short", () => `Bearer ${api.token.slice(0, -1)}`],
  ["a changed token", () => `Bearer ${api.token.slice(0, -10)}AAAAAAAAAA`],
  ["no signature", () => `Bearer ${api.token.slice(0, api.token.lastIndexOf(".") + 1)}`],
  ["alg none", () => `Bearer ${forged({ alg: "none", typ: "JWT" }, claims).replace(/[^.]+$/, "")}`],
  ["alg None", () => `Bearer ${forged({ alg: "None", typ: "JWT" }, claims)}`],
  ["a guessed key", () => `Bearer ${forged({ alg: "HS256", typ: "JWT" }, claims)}`],
  ["an empty key", () => `Bearer ${forged({ alg: "HS256", typ: "JWT" }, claims, "")}`],
  ["a kid that is a path", () => `Bearer ${forged({ alg: "HS256", kid: "../../dev/null" }, claims, "")}`],
  ["text", () => "Bearer a.b.c"],
];

describe("a bad token", () => {
  test.each(badAuthorizations)("%s is a 401 everywhere, whatever else is wrong", async (_name, authorization) => {
    const given = authorization();
    const headers = given === undefined ? {} : { authorization: given };
    for (const { method, path, guard } of endpoints) {
      if (guard === "public") continue;
      const url = path.replace("{model}", "Product").replace("{id}", "1");
      const answer = await api.call(method, url, method === "GET" ? undefined : "{", { token: null, headers });
      expect(answer.status, `${method} ${url}`).toBe(401);
      expect(answer.json.error).toBe("AuthenticationError");
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  test("is a guest's where anyone may call", async () => {
    const good = await api.call("GET", "/openapi.json");
    const bad = await api.call("GET", "/openapi.json", undefined, { token: "a.b.c" });
    const none = await api.call("GET", "/openapi.json", undefined, { token: null });
    expect([bad.status, none.status]).toEqual([200, 200]);
    expect(bad.text).toBe(none.text);
    expect(good.text.length).toBeGreaterThan(none.text.length);
  });
});

test("the scheme's case does not matter", async () => {
  for (const scheme of ["bearer", "BEARER", "Bearer "]) {
    const headers = { authorization: `${scheme} ${api.token}` };
    expect((await api.call("GET", "/api/get_registry", undefined, { token: null, headers })).status).toBe(200);
  }
});

test("a refresh token is no bearer token, and an access token does not refresh", async () => {
  const body = { email: "admin@example.com", password: "admin" };
  const { json } = await api.call("POST", "/auth/authenticate", body, { token: null });
  const refreshToken = String(json.refresh_token);
  expect((await api.call("GET", "/api/get_registry", undefined, { token: refreshToken })).status).toBe(401);
  const wrong = { refresh_token: json.access_token };
  expect((await api.call("POST", "/auth/refresh", wrong, { token: null })).status).toBe(401);
  const refreshed = await api.call("POST", "/auth/refresh", { refresh_token: refreshToken }, { token: null });
  expect(refreshed.json).toMatchObject({ message: "Token refreshed", token_type: "bearer" });
  expect(refreshed.json.expires_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
});

test("a wrong address and a wrong password get the same answer", async () => {
  const answers = await Promise.all(
    [
      { email: "nobody@example.com", password: "admin" },
      { email: "admin@example.com", password: "wrong" },
    ].map((body) => api.call("POST", "/auth/authenticate", body, { token: null })),
  );
  expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  expect(answers[0]?.text).toBe(answers[1]?.text);
});

test.each([
  ["administrator", 200],
  ["internal", 200],
  ["portal", 403],
] as const)("%s: %i for what internal users may do", async (who, status) => {
  const answer = await api.call("GET", "/api/get_registry", undefined, { token: tokens.get(who) ?? "" });
  expect(answer.status).toBe(status);
  if (status === 403) expect(answer.json.error).toBe("AccessError");
});

describe("what a user may not read does not exist", () => {
  const hidden = ["/api/query/Contact", "/api/fetch/Contact/1", "/api/create/Contact"];
  test.each(hidden)("%s", async (path) => {
    const token = tokens.get("internal") ?? "";
    const real = await api.call("POST", path, { name: "x" }, { token });
    const invented = await api.call("POST", path.replace("Contact", "Nothing"), { name: "x" }, { token });
    const known = path.includes("create") ? {} : { fields: ["id"] };
    expect((await api.call("POST", path, known, { token })).status).toBe(404);
    expect([real.status, invented.status].every((status) => status === 404 || status === 400)).toBe(true);
    expect(real.text).toBe(invented.text.replaceAll("Nothing", "Contact"));
  });

  test("the document has no model for a guest, and only readable ones for a user", async () => {
    const models = async (token: string | null) => {
      const { json } = await api.call("GET", "/openapi.json", undefined, { token });
      return Object.keys(json.paths as object).flatMap((path) => /^\/api\/query\/(\w+)$/.exec(path)?.[1] ?? []);
    };
    expect(await models(null)).toEqual([]);
    const internal = await models(tokens.get("internal") ?? "");
    expect(internal).toContain("Country");
    expect(internal).not.toContain("Contact");
    expect(internal).not.toContain("RefreshToken");
    const guest = await api.call("GET", "/openapi.json", undefined, { token: null });
    expect(guest.text).not.toContain("tax_number");
    const administrator = await models(api.token);
    expect(administrator).toContain("Contact");
    expect(administrator).not.toContain("RefreshToken");
  });
});

test("what a user may read but not change is a 403", async () => {
  const token = tokens.get("internal") ?? "";
  const answer = await api.call("PUT", "/api/update/Country/1", { name: "x" }, { token });
  expect([answer.status, answer.json.error]).toEqual([403, "AccessError"]);
});

test("a user who is switched off is out with the next request", async () => {
  const token = await api.signIn("demo@example.com", "demo-demo");
  const { json } = await api.call("POST", "/api/query/User", {
    q_filter: "Q(email='demo@example.com')",
    fields: ["id"],
  });
  const id = (json.data as readonly { id: number }[])[0]?.id;
  expect((await api.call("GET", "/api/get_registry", undefined, { token })).status).toBe(200);
  expect((await api.call("PUT", `/api/update/User/${id}`, { active: false })).status).toBe(200);
  expect((await api.call("GET", "/api/get_registry", undefined, { token })).status).toBe(401);
});

test("an unknown database is a 404, with a good token and without", async () => {
  const headers = { host: "nope.localhost" };
  for (const token of [api.token, null]) {
    const { status, json } = await api.call("GET", "/api/get_registry", undefined, { token, headers });
    expect([status, json.error]).toEqual([404, "MissingError"]);
  }
});
