/** What forms of orders, invoices and leads do while people fill them in. Nothing of it is stored. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let books: number;
let pound: number;
let desk: number;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  books = await admin.find("Contact", "Q(name='Harbour Lane Books Ltd')");
  pound = await admin.find("Currency", "Q(code='GBP')");
  desk = await admin.find("Product", "Q(code='DSK-001')");
  await admin.update("Contact", books, { payment_term: await admin.find("PaymentTerm", "Q(days=30)") });
});
afterAll(() => api?.close());

const effect = async (model: string, trigger_field: string, values: object, id: number | null = null) => {
  const { status, json } = await api.call("POST", `/api/ui-effect/${model}`, { id, values, trigger_field });
  return { status, ...json };
};

test("the customer of an order brings currency, payment term and addresses", async () => {
  const address = "Harbour Lane Books Ltd\n31 Harbour Lane\nSE1 9ZZ London\nUnited Kingdom";
  expect(await effect("SaleOrder", "contact", { contact: books })).toMatchObject({
    status: 200,
    currency: pound,
    payment_term: await admin.find("PaymentTerm", "Q(days=30)"),
    invoice_address: address,
    delivery_address: address,
  });
  expect(await admin.count("SaleOrder", `Q(contact=${books})`)).toBe(1);
});

test("a product brings its name and price, in the currency of the order that is not saved yet", async () => {
  const order = { currency: pound, company: 1, date: "2026-03-01" };
  expect(await effect("SaleOrderLine", "product", { product: desk })).toMatchObject({
    description: "Standing desk, oak, 160 cm",
    unit_price: 649,
  });
  // Its unit, and those that convert into it.
  const unit = await admin.find("UoMCategory", "Q(name='Unit')");
  for (const [model, field] of [
    ["SaleOrder", "lines[0].product"],
    ["Invoice", "lines[0].product"],
    ["SaleOrderLine", "product"],
  ] as const) {
    const values = field === "product" ? { product: desk } : { ...order, contact: books, lines: [{ product: desk }] };
    expect(await effect(model, field, values)).toMatchObject({
      _options: { [field.replace("product", "uom")]: `Q(category__eq=${unit})` },
    });
  }
  // Calculated amounts come as a save would store them.
  const lines = [{ description: "Work", unit_price: "10.5", quantity: 2 }];
  const body = { values: { ...order, contact: books, lines }, trigger_field: "lines[0].quantity" };
  const { text } = await api.call("POST", "/api/ui-effect/SaleOrder", body);
  expect(text).toBe('{"lines":[{"subtotal":21.00,"total":21.00}],"untaxed_amount":21.00,"total":21.00}');
  const saved = await admin.create("SaleOrder", { contact: books, ...order });
  expect(await effect("SaleOrderLine", "product", { product: desk, order: saved })).toMatchObject({
    unit_price: 560.74,
  });
  const old = await admin.create("SaleOrder", { contact: books, ...order, date: "2025-01-01" });
  const warned = await effect("SaleOrderLine", "product", { product: desk, order: old });
  expect(warned).toMatchObject({
    description: "Standing desk, oak, 160 cm",
    _warnings: [{ field: "unit_price", message: "There is no rate of exchange for GBP on 2025-01-01 or before" }],
  });
  expect(Object.keys(warned)).not.toContain("unit_price");
});

test("the payment term of an invoice says when it is due, also the one that its customer brings", async () => {
  const term = await admin.find("PaymentTerm", "Q(days=14)");
  expect(await effect("Invoice", "payment_term", { date: "2026-06-01", payment_term: term })).toMatchObject({
    due_date: "2026-06-15",
  });
  expect(await effect("Invoice", "contact", { date: "2026-06-01", contact: books })).toMatchObject({
    currency: pound,
    due_date: "2026-07-01",
  });
});

test("a lead takes from its customer how to be reached; a stage that is won is certain", async () => {
  expect(await effect("CrmLead", "contact", { contact: books })).toMatchObject({
    email: "orders@harbourlane.example.com",
    phone: "+44 20 7946 0118",
  });
  const won = await admin.find("Stage", "Q(is_won=True)");
  expect(await effect("CrmLead", "stage", { stage: won, probability: 20 })).toMatchObject({ probability: 100 });
});

test("what the user may not see brings nothing", async () => {
  const token = await api.signIn("internal@example.com", "demo-demo");
  const body = { id: null, values: { contact: books }, trigger_field: "contact" };
  expect((await api.call("POST", "/api/ui-effect/SaleOrder", body, { token })).status).toBeGreaterThanOrEqual(403);
});
