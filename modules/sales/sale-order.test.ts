/** Orders over HTTP: what they take from customers and products, their totals, states, and who sees them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let seller: Client;
let manager: Client;
/** Ids of what every order here is made of. */
let contact: number;
let desk: number;
let tax20: number;
let included20: number;

beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  seller = clientOf(api, await api.signIn("sales@example.com", "demo-demo"));
  manager = clientOf(api, await api.signIn("sales.manager@example.com", "demo-demo"));
  contact = await admin.find("Contact", "Q(name='Harbour Lane Books Ltd')");
  desk = await admin.find("Product", "Q(code='DSK-001')");
  tax20 = await admin.find("Tax", "Q(rate=20, price_included=False)");
  included20 = await admin.find("Tax", "Q(rate=20, price_included=True)");
});
afterAll(() => api?.close());

describe("what is left out", () => {
  test("comes from the customer and the products, at the rate of the day", async () => {
    const term = await admin.find("PaymentTerm", "Q(days=30)");
    await admin.update("Contact", contact, { payment_term: term });
    await admin.update("Product", desk, { taxes: [tax20] });
    const lines = [
      { product: desk, quantity: 2 },
      { product: desk, unit_price: "500", taxes: [], description: "Seconds" },
    ];
    const id = await seller.create("SaleOrder", { contact, date: "2026-03-01", lines });
    const fields = ["currency", "payment_term", "company", "salesperson", "status", "invoice_address", "total"];
    expect(
      await seller.read("SaleOrder", id, ...fields, "lines.description", "lines.unit_price", "lines.taxes"),
    ).toMatchObject({
      currency: { display_name: "GBP" },
      payment_term: { id: term },
      company: { display_name: "My Company" },
      salesperson: { display_name: "Sofía Marín" },
      status: "draft",
      invoice_address: "Harbour Lane Books Ltd\n31 Harbour Lane\nSE1 9ZZ London\nUnited Kingdom",
      // 649.00 euros at 0.864 pounds each.
      lines: [
        { description: "Standing desk, oak, 160 cm", unit_price: 560.74, taxes: [{ id: tax20 }] },
        { description: "Seconds", unit_price: 500, taxes: [] },
      ],
      total: 1845.78,
    });
    await seller.update("SaleOrder", id, { lines: [["C", { product: desk, quantity: 1 }]] });
    await seller.create("SaleOrderLine", { order: id, product: desk, quantity: 1 });
    // Four desks with tax, one second-hand one without.
    expect(await seller.read("SaleOrder", id, "total")).toMatchObject({ total: 3191.56 });
  });

  test("a price that cannot be converted has to be given", async () => {
    const currency = await admin.find("Currency", "Q(code='GBP')");
    const order = { contact, currency, date: "2025-12-31" };
    expect(await admin.refusal(admin.create("SaleOrder", { ...order, lines: [{ product: desk }] }))).toBe(
      "400 There is no rate of exchange for GBP on 2025-12-31 or before",
    );
    await admin.create("SaleOrder", { ...order, lines: [{ product: desk, unit_price: "1" }] });
    const nowhere = { contact: 999_999, currency: 999_999, lines: [{ product: desk, quantity: "x" }] };
    expect(await admin.refusal(admin.create("SaleOrder", nowhere))).toBe(
      '400 lines[0].quantity: must be a number or a numeral such as "12.50", not a text; ' +
        "contact: there is no such Contact record; currency: there is no such Currency record",
    );
  });

  test.each<[string, object, string]>([
    ["no customer", {}, "400 contact: is required"],
    ["a customer that is not there", { contact: 999_999 }, "400 contact: there is no such Contact record"],
    ["a status", { status: "confirmed" }, "400 status: is read-only"],
    ["a total", { total: 1 }, "400 total: is calculated"],
    [
      "a discount beyond 100",
      { lines: [{ description: "x", discount: 101 }] },
      "400 lines[0].discount: must be between 0 and 100",
    ],
    ["a line without a name", { lines: [{ quantity: 1 }] }, "400 lines[0].description: is required"],
  ])("refused: %s", async (name, values, message) => {
    const order = name === "no customer" ? values : { contact, ...values };
    expect(await admin.refusal(admin.create("SaleOrder", order as Record<string, unknown>))).toContain(message);
  });
});

