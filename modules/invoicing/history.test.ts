/** What becomes of orders, invoices and payments is in the change history, for those who see them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let books: Client;
let token: string;
beforeAll(async () => {
  api = await startTestServer();
  token = await api.signIn("accounts@example.com", "demo-demo");
  books = clientOf(api, token);
});
afterAll(() => api?.close());

/** What a record's fields have been after it was created, as `field: old -> new` in the order in which it came, and who did it. */
async function changesOf(model: string, record: number, as = token): Promise<string[]> {
  const { json } = await api.call(
    "POST",
    "/api/query/ChangeLog",
    {
      fields: ["field", "old_value", "new_value", "user_name"],
      q_filter: `Q(model='${model}', record=${record}, operation='write')`,
      order_by: ["id ASC"],
    },
    { token: as },
  );
  const entries = json.data as { field: string; old_value: unknown; new_value: unknown; user_name: string }[];
  return entries.map((each) => `${each.field}: ${each.old_value} -> ${each.new_value} (${each.user_name})`).sort();
}

test("an order, its invoice and the payment have theirs", async () => {
  const who = (await api.call("GET", "/auth/me", undefined, { token })).json.user as {
    display_name?: string;
    name?: string;
  };
  const name = who.display_name ?? who.name;
  const contact = await books.create("Contact", { name: "Remembered" });
  const other = await books.create("Contact", { name: "Remembered, too" });
  const lines = [{ description: "Work", unit_price: 50, quantity: 2 }];
  const admin = clientOf(api);
  const order = await admin.create("SaleOrder", { contact, date: "2026-02-01", lines });
  await admin.update("SaleOrder", order, {
    contact: other,
    date: "2026-02-02",
    note: "of no interest",
    lines: [...lines, ...lines],
  });
  await admin.execute("SaleOrder", "confirm", [order]);
  expect(await changesOf("SaleOrder", order, api.token)).toEqual([
    `contact: ${contact} -> ${other} (Administrator)`,
    "date: 2026-02-01 -> 2026-02-02 (Administrator)",
    "status: draft -> confirmed (Administrator)",
    "total: 100 -> 200 (Administrator)",
  ]);

  const invoice = await books.create("Invoice", { contact, date: "2026-02-01", lines });
  await books.execute("Invoice", "post", [invoice]);
  await books.execute("Invoice", "register_payment", [invoice], { amount: 30 });
  const number = (await books.read("Invoice", invoice, "name")).name;
  expect(await changesOf("Invoice", invoice)).toEqual([
    `amount_due: 100 -> 70 (${name})`,
    `due_date: null -> 2026-02-01 (${name})`,
    `name: null -> ${number} (${name})`,
    `status: draft -> posted (${name})`,
  ]);
  const payment = await books.find("Payment", `Q(invoices=${invoice})`);
  await books.execute("Payment", "cancel", [payment]);
  expect(await changesOf("Payment", payment)).toEqual([`status: posted -> cancelled (${name})`]);
  expect(await changesOf("Invoice", invoice)).toContain(`amount_due: 70 -> 100 (${name})`);
  // Who may not see an invoice sees nothing of what has become of it.
  const outside = await api.signIn("internal@example.com", "demo-demo");
  expect(await changesOf("Invoice", invoice, outside)).toEqual([]);
});
