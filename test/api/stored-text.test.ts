/** Text that would be code elsewhere is text: what people store comes back as it is, wherever it is shown, and is never evaluated. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code in languages of templates
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../support/client.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let admin: Client;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
});
afterAll(() => api?.close());

const texts = [
  "{{7*7}}",
  "${7*7}",
  "#{7*7}",
  "<%= 7*7 %>",
  "{% for x in range(9) %}{{x}}{% endfor %}",
  "{count} {name} {0} %s %d $1 :name ?",
  "{{constructor.constructor('return process')().exit()}}",
  "${process.exit(1)}",
  "{{#with \"s\" as |string|}}{{lookup this 'constructor'}}{{/with}}",
  "$(id) `id` ; id",
  "\\u007b{7*7}",
  "[[${7*7}]] @(7*7) *{7*7} ~{7*7}",
];

test.each(texts)("%s", async (text) => {
  const id = await admin.create("Contact", { name: text, notes: text, is_company: true });
  expect(await admin.read("Contact", id, "name", "display_name", "notes")).toMatchObject({
    name: text,
    display_name: text,
    notes: text,
  });
  expect(await admin.find("Contact", `Q(name=${JSON.stringify(text)}, id=${id})`)).toBe(id);
  const named = await api.call("POST", "/api/name_search/Contact", { term: text });
  expect(named.json.data).toContainEqual({ id, display_name: text });
  const grouped = await api.call("POST", "/api/query/Contact", { group_by: ["name"], q_filter: `Q(id=${id})` });
  expect(grouped.json.data).toMatchObject([{ name: text, count: 1 }]);
  const file = await api.call("POST", "/api/export/Contact", {
    ids: [id],
    fields: ["name", "notes"],
    format: "csv",
    headers: "names",
    raw: true,
  });
  expect(file.text).toContain(text.replaceAll('"', '""'));

  // In what code makes of it: addresses, messages, forms, errors and the change history.
  const order = await admin.create("SaleOrder", { contact: id, customer_reference: text, lines: [] });
  expect(await admin.refusal(admin.execute("SaleOrder", "confirm", [order]))).toMatch(/has no lines$/);
  const line = { description: text, unit_price: 1, quantity: 2 };
  await admin.update("SaleOrder", order, { lines: [line] });
  await admin.execute("SaleOrder", "confirm", [order]);
  const invoice = await admin.make("SaleOrder", "create_invoice", [order]);
  expect(await admin.read("Invoice", invoice, "reference", "lines.description", "contact")).toMatchObject({
    reference: text,
    lines: [{ description: text }],
    contact: { display_name: text },
  });
  const billed = { mode: "all" };
  await admin.execute("Invoice", "cancel", [invoice]);
  expect(await admin.execute("SaleOrder", "create_invoice", [order], billed)).toMatchObject({ type: "window_action" });
  const lead = await admin.create("CrmLead", { name: text });
  await admin.execute("CrmLead", "mark_won", [lead]);
  expect(await admin.refusal(admin.execute("CrmLead", "mark_won", [lead]))).toBe(
    `400 The lead "${text}" is won already`,
  );
  const meta = await api.call("POST", "/api/action-meta/SaleOrder/cancel", { context: { active_ids: [order] } });
  expect(meta.json.confirmation).toMatchObject({ message: "Cancel 1 orders?" });
  const user = await admin.create("User", { name: text, email: `t${id}@example.com`, password: "demo-demo" });
  const { json } = await api.call("POST", "/api/query/ChangeLog", {
    fields: ["new_value"],
    q_filter: `Q(model='User', record=${user}, field='name')`,
  });
  expect(json.data).toMatchObject([{ new_value: text }]);
});

test("nothing has come of it for anybody", () => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(process.exitCode).toBeUndefined();
});
