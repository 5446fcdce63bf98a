/** What an invoice bills of an order, over HTTP: chosen lines, never more than is left; what invoices rely on stays as it is. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let contact: number;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  contact = await admin.create("Contact", { name: "Quarry & Co", is_company: true });
});
afterAll(() => api?.close());

interface Order {
  readonly id: number;
  readonly lines: readonly number[];
}

/** A confirmed order of ten chairs at 30 and four desks at 99.99. */
async function order(values: object = {}): Promise<Order> {
  const id = await admin.create("SaleOrder", {
    contact,
    lines: [
      { description: "Chair", quantity: 10, unit_price: 30 },
      { description: "Desk", quantity: 4, unit_price: "99.99" },
    ],
    ...values,
  });
  await admin.execute("SaleOrder", "confirm", [id]);
  const { lines } = await admin.read("SaleOrder", id, "lines");
  return { id, lines: (lines as { id: number }[]).map((line) => line.id) };
}

const bill = (ids: readonly number[], inputs: Record<string, unknown>) =>
  admin.make("SaleOrder", "create_invoice", ids, inputs);
const linesOf = async (invoice: number) =>
  (await admin.read("Invoice", invoice, "lines.description", "lines.quantity", "lines.subtotal")).lines;

describe("chosen lines", () => {
  test("as much of them as is said, or all that is left", async () => {
    const { id, lines } = await order();
    const [chair, desk] = lines;
    const first = await bill([id], { mode: "lines", lines: [{ line: chair, quantity: "2.5" }] });
    expect(await linesOf(first)).toMatchObject([{ description: "Chair", quantity: 2.5, subtotal: 75 }]);
    expect(await admin.read("SaleOrder", id, "invoice_status", "lines.invoiced_quantity")).toMatchObject({
      invoice_status: "partial",
      lines: [{ invoiced_quantity: 2.5 }, { invoiced_quantity: 0 }],
    });
    const second = await bill([id], { mode: "lines", lines: [{ line: desk, quantity: 1 }, { line: chair }] });
    expect(await linesOf(second)).toMatchObject([
      { description: "Chair", quantity: 7.5, subtotal: 225 },
      { description: "Desk", quantity: 1, subtotal: 99.99 },
    ]);
    // What nobody chooses is what is left.
    const last = await bill([id], { mode: "lines" });
    expect(await linesOf(last)).toMatchObject([{ description: "Desk", quantity: 3, subtotal: 299.97 }]);
    expect(await admin.read("SaleOrder", id, "invoice_status")).toMatchObject({ invoice_status: "invoiced" });
  });

  test("of several orders of a customer on one invoice", async () => {
    const [one, other] = [await order({ customer_reference: "A" }), await order({ customer_reference: "B" })];
    const lines = [
      { line: one.lines[0], quantity: 1 },
      { line: other.lines[1], quantity: 2 },
    ];
    const invoice = await bill([one.id, other.id], { mode: "lines", lines });
    expect(await admin.read("Invoice", invoice, "reference", "total")).toMatchObject({
      reference: "A, B",
      total: 229.98,
    });
  });

  test("nothing that is not of the orders, and no more than is left", async () => {
    const [mine, other] = [await order(), await order()];
    const [chair] = mine.lines;
    const refused = (lines: object[]) =>
      admin.refusal(admin.execute("SaleOrder", "create_invoice", [mine.id], { mode: "lines", lines }));
    expect(await refused([{ line: chair, quantity: 1 }, { line: other.lines[0] }])).toBe(
      "400 lines[1].line: is not a line of one of these orders",
    );
    expect(await refused([{ line: 999_999 }])).toBe("400 lines[0].line: there is no such SaleOrderLine record");
    expect(await refused([{ line: chair, quantity: "10.0001" }])).toMatch(
      /Chair: 10.0001 of 10 cannot be invoiced; 10 is left$/,
    );
    expect(await refused([{ line: chair, quantity: -1 }])).toMatch(/-1 of 10 cannot be invoiced; 10 is left$/);
    expect(await refused([{ line: chair, quantity: 0 }])).toMatch(/Nothing is left to be invoiced$/);
    expect(await refused([{ quantity: 1 }])).toBe("400 lines[0].line: is required");
    expect(await admin.count("Invoice", `Q(orders__in=[${mine.id},${other.id}])`)).toBe(0);
    await bill([mine.id], { mode: "lines", lines: [{ line: chair, quantity: 6 }] });
    expect(await refused([{ line: chair, quantity: 5 }])).toMatch(/5 of 10 cannot be invoiced; 4 is left$/);
  });

  test("two at the same time cannot bill it twice", async () => {
    const { id, lines } = await order();
    const once = () => admin.refusal(bill([id], { mode: "lines", lines: [{ line: lines[0], quantity: 6 }] }));
    const answers = await Promise.all([once(), once(), once()]);
    expect(answers.filter((answer) => answer === "200")).toHaveLength(1);
  });
});

