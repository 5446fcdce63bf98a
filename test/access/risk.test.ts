/** Attacks that worked on other systems, by every kind of caller: who is refused, with what, and what no answer may hold. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessTokens } from "../../src/auth/access-token.ts";
import { endpoints } from "../../src/contract/endpoints.ts";
import { type RiskRecords, type RiskRow, riskRows } from "../fixtures/risk-row.ts";
import { judgeRisk } from "../support/risk-judge.ts";
import { startTestServer, TEST_SECRET, type TestServer } from "../support/server.ts";

let api: TestServer;
let records: RiskRecords;
let tokens: readonly string[];
let foreign: string;

async function idOf(model: string, filter: string): Promise<number> {
  const { json } = await api.call("POST", `/api/query/${model}`, {
    q_filter: filter,
    fields: ["id"],
    order_by: ["id"],
  });
  return (json.data as { id: number }[])[0]?.id ?? 0;
}

/** A user of products and contacts, who sees people and no companies among the contacts. */
async function newUser(name: string, company: number): Promise<string> {
  const groups = await Promise.all(
    ["products_user", "contacts_user"].map((each) => idOf("Group", `Q(identifier='${each}')`)),
  );
  const values = {
    name,
    email: `${name}@example.com`,
    password: "demo-demo",
    groups,
    default_company: company,
    allowed_companies: [company],
  };
  const answer = await api.call("POST", "/api/create/User", values);
  expect(answer.status, answer.text).toBe(200);
  return api.signIn(values.email, values.password);
}

beforeAll(async () => {
  api = await startTestServer();
  const currency = await idOf("Currency", "Q(code='EUR')");
  const second = (await api.call("POST", "/api/create/Company", { name: "Second", currency })).json.id as number;
  await api.call("POST", "/api/create/RecordRule", {
    name: "People only",
    model: "Contact",
    rule: "Q(is_company=False)",
    groups: [await idOf("Group", "Q(identifier='contacts_user')")],
  });
  const admin = await api.signIn("demo@example.com", "demo-demo");
  tokens = [
    await api.signIn("internal@example.com", "demo-demo"),
    await newUser("partial", 1),
    await newUser("elsewhere", second),
    admin,
  ];
  foreign = new AccessTokens(TEST_SECRET).issue({ userId: 1, database: "acme", family: "elsewhere" }).token;
  records = {
    hidden: await idOf("Contact", "Q(is_company=True)"),
    visible: await idOf("Contact", "Q(is_company=False)"),
    colleague: await idOf("User", "Q(email='portal@example.com')"),
    adminGroup: await idOf("Group", "Q(identifier='core_public')"),
    adminKey: (await api.call("POST", "/auth/api-keys", { name: "a" }, { token: admin })).json.id as number,
  };
});
afterAll(() => api?.close());

const placeholders: RiskRecords = { hidden: 1, visible: 2, colleague: 3, adminGroup: 4, adminKey: 5 };
const titles = riskRows(placeholders)
  .map(({ risk, request, body }, index) => [risk, `${request} ${JSON.stringify(body) ?? ""}`, index] as const)
  // What a server has no endpoint for needs no guard.
  .filter(
    ([, title]) => !title.includes("/api/execute/") || endpoints.some(({ path }) => path.startsWith("/api/execute/")),
  );

test.each(titles)("risk %i: %s", async (_risk, _title, index) => {
  const row = riskRows(records)[index] as RiskRow;
  await judgeRisk(api, row, { tokens, foreign });
});

test("totals, names and errors tell nobody of records that a rule hides", async () => {
  const { hidden } = records;
  const as = (token: string | undefined, method: string, path: string, body?: object) =>
    api.call(method, path, body, { token: token ?? null });
  const [, partial, elsewhere] = tokens;
  expect((await as(partial, "POST", "/api/query/Contact", { q_filter: `Q(id=${hidden})` })).json).toMatchObject({
    total: 0,
  });
  const groups = await as(partial, "POST", "/api/query/Contact", { group_by: ["is_company"] });
  expect(groups.json).toMatchObject({ total: 1, data: [{ is_company: false }] });
  const companies = await as(elsewhere, "POST", "/api/query/Company", { fields: ["name"] });
  expect(companies.json).toMatchObject({ total: 1, data: [{ name: "Second" }] });
  expect((await as(elsewhere, "POST", "/api/fetch/Company/1", {})).status).toBe(404);
});