describe("totals", () => {
  test.each<[string, string, object[], number[]]>([
    ["EUR", "a discount of a third", [{ unit_price: "81.35", quantity: 10, discount: "33.33" }], [542.36, 0, 542.36]],
    ["EUR", "taxes in the price", [{ unit_price: "9.99", quantity: 3, taxes: "included" }], [24.97, 5, 29.97]],
    ["EUR", "each line by itself", [{ unit_price: "0.125" }, { unit_price: "0.125" }], [0.26, 0, 0.26]],
    ["JPY", "no decimals", [{ unit_price: "3333", quantity: 15, discount: 10, taxes: "added" }], [44996, 8999, 53995]],
    ["KWD", "three decimals", [{ unit_price: "1.2345", quantity: 3, taxes: "added" }], [3.704, 0.741, 4.445]],
    [
      "USD",
      "below zero",
      [{ unit_price: "10" }, { unit_price: "12.34", quantity: -1, taxes: "added" }],
      [-2.34, -2.47, -4.81],
    ],
  ])("%s: %s", async (code, _name, lines, [untaxed, tax, total]) => {
    const currency = await admin.find("Currency", `Q(code='${code}')`);
    const taxes: Record<string, number[]> = { added: [tax20], included: [included20] };
    const order = await admin.create("SaleOrder", {
      contact,
      currency,
      lines: lines.map((line) => {
        const { taxes: kind = "", ...values } = line as { taxes?: string };
        return { description: "Thing", ...values, taxes: taxes[kind] ?? [] };
      }),
    });
    expect(await admin.read("SaleOrder", order, "untaxed_amount", "tax_amount", "total")).toMatchObject({
      untaxed_amount: untaxed,
      tax_amount: tax,
      total,
    });
  });

  test("another currency rounds anew", async () => {
    const [eur, jpy] = [await admin.find("Currency", "Q(code='EUR')"), await admin.find("Currency", "Q(code='JPY')")];
    const lines = [{ description: "Thing", unit_price: "99.50", quantity: 1, taxes: [tax20] }];
    const id = await admin.create("SaleOrder", { contact, currency: eur, lines });
    expect(await admin.read("SaleOrder", id, "total")).toMatchObject({ total: 119.4 });
    await admin.update("SaleOrder", id, { currency: jpy });
    expect(await admin.read("SaleOrder", id, "total")).toMatchObject({ total: 120 });
  });
});

