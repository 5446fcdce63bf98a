/** Reading and writing records over HTTP: the answers that the contract promises for requests that are right. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

type Data = readonly Readonly<Record<string, unknown>>[];

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

async function query(model: string, body: object): Promise<{ data: Data; total: unknown }> {
  const answer = await api.call("POST", `/api/query/${model}`, body);
  expect(answer.status, answer.text).toBe(200);
  expect(Object.keys(answer.json).filter((key) => key !== "next_cursor")).toEqual(["data", "total"]);
  const { data, total } = answer.json as { data: Data; total: unknown };
  return { data, total };
}

describe("query", () => {
  test("the request of the reference, grouping left empty", async () => {
    const { data, total } = await query("Contact", {
      fields: ["id", "name", "email"],
      q_filter: "Q(active__eq=True)",
      order_by: ["name ASC"],
      limit: 5,
      offset: 0,
      group_by: null,
    });
    expect(data).toHaveLength(5);
    expect(total).toBeGreaterThan(5);
    expect(Object.keys(data[0] ?? {})).toEqual(["id", "name", "email"]);
  });

  test("80 records unless the request says otherwise, and the total of all", async () => {
    const { data, total } = await query("Country", {});
    expect([data.length, total]).toEqual([80, 249]);
  });

  test("limit 0 gives the total only, count none the records only", async () => {
    expect(await query("Country", { limit: 0 })).toEqual({ data: [], total: 249 });
    const { data, total } = await query("Country", { limit: 1, count: "none" });
    expect([data.length, total]).toEqual([1, null]);
  });

  test("the default fields are stored and readable, without binary ones and lists", async () => {
    const [product] = (await query("Product", { limit: 1 })).data;
    const names = Object.keys(product ?? {});
    expect(names).toEqual(expect.arrayContaining(["id", "display_name", "price", "category", "version", "create_uid"]));
    expect(names).not.toContain("image");
    const [user] = (await query("User", { limit: 1 })).data;
    expect(Object.keys(user ?? {})).not.toContain("password");
    expect(Object.keys(user ?? {})).not.toContain("groups");
  });

  test("amounts are printed exactly", async () => {
    await api.call("POST", "/api/create/Product", { name: "Exact", code: "EXACT", price: "99.990" });
    const answer = await api.call("POST", "/api/query/Product", { fields: ["price"], q_filter: "Q(code='EXACT')" });
    expect(answer.text).toMatch(/"price" ?: ?99\.99[},]/);
  });

  const spellings: readonly (readonly [name: string, path: string])[] = [
    ["commas", "fields=id,name&order_by=name ASC,id DESC&limit=3"],
    ["spaces after commas", "fields=id, name&order_by=name ASC, id DESC&limit=3"],
    ["pluses for spaces", "fields=id,name&order_by=name+ASC,id+DESC&limit=3&offset=0&count=exact"],
    ["a filter as text", "fields=id,name&order_by=name ASC,id DESC&limit=3&q_filter=Q()"],
    ["a filter as JSON", "fields=id,name&order_by=name ASC,id DESC&limit=3&q_filter={}"],
  ];
  test.each(spellings)("GET with %s answers as POST does", async (_name, text) => {
    const body = { fields: ["id", "name"], order_by: ["name ASC", "id DESC"], limit: 3 };
    const posted = await api.call("POST", "/api/query/Country", body);
    const url = `/api/query/Country?${encodeURI(text).replaceAll("%2B", "+")}`;
    const got = await api.call("GET", url);
    expect(got.text).toBe(posted.text);
    expect((await api.call("HEAD", url)).status).toBe(200);
  });

  test("paths through relations nest, in either spelling", async () => {
    const body = (path: string) => ({ fields: [path], q_filter: "Q(category__parent__isnotnull=True)", limit: 1 });
    for (const path of ["category.parent.name", "category__parent__name"]) {
      const [product] = (await query("Product", body(path))).data;
      expect(product?.category).toMatchObject({ id: expect.any(Number), parent: { name: expect.any(String) } });
    }
  });
});

describe("fetch", () => {
  test("the record itself, with its version", async () => {
    const answer = await api.call("POST", "/api/fetch/Product/2", { fields: ["name", "category"] });
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe('"1"');
    expect(answer.json).toEqual({
      id: 2,
      name: expect.any(String),
      category: { id: expect.any(Number), display_name: expect.any(String) },
    });
  });

  test("related records with all their fields", async () => {
    const { json } = await api.call("POST", "/api/fetch/Product/2", { related: ["category"] });
    expect(json).toMatchObject({ id: 2, price: expect.any(Number), category: { sequence: 10, version: 1 } });
  });
});

describe("registry", () => {
  test("lists the models with what the user may do", async () => {
    const { json } = await api.call("GET", "/api/get_registry");
    expect(json.Product).toMatchObject({
      label: "Product",
      module: "products",
      permissions: { read: true, delete: true },
    });
    expect(json).not.toHaveProperty("RefreshToken");
  });

  test("describes fields by what differs from the default", async () => {
    const { json } = await api.call("GET", "/api/get_registry/Product");
    expect(json.category).toMatchObject({ type: "ManyToOne", related_model: "Category" });
    expect(json.name).toMatchObject({ type: "Char", required: true, max_length: 255 });
    expect(json.description).toEqual({ type: "Text", label: "Description" });
  });
});

describe("writing", () => {
  test("create, change, change again, delete", async () => {
    const created = await api.call("POST", "/api/create/Product?fields=price,category", {
      name: "Lamp",
      price: 5,
      category: 1,
    });
    const { id } = created.json;
    expect(created.json).toEqual({
      id,
      name: "Lamp",
      display_name: "Lamp",
      price: 5,
      category: { id: 1, display_name: "Furniture" },
    });
    expect(created.headers.etag).toBe('"1"');

    const update = (body: object, version: string) =>
      api.call("PUT", `/api/update/Product/${id}`, body, { headers: { "if-match": version } });
    const changed = await update({ name: "Lamps" }, '"1"');
    expect([changed.status, changed.headers.etag, changed.json.display_name]).toEqual([200, '"2"', "Lamps"]);

    const late = await update({ name: "Late" }, '"1"');
    expect(late.status).toBe(412);
    expect(late.json).toMatchObject({ error: "VersionConflict", current: { version: 2 } });

    const remove = (version: string) =>
      api.call("DELETE", `/api/delete/Product/${id}`, undefined, { headers: { "if-match": version } });
    expect((await remove('"1"')).status).toBe(412);
    const removed = await remove('"2"');
    expect([removed.status, removed.json]).toEqual([200, { id, deleted: true }]);
    const again = await remove("*");
    expect([again.status, again.json.error]).toEqual([404, "MissingError"]);
  });

  test("a record that others need is not deleted", async () => {
    const answer = await api.call("DELETE", "/api/delete/Category/1");
    expect([answer.status, answer.json.error]).toEqual([409, "ConflictError"]);
  });
});
