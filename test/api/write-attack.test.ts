/** Writes that must not work, by a user with narrow rights: each is refused by name, and nothing in the database has changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let clerk: string;
/** Records that the rows speak of, by what they are. */
const ids: Record<string, number> = {};

async function make(model: string, values: object): Promise<number> {
  const { status, text, json } = await api.call("POST", `/api/create/${model}`, values);
  expect(status, text).toBe(200);
  return Number(json.id);
}

async function idOf(model: string, filter: object): Promise<number> {
  const { json } = await api.call("POST", `/api/query/${model}`, { q_filter: filter, fields: ["id"], limit: 1 });
  return (json.data as readonly { id: number }[])[0]?.id ?? 0;
}

beforeAll(async () => {
  api = await startTestServer();
  const group = await make("Group", { name: "Clerks", identifier: "clerks" });
  const rights = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
  const access = { identifier: "clerk", group, ...rights };
  await make("ModelAccess", { ...access, identifier: "clerk_product", name: "Products", model: "Product" });
  const sees = { create_perm: false, write_perm: false, delete_perm: false };
  await make("ModelAccess", {
    ...access,
    ...sees,
    identifier: "clerk_category",
    name: "Categories",
    model: "Category",
  });
  await make("RecordRule", {
    identifier: "clerk_see",
    name: "Cheap",
    model: "Product",
    groups: [group],
    rule: "Q(price__lt=1000)",
    read_perm: true,
    create_perm: true,
    write_perm: false,
    delete_perm: false,
  });
  const write = { read_perm: false, create_perm: false, write_perm: true, delete_perm: true };
  await make("RecordRule", {
    identifier: "clerk_write",
    name: "Cheapest",
    model: "Product",
    groups: [group],
    rule: "Q(price__lt=500)",
    ...write,
  });
  const internal = await idOf("Group", { identifier: "core_internal" });
  const user = { name: "Clerk", email: "clerk@example.com", password: "first-password", groups: [group, internal] };
  ids.clerk = await make("User", user);
  ids.group = group;
  ids.category = await make("Category", { name: "Attacked" });
  ids.other = await make("Category", { name: "Bystander" });
  ids.cheap = await make("Product", { name: "cheap", price: 10, category: ids.category });
  ids.visible = await make("Product", { name: "visible", price: 700, category: ids.category });
  ids.hidden = await make("Product", { name: "hidden", price: 5000, category: ids.other });
  clerk = await api.signIn("clerk@example.com", "first-password");
});
afterAll(() => api?.close());

/** Everything that the rows could have changed. */
async function state(): Promise<unknown> {
  const rows = await api.database.database.rows<object>({
    text: `select (select jsonb_agg(to_jsonb(p) - 'image' order by id) from product p) as products,
      (select jsonb_agg(c order by id) from category c) as categories, (select jsonb_agg(u order by id) from "user" u) as users,
      (select count(*) from change_log) as history, (select count(*) from record_rule) as rules`,
    values: [],
  });
  return rows;
}

/** An id by what it is in `{braces}`, in paths and bodies. */
function filled(text: string): string {
  return text.replaceAll(/"?\{(\w+)\}"?/g, (_, name: string) => String(ids[name] ?? 0));
}

interface Row {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly by?: "admin";
  readonly status: number;
  readonly says: RegExp;
}

