/** The forms for billing orders and registering payments while people fill them in, over HTTP. Nothing of it is stored. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let contact: number;
let euro: number;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  contact = await admin.create("Contact", { name: "Fills in forms", is_company: true });
  euro = await admin.find("Currency", "Q(code='EUR')");
});
afterAll(() => api?.close());

const effect = async (wizard: string, values: object, trigger_field: string, token?: string) => {
  const body = { id: null, values, trigger_field };
  const options = token === undefined ? {} : { token };
  const { status, json } = await api.call("POST", `/api/ui-effect/${wizard}`, body, options);
  return status === 200 ? json : { status, ...json };
};
const defaultsOf = async (model: string, method: string, ids: readonly number[]) => {
  const context = { active_ids: ids, active_model: model };
  const { json } = await api.call("POST", `/api/action-meta/${model}/${method}`, { context });
  return (json.wizard as { defaults: Record<string, unknown> }).defaults;
};

describe("a payment", () => {
  const invoice = async (price: string, values: object = {}) => {
    const lines = [{ description: "Work", unit_price: price }];
    const id = await admin.create("Invoice", { contact, lines, ...values });
    await admin.execute("Invoice", "post", [id]);
    return id;
  };
  const pay = (values: object, trigger: string, token?: string) =>
    effect("RegisterPaymentWizard", values, trigger, token);

  test("begins with all that is due, and says what is left of the chosen invoices", async () => {
    const ids = [await invoice("100"), await invoice("50.5")];
    const begun = await defaultsOf("Invoice", "register_payment", ids);
    expect(begun).toMatchObject({
      amount: 150.5,
      currency: { id: euro },
      left: 0,
      invoices: ids.map((id) => ({ id })),
    });
    const values = { invoices: ids, amount: 150.5, currency: euro, left: 0 };
    expect(await pay({ ...values, amount: "100.1" }, "amount")).toEqual({ left: 50.4 });
    expect(await pay({ ...values, amount: 150.5 }, "amount")).toEqual({});
    // Choosing fewer of them brings down what is paid.
    expect(await pay({ ...values, invoices: ids.slice(1) }, "invoices")).toEqual({ amount: 50.5 });
    expect(await admin.count("Payment", `Q(contact=${contact})`)).toBe(0);
    await admin.execute("Invoice", "register_payment", ids, { invoices: ids.slice(1), amount: "50.5" });
    const due = async (id: number) => (await admin.read("Invoice", id, "amount_due")).amount_due;
    expect([await due(ids[0] ?? 0), await due(ids[1] ?? 0)]).toEqual([100, 0]);
    const refused = admin.execute("Invoice", "register_payment", [ids[0] ?? 0], { invoices: [ids[1]] });
    expect(await admin.refusal(refused)).toBe("400 invoices[0]: is none of those that the payment is registered for");
    const none = admin.execute("Invoice", "register_payment", [ids[0] ?? 0], { invoices: [] });
    expect(await admin.refusal(none)).toMatch(/needs at least one invoice$/);
  });

  test("warns of more than is due, unless it goes on account", async () => {
    const values = { invoices: [await invoice("10")], amount: "12", left: 5 };
    const message = "exceeds the 10 EUR that are due by 2; on_account keeps that for other invoices";
    expect(await pay(values, "amount")).toEqual({ left: 0, _warnings: [{ field: "amount", message }] });
    expect(await pay({ ...values, on_account: true }, "on_account")).toEqual({ left: 0 });
  });

  test("warns of invoices that one payment cannot pay", async () => {
    const dollar = await admin.find("Currency", "Q(code='USD')");
    const ids = [await invoice("10"), await invoice("10", { currency: dollar })];
    expect(await pay({ invoices: ids }, "invoices")).toEqual({
      _warnings: [{ field: "invoices", message: expect.stringMatching(/they have different currencies$/) }],
    });
  });

  test("tells nobody of invoices that are not theirs", async () => {
    const id = await invoice("10");
    const books = await api.signIn("accounts@example.com", "demo-demo");
    expect(await pay({ invoices: [999_999] }, "invoices", books)).toMatchObject({
      status: 400,
      fields: [{ path: "values.invoices[0]", message: "there is no such Invoice record" }],
    });
    const seller = await api.signIn("internal@example.com", "demo-demo");
    expect(await pay({ invoices: [id] }, "invoices", seller)).toMatchObject({ status: 404 });
  });
});

describe("an invoice of orders", () => {
  const order = async (values: object = {}) => {
    const lines = [
      { description: "Chair", quantity: 3, unit_price: "33.335" },
      { description: "Desk", quantity: 2, unit_price: "100", discount: 10 },
    ];
    const id = await admin.create("SaleOrder", { contact, lines, ...values });
    await admin.execute("SaleOrder", "confirm", [id]);
    const { lines: made } = await admin.read("SaleOrder", id, "lines");
    const [chair = 0, desk = 0] = (made as { id: number }[]).map((line) => line.id);
    return { id, chair, desk };
  };
  const bill = (values: object, trigger: string) => effect("CreateInvoiceWizard", values, trigger);

  test("begins with all that is left, and shows what a part comes to, to the cent of the invoice", async () => {
    const { id, chair, desk } = await order();
    expect(await defaultsOf("SaleOrder", "create_invoice", [id])).toMatchObject({
      orders: [{ id }],
      untaxed_amount: 280.01,
      lines: [
        { line: { id: chair }, quantity: 3, amount: 100.01 },
        { line: { id: desk }, quantity: 2, amount: 180 },
      ],
    });
    const part = await bill({ orders: [id], mode: "percentage", percentage: 33 }, "percentage");
    expect(part).toEqual({
      untaxed_amount: 92.4,
      lines: [
        { line: chair, quantity: 0.99, amount: 33 },
        { line: desk, quantity: 0.66, amount: 59.4 },
      ],
    });
    for (let round = 0; round < 3; round++) {
      const { untaxed_amount } = await bill({ orders: [id], mode: "percentage", percentage: 33 }, "percentage");
      const made = await admin.make("SaleOrder", "create_invoice", [id], { mode: "percentage", percentage: 33 });
      expect(await admin.read("Invoice", made, "untaxed_amount")).toMatchObject({ untaxed_amount });
    }
    // The last part makes up for what rounding has taken from the others.
    const { untaxed_amount } = await bill({ orders: [id], mode: "all" }, "mode");
    const last = await admin.make("SaleOrder", "create_invoice", [id], { mode: "all" });
    expect(await admin.read("Invoice", last, "untaxed_amount")).toMatchObject({ untaxed_amount });
  });

  test("shows the amounts of chosen lines, and leaves alone what is not filled in", async () => {
    const { id, chair, desk } = await order();
    const lines = [{ line: desk, quantity: 1 }, { line: chair }, {}];
    expect(await bill({ orders: [id], mode: "lines", lines }, "lines[0].quantity")).toEqual({
      untaxed_amount: 190.01,
      lines: [
        { line: desk, quantity: 1, amount: 90 },
        { line: chair, quantity: null, amount: 100.01 },
        { line: null, quantity: null, amount: null },
      ],
    });
    expect(await bill({ orders: [id], mode: "lines", lines: [{}] }, "lines")).toEqual({});
    expect(await bill({ orders: [id], mode: "lines" }, "mode")).toEqual({});
    expect(await bill({ orders: [id], mode: "percentage" }, "mode")).toEqual({});
  });

  test("warns of what cannot be billed", async () => {
    const { id, desk } = await order();
    const { name } = await admin.read("SaleOrder", id, "name");
    const lines = [{ line: desk, quantity: 3 }];
    expect(await bill({ orders: [id], mode: "lines", lines }, "lines[0].quantity")).toEqual({
      _warnings: [{ field: "lines", message: `Order ${name}: Desk: 3 of 2 cannot be invoiced; 2 is left` }],
    });
    expect(await bill({ orders: [id], mode: "percentage", percentage: 101 }, "percentage")).toMatchObject({
      _warnings: [{ field: "percentage", message: expect.stringContaining("cannot be invoiced; 3 is left") }],
    });
    const dollar = await admin.find("Currency", "Q(code='USD')");
    const other = await order({ currency: dollar });
    const both = await bill({ orders: [id, other.id], mode: "all", untaxed_amount: 5 }, "mode");
    expect(both).toMatchObject({ untaxed_amount: null, lines: [{}, {}, {}, {}] });
    expect(await admin.count("Invoice", `Q(orders__in=[${id},${other.id}])`)).toBe(0);
  });
});