test("an invoice is posted at once by who may post, else nothing is made", async () => {
  const { id } = await order();
  const seller = clientOf(api, await api.signIn("sales.manager@example.com", "demo-demo"));
  const refused = seller.execute("SaleOrder", "create_invoice", [id], { post: true });
  expect(await seller.refusal(refused)).toMatch(/^403 /);
  expect(await admin.count("Invoice", `Q(orders=${id})`)).toBe(0);
  const invoice = await bill([id], { mode: "percentage", percentage: 50, post: true, date: "2026-03-31" });
  expect(await admin.read("Invoice", invoice, "name", "status", "due_date")).toMatchObject({
    name: expect.stringMatching(/^INV2026\//),
    status: "posted",
    due_date: "2026-03-31",
  });
});

test("the number of an invoice is of the year of its date, without gaps in each year", async () => {
  const invoice = (date: string) =>
    admin.create("Invoice", { contact, date, lines: [{ description: "Work", unit_price: 1 }] });
  const ids: number[] = [];
  for (const date of ["2019-05-01", "2021-01-01", "2019-12-31", "2021-06-01"]) ids.push(await invoice(date));
  // The dates of one call are numbered in their order, whatever the order of the call is.
  await admin.execute("Invoice", "post", [...ids].reverse());
  const late = await invoice("2019-01-01");
  await admin.execute("Invoice", "post", [late]);
  const names = await Promise.all([...ids, late].map(async (id) => (await admin.read("Invoice", id, "name")).name));
  expect(names).toEqual(["INV2019/00001", "INV2021/00001", "INV2019/00002", "INV2021/00002", "INV2019/00003"]);
});

describe("what invoices rely on", () => {
  test("the rate of a tax that only invoices use stays", async () => {
    const tax = await admin.create("Tax", { name: "Of one invoice", rate: 7 });
    await admin.update("Tax", tax, { rate: 8 });
    const line = { description: "Work", unit_price: 100, taxes: [tax] };
    const invoice = await admin.create("Invoice", { contact, lines: [line] });
    const message = "400 The tax is used by invoices, whose amounts must stay: make a new tax and archive this one";
    expect(await admin.refusal(admin.update("Tax", tax, { rate: 9 }))).toBe(message);
    expect(await admin.refusal(admin.update("Tax", tax, { price_included: true }))).toBe(message);
    const bulk = await api.call("PUT", "/api/bulk-update/Tax", { ids: [tax], values: { rate: 9 } });
    expect([bulk.status, bulk.json.detail]).toEqual([400, message.slice(4)]);
    const kept = "400 The tax is used by invoices, whose amounts must stay: archive it";
    expect(await admin.refusal(admin.remove("Tax", tax))).toBe(kept);
    const all = await api.call("DELETE", "/api/bulk-delete/Tax", {
      ids: [await admin.create("Tax", { name: "Of none", rate: 1 }), tax],
    });
    expect([all.status, all.json.detail]).toEqual([400, kept.slice(4)]);
    await admin.update("Tax", tax, { name: "Of one invoice, archived", active: false });
    expect(await admin.read("Invoice", invoice, "tax_amount")).toMatchObject({ tax_amount: 8 });
  });

  test("the decimals of a currency that orders or invoices use stay", async () => {
    for (const [model, code, words] of [
      ["SaleOrder", "CHF", "Sales orders have"],
      ["Invoice", "NOK", "Invoices have"],
    ] as const) {
      const currency = await admin.find("Currency", `Q(code='${code}')`);
      await admin.update("Currency", currency, { decimal_places: 3 });
      const lines = [{ description: "Work", unit_price: "1.2345" }];
      const id = await admin.create(model, { contact, currency, lines });
      expect(await admin.refusal(admin.update("Currency", currency, { decimal_places: 2 }))).toBe(
        `400 ${words} amounts in the currency: its decimal_places cannot change any more`,
      );
      await admin.update("Currency", currency, { symbol: "x" });
      expect(await admin.read(model, id, "total")).toMatchObject({ total: 1.235 });
    }
  });
});

test("an order stays as it is while an invoice bills it, also one that whoever cancels it may not see", async () => {
  const salesperson = await admin.find("User", "Q(email='sales@example.com')");
  const seller = clientOf(api, await api.signIn("sales@example.com", "demo-demo"));
  const { id } = await order({ salesperson });
  const invoice = await bill([id], { mode: "percentage", percentage: 50 });
  const { name } = await admin.read("SaleOrder", id, "name");
  const shown = await api.call("POST", "/api/execute/SaleOrder/cancel", { ids: [id] });
  expect(shown.json).toMatchObject({
    error: "UserError",
    detail: `Order ${name} is billed by invoice #${invoice}, which is draft`,
    action: { type: "window_action", identifier: "invoicing.invoice", record_id: invoice },
  });
  await admin.update("Invoice", invoice, {
    salesperson: await admin.find("User", "Q(email='sales.manager@example.com')"),
  });
  for (const method of ["cancel", "reset_to_draft"]) {
    expect(await seller.refusal(seller.execute("SaleOrder", method, [id]))).toBe(
      `400 Order ${name} is billed by an invoice that you may not see`,
    );
  }
  await admin.execute("Invoice", "cancel", [invoice]);
  await seller.execute("SaleOrder", "cancel", [id]);
});

test("an order is free again once all that bills it has been credited", async () => {
  const { id } = await order();
  const { name } = await admin.read("SaleOrder", id, "name");
  const invoice = await bill([id], { mode: "all", post: true });
  const credit = await admin.make("Invoice", "create_credit_note", [invoice]);
  const refused = () => admin.refusal(admin.execute("SaleOrder", "reset_to_draft", [id]));
  const { name: number } = await admin.read("Invoice", invoice, "name");
  expect(await refused()).toBe(`400 Order ${name} is billed by invoice ${number}, which is posted`);
  await admin.execute("Invoice", "post", [credit]);
  await admin.execute("SaleOrder", "reset_to_draft", [id]);
  await admin.execute("SaleOrder", "confirm", [id]);
  // What costs nothing is billed all the same.
  const free = await order({ lines: [{ description: "Sample", quantity: 1, unit_price: 0 }] });
  await bill([free.id], { mode: "all", post: true });
  expect(await admin.refusal(admin.execute("SaleOrder", "cancel", [free.id]))).toMatch(
    /is invoiced: make credit notes of its invoices first$/,
  );
});

test("who owes what is found among more invoices than a filter can list", { timeout: 60_000 }, async () => {
  const many = 10_500;
  const debtor = await admin.create("Contact", { name: "Pays in the end" });
  const pattern = await admin.create("Invoice", {
    contact: debtor,
    date: "2020-01-01",
    lines: [{ description: "Work", unit_price: 2 }],
  });
  await admin.execute("Invoice", "post", [pattern]);
  const { database } = api.database;
  const [{ columns } = { columns: "" }] = await database.rows<{ columns: string }>({
    text: `select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
      where table_name = 'invoice' and is_generated = 'NEVER' and column_name not in ('id', 'name')`,
    values: [],
  });
  await database.run({
    text: `insert into invoice (name, ${columns}) select 'MANY' || n, ${columns} from invoice, generate_series(1, $1::integer) n
      where invoice.id = $2::bigint`,
    values: [many, pattern],
  });
  await admin.execute("Invoice", "register_payment", [pattern], { date: "2020-06-01" });
  const owed = async (date: string) =>
    (await admin.execute("Invoice", "aged_receivables", [], { date, contact: debtor })).rows;
  expect(await owed("2020-05-31")).toMatchObject([{ contact: { id: debtor }, total: 2 * (many + 1) }]);
  expect(await owed("2020-06-01")).toMatchObject([{ over_90: 2 * many, total: 2 * many }]);
});
