/** Writes at the same moment, and writes whose answer nobody hears. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { startSecondProcess } from "../support/second-process.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

async function make(model: string, values: object): Promise<number> {
  const { status, text, json } = await api.call("POST", `/api/create/${model}`, values);
  expect(status, text).toBe(200);
  return Number(json.id);
}

test("of a hundred changes of one version one is made, and the others are told which version is there", async () => {
  const id = await make("Product", { name: "raced", price: 1 });
  const change = (n: number) =>
    api.call("PUT", `/api/update/Product/${id}`, { price: n }, { headers: { "if-match": '"1"' } });
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => change(n)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const lost = answers.filter(({ status }) => status === 412);
  expect(lost).toHaveLength(99);
  for (const { json } of lost)
    expect(json).toMatchObject({
      error: "VersionConflict",
      current: { version: 2, write_uid: { id: expect.any(Number) } },
    });
});

test("of a hundred new records with one code one is made, and the others name the field", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => api.call("POST", "/api/create/Country", { name: "Nowhere", code: "ZZ" })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const lost = answers.filter(({ status }) => status === 400);
  expect(lost).toHaveLength(99);
  for (const { json } of lost) expect(json.fields).toEqual([{ path: "code", message: expect.any(String) }]);
});

test.each([
  ["SaleOrder", "SaleOrderLine", "unit_price"],
  ["SaleOrder", "SaleOrderLine", "quantity"],
  ["Invoice", "InvoiceLine", "unit_price"],
  ["Invoice", "InvoiceLine", "discount"],
])("lines of one %s that change at once are all changed, and all of them count", async (model, line, field) => {
  const values = { description: "x", quantity: 10, unit_price: 3 };
  const contact = await make("Contact", { name: "In a hurry" });
  const id = await make(model, { contact, lines: Array.from({ length: 20 }, () => values) });
  const read = async () => {
    const fields = ["untaxed_amount", "lines.subtotal"];
    const { json } = await api.call("POST", `/api/fetch/${model}/${id}`, { fields });
    const lines = json.lines as { id: number; subtotal: number }[];
    return { lines, amount: json.untaxed_amount, sum: lines.reduce((sum, { subtotal }) => sum + subtotal, 0) };
  };
  const answers = await Promise.all(
    (await read()).lines.map((each, n) => api.call("PUT", `/api/update/${line}/${each.id}`, { [field]: n })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const { amount, sum } = await read();
  expect(amount).toBeCloseTo(sum, 6);
  expect(amount).not.toBe(600);
});

test("where the line breaks with the commit the outcome is open, and the same key tells it", async () => {
  const proxy = await startFaultProxy(api.database.connection);
  const distant = await startSecondProcess(api, proxy.connection);
  const headers = {
    authorization: `Bearer ${api.token}`,
    "content-type": "application/json",
    "idempotency-key": "open-outcome",
  };
  const values = { name: "Written behind a broken line" };
  try {
    expect(await distant.status("/api/get_registry/Product", api.token)).toBe(200);
    proxy.cutAfter("COMMIT");
    const lost = await distant.send("POST", "/api/create/Product", values, headers);
    expect({ status: lost.status, json: lost.json }).toMatchObject({ status: 503, json: { code: "unknown_outcome" } });
  } finally {
    await distant.close();
    await proxy.close();
  }
  const again = await api.call("POST", "/api/create/Product", values, { headers });
  const found = await api.call("POST", "/api/query/Product", { q_filter: { name: values.name }, fields: ["id"] });
  expect(again.status).toBe(200);
  // The server had what it needed: the change is there once, and the answer is that of the request which was not answered.
  expect(again.headers["idempotent-replayed"]).toBe("true");
  expect(found.json).toMatchObject({ data: [{ id: again.json.id }], total: 1 });
});