describe("states", () => {
  const order = () =>
    admin.create("SaleOrder", { contact, lines: [{ description: "Thing", unit_price: 10, quantity: 2 }] });

  test("draft, confirmed, cancelled, and back", async () => {
    const id = await order();
    const status = async () => (await admin.read("SaleOrder", id, "status")).status;
    for (const [method, after] of [
      ["confirm", "confirmed"],
      ["reset_to_draft", "draft"],
      ["cancel", "cancelled"],
      ["reset_to_draft", "draft"],
      ["confirm", "confirmed"],
      ["cancel", "cancelled"],
    ] as const) {
      expect(await admin.execute("SaleOrder", method, [id])).toMatchObject({ type: "notify" });
      expect(await status()).toBe(after);
    }
  });

  test("a state that is not fit for it refuses, and nothing of the call is done", async () => {
    const [draft, confirmed, empty] = [await order(), await order(), await admin.create("SaleOrder", { contact })];
    await admin.execute("SaleOrder", "confirm", [confirmed]);
    const zero = await admin.create("SaleOrder", { contact, lines: [{ description: "x", quantity: 0 }] });
    const { name } = await admin.read("SaleOrder", confirmed, "name");
    const refused = (method: string, ids: number[]) => admin.refusal(admin.execute("SaleOrder", method, ids));
    expect(await refused("confirm", [draft, confirmed])).toBe(
      `400 Order ${name} is confirmed: only drafts are confirmed`,
    );
    expect(await refused("confirm", [empty])).toMatch(/has no lines$/);
    expect(await refused("confirm", [zero])).toMatch(/all its quantities are 0$/);
    expect(await refused("reset_to_draft", [draft])).toMatch(/is a draft already$/);
    expect(await refused("confirm", [])).toMatch(/^400 /);
    expect(await admin.read("SaleOrder", draft, "status")).toMatchObject({ status: "draft" });
  });

  test("what is confirmed does not change, in whatever way", async () => {
    const [id, other] = [await order(), await order()];
    await admin.execute("SaleOrder", "confirm", [id]);
    const { lines, name } = await admin.read("SaleOrder", id, "lines", "name");
    const [line] = lines as { id: number }[];
    const { lines: others } = await admin.read("SaleOrder", other, "lines");
    const tax = await admin.create("Tax", { name: "Of one order", rate: 7 });
    const taxed = { contact, lines: [{ description: "Taxed", unit_price: "10", taxes: [tax] }] };
    await admin.execute("SaleOrder", "confirm", [await admin.create("SaleOrder", taxed)]);
    const frozen = `is confirmed: its lines cannot be changed; reset it to draft first`;
    const rows: [() => Promise<unknown>, string][] = [
      [() => admin.update("SaleOrder", id, { date: "2026-01-01" }), "date cannot be changed"],
      [() => admin.update("SaleOrder", id, { lines: [["U", line?.id, { quantity: 3 }]] }), "lines cannot be changed"],
      [() => admin.update("SaleOrder", id, { lines: [] }), "lines cannot be changed"],
      [() => admin.update("SaleOrderLine", line?.id ?? 0, { quantity: 3 }), frozen],
      [() => admin.update("SaleOrderLine", line?.id ?? 0, { order: other }), frozen],
      [() => admin.update("SaleOrderLine", (others as { id: number }[])[0]?.id ?? 0, { order: id }), frozen],
      [() => admin.create("SaleOrderLine", { order: id, description: "More" }), frozen],
      [() => admin.remove("SaleOrderLine", line?.id ?? 0), frozen],
      [() => admin.remove("SaleOrder", id), "is confirmed and cannot be deleted; cancel it"],
      [() => admin.update("Tax", tax, { rate: 8 }), "The tax is used by sales orders"],
      [() => admin.remove("Tax", tax), "The tax is used by sales orders, whose amounts must stay: archive it"],
    ];
    for (const [request, message] of rows) expect(await admin.refusal(request())).toContain(message);
    const bulk = await api.call("PUT", "/api/bulk-update/SaleOrder", {
      ids: [other, id],
      values: { date: "2026-01-01" },
    });
    expect([bulk.status, bulk.json.detail]).toEqual([
      400,
      `Order ${name} is confirmed: date cannot be changed; reset it to draft first`,
    ]);
    await admin.update("SaleOrder", id, { note: "Call before noon" });
    expect(await admin.read("SaleOrder", id, "total", "note")).toMatchObject({ total: 20, note: "Call before noon" });
  });

  test("a line of another order is missing, whatever has become of that order", async () => {
    const [own, drafted, confirmed, theirs] = [await order(), await order(), await order(), await order()];
    await admin.execute("SaleOrder", "confirm", [confirmed]);
    await admin.update("SaleOrder", theirs, {
      salesperson: await admin.find("User", "Q(email='sales.manager@example.com')"),
    });
    await admin.execute("SaleOrder", "confirm", [theirs]);
    await admin.update("SaleOrder", own, { salesperson: await admin.find("User", "Q(email='sales@example.com')") });
    const lineOf = async (id: number) =>
      ((await admin.read("SaleOrder", id, "lines")).lines as { id: number }[])[0]?.id;
    const token = await api.signIn("sales@example.com", "demo-demo");
    const forms: readonly ((line: number | undefined) => unknown)[] = [
      (line) => ({ id: line, quantity: 2 }),
      (line) => ["U", line, { quantity: 2 }],
      (line) => ["D", line],
      (line) => ["X", line],
    ];
    for (const line of [await lineOf(drafted), await lineOf(confirmed), await lineOf(theirs), 999_999]) {
      const message = `SaleOrderLine ${line} does not exist`;
      const missing = { detail: message, error: "MissingError", fields: [{ path: "lines[0]", message }] };
      for (const form of forms) {
        const body = { lines: [form(line)] };
        const changed = await api.call("PUT", `/api/update/SaleOrder/${own}`, body, { token });
        expect([changed.status, changed.json]).toEqual([404, missing]);
        const made = await api.call("POST", "/api/create/SaleOrder", { contact, ...body }, { token });
        expect([made.status, made.json]).toEqual([404, missing]);
      }
    }
    const stale = { token, headers: { "if-match": '"99"' } };
    await admin.execute("SaleOrder", "confirm", [own]);
    expect((await api.call("PUT", `/api/update/SaleOrder/${own}`, { date: "2026-01-01" }, stale)).status).toBe(412);
    expect((await api.call("DELETE", `/api/delete/SaleOrder/${own}`, undefined, stale)).status).toBe(412);
  });

  test("a copy is a draft with a number of its own", async () => {
    const id = await order();
    await admin.execute("SaleOrder", "confirm", [id]);
    const { json } = await api.call("POST", "/api/clone/SaleOrder?fields=status,total,lines.quantity", { id });
    expect(json).toMatchObject({ status: "draft", total: 20, lines: [{ quantity: 2 }] });
    expect(json.name).not.toBe((await admin.read("SaleOrder", id, "name")).name);
  });
});

