/** Orders, invoices, payments and leads are of a company: who works in another one finds none of them, administrators included. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let second: number;
let token: string;
let order: number;
const ids = new Map<string, number>();

const call = (method: string, path: string, body?: object, companies?: number) =>
  api.call(method, path, body, {
    token,
    ...(companies === undefined ? {} : { headers: { "x-company-ids": `${companies}` } }),
  });
const rowsOf = ({ json }: { readonly json: Record<string, unknown> }) => json.data as { readonly id: number }[];

beforeAll(async () => {
  api = await startTestServer();
  const { currency } = (await api.call("POST", "/api/fetch/Company/1", { fields: ["currency"] })).json;
  second = (await api.call("POST", "/api/create/Company", { name: "Second", currency })).json.id as number;
  const me = rowsOf(await api.call("POST", "/api/query/User", { q_filter: "Q(email='admin@example.com')" }))[0]?.id;
  await api.call("PUT", `/api/update/User/${me}`, { allowed_companies: [1, second] });
  token = api.token;
  await call("POST", "/api/create/CrmLead", { name: "of the first" }, 1);
  for (const model of MODELS) {
    const found = rowsOf(await call("POST", `/api/query/${model}`, { limit: 1, order_by: ["id DESC"] }, 1))[0]?.id;
    expect(found, model).toBeDefined();
    ids.set(model, found ?? 0);
  }
  const contact = rowsOf(await api.call("POST", "/api/query/Contact", { limit: 1 }))[0]?.id;
  const created = await call("POST", "/api/create/SaleOrder", { contact, lines: [{ description: "x" }] }, second);
  expect(created.status, created.text).toBe(200);
  order = created.json.id as number;
});
afterAll(() => api?.close());

const MODELS = ["SaleOrder", "SaleOrderLine", "Invoice", "InvoiceLine", "Payment", "PaymentAllocation", "CrmLead"];

test.each(MODELS)("%s of another company is not there", async (model) => {
  const id = ids.get(model);
  const listed = await call("POST", `/api/query/${model}`, { q_filter: `Q(id=${id})` }, second);
  expect(listed.json).toMatchObject({ total: 0, data: [] });
  for (const [method, path] of [
    ["POST", `/api/fetch/${model}/${id}`],
    ["PUT", `/api/update/${model}/${id}`],
    ["DELETE", `/api/delete/${model}/${id}`],
  ] as const) {
    const answers = [await call(method, path, method === "DELETE" ? undefined : {}, second)];
    answers.push(await call(method, path.replace(/\d+$/, "999999"), method === "DELETE" ? undefined : {}, second));
    expect(
      answers.map(({ status }) => status),
      answers[0]?.text,
    ).toEqual([404, 404]);
    expect(answers[0]?.text.replaceAll(String(id), "999999")).toBe(answers[1]?.text);
  }
  expect((await call("POST", `/api/fetch/${model}/${id}`, {}, 1)).status).toBe(200);
});

test("a document is of the company that it is made in", async () => {
  const made = await call("POST", `/api/fetch/SaleOrder/${order}`, { fields: ["company"] }, second);
  expect(made.json.company).toMatchObject({ id: second });
  expect((await call("POST", `/api/fetch/SaleOrder/${order}`, {}, 1)).status).toBe(404);
});

test("an order refers to no lead of another company, and its company does not change under its lead", async () => {
  const lead = ids.get("CrmLead");
  const refused = await call("PUT", `/api/update/SaleOrder/${order}`, { lead });
  expect([refused.status, refused.json.detail]).toEqual([400, "lead: is a record of another company"]);
  const both = await call("PUT", `/api/update/SaleOrder/${order}`, { lead, company: 1 });
  expect(both.status, both.text).toBe(200);
  const moved = await call("PUT", `/api/update/CrmLead/${lead}`, { company: second });
  expect(moved.json.detail).toBe("company: cannot be: SaleOrder.lead would lead to another company");
});

test("a new user works in the company of who makes it", async () => {
  const made = await call(
    "POST",
    "/api/create/User?fields=default_company",
    { name: "x", email: "x@example.com" },
    second,
  );
  expect(made.json.default_company).toMatchObject({ id: second });
});

test("the profile has the default company, also where no other one is allowed", async () => {
  const login = { email: "alone@example.com", password: "alone-alone" };
  const made = { name: "x", ...login, default_company: second, groups: [1] };
  expect((await call("POST", "/api/create/User", made)).status).toBe(200);
  const { json } = await api.call("GET", "/auth/me", undefined, {
    token: await api.signIn(login.email, login.password),
  });
  expect(json).toMatchObject({
    companies: [{ id: second, display_name: "Second" }],
    active_companies: [second],
  });
});
