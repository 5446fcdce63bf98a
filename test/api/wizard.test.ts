/** Wizards over HTTP: what a client is told before a method, what it sends back, and what it may not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

const meta = (path: string, context?: object) => api.call("POST", `/api/action-meta/${path}`, { context });
const execute = (path: string, body: object) => api.call("POST", `/api/execute/${path}`, body);
const priceOf = async (id: number) =>
  (await api.call("POST", `/api/fetch/Product/${id}`, { fields: ["price"] })).json.price;

test("a form comes with its fields, what it begins with, and a question that counts", async () => {
  const answer = await meta("Product/change_prices", { active_ids: [1, 2, 2], active_model: "Product" });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toEqual({
    type: "wizard",
    label: "Change prices",
    wizard: {
      model: "ChangePricesWizard",
      view: "products.change_prices_form",
      fields: (await api.call("GET", "/api/get_registry/ChangePricesWizard")).json,
      defaults: { percent: 0, round_to: 0.01 },
    },
    confirmation: {
      title: "Change prices",
      message: "Change the prices of 2 products?",
      confirm_label: "Change",
      confirm_variant: "primary",
    },
  });
});

test("what comes before nothing is direct", async () => {
  expect((await meta("UoM/convert")).json).toEqual({
    type: "direct",
    label: "Convert",
    wizard: null,
    confirmation: null,
  });
});

test("the fields of a form are described like those of a model", async () => {
  expect((await api.call("GET", "/api/get_registry/ChangePricesWizard")).json).toMatchObject({
    percent: { type: "Float", label: "Change in percent", required: true, default: 0 },
    round_to: { type: "Float", label: "Round to", required: true, default: 0.01 },
  });
});

test("the records may stand in ids or in the context, and values that are left out have their defaults", async () => {
  const [first, second] = [await create("10.00"), await create("19.99")];
  const inputs = { percent: "10", round_to: 0.05 };
  const one = await execute("Product/change_prices", { ids: [first], request_body: { inputs } });
  expect(one.json.result, one.text).toMatchObject({ type: "close", reload: true });
  const context = { active_ids: [second], active_model: "Product" };
  await execute("Product/change_prices", { ids: [], request_body: { inputs: { percent: -50 }, context } });
  expect([await priceOf(first), await priceOf(second)]).toEqual([11, 10]);
});

test("a button of the form works on the same records and changes nothing", async () => {
  const id = await create("3.33");
  const answer = await execute("ChangePricesWizard/preview", {
    request_body: { inputs: { percent: 50, round_to: "0.1" }, context: { active_ids: [id], active_model: "Product" } },
  });
  expect(answer.json.result, answer.text).toEqual([{ id, name: "Priced", price: "3.33", new_price: "5" }]);
  expect(await priceOf(id)).toBe(3.33);
});

describe("refusals", () => {
  const rows: readonly [title: string, path: string, body: object, status: number, told: object][] = [
    ["no records", "Product/change_prices", {}, 400, { fields: [{ path: "ids" }] }],
    ["records of another model", "Product/change_prices", inContext({ active_ids: [1], active_model: "UoM" }), 404, {}],
    ["records that are not there", "Product/change_prices", inContext({ active_ids: [1, 99999] }), 404, {}],
    [
      "ids that are none",
      "Product/change_prices",
      inContext({ active_ids: [1, "2"] }),
      400,
      { fields: [{ path: "context.active_ids[1]" }] },
    ],
    [
      "ids that are no list",
      "Product/change_prices",
      inContext({ active_ids: 1 }),
      400,
      { fields: [{ path: "context.active_ids" }] },
    ],
    [
      "a value that is not there",
      "Product/change_prices",
      withInputs({ per_cent: 1 }),
      400,
      { fields: [{ path: "per_cent" }] },
    ],
    [
      "a wrong value, and another one",
      "Product/change_prices",
      withInputs({ percent: "x", round_to: -1 }),
      400,
      { fields: [{ path: "percent" }, { path: "round_to" }] },
    ],
    [
      "an empty value",
      "Product/change_prices",
      withInputs({ percent: null }),
      400,
      { fields: [{ path: "percent", message: "is required" }] },
    ],
    [
      "a broken rule",
      "Product/change_prices",
      withInputs({ percent: -101 }),
      400,
      { fields: [{ path: "percent", message: expect.stringContaining("-100 or more") }] },
    ],
    [
      "a method of a wizard that is not there",
      "ChangePricesWizard/change_prices",
      inContext({ active_ids: [1] }),
      404,
      {},
    ],
    ["a wizard that is not there", "GhostWizard/preview", inContext({ active_ids: [1] }), 404, {}],
  ];
  test.each(rows)("%s", async (_title, path, body, status, told) => {
    const answer = await execute(path, body);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.json).toMatchObject(told);
  });

  test.each([
    ["POST", "/api/query/ChangePricesWizard", {}],
    ["POST", "/api/fetch/ChangePricesWizard/1", {}],
    ["POST", "/api/create/ChangePricesWizard", { percent: 1 }],
    ["PUT", "/api/update/ChangePricesWizard/1", { percent: 1 }],
    ["DELETE", "/api/delete/ChangePricesWizard/1", undefined],
    ["POST", "/api/name_search/ChangePricesWizard", { term: "" }],
  ])("%s %s: a wizard has no records", async (method, path, body) => {
    const answer = await api.call(method, path, body);
    expect(answer.status).toBe(404);
    expect(answer.json.detail).toBe('Unknown model "ChangePricesWizard"');
  });

  test("who may not change products is told so, and does not know the form", async () => {
    const token = await reader();
    const asReader = { token };
    const answer = await api.call("POST", "/api/action-meta/Product/change_prices", {}, asReader);
    expect([answer.status, answer.json.error]).toEqual([403, "AccessError"]);
    const call = await api.call("POST", "/api/execute/Product/change_prices", { ids: [1] }, asReader);
    expect([call.status, call.json.error]).toEqual([403, "AccessError"]);
    expect((await api.call("GET", "/api/get_registry/ChangePricesWizard", undefined, asReader)).status).toBe(404);
    const preview = await api.call("POST", "/api/execute/ChangePricesWizard/preview", { ids: [1] }, asReader);
    expect([preview.status, preview.json.detail]).toEqual([404, 'Unknown model "ChangePricesWizard"']);
    const models = (await api.call("GET", "/api/get_registry", undefined, asReader)).json as Record<
      string,
      { methods?: object }
    >;
    expect(models.Product?.methods).toBeUndefined();
  });

  test("a guest is told nothing", async () => {
    const answer = await api.call("POST", "/api/execute/Product/change_prices", { ids: [1] }, { token: null });
    expect(answer.status).toBe(401);
  });
});

test("the list of models tells of methods", async () => {
  const models = (await api.call("GET", "/api/get_registry")).json as Record<string, { methods?: object }>;
  expect(models.Product?.methods).toEqual({
    change_prices: { label: "Change prices", scope: "records", wizard: "ChangePricesWizard" },
  });
  expect(models.UoM?.methods).toMatchObject({
    convert: { scope: "model", readonly: true, inputs: { from: { type: "ManyToOne", related_model: "UoM" } } },
  });
});

test("a call that is sent again takes effect once", async () => {
  const id = await create("100.00");
  const send = () =>
    api.call(
      "POST",
      "/api/execute/Product/change_prices",
      { ids: [id], request_body: { inputs: { percent: 10 } } },
      { headers: { "idempotency-key": `price-${id}` } },
    );
  const [first, second] = [await send(), await send()];
  expect(second.text).toBe(first.text);
  expect(second.headers["idempotent-replayed"]).toBe("true");
  expect(await priceOf(id)).toBe(110);
});

async function create(price: string): Promise<number> {
  return (await api.call("POST", "/api/create/Product", { name: "Priced", price })).json.id as number;
}

async function reader(): Promise<string> {
  const group = await api.call("POST", "/api/query/Group", {
    fields: ["id"],
    q_filter: { identifier: "products_user" },
  });
  const groups = (group.json.data as { id: number }[]).map(({ id }) => id);
  const values = { name: "Reader", email: "reader@example.com", password: "correct horse", groups };
  const made = await api.call("POST", "/api/create/User", values);
  expect(made.status, made.text).toBe(200);
  return api.signIn("reader@example.com", "correct horse");
}

function inContext(context: object): object {
  return { request_body: { context } };
}

function withInputs(inputs: object): object {
  return { ids: [1], request_body: { inputs } };
}
