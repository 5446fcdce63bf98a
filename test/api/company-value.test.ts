/** Values that each company has of its own, over HTTP: in writes, lists, files and the documentation, by the company of the request. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { integer, monetary } from "../../src/index.ts";
import type { LoadedModule } from "../../src/installer/load-modules.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const extension = {
  ...{ extends: "Product", choices: {}, file: "modules/pricing/product.ts" },
  fields: { own_price: monetary({ perCompany: true }), own_stock: integer({ perCompany: true }) },
};
const pricing = {
  manifest: {
    ...{ name: "Pricing", identifier: "pricing", version: "1.0.0", summary: "For a test", folder: import.meta.dirname },
    ...{ dependencies: ["products"], data: [], demo: [], ledger: [] },
  },
  definition: { models: [], extensions: [extension] },
} as unknown as LoadedModule;

let api: TestServer;
let second: number;
let product: number;
const at = (company: number) => ({ headers: { "x-company-ids": String(company) } });

beforeAll(async () => {
  api = await startTestServer({ modules: [pricing] });
  const { currency } = (await api.call("POST", "/api/fetch/Company/1", { fields: ["currency"] })).json;
  second = (await api.call("POST", "/api/create/Company", { name: "Second", currency })).json.id as number;
  const found = await api.call("POST", "/api/query/User", { q_filter: "Q(email='admin@example.com')", fields: ["id"] });
  const id = (found.json.data as { id: number }[])[0]?.id;
  await api.call("PUT", `/api/update/User/${id}`, { allowed_companies: [1, second] });
  const made = await api.call("POST", "/api/create/Product?fields=own_price", { name: "Priced", own_price: 10 }, at(1));
  expect([made.status, made.json.own_price], made.text).toEqual([200, 10]);
  product = made.json.id as number;
  await api.call("PUT", `/api/update/Product/${product}`, { own_price: "7.5", own_stock: 3 }, at(second));
});
afterAll(() => api?.close());

const prices = async (company: number) => {
  const request = { fields: ["own_price", "own_stock"], q_filter: `Q(id=${product})` };
  return ((await api.call("POST", "/api/query/Product", request, at(company))).json.data as object[])[0];
};

test("records have the values of the request's company", async () => {
  expect([await prices(1), await prices(second)]).toEqual([
    { id: product, own_price: 10, own_stock: null },
    { id: product, own_price: 7.5, own_stock: 3 },
  ]);
  const both = await api.call(
    "POST",
    "/api/query/Product",
    { q_filter: "Q(own_price__lt=8)", fields: ["id"] },
    {
      headers: { "x-company-ids": `${second},1` },
    },
  );
  expect(both.json).toMatchObject({ total: 1, data: [{ id: product }] });
});

test("so have files, and what they bring goes to the request's company", async () => {
  const request = { ids: [product], fields: ["id", "own_price", "own_stock"], format: "csv" };
  const exported = await api.call("POST", "/api/export/Product", request, at(second));
  expect(exported.text).toBe(`ID,Own price,Own stock\n${product},7.50,3\n`);
  const part = (name: string, text: string) => `--x\r\ncontent-disposition: form-data; ${name}\r\n\r\n${text}\r\n`;
  const changed = exported.text.replace("7.50,3", "7.50,4");
  const mapping = { ID: "id", "Own price": "own_price", "Own stock": "own_stock" };
  const body = `${part('name="mapping"', JSON.stringify(mapping))}${part('name="file"; filename="a.csv"', changed)}--x--\r\n`;
  for (const [company, updated] of [
    [second, 1],
    [second, 0],
    [1, 1],
  ] as const) {
    const headers = { ...at(company).headers, "content-type": "multipart/form-data; boundary=x" };
    const imported = await api.call("POST", "/api/import/Product", body, { headers });
    expect(imported.json, imported.text).toMatchObject({ updated, failed: 0 });
  }
  expect([await prices(1), await prices(second)]).toMatchObject(Array(2).fill({ own_price: 7.5, own_stock: 4 }));
});

test("the registry and the document tell of them, and of nothing behind them", async () => {
  const { json } = await api.call("GET", "/api/get_registry/Product");
  expect(json.own_price).toMatchObject({ type: "Monetary", per_company: true });
  const document = await api.call("GET", "/openapi.json");
  expect(document.text).toMatch('"own_price"');
  expect(document.text).not.toMatch("CompanyValue");
  for (const path of ["query/ProductCompanyValue", "get_registry/ProductCompanyValue"]) {
    const method = path.startsWith("query") ? "POST" : "GET";
    const answer = await api.call(method, `/api/${path}`, method === "POST" ? {} : undefined);
    expect(answer.status, path).toBe(404);
  }
  const hidden = await api.call("POST", "/api/query/Product", { fields: ["~company.own_price"] });
  expect(hidden.status).toBe(400);
});
