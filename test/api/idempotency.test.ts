/** Requests with an `Idempotency-Key` take effect once, whatever happens to the answer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

let serial = 0;
const newKey = (): string => `key-${process.pid}-${++serial}`;
const keyed = (key: string, more: Readonly<Record<string, string>> = {}) => ({
  headers: { "idempotency-key": key, ...more },
});
const create = (body: object, key: string, query = ""): Promise<Answer> =>
  api.call("POST", `/api/create/Product${query}`, body, keyed(key));

async function countProducts(name: string): Promise<unknown> {
  return (await api.call("POST", "/api/query/Product", { q_filter: { name }, limit: 0 })).json.total;
}

describe("sent again", () => {
  test("a creation answers the same and creates nothing more", async () => {
    const key = newKey();
    const body = { name: "Once", price: "1.10" };
    const first = await create(body, key, "?fields=price");
    const again = await create(body, key, "?fields=price");
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect(again.headers.etag).toBe(first.headers.etag);
    expect([first, again].map(({ headers }) => headers["idempotent-replayed"])).toEqual([undefined, "true"]);
    expect(await countProducts("Once")).toBe(1);
  });

  test("a change and a deletion too, also where the record is another by now", async () => {
    const { id } = (await api.call("POST", "/api/create/Product", { name: "Changed" })).json;
    const key = newKey();
    const update = (headers: Readonly<Record<string, string>>) =>
      api.call("PUT", `/api/update/Product/${id}`, { price: 5 }, keyed(key, headers));
    const first = await update({ "if-match": '"1"' });
    expect([first.status, first.headers.etag]).toEqual([200, '"2"']);
    await api.call("PUT", `/api/update/Product/${id}`, { price: 6 });
    const again = await update({ "if-match": '"1"' });
    expect([again.status, again.headers.etag, again.text]).toEqual([200, '"2"', first.text]);
    const remove = newKey();
    const deleted = await api.call("DELETE", `/api/delete/Product/${id}`, undefined, keyed(remove));
    const repeated = await api.call("DELETE", `/api/delete/Product/${id}`, undefined, keyed(remove));
    expect([deleted.text, repeated.text]).toEqual([`{"id":${id},"deleted":true}`, deleted.text]);
    expect((await api.call("DELETE", `/api/delete/Product/${id}`)).status).toBe(404);
  });

  test.each([
    ["another body", { name: "Other" }, ""],
    ["another query", { name: "Asked" }, "?fields=price"],
  ])("with %s it is refused", async (_name, body, query) => {
    const key = newKey();
    expect((await create({ name: "Asked" }, key)).status).toBe(200);
    const other = await create(body, key, query);
    expect([other.status, other.json.error]).toEqual([400, "ValidationError"]);
    expect(other.json.detail).toMatch(/^Idempotency-Key: was used for another request/);
  });

  test("a job is queued once, with the status and the place of the first time", async () => {
    const key = newKey();
    const queue = (fields: string[]) => api.call("POST", "/api/export/Product?job=true", { fields }, keyed(key));
    const [first, again] = [await queue(["name"]), await queue(["name"])];
    expect([again.status, again.text, again.headers.location]).toEqual([202, first.text, first.headers.location]);
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(first.headers.location).toBe(`/api/jobs/${first.json.job_id}`);
    expect(((await api.call("GET", "/api/jobs")).json.data as unknown[]).length).toBe(1);
    expect((await queue(["code"])).status).toBe(400);
  });

  test("an attachment is deleted once", async () => {
    const file = { headers: { "content-type": "multipart/form-data; boundary=b" } };
    const form = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n--b--\r\n';
    const { id } = (await api.call("POST", "/api/attach/Contact/1", form, file)).json;
    const key = newKey();
    const remove = () => api.call("DELETE", `/api/attachment/${id}`, undefined, keyed(key));
    const [first, again] = [await remove(), await remove()];
    expect([first.status, again.status, again.text]).toEqual([200, 200, first.text]);
    expect((await api.call("DELETE", `/api/attachment/${id}`)).status).toBe(404);
  });

  test("by somebody else it is another request", async () => {
    const key = newKey();
    const body = { name: "Everybody's" };
    expect((await create(body, key)).status).toBe(200);
    const own = { ...keyed(key), token: await api.signIn("admin@example.com", "admin") };
    // Another token of the same user.
    expect((await api.call("POST", "/api/create/Product", body, own)).headers["idempotent-replayed"]).toBe("true");
    const other = { ...keyed(key), token: await api.signIn("demo@example.com", "demo-demo") };
    expect((await api.call("POST", "/api/create/Product", body, other)).headers["idempotent-replayed"]).toBeUndefined();
    expect(await countProducts("Everybody's")).toBe(2);
  });

  test("after a failure it is tried again", async () => {
    const key = newKey();
    expect((await create({ name: "" }, key)).status).toBe(400);
    expect((await create({ name: "Now right" }, key)).status).toBe(200);
  });
});

test("twenty at the same moment take effect once; who comes too early is told so", async () => {
  const key = newKey();
  const body = { name: "Twenty times" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(body, key)));
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect(
    answers.filter(({ status, headers }) => status === 200 && headers["idempotent-replayed"] === undefined),
  ).toHaveLength(1);
  const early = answers.find(({ status }) => status === 409);
  if (early !== undefined)
    expect(early.json).toMatchObject({
      error: "ConflictError",
      detail: "a request with this Idempotency-Key is still under way",
    });
  expect(await countProducts("Twenty times")).toBe(1);
  expect((await create(body, key)).headers["idempotent-replayed"]).toBe("true");
});

describe("what is wrong is told at once, as without a key", () => {
  const nowhere = 999_999;
  const rows: readonly (readonly [string, string, string, object])[] = [
    ["references of a record", "POST", "create/Product", { name: "x", category: nowhere, uom: nowhere }],
    ["a reference and a value", "POST", "create/Product", { price: "x", category: nowhere }],
    [
      "of an order and its lines",
      "POST",
      "create/SaleOrder",
      {
        contact: nowhere,
        payment_term: nowhere,
        lines: [
          { description: "a", product: nowhere },
          { description: "b", uom: nowhere, taxes: [nowhere] },
        ],
      },
    ],
    ["of a change", "PUT", "update/Product/1", { category: nowhere, uom: nowhere }],
    ["of many changes", "PUT", "bulk-update/Product", { ids: [1, 2], values: { category: nowhere, uom: nowhere } }],
    [
      "of many records",
      "POST",
      "bulk-create/Product",
      {
        records: [{ name: "a", category: nowhere }, { name: "b" }, { name: "c", uom: nowhere }],
      },
    ],
  ];
  test.each(rows)("%s", async (_name, method, path, body) => {
    const fieldsOf = ({ json }: Answer) => {
      const fields = json.fields as { path: string; message: string }[];
      return fields.map((each) => `${each.path}: ${each.message}`).sort();
    };
    const plain = await api.call(method, `/api/${path}`, body);
    const withKey = await api.call(method, `/api/${path}`, body, keyed(newKey()));
    expect([plain.status, withKey.status]).toEqual([400, 400]);
    expect(fieldsOf(withKey).length).toBeGreaterThan(1);
    expect(fieldsOf(withKey)).toEqual(fieldsOf(plain));
  });
});

test.each(["", " ", "x".repeat(256), "a b", "é"])("the key %j is refused", async (key) => {
  const answer = await create({ name: "Never" }, key);
  expect([answer.status, answer.json.detail]).toEqual([
    400,
    "Idempotency-Key: must be 1 to 255 visible ASCII characters",
  ]);
});

test("reading needs no key and takes no notice of one", async () => {
  const key = newKey();
  for (const limit of [1, 2]) {
    const answer = await api.call("POST", "/api/query/Product", { limit }, keyed(key));
    expect([answer.status, (answer.json.data as unknown[]).length]).toEqual([200, limit]);
  }
});
