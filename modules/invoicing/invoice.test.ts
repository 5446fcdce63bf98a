/** Invoices over HTTP: posting without gaps, what does not change any more, credit notes, payments, and who owes what. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let books: Client;
let contact: number;
let euro: number;
let tax20: number;

beforeAll(async () => {
  api = await startTestServer();
  books = clientOf(api, await api.signIn("accounts@example.com", "demo-demo"));
  contact = await books.create("Contact", { name: "Ledger & Sons", is_company: true });
  euro = await books.find("Currency", "Q(code='EUR')");
  tax20 = await books.find("Tax", "Q(rate=20, price_included=False)");
});
afterAll(() => api?.close());

const draft = (values: object = {}, price = "100") =>
  books.create("Invoice", {
    contact,
    date: "2026-06-01",
    lines: [{ description: "Work", unit_price: price, quantity: 1, taxes: [tax20] }],
    ...values,
  });
const posted = async (values: object = {}, price = "100") => {
  const id = await draft(values, price);
  await books.execute("Invoice", "post", [id]);
  return id;
};
const pay = (ids: number[], inputs: object = {}) =>
  books.execute("Invoice", "register_payment", ids, inputs as Record<string, unknown>);
const due = async (id: number) => (await books.read("Invoice", id, "amount_due")).amount_due;

describe("posting", () => {
  test("numbers have no gaps, whatever fails in between", async () => {
    const numbers: number[] = [];
    const empty = await books.create("Invoice", { contact });
    for (let round = 0; round < 3; round++) {
      const id = await posted();
      expect(await books.refusal(books.execute("Invoice", "post", [await draft(), empty]))).toMatch(/has no lines$/);
      const { name } = await books.read("Invoice", id, "name");
      expect(name).toMatch(/^INV\d{4}\/\d{5}$/);
      numbers.push(Number(String(name).slice(-5)));
    }
    expect(numbers).toEqual([numbers[0], (numbers[0] ?? 0) + 1, (numbers[0] ?? 0) + 2]);
  });

  test("twenty at a time get twenty numbers, side by side", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => draft()));
    await Promise.all(ids.map((id) => books.execute("Invoice", "post", [id])));
    const names = await Promise.all(ids.map(async (id) => (await books.read("Invoice", id, "name")).name as string));
    const numbers = names.map((name) => Number(name.slice(-5))).sort((a, b) => a - b);
    expect(new Set(numbers).size).toBe(20);
    expect((numbers[19] ?? 0) - (numbers[0] ?? 0)).toBe(19);
  });

  test("the due date is that of the payment term, unless it is given", async () => {
    const term = await books.find("PaymentTerm", "Q(days=30)");
    const dueOf = async (id: number) => (await books.read("Invoice", id, "due_date")).due_date;
    expect(await dueOf(await posted({ payment_term: term }))).toBe("2026-07-01");
    expect(await dueOf(await posted({ payment_term: null }))).toBe("2026-06-01");
    expect(await dueOf(await posted({ payment_term: term, due_date: "2026-06-15" }))).toBe("2026-06-15");
    expect(await books.refusal(draft({ due_date: "2026-05-31" }))).toBe("400 due_date: must not be before the date");
  });

  test("the total is kept in the company's currency too, at the rate of the date", async () => {
    const dollar = await books.find("Currency", "Q(code='USD')");
    const inCompany = async (values: object) =>
      (await books.read("Invoice", await posted({ currency: dollar, ...values }), "company_total")).company_total;
    expect(await inCompany({ date: "2026-06-30" })).toBe(103);
    expect(await inCompany({ date: "2026-07-01" })).toBe(101.52);
    expect(await inCompany({ date: "2025-01-01" })).toBe(null);
  });

  test("what is posted does not change, in whatever way", async () => {
    const [id, other] = [await posted(), await draft()];
    const { lines, name } = await books.read("Invoice", id, "lines", "name");
    const line = (lines as { id: number }[])[0]?.id ?? 0;
    const frozen = `Invoice ${name} is posted: its lines cannot be changed; what is posted is corrected by a credit note`;
    const rows: [() => Promise<unknown>, string][] = [
      [() => books.update("Invoice", id, { note: "x" }), "note cannot be changed"],
      [() => books.update("Invoice", id, { lines: [] }), "lines cannot be changed"],
      [() => books.update("Invoice", id, { lines: [["U", line, { unit_price: 1 }]] }), "lines cannot be changed"],
      [() => books.update("Invoice", id, { lines: [["C", { description: "More" }]] }), "lines cannot be changed"],
      [() => books.update("InvoiceLine", line, { unit_price: 1 }), frozen],
      [() => books.update("InvoiceLine", line, { taxes: [] }), frozen],
      [() => books.update("InvoiceLine", line, { invoice: other }), frozen],
      [() => books.create("InvoiceLine", { invoice: id, description: "More" }), frozen],
      [() => books.remove("InvoiceLine", line), frozen],
      [() => books.remove("Invoice", id), "is posted and cannot be deleted"],
      [() => books.update("Invoice", other, { lines: [["L", line]] }), frozen],
      [() => books.update("Tax", tax20, { rate: 21 }), "The tax is used"],
      [() => books.execute("Invoice", "post", [id]), `Invoice ${name} is posted: only drafts are posted`],
      [() => books.update("Invoice", id, { status: "draft" }), "status: is read-only"],
    ];
    for (const [request, message] of rows) expect(await books.refusal(request())).toContain(message);
    const bulk = [
      await api.call("PUT", "/api/bulk-update/Invoice", { ids: [other, id], values: { note: "x" } }),
      await api.call("DELETE", "/api/bulk-delete/InvoiceLine", { ids: [line] }),
      await api.call("POST", "/api/bulk-create/InvoiceLine", { records: [{ invoice: id, description: "More" }] }),
    ];
    expect(bulk.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await books.read("Invoice", id, "total", "note", "lines")).toMatchObject({ total: 120, note: null, lines });
    const { json } = await api.call("POST", "/api/clone/Invoice?fields=status,total,payment_status", { id });
    expect(json).toMatchObject({ status: "draft", total: 120, payment_status: "none", name: null });
  });

  test("below zero is no invoice; drafts can be cancelled and taken up again", async () => {
    expect(await books.refusal(posted({}, "-1"))).toMatch(
      /is below zero: what goes back to the customer is a credit note$/,
    );
    const id = await draft();
    await books.execute("Invoice", "cancel", [id]);
    expect(await books.refusal(books.execute("Invoice", "post", [id]))).toMatch(
      /is cancelled: only drafts are posted$/,
    );
    await books.execute("Invoice", "reset_to_draft", [id]);
    await books.execute("Invoice", "post", [id]);
    await books.execute("Invoice", "cancel", [id]);
    expect(await books.read("Invoice", id, "status", "amount_due")).toMatchObject({
      status: "cancelled",
      amount_due: 0,
    });
    const stays = await books.refusal(books.execute("Invoice", "reset_to_draft", [id]));
    expect(stays).toMatch(/has been posted, so it stays as it is$/);
    expect(await books.refusal(books.remove("Invoice", id))).toMatch(/cannot be deleted/);
  });
});

describe("payments", () => {
  test("in parts, until nothing is due", async () => {
    const id = await posted();
    expect(await pay([id], { amount: "50.01" })).toMatchObject({
      type: "close",
      notify: expect.stringMatching(/69.99 still due$/),
    });
    expect(await books.read("Invoice", id, "amount_due", "payment_status")).toMatchObject({
      amount_due: 69.99,
      payment_status: "partial",
    });
    await pay([id], {});
    expect(await books.read("Invoice", id, "amount_due", "payment_status")).toMatchObject({
      amount_due: 0,
      payment_status: "paid",
    });
    expect(await books.refusal(pay([id]))).toMatch(/is paid already$/);
  });

  test("of several invoices, the earliest due first", async () => {
    const [late, early] = [await posted({ due_date: "2026-08-01" }), await posted({ due_date: "2026-07-01" })];
    await pay([late, early], { amount: 150 });
    expect([await due(early), await due(late)]).toEqual([0, 90]);
  });

  test("never more than is due, unless it is said", async () => {
    const id = await posted();
    expect(await books.refusal(pay([id], { amount: "120.01" }))).toBe(
      "400 amount: exceeds the 120.00 EUR that are due by 0.01; on_account keeps that for other invoices",
    );
    expect(await pay([id], { amount: "130", on_account: true })).toMatchObject({
      notify: expect.stringMatching(/10.00 on account$/),
    });
    const payment = await books.find("Payment", `Q(allocations__invoice=${id})`);
    expect(await books.read("Payment", payment, "unallocated")).toMatchObject({ unallocated: 10 });
    const next = await posted();
    await books.create("PaymentAllocation", { payment, invoice: next, amount: 10 });
    expect(await due(next)).toBe(110);
    expect(
      await books.refusal(books.create("PaymentAllocation", { payment, invoice: await posted(), amount: "0.01" })),
    ).toBe("400 unallocated: the parts of a payment must not exceed its amount");
  });

  test("two at the same time cannot pay it twice", async () => {
    const id = await posted();
    const answers = await Promise.all([1, 2, 3, 4].map(() => books.refusal(pay([id], { amount: 70 }))));
    expect(answers.filter((answer) => answer === "200")).toHaveLength(1);
    expect(await due(id)).toBe(50);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a draft", async () => pay([await draft()]), "is draft: only posted invoices are paid"],
    ["nothing", async () => pay([await posted()], { amount: 0 }), "400 amount: must be greater than zero"],
    ["a tenth of a cent", async () => pay([await posted()], { amount: "1.001" }), "400 amount: EUR has 2 decimals"],
    [
      "two customers",
      async () => pay([await posted(), await posted({ contact: await books.create("Contact", { name: "Else" }) })]),
      "they have different customers",
    ],
    [
      "two currencies",
      async () => pay([await posted(), await posted({ currency: await books.find("Currency", "Q(code='USD')") })]),
      "they have different currencies",
    ],
    [
      "an allocation in another currency",
      async () =>
        books.create("Payment", {
          contact,
          amount: 10,
          currency: await books.find("Currency", "Q(code='USD')"),
          allocations: [{ invoice: await posted(), amount: 10 }],
        }),
      "is in EUR, the payment in USD",
    ],
    [
      "an allocation beyond what is due",
      async () =>
        books.create("Payment", {
          contact,
          amount: 500,
          currency: euro,
          allocations: [{ invoice: await posted(), amount: 121 }],
        }),
      "400 amount_due: no more can be paid or credited than is due",
    ],
    [
      "an invoice that is not there",
      () => books.create("Payment", { amount: 10, invoices: [999_999] }),
      "400 invoices[0]: Invoice 999999 does not exist",
    ],
    [
      "more than is due, by ids",
      async () => books.create("Payment", { amount: 121, invoices: [await posted()] }),
      "400 amount: exceeds the 120 EUR that are due",
    ],
  ])("refused: %s", async (_name, request, message) => {
    expect(await books.refusal(request())).toContain(message);
  });

  test("a payment can be entered by its invoices alone, stays as it is, and can be cancelled", async () => {
    const id = await posted();
    const payment = await books.create("Payment", { amount: 100, invoices: [id] });
    expect(
      await books.read("Payment", payment, "contact", "currency", "type", "invoices", "unallocated"),
    ).toMatchObject({
      contact: { id: contact },
      currency: { display_name: "EUR" },
      type: "inbound",
      invoices: [{ id }],
      unallocated: 0,
    });
    expect(await books.refusal(books.update("Payment", payment, { amount: 10 }))).toMatch(/amount cannot be changed/);
    const { allocations } = await books.read("Payment", payment, "allocations");
    const part = (allocations as { id: number }[])[0]?.id ?? 0;
    const admin = clientOf(api);
    expect(await admin.refusal(admin.update("PaymentAllocation", part, { amount: 1 }))).toMatch(/is not changed/);
    expect(await admin.refusal(admin.remove("PaymentAllocation", part))).toMatch(/is posted: cancel it first$/);
    expect(await books.refusal(books.execute("Invoice", "cancel", [id]))).toMatch(/has payments or credits/);
    expect(await books.refusal(books.remove("Payment", payment))).toMatch(
      /is posted and cannot be deleted; cancel it$/,
    );
    await books.execute("Payment", "cancel", [payment]);
    expect(await due(id)).toBe(120);
    expect(await books.refusal(books.execute("Payment", "cancel", [payment]))).toMatch(/is cancelled already$/);
  });
});

describe("credit notes", () => {
  test("take back what is due, and what has been paid is paid back", async () => {
    const id = await posted();
    await pay([id], { amount: 50 });
    const credit = await books.make("Invoice", "create_credit_note", [id], { reason: "Broken", date: "2026-06-10" });
    expect(await books.read("Invoice", credit, "type", "status", "total", "note")).toMatchObject({
      type: "credit_note",
      status: "draft",
      total: 120,
      note: "Broken",
    });
    expect(await due(id)).toBe(70);
    await books.execute("Invoice", "post", [credit]);
    expect((await books.read("Invoice", credit, "name")).name).toMatch(/^CN\d{4}\/\d{5}$/);
    expect([await due(id), await due(credit)]).toEqual([0, 50]);
    await pay([credit], {});
    expect(await due(credit)).toBe(0);
    const refund = await books.find("Payment", `Q(allocations__invoice=${credit})`);
    expect(await books.read("Payment", refund, "type", "amount")).toMatchObject({ type: "outbound", amount: 50 });
  });

  test("in part, but together never more than was invoiced", async () => {
    const id = await posted();
    const part = await books.make("Invoice", "create_credit_note", [id]);
    const { lines } = await books.read("Invoice", part, "lines");
    await books.update("InvoiceLine", (lines as { id: number }[])[0]?.id ?? 0, { quantity: "0.25" });
    await books.execute("Invoice", "post", [part]);
    expect(await due(id)).toBe(90);
    const whole = await books.make("Invoice", "create_credit_note", [id]);
    expect(await books.refusal(books.execute("Invoice", "post", [whole]))).toBe(
      "400 credited_amount: no more can be credited than was invoiced",
    );
    expect(await books.refusal(books.execute("Invoice", "create_credit_note", [part]))).toMatch(
      /is a credit note itself$/,
    );
    expect(await books.refusal(books.execute("Invoice", "create_credit_note", [await draft()]))).toMatch(
      /is draft: only posted invoices are credited$/,
    );
  });
});

describe("receivables", () => {
  test("by how long they have been due, as of any day", async () => {
    const debtor = await books.create("Contact", { name: "Slow Payer plc" });
    const of = (due_date: string, price: string) => posted({ contact: debtor, date: "2026-01-01", due_date }, price);
    const ids = [await of("2026-07-01", "10"), await of("2026-06-30", "20"), await of("2026-06-01", "30")];
    await of("2026-05-01", "40");
    await of("2026-01-02", "50");
    await pay([ids[0] ?? 0], { amount: "12.00", date: "2026-07-05" });
    const credit = await books.make("Invoice", "create_credit_note", [ids[1] ?? 0], { date: "2026-07-10" });
    await books.execute("Invoice", "post", [credit]);
    const aged = async (date: string, currency?: number) => {
      const inputs = { date, contact: debtor, ...(currency === undefined ? {} : { currency }) };
      const { rows } = await books.execute("Invoice", "aged_receivables", [], inputs);
      return rows as Record<string, unknown>[];
    };
    expect(await aged("2026-06-30")).toEqual([
      {
        contact: { id: debtor, display_name: "Slow Payer plc" },
        currency: { id: euro, display_name: "EUR" },
        not_due: 36,
        days_1_30: 36,
        days_31_60: 48,
        days_61_90: 0,
        over_90: 60,
        total: 180,
      },
    ]);
    expect(await aged("2026-07-31")).toMatchObject([
      { not_due: 0, days_1_30: 0, days_31_60: 36, days_61_90: 0, over_90: 108, total: 144 },
    ]);
    const dollar = await books.find("Currency", "Q(code='USD')");
    expect(await aged("2026-07-31", dollar)).toMatchObject([
      { currency: { id: dollar }, over_90: 127.66, total: 170.21 },
    ]);
    expect(await aged("2025-12-31")).toEqual([]);
    const inputs = { date: "2026-02-30" };
    expect(await books.refusal(books.execute("Invoice", "aged_receivables", [], inputs))).toMatch(/^400 date: /);
  });

  test("of the invoices that somebody sees, without a right to payments", async () => {
    const seller = clientOf(api, await api.signIn("sales@example.com", "demo-demo"));
    const debtor = await books.create("Contact", { name: "Two Desks Ltd" });
    const salesperson = await books.find("User", "Q(email='sales@example.com')");
    const dates = { contact: debtor, date: "2026-01-01", due_date: "2026-01-31" };
    const mine = await posted({ ...dates, salesperson }, "10");
    await posted({ ...dates, salesperson: await books.find("User", "Q(email='sales.manager@example.com')") }, "20");
    await pay([mine], { date: "2026-03-01" });
    const owed = async (who: Client, date: string) =>
      (await who.execute("Invoice", "aged_receivables", [], { date, contact: debtor })).rows;
    expect(await owed(seller, "2026-02-01")).toMatchObject([{ days_1_30: 12, total: 12 }]);
    expect(await owed(seller, "2026-03-01")).toEqual([]);
    expect(await owed(books, "2026-02-01")).toMatchObject([{ days_1_30: 36, total: 36 }]);
  });
});
