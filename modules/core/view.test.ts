/** Views, windows and the menu: what they speak of is there, or whoever writes them is told; people see what is for them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
});
afterAll(() => api?.close());

const view = (type: string, content: unknown, model = "SaleOrder") =>
  admin.refusal(admin.create("UiView", { name: "Mine", identifier: `test.${Math.random()}`, model, type, content }));

test.each<[string, string, unknown, string]>([
  ["a field", "list", { fields: ["name", "totl"] }, '400 content.fields[1]: SaleOrder has no field "totl"'],
  ["a field of a field", "list", { fields: ["contact.nam"] }, '400 content.fields[0]: Contact has no field "nam"'],
  ["beyond a plain field", "list", { fields: ["name.x"] }, '400 content.fields[0]: SaleOrder has no field "x"'],
  [
    "a column of a list in it",
    "form",
    { groups: [{ fields: [{ field: "lines", columns: ["product", "prize"] }] }] },
    '400 content.groups[0].fields[0].columns[1]: SaleOrderLine has no field "prize"',
  ],
  [
    "a method",
    "form",
    { buttons: ["confirm", "constructor"], groups: [{ fields: ["name"] }] },
    '400 content.buttons[1]: SaleOrder has no method "constructor"',
  ],
  [
    "a filter",
    "search",
    { fields: ["name"], filters: [{ name: "x", label: "X", filter: "Q(stat='draft')" }] },
    '400 content.filters[0].filter: Filter: SaleOrder has no field "stat"',
  ],
  [
    "a member",
    "kanban",
    { title: "name", fields: ["total"], colour: 1 },
    "400 content.colour: is not known here; there are",
  ],
  ["what is missing", "kanban", { fields: ["total"] }, "400 content.title: is required"],
  ["no mapping", "list", [], "400 content: must be a mapping with fields"],
  ["an empty list", "list", { fields: [] }, "400 content.fields: must be a list with at least one item"],
])("a view is refused that names wrongly %s", async (_name, type, content, message) => {
  expect(await view(type, content)).toContain(message);
});

test.each<[string, string, unknown, string]>([
  ["another type", "list", { fields: ["mode"] }, "400 type: CreateInvoiceWizard is a wizard: it has forms only"],
  [
    "a field",
    "form",
    { groups: [{ fields: ["mood"] }] },
    '400 content.groups[0].fields[0]: CreateInvoiceWizard has no field "mood"',
  ],
  [
    "a column of its lines",
    "form",
    { groups: [{ fields: [{ field: "lines", columns: ["line.description", "price"] }] }] },
    '400 content.groups[0].fields[0].columns[1]: CreateInvoiceWizardLine has no field "price"',
  ],
  [
    "a method",
    "form",
    { buttons: ["post"], groups: [{ fields: ["mode"] }] },
    '400 content.buttons[0]: CreateInvoiceWizard has no method "post"',
  ],
  [
    "a value in a condition",
    "form",
    { groups: [{ fields: [{ field: "percentage", when: "~(Q() | Q(mood='all'))" }] }] },
    '400 content.groups[0].fields[0].when: Filter: CreateInvoiceWizard has no field "mood" in "mood"',
  ],
  [
    "what a form does not hold",
    "form",
    { groups: [{ fields: [{ field: "lines", when: "Q(orders__status='draft')" }] }] },
    '400 content.groups[0].fields[0].when: Filter: "orders__status" goes beyond the values of the form',
  ],
])("a view of a wizard is refused that has %s", async (_name, type, content, message) => {
  expect(await view(type, content, "CreateInvoiceWizard")).toBe(message);
});

test("the view that a wizard names is one of its forms", async () => {
  const named = [...api.registry.wizards.values()].flatMap(({ name, view: identifier }) =>
    identifier === null ? [] : [{ identifier, model: name, type: "form" }],
  );
  expect(named.length).toBeGreaterThan(2);
  const { json } = await api.call("POST", "/api/query/UiView", {
    fields: ["identifier", "model", "type"],
    q_filter: { identifier__in: named.map(({ identifier }) => identifier) },
  });
  expect(json.data).toEqual(expect.arrayContaining(named.map((each) => expect.objectContaining(each))));
});

test("a view of a model that is not there, or that nobody may know, is refused", async () => {
  for (const model of ["Nothing", "RefreshToken"]) {
    expect(await view("list", { fields: ["id"] }, model)).toBe(`400 model: "${model}" is no model`);
  }
});

test("all that is wrong is said at once, also of a change", async () => {
  expect(await view("list", { fields: ["a", "b"], editable: 1 })).toMatch(
    /fields\[0\].*fields\[1\].*editable: must be true or false/,
  );
  const id = await admin.find("UiView", "Q(identifier='sales.sale_order_list')");
  expect(await admin.refusal(admin.update("UiView", id, { model: "Contact" }))).toContain("Contact has no field");
});

test.each<[object, string]>([
  [{ filter: "Q(stat=1)" }, "400 filter: "],
  [{ view_types: ["list", "gantt"] }, "400 view_types[1]: must be one of list, form, kanban, search"],
  [{ order: "date DESC, nme" }, '400 order: SaleOrder has no field "nme"'],
  [{ defaults: { statu: "draft" } }, '400 defaults.statu: SaleOrder has no field "statu"'],
])("a window is refused with %o", async (values, message) => {
  const window = { name: "Mine", identifier: "test.window", model: "SaleOrder", ...values };
  expect(await admin.refusal(admin.create("WindowAction", window))).toContain(message);
});

test("the menu is that of the user's groups, also of those that other groups imply", async () => {
  const menuOf = async (email: string) => {
    const token = await api.signIn(email, "demo-demo");
    const { json } = await api.call(
      "POST",
      "/api/query/UiMenu",
      { fields: ["identifier"], q_filter: "Q(parent=None)" },
      { token },
    );
    return (json.data as { identifier: string }[]).map(({ identifier }) => identifier).sort();
  };
  expect(await menuOf("internal@example.com")).toEqual([]);
  expect(await menuOf("sales@example.com")).toEqual(["contacts.contacts", "products.products", "sales.sales"]);
  expect(await menuOf("sales.manager@example.com")).toEqual(await menuOf("sales@example.com"));
  expect(await menuOf("accounts@example.com")).toEqual([
    "contacts.contacts",
    "invoicing.invoicing",
    "products.products",
  ]);
  expect(await menuOf("demo@example.com")).toHaveLength(6);
  // Through as many groups as there are in between.
  let group = await admin.find("Group", "Q(identifier='sales_user')");
  for (let depth = 0; depth < 6; depth++) {
    group = await admin.create("Group", { name: `G${depth}`, identifier: `g${depth}`, implied_groups: [group] });
  }
  await admin.update("User", await admin.find("User", "Q(email='internal@example.com')"), { groups: [group] });
  expect(await menuOf("internal@example.com")).toEqual(await menuOf("sales@example.com"));
});

test("each window of records that can be archived leaves the archived ones out at first", async () => {
  const { models } = api.tenant.registry;
  const { json } = await api.call("POST", "/api/query/WindowAction", { fields: ["identifier", "model", "filter"] });
  const rows = json.data as { identifier: string; model: string; filter: string | null }[];
  const open = rows.filter(({ model }) => models.get(model)?.fields.has("active") === true);
  expect(open.length).toBeGreaterThan(5);
  expect(open.filter(({ filter }) => !filter?.includes("active=True"))).toEqual([]);
});