describe("who sees what", () => {
  test("a user own orders and those without a salesperson, a manager all; methods are no way around", async () => {
    const me = await admin.find("User", "Q(email='sales@example.com')");
    const other = await admin.find("User", "Q(email='sales.manager@example.com')");
    const order = (salesperson: number | null) =>
      admin.create("SaleOrder", { contact, salesperson, lines: [{ description: "Thing" }] });
    const [mine, nobodys, theirs] = [await order(me), await order(null), await order(other)];
    const gone = `404 SaleOrder ${theirs} does not exist`;
    for (const id of [mine, nobodys]) expect(await seller.read("SaleOrder", id, "id")).toEqual({ id });
    expect(await seller.refusal(seller.read("SaleOrder", theirs, "id"))).toBe(gone);
    expect(await seller.refusal(seller.execute("SaleOrder", "confirm", [mine, theirs]))).toBe(gone);
    expect(await seller.refusal(seller.update("SaleOrder", theirs, { note: "x" }))).toBe(gone);
    expect(await seller.count("SaleOrderLine", `Q(order__in=[${mine},${nobodys},${theirs}])`)).toBe(2);
    expect(await manager.read("SaleOrder", theirs, "id")).toEqual({ id: theirs });
    expect(await seller.refusal(seller.create("Tax", { name: "Mine", rate: 1 }))).toMatch(/^403 /);
    await manager.remove("Tax", await manager.create("Tax", { name: "Theirs", rate: 1 }));
  });

  test("nobody outside of sales knows orders", async () => {
    const outside = clientOf(api, await api.signIn("internal@example.com", "demo-demo"));
    expect(await outside.refusal(outside.find("SaleOrder", "Q()"))).toMatch(/^40[34] /);
    expect(await outside.refusal(outside.execute("SaleOrder", "confirm", [1]))).toMatch(/^40[34] /);
  });
});
