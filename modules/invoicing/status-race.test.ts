/** What is confirmed, posted or cancelled while somebody changes it: the change comes before that or is refused, and is never behind it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Statement } from "../../src/database/session.ts";
import { type Client, clientOf } from "../../test/support/client.ts";
import { meanwhile, type Request, untilWaiting } from "../../test/support/meanwhile.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let contact: number;
let desk: number;
/** A draft with one line, and another one. */
let order: number;
let line: number;
let other: number;
let otherLine: number;
let invoice: number;
let invoiceLine: number;

beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  contact = await admin.find("Contact", "Q(name='Harbour Lane Books Ltd')");
  desk = await admin.find("Product", "Q(code='DSK-001')");
});
afterAll(() => api?.close());

beforeEach(async () => {
  const values = { contact, date: "2026-03-01", lines: [{ product: desk, quantity: 1, unit_price: "100", taxes: [] }] };
  order = await admin.create("SaleOrder", values);
  other = await admin.create("SaleOrder", values);
  invoice = await admin.create("Invoice", values);
  line = await admin.find("SaleOrderLine", `Q(order=${order})`);
  otherLine = await admin.find("SaleOrderLine", `Q(order=${other})`);
  invoiceLine = await admin.find("InvoiceLine", `Q(invoice=${invoice})`);
});

function toStatus(table: string, id: number, status: string): Statement {
  return { text: `update ${table} set status = $2 where id = $1`, values: [id, status] };
}

const LINES = "its lines cannot be changed; reset it to draft first";
const FIRST = "reset it to draft first";

test.each<[string, () => Request, string]>([
  [
    "its date",
    () => ["PUT", `/api/update/SaleOrder/${order}`, { date: "2026-03-02" }],
    `date cannot be changed; ${FIRST}`,
  ],
  ["itself", () => ["DELETE", `/api/delete/SaleOrder/${order}`], "cancel it"],
  ["itself in bulk", () => ["DELETE", "/api/bulk-delete/SaleOrder", { ids: [order] }], "cancel it"],
  ["a line", () => ["PUT", `/api/update/SaleOrderLine/${line}`, { description: "Else" }], LINES],
  ["a price", () => ["PUT", `/api/update/SaleOrderLine/${line}`, { unit_price: "1" }], LINES],
  [
    "prices in bulk",
    () => ["PUT", "/api/bulk-update/SaleOrderLine", { ids: [line], values: { unit_price: "1" } }],
    LINES,
  ],
  ["a line less", () => ["DELETE", `/api/delete/SaleOrderLine/${line}`], LINES],
  ["lines less", () => ["DELETE", "/api/bulk-delete/SaleOrderLine", { ids: [line] }], LINES],
  ["a line more", () => ["POST", "/api/create/SaleOrderLine", { order, product: desk }], LINES],
  ["lines more", () => ["POST", "/api/bulk-create/SaleOrderLine", { records: [{ order, product: desk }] }], LINES],
  ["a line from elsewhere", () => ["PUT", `/api/update/SaleOrderLine/${otherLine}`, { order }], LINES],
  ["a line that goes elsewhere", () => ["PUT", `/api/update/SaleOrderLine/${line}`, { order: other }], LINES],
  [
    "a line along with it",
    () => ["PUT", `/api/update/SaleOrder/${order}`, { lines: [["U", line, { quantity: 7 }]] }],
    `lines cannot be changed; ${FIRST}`,
  ],
])("an order that is being confirmed is not changed: %s", async (_what, request, message) => {
  const { answer } = await meanwhile(api, toStatus("sale_order", order, "confirmed"), request());
  expect(answer).toMatch(/^400 Order S\S+ is confirmed/);
  expect(answer.endsWith(message), answer).toBe(true);
  expect(await admin.read("SaleOrder", order, "date", "lines.quantity", "lines.unit_price")).toMatchObject({
    date: "2026-03-01",
    lines: [{ id: line, quantity: 1, unit_price: 100 }],
  });
});

test("an invoice that is being posted is not changed", async () => {
  const change: Request = ["PUT", `/api/update/InvoiceLine/${invoiceLine}`, { unit_price: "1" }];
  const { answer } = await meanwhile(api, toStatus("invoice", invoice, "posted"), change);
  expect(answer).toMatch(/^400 Invoice #\d+ is posted: its lines cannot be changed/);
  expect(await admin.read("InvoiceLine", invoiceLine, "unit_price")).toMatchObject({ unit_price: 100 });
});

test("nothing is paid of an invoice that is being cancelled", async () => {
  await admin.execute("Invoice", "post", [invoice]);
  const payment: Request = ["POST", "/api/create/Payment", { invoices: [invoice], amount: "10" }];
  const { answer } = await meanwhile(api, toStatus("invoice", invoice, "cancelled"), payment);
  expect(answer).toMatch(/^400 Invoice \S+ is cancelled: only posted invoices are paid/);
  expect(await admin.count("PaymentAllocation", `Q(invoice=${invoice})`)).toBe(0);
});

test.each<[string, () => Request]>([
  ["changes a line", () => ["PUT", `/api/update/SaleOrderLine/${line}`, { unit_price: "1" }]],
  ["changes lines", () => ["PUT", "/api/bulk-update/SaleOrderLine", { ids: [line], values: { unit_price: "1" } }]],
  ["deletes a line", () => ["DELETE", `/api/delete/SaleOrderLine/${line}`]],
  [
    "changes a line along with the order",
    () => ["PUT", `/api/update/SaleOrder/${order}`, { lines: [["U", line, { quantity: 2 }]] }],
  ],
])(
  "whoever waits for an order holds none of its lines, so that nobody waits in a circle: %s",
  async (_what, request) => {
    const hold = { text: "select id from sale_order where id = $1 for update", values: [order] };
    const free = { text: "select id from sale_order_line where id = $1 for update skip locked", values: [line] };
    const { answer, result } = await meanwhile(api, hold, request(), (session) => session.rows(free));
    expect(result).toHaveLength(1);
    expect(answer).toMatch(/^200/);
  },
);

test("a line that was moved while its order was waited for follows the state of its new one", async () => {
  const { database } = api.database;
  const { sent } = await database.transaction(async (confirming) => {
    await confirming.run(toStatus("sale_order", other, "confirmed"));
    const moved = await database.transaction(async (moving) => {
      await moving.run({ text: "select id from sale_order where id = $1 for update", values: [order] });
      const sent = api.call("PUT", `/api/update/SaleOrderLine/${line}`, { unit_price: "1" });
      await untilWaiting(database);
      await moving.run({ text: "update sale_order_line set order_id = $2 where id = $1", values: [line, other] });
      return { sent };
    });
    await untilWaiting(database);
    return moved;
  });
  const { status, json } = await sent;
  expect(`${status} ${json.detail}`).toMatch(/^400 Order \S+ is confirmed: its lines cannot be changed/);
});

test("nobody holds, or waits for, what they do not see by naming it", async () => {
  const token = await api.signIn("sales@example.com", "demo-demo");
  const answers = await api.database.database.transaction(async (session) => {
    await session.run({ text: "select id from sale_order where id = $1 for update", values: [order] });
    const create = api.call("POST", "/api/create/SaleOrderLine", { order, description: "One more" }, { token });
    const change = api.call("PUT", `/api/update/SaleOrderLine/${line}`, { unit_price: "1" }, { token });
    return Promise.all([create, change]);
  });
  expect(answers.map(({ status, json }) => `${status} ${json.detail}`)).toEqual([
    "400 order: there is no such SaleOrder record",
    `404 SaleOrderLine ${line} does not exist`,
  ]);
});
