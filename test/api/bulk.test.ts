/** Records within records and bulk calls over HTTP: answers, order, all or nothing, limits, and what is said when it goes wrong. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

const total = async (model: string) => (await api.call("POST", `/api/query/${model}`, { limit: 0 })).json.total;
const read = async (model: string, id: number, fields: readonly string[]) =>
  (await api.call("POST", `/api/fetch/${model}/${id}`, { fields })).json;

describe("records within records", () => {
  test("new lines come back with their ids, in order", async () => {
    const answer = await api.call("POST", "/api/create/Category?fields=products.name,products.price", {
      name: "Garden",
      products: [{ name: "A bench", price: "149.00" }, { name: "B parasol" }],
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toContain('"price":149.00');
    const { products } = answer.json as { products: { id: number; name: string }[] };
    expect(products.map(({ name }) => name)).toEqual(["A bench", "B parasol"]);
    expect((products[1]?.id ?? 0) - (products[0]?.id ?? 0)).toBe(1);
    const turned = ["Zoe", "Ada", "Mia"];
    const { children } = (
      await api.call("POST", "/api/create/Contact?fields=children.name", {
        name: "Order of ids",
        children: turned.map((name) => ({ name })),
      })
    ).json as { children: { id: number; name: string }[] };
    expect(children.map(({ name }) => name)).toEqual(["Ada", "Mia", "Zoe"]);
    expect(children.toSorted((a, b) => a.id - b.id).map(({ name }) => name)).toEqual(turned);
  });

  test("commands under If-Match", async () => {
    const made = await api.call("POST", "/api/create/Contact?fields=children", {
      name: "Acme",
      children: [{ name: "Ada" }, { name: "Bob" }],
      tags: [{ name: "Bulk tag" }],
    });
    const { id, children } = made.json as { id: number; children: { id: number }[] };
    const [ada, bob] = children.map((each) => each.id);
    const change = (version: number, body: object) =>
      api.call("PUT", `/api/update/Contact/${id}?fields=children,tags`, body, {
        headers: { "if-match": `"${version}"` },
      });
    const commands = [
      ["U", ada, { name: "Ada L." }],
      ["D", bob],
      ["C", { name: "Cleo" }],
    ];
    const changed = await change(1, { children: commands, tags: [["X"]] });
    expect([changed.status, changed.headers.etag]).toEqual([200, '"2"']);
    expect((changed.json.children as { display_name: string }[]).map((each) => each.display_name)).toEqual([
      "Ada L.",
      "Cleo",
    ]);
    expect(changed.json.tags).toEqual([]);
    expect((await change(1, { children: [] })).status).toBe(412);
    expect((await read("Contact", id, ["children"])).children).toHaveLength(2);
  });

  test("errors carry the path, and a child of another is missing", async () => {
    const before = await total("Product");
    const body = { name: "x", products: [{ name: "y" }, { name: "", price: -1 }, 5.5], children: [["U", 1]] };
    const answer = await api.call("POST", "/api/create/Category", body);
    expect(answer.status).toBe(400);
    expect((answer.json.fields as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      "children[0]",
      "products[1].name",
      "products[1].price",
      "products[2]",
    ]);
    const { id } = (await api.call("POST", "/api/create/Category", { name: "empty" })).json as { id: number };
    const texts = new Set<string>();
    for (const product of [1, 999_999_999]) {
      const missing = await api.call("PUT", `/api/update/Category/${id}`, {
        products: [["U", product, { name: "z" }]],
      });
      expect([missing.status, missing.json.error]).toEqual([404, "MissingError"]);
      texts.add(missing.text.replaceAll(String(product), "n"));
    }
    expect(texts.size).toBe(1);
    expect(await total("Product")).toBe(before);
  });
});

describe("bulk", () => {
  let ids: number[];
  beforeEach(async () => {
    const records = ["a", "b", "c"].map((name) => ({ name: `bulk ${name}` }));
    const answer = await api.call("POST", "/api/bulk-create/Product", { records });
    expect([answer.status, answer.json.count]).toEqual([200, 3]);
    ids = answer.json.ids as number[];
  });

  test("create keeps the order", async () => {
    for (const [index, id] of ids.entries())
      expect(await read("Product", id, ["name"])).toEqual({ id, name: `bulk ${"abc"[index]}` });
  });

  test("update and delete answer with each id once", async () => {
    const [a = 0, b = 0, c = 0] = ids;
    const values = { price: "1.005", active: false };
    const updated = await api.call("PUT", "/api/bulk-update/Product", { ids: [c, a, c], values });
    expect([updated.status, updated.json]).toEqual([200, { ids: [c, a], count: 2 }]);
    expect(await read("Product", c, ["price", "active", "version"])).toEqual({
      id: c,
      price: 1.01,
      active: false,
      version: 2,
    });
    expect(await read("Product", b, ["active", "version"])).toEqual({ id: b, active: true, version: 1 });
    const deleted = await api.call("DELETE", "/api/bulk-delete/Product", { ids: [b, a, b] });
    expect([deleted.status, deleted.json]).toEqual([200, { ids: [b, a], count: 2 }]);
    expect((await api.call("POST", `/api/fetch/Product/${b}`, {})).status).toBe(404);
  });

  test("one that is missing refuses all, with the words of a single call", async () => {
    const missing = 999_999_999;
    const single = await api.call("DELETE", `/api/delete/Product/${missing}`);
    const rows: readonly [string, string, object][] = [
      ["PUT", "/api/bulk-update/Product", { ids: [ids[0], missing], values: { name: "x" } }],
      ["PUT", "/api/bulk-update/Product", { ids: [ids[0], missing], values: {} }],
      ["DELETE", "/api/bulk-delete/Product", { ids: [ids[0], missing] }],
      // What else is wrong with one of them, which alone would be a 400.
      ["PUT", "/api/bulk-update/Product", { ids: [ids[0], missing], values: { category: missing } }],
      ["PUT", "/api/bulk-update/Product", { ids: [ids[0], ids[1], missing], values: { code: "FOR-ALL" } }],
    ];
    for (const [method, path, body] of rows) {
      const answer = await api.call(method, path, body);
      expect([answer.status, answer.text]).toEqual([404, single.text]);
    }
    // Others refer to this one, which alone would be a 409.
    for (const gone of [
      [1, missing],
      [missing, 1],
    ]) {
      const answer = await api.call("DELETE", "/api/bulk-delete/Category", { ids: gone });
      expect([answer.status, answer.json.detail]).toEqual([404, `Category ${missing} does not exist`]);
    }
    expect(await read("Product", ids[0] ?? 0, ["name", "version"])).toMatchObject({ name: "bulk a", version: 1 });
  });

  test("one that fails refuses all and is named", async () => {
    const before = await total("Product");
    const wrong = await api.call("POST", "/api/bulk-create/Product", {
      records: [{ name: "x" }, { name: "y", price: "z" }, {}, { name: "v", nope: 1 }],
    });
    expect((wrong.json.fields as { path: string }[]).map(({ path }) => path)).toEqual([
      "records[1].price",
      "records[2].name",
      "records[3].nope",
    ]);
    const twice = await api.call("POST", "/api/bulk-create/Product", {
      records: [
        { name: "x", code: "B-1" },
        { name: "y", code: "B-2" },
        { name: "z", code: "B-1" },
      ],
    });
    expect([twice.status, twice.json.fields]).toEqual([400, [{ path: "records[2].code", message: "is taken" }]]);
    const used = await api.call("DELETE", "/api/bulk-delete/Category", { ids: [1] });
    expect([used.status, used.json.error]).toEqual([409, "ConflictError"]);
    expect(await total("Product")).toBe(before);
  });

  test("nothing is done for nothing", async () => {
    const before = await total("Product");
    const rows: readonly [string, string, object][] = [
      ["POST", "/api/bulk-create/Product", { records: [] }],
      ["PUT", "/api/bulk-update/Product", { ids: [], values: { name: "all" } }],
      ["DELETE", "/api/bulk-delete/Product", { ids: [] }],
    ];
    for (const [method, path, body] of rows) {
      const answer = await api.call(method, path, body);
      expect([answer.status, answer.json]).toEqual([200, { ids: [], count: 0 }]);
    }
    expect(await total("Product")).toBe(before);
  });

  const many = Array.from({ length: 10_001 }, (_, index) => index + 1);
  test.each<[string, string, string, unknown, number, RegExp]>([
    [
      "too many records",
      "POST",
      "/api/bulk-create/Product",
      { records: many.map(() => ({})) },
      400,
      /^records: must have at most 10000 items/,
    ],
    ["too many ids", "DELETE", "/api/bulk-delete/Product", { ids: many }, 400, /^ids: must have at most 10000 items/],
    ["no records", "POST", "/api/bulk-create/Product", {}, 400, /^records: is required/],
    [
      "wrong values for nobody",
      "PUT",
      "/api/bulk-update/Product",
      { ids: [], values: { nmae: 1, price: "x" } },
      400,
      /^values\.nmae: .*; values\.price: must be a number/,
    ],
    [
      "a record that is none",
      "POST",
      "/api/bulk-create/Product",
      { records: [{ name: "x" }, 5] },
      400,
      /^records\[1\]: must be an object/,
    ],
    [
      "a list without records",
      "POST",
      "/api/bulk-create/Product",
      { records: { name: "x" } },
      400,
      /^records: must be a list/,
    ],
    [
      "ids of another kind",
      "PUT",
      "/api/bulk-update/Product",
      { ids: ["1", 0, 1.5, null, true], values: {} },
      400,
      /ids\[0\].*ids\[1\].*ids\[2\].*ids\[3\].*ids\[4\]/,
    ],
    [
      "an id that nothing has",
      "DELETE",
      "/api/bulk-delete/Product",
      '{"ids":[9223372036854775808]}',
      404,
      /does not exist/,
    ],
    [
      "a filter in place of ids",
      "DELETE",
      "/api/bulk-delete/Product",
      { q_filter: "Q(id=1)" },
      400,
      /q_filter: is not known here/,
    ],
    ["no body", "DELETE", "/api/bulk-delete/Product", undefined, 400, /body is required/],
    ["an unknown model", "PUT", "/api/bulk-update/Nothing", { ids: [], values: {} }, 404, /Unknown model/],
    [
      "read-only fields",
      "PUT",
      "/api/bulk-update/Product",
      { ids: [1], values: { version: 9, id: 5 } },
      400,
      /values.version: is read-only; values.id: is read-only/,
    ],
    [
      "a field that is not there",
      "PUT",
      "/api/bulk-update/Product",
      { ids: [1], values: { nme: "x" } },
      400,
      /values.nme: Product has no such field/,
    ],
  ])("%s", async (_name, method, path, body, status, says) => {
    const before = await total("Product");
    const answer = await api.call(method, path, body);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.json.detail).toMatch(says);
    expect(await total("Product")).toBe(before);
  });

  test("takes a token", async () => {
    for (const [method, path] of [
      ["POST", "create"],
      ["PUT", "update"],
      ["DELETE", "delete"],
    ]) {
      const answer = await api.call(method ?? "", `/api/bulk-${path}/Product`, { ids: [] }, { token: null });
      expect(answer.status).toBe(401);
    }
  });
});
