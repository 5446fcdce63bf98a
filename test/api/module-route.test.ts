/** Endpoints that a module brings: who gets in, whose rights they have, what they refuse, and how they are documented. */
import { defineModule, defineRoute, MissingError, Type } from "fullfinity";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoadedModule } from "../../src/installer/load-modules.ts";
import { composeModules } from "../../src/installer/module-library.ts";
import type { CompositionError } from "../../src/models/conflict.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const order = Type.Object({ quantity: Type.Integer({ minimum: 1, maximum: 9 }) }, { additionalProperties: false });
const shop = moduleOf("shop", [
  defineRoute(
    {
      method: "GET",
      path: "/shop/currencies/{code}",
      guard: "public",
      summary: "A currency",
      query: Type.Object({ digits: Type.Optional(Type.Integer({ minimum: 0 })) }, { additionalProperties: false }),
      body: null,
      answer: Type.Object({ visible: Type.Integer(), user: Type.Union([Type.Integer(), Type.Null()]) }),
    },
    async (env, { path, query }) => {
      if (path.code === "none") throw new MissingError("there is no such currency");
      const found = env.access.canRead(env.registry.models.get("Currency") as never)
        ? await env.model("Currency").filter({ code: path.code }).count()
        : 0;
      return { visible: found, user: env.access.userId, digits: query.digits ?? null };
    },
  ),
  defineRoute(
    {
      method: "POST",
      path: "/shop/orders/{id}",
      guard: "user",
      summary: "Order",
      query: null,
      body: order,
      answer: Type.Object({}),
    },
    (env, { path, body }) => ({ id: path.id, quantity: body.quantity, user: env.access.userId, cids: env.names.cids }),
  ),
  defineRoute(
    {
      method: "POST",
      path: "/api/shop/tags",
      guard: "internal",
      summary: "A tag",
      query: null,
      body: Type.Object({ name: Type.String({ minLength: 2 }) }, { additionalProperties: false }),
      answer: Type.Object({}),
      examples: [{ summary: "One", body: { name: "New in the shop" } }],
    },
    (env, { body }) => env.model("ContactTag").create({ name: body.name }),
  ),
  defineRoute(
    {
      method: "GET",
      path: "/api/shop/tags",
      guard: "internal",
      summary: "Nothing",
      query: null,
      body: null,
      answer: Type.Null(),
    },
    () => undefined,
  ),
]);

function moduleOf(identifier: string, routes: Parameters<typeof defineModule>[0]["routes"] & object): LoadedModule {
  const manifest = { name: identifier, identifier, version: "1.0.0", summary: "", dependencies: [] };
  return {
    manifest: { ...manifest, data: [], demo: [], ledger: [], folder: "" } as unknown as LoadedModule["manifest"],
    definition: defineModule({ routes }),
  };
}

let api: TestServer;
const tokens = new Map<string, string | null>([
  ["guest", null],
  ["nonsense", "a.b.c"],
]);

beforeAll(async () => {
  api = await startTestServer({ modules: [shop] });
  tokens.set("administrator", api.token);
  tokens.set("internal", await api.signIn("internal@example.com", "demo-demo"));
  tokens.set("portal", await api.signIn("portal@example.com", "demo-demo"));
});
afterAll(() => api?.close());

const price = ["GET", "/shop/currencies/EUR"] as const;
const orders = ["POST", "/shop/orders/7", { quantity: 2 }] as const;
const tags = ["POST", "/api/shop/tags"] as const;

describe("guards", () => {
  test.each<[who: string, call: readonly [string, string, object?], status: number]>([
    ["guest", price, 200],
    ["nonsense", price, 200],
    ["portal", price, 200],
    ["guest", orders, 401],
    ["nonsense", orders, 401],
    ["portal", orders, 200],
    ["internal", orders, 200],
    ["guest", [...tags, {}], 401],
    ["portal", [...tags, {}], 403],
    ["administrator", [...tags, { name: "Shop" }], 200],
    // The guard lets internal users in, and then their own rights count.
    ["internal", [...tags, { name: "Shop" }], 404],
  ])("%s %j: %i", async (who, [method, path, body], status) => {
    const answer = await api.call(method, path, body, { token: tokens.get(who) ?? null });
    expect(answer.status, answer.text).toBe(status);
  });
});

describe("rights", () => {
  test("a guest has those of core_public, from the next request on", async () => {
    const seen = async (token: string | null) => (await api.call(...price, undefined, { token })).json;
    expect(await seen(null)).toEqual({ visible: 0, user: null, digits: null });
    expect(await seen(tokens.get("internal") ?? null)).toEqual({ visible: 1, user: expect.any(Number), digits: null });
    const found = await api.call("POST", "/api/query/Group", { q_filter: "Q(identifier='core_public')" });
    const [group] = found.json.data as { id: number }[];
    await api.call("POST", "/api/create/ModelAccess", {
      name: "Guests",
      model: "Currency",
      group: group?.id,
      read_perm: true,
    });
    expect(await seen(null)).toEqual({ visible: 1, user: null, digits: null });
    expect(await seen("a.b.c")).toEqual({ visible: 1, user: null, digits: null });
  });

  test("companies of the request are known to the function", async () => {
    const token = tokens.get("portal") ?? null;
    const answer = await api.call(...orders, { token, headers: { "x-company-ids": "1" } });
    expect(answer.json).toMatchObject({ id: 7, quantity: 2, cids: [1] });
    const refused = await api.call(...orders, { token, headers: { "x-company-ids": "2" } });
    expect(refused.status).toBe(403);
  });

  test("a read-only key may only read", async () => {
    const { json } = await api.call("POST", "/auth/api-keys", { name: "r", read_only: true });
    const token = String(json.key);
    expect((await api.call("GET", "/api/shop/tags", undefined, { token })).text).toBe("null");
    expect((await api.call(...tags, { name: "By key" }, { token })).status).toBe(403);
  });
});