const rows: readonly Row[] = [
  // Rights that somebody gives to themselves.
  {
    name: "a new user by who may not",
    path: "create/User",
    body: { name: "x", email: "x@example.com", groups: [1] },
    status: 403,
    says: /you may not create User/,
  },
  {
    name: "members that no model has",
    path: "create/User",
    by: "admin",
    body: { name: "x", email: "x@example.com", role: 1, is_superuser: true, password_hash: "x" },
    status: 400,
    says: /role.*is_superuser.*password_hash/s,
  },
  {
    name: "the own groups",
    method: "PUT",
    path: "update/User/{clerk}",
    body: { groups: [["L", 1]] },
    status: 403,
    says: /you may not change User/,
  },
  {
    name: "a group, from its side",
    method: "PUT",
    path: "update/Group/{group}",
    body: { users: ["{clerk}"] },
    status: 403,
    says: /you may not change Group/,
  },
  {
    name: "a right for one's own group",
    path: "create/ModelAccess",
    body: { name: "x", model: "*", group: "{group}" },
    status: 404,
    says: /Unknown model|may not/,
  },
  {
    name: "what only the server writes",
    method: "PUT",
    path: "update/Product/{cheap}",
    body: { id: 1, create_uid: 1, created_date: "1970-01-01T00:00:00Z", version: 0, display_name: "x" },
    status: 400,
    says: /id.*create_uid.*created_date.*version.*display_name/s,
  },
  // Records that are reached through others.
  {
    name: "a category through its product",
    method: "PUT",
    path: "update/Product/{cheap}",
    body: { category: { id: "{other}", name: "Taken" } },
    status: 400,
    says: /category: takes \{\\"id\\": ...\} only/,
  },
  {
    name: "products through their category",
    method: "PUT",
    path: "update/Category/{category}",
    body: { products: [] },
    status: 403,
    says: /you may not change Category/,
  },
  {
    name: "a line of another record",
    method: "PUT",
    path: "update/Category/{category}",
    by: "admin",
    body: { products: [["U", "{hidden}", { price: 1 }]] },
    status: 404,
    says: /Product/,
  },
  {
    name: "a line that is nobody's",
    method: "PUT",
    path: "update/Category/{category}",
    by: "admin",
    body: { products: [["D", 999999]] },
    status: 404,
    says: /Product 999999 does not exist/,
  },
  {
    name: "a hidden record, brought in by a list",
    path: "create/Category",
    body: { name: "x", products: ["{hidden}"] },
    status: 403,
    says: /you may not create Category/,
  },
  // Records that are or come to be outside of a rule.
  {
    name: "a hidden record",
    method: "PUT",
    path: "update/Product/{hidden}",
    body: { price: 1 },
    status: 404,
    says: /Product \d+ does not exist/,
  },
  {
    name: "a record that may be seen only",
    method: "PUT",
    path: "update/Product/{visible}",
    body: { price: 1 },
    status: 403,
    says: /may not change|record rule/,
  },
  {
    name: "out of one's own reach",
    method: "PUT",
    path: "update/Product/{cheap}",
    body: { price: 2000 },
    status: 403,
    says: /a record rule does not let you have this Product record like that/,
  },
  {
    name: "a new one out of reach",
    path: "create/Product",
    body: { name: "x", price: 2000 },
    status: 403,
    says: /a record rule/,
  },
  {
    name: "one of many out of reach",
    path: "bulk-create/Product",
    body: {
      records: [
        { name: "a", price: 1 },
        { name: "b", price: 2000 },
      ],
    },
    status: 403,
    says: /records\[1\]/,
  },
  {
    name: "a deletion of what may be seen only",
    method: "DELETE",
    path: "delete/Product/{visible}",
    status: 403,
    says: /Product/,
  },
  {
    name: "a deletion of what is hidden",
    method: "DELETE",
    path: "delete/Product/{hidden}",
    status: 404,
    says: /does not exist/,
  },
  // Members that would lift the rules, if anybody listened.
  {
    name: "a context in a body",
    path: "create/Product",
    body: { name: "x", context: { sudo: true, bypass_rules: 1, uid: 1 } },
    status: 400,
    says: /context/,
  },
  {
    name: "a context in the address",
    method: "PUT",
    path: "update/Product/{cheap}?sudo=true",
    body: { price: 1 },
    status: 400,
    says: /sudo/,
  },
  {
    name: "companies that are not one's own",
    method: "PUT",
    path: "update/Product/{cheap}?company_ids=999",
    body: { price: 1 },
    status: 400,
    says: /company_ids/,
  },
  // Copies and moves.
  {
    name: "a copy of a hidden record",
    path: "clone/Product",
    body: { id: "{hidden}" },
    status: 404,
    says: /Product \d+ does not exist/,
  },
  {
    name: "a copy that is out of reach",
    path: "clone/Product",
    body: { id: "{cheap}", values: { price: 3000 } },
    status: 403,
    says: /a record rule/,
  },
  {
    name: "a copy of what one may not create",
    path: "clone/Category",
    body: { id: "{category}" },
    status: 403,
    says: /you may not create Category/,
  },
  {
    name: "a move of what one may not change",
    path: "resequence/Category",
    body: { dropped_column_id: "{category}", after_column_id: null, sequence_field: "sequence" },
    status: 403,
    says: /you may not change Category/,
  },
  {
    name: "a move by a field that is no order",
    path: "resequence/Category",
    by: "admin",
    body: { dropped_column_id: "{category}", after_column_id: null, sequence_field: "id" },
    status: 400,
    says: /does not hold the order/,
  },
  {
    name: "a move of what is not there",
    path: "resequence/Category",
    by: "admin",
    body: { dropped_column_id: 999999, after_column_id: null, sequence_field: "sequence" },
    status: 404,
    says: /Category 999999 does not exist/,
  },
  // Many at once.
  {
    name: "many, one of them hidden",
    method: "PUT",
    path: "bulk-update/Product",
    body: { ids: ["{cheap}", "{hidden}"], values: { price: 1 } },
    status: 404,
    says: /Product \d+ does not exist/,
  },
  {
    name: "many, one of them seen only",
    method: "PUT",
    path: "bulk-update/Product",
    body: { ids: ["{cheap}", "{visible}"], values: { price: 1 } },
    status: 403,
    says: /Product/,
  },
  {
    name: "many, one of them not there",
    method: "DELETE",
    path: "bulk-delete/Product",
    body: { ids: ["{cheap}", 999999, "{cheap}"] },
    status: 404,
    says: /Product 999999 does not exist/,
  },
  {
    name: "many, one of them wrong",
    path: "bulk-create/Product",
    body: { records: [{ name: "a" }, { name: "b" }, { name: "c", price: "x" }] },
    status: 400,
    says: /records\[2\]\.price/,
  },
  {
    name: "all that a filter finds",
    method: "PUT",
    path: "bulk-update/Product",
    body: { q_filter: "", values: { price: 1 } },
    status: 400,
    says: /q_filter|ids/,
  },
  {
    name: "all that a wrong filter finds",
    method: "DELETE",
    path: "bulk-delete/Product",
    body: { q_filter: "Q(pirce=1)", ids: ["{cheap}"] },
    status: 400,
    says: /q_filter/,
  },
  { name: "nothing named", method: "DELETE", path: "bulk-delete/Product", body: {}, status: 400, says: /ids/ },
  {
    name: "a filter in the address",
    method: "DELETE",
    path: "bulk-delete/Product?q_filter=Q()",
    body: { ids: ["{cheap}"] },
    status: 400,
    says: /q_filter/,
  },
];

test.each(rows)("$name", async ({ method = "POST", path, body, by, status, says }) => {
  const before = await state();
  const text = body === undefined ? undefined : filled(JSON.stringify(body));
  const token = by === "admin" ? api.token : clerk;
  const answer = await api.call(method, `/api/${filled(path)}`, text, { token });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status, text: expect.stringMatching(says) });
  expect(await state()).toEqual(before);
});

test("no ids are nothing to do", async () => {
  const before = await state();
  for (const [method, path, body] of [
    ["PUT", "bulk-update", { ids: [], values: { price: 1 } }],
    ["DELETE", "bulk-delete", { ids: [] }],
  ] as const) {
    const { status, json } = await api.call(method, `/api/${path}/Product`, body, { token: clerk });
    expect([status, json]).toEqual([200, { ids: [], count: 0 }]);
  }
  expect(await state()).toEqual(before);
});