describe("input", () => {
  test.each<[call: readonly [string, string, unknown?], status: number, says: RegExp]>([
    [["POST", "/shop/orders/7", { quantity: 10 }], 400, /^quantity: must be a whole number from 1 to 9, not 10$/],
    [["POST", "/shop/orders/7", { quantity: 1, price: 0 }], 400, /^price: is not known here/],
    [["POST", "/shop/orders/7"], 400, /^A body is required/],
    [["POST", "/shop/orders/7?x=1", { quantity: 1 }], 400, /^x: is not known here/],
    [["POST", "/shop/orders/x", { quantity: 1 }], 400, /^id: must be a record id/],
    [["POST", "/shop/orders/99999999999999999999", { quantity: 1 }], 404, /does not exist$/],
    [["GET", "/shop/currencies/EUR?digits=-1"], 400, /^digits: must be a whole number/],
    [["GET", "/shop/currencies/none"], 404, /^there is no such currency$/],
    [["DELETE", "/shop/orders/7"], 405, /takes POST, OPTIONS$/],
    [["PUT", "/api/shop/tags"], 405, /takes POST, GET, HEAD, OPTIONS$/],
    [["POST", "/shop/orders/7/", { quantity: 1 }], 404, /^There is no path/],
    [["POST", "/Shop/orders/7", { quantity: 1 }], 404, /^There is no path/],
    [["POST", "//shop/orders/7", { quantity: 1 }], 404, /^There is no path/],
    [["POST", "/shop%2forders/7", { quantity: 1 }], 404, /^There is no path/],
    [["GET", "/shop"], 404, /^There is no path/],
    [["POST", "/api/shop/tags", { name: "x" }], 400, /^name: must have at least 2 characters$/],
  ])("%j: %i", async ([method, path, body], status, says) => {
    const answer = await api.call(method, path, body);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.json.detail).toMatch(says);
  });

  test("a parameter may hold any text", async () => {
    expect((await api.call("GET", "/shop/currencies/E%2FU%20R")).json.visible).toBe(0);
  });

  test("the same key has its effect once", async () => {
    const once = { headers: { "idempotency-key": "tag-1" } };
    const first = await api.call(...tags, { name: "Once" }, once);
    const second = await api.call(...tags, { name: "Once" }, once);
    expect([first.status, second.status, second.headers["idempotent-replayed"]]).toEqual([200, 200, "true"]);
    expect(second.text).toBe(first.text);
  });
});

test("they are part of the document, with guards, schemas and examples", async () => {
  const { json } = await api.call("GET", "/openapi.json");
  const paths = json.paths as Record<string, Record<string, Record<string, unknown>>>;
  expect(paths["/shop/currencies/{code}"]?.get).toMatchObject({ summary: "A currency", security: [] });
  expect(paths["/api/shop/tags"]?.post).toMatchObject({
    tags: ["Modules"],
    requestBody: { content: { "application/json": { schema: { properties: { name: { minLength: 2 } } } } } },
  });
  expect(paths["/api/shop/tags"]?.post?.security).toBeUndefined();
});

test("another database has only what its own modules bring", async () => {
  const plain = await startTestServer();
  try {
    const answer = await plain.call(...price);
    expect([answer.status, answer.json.detail]).toEqual([404, 'There is no path "/shop/currencies/EUR"']);
  } finally {
    await plain.close();
  }
});

describe("conflicts", () => {
  const route = (method: "GET" | "POST", path: string) =>
    defineRoute(
      { method, path, guard: "internal", summary: "x", query: null, body: null, answer: Type.Null() },
      () => null,
    );

  test.each<[paths: readonly ["GET" | "POST", string][], message: RegExp | null]>([
    [[["GET", "/api/query/all"]], /could also be (GET|POST) \/api\/query\/\{model\} of the server/],
    [[["GET", "/api/{any}/{thing}"]], /could also be/],
    [[["GET", "/auth/sso"]], /begins with \/auth, which is the server's own/],
    [[["GET", "/docs/x"]], /the server's own/],
    [[["GET", "shop"]], /must be a path of small letters/],
    [[["GET", "/shop/*"]], /must be a path of small letters/],
    [[["GET", "/shop/{a}/{a}"]], /two parameters of the same name/],
    [
      [
        ["GET", "/x"],
        ["GET", "/x"],
      ],
      /could also be GET \/x of module a/,
    ],
    [
      [
        ["GET", "/x/{a}"],
        ["POST", "/x/b"],
      ],
      /could also be GET \/x\/\{a\} of module a/,
    ],
    [
      [
        ["GET", "/x"],
        ["POST", "/x"],
      ],
      null,
    ],
    [
      [
        ["GET", "/shop/x"],
        ["GET", "/shop/x/{id}"],
      ],
      null,
    ],
  ])("%j", (paths, message) => {
    const compose = () =>
      composeModules([
        moduleOf(
          "a",
          paths.map(([method, path]) => route(method, path)),
        ),
      ]);
    if (message === null) expect(compose).not.toThrow();
    else expect(compose).toThrow(message);
  });

  test("two modules may not share a path, not even with other methods", () => {
    const modules = [moduleOf("a", [route("GET", "/x")]), moduleOf("b", [route("POST", "/x")])];
    const thrown = (() => {
      try {
        composeModules(modules);
      } catch (error) {
        return error as CompositionError;
      }
      return null;
    })();
    expect(thrown?.conflicts).toEqual([
      expect.objectContaining({ module: "b", subject: "POST /x", message: "could also be GET /x of module a" }),
    ]);
  });
});
