/** Attacks on methods, wizards, forms and moves that worked on other systems, by every kind of caller; and that nothing is written by them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessTokens } from "../../src/auth/access-token.ts";
import { type WritingRecords, writingRiskRows } from "../fixtures/writing-risk-row.ts";
import { type Client, clientOf } from "../support/client.ts";
import { judgeRisk, type RiskCallers } from "../support/risk-judge.ts";
import { startTestServer, TEST_SECRET, type TestServer } from "../support/server.ts";

let api: TestServer;
let admin: Client;
let records: WritingRecords;
let callers: RiskCallers;

/** A group that works with products, categories and contacts, but for those that are kept from it, and reads invoices. */
async function makeGroup(): Promise<number> {
  const identifier = "risk_clerks";
  const group = await admin.create("Group", { name: identifier, identifier });
  const all = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
  for (const model of ["Product", "Category", "Contact"]) {
    await admin.create("ModelAccess", { name: model, model, group, ...all });
    await admin.create("RecordRule", { name: model, model, groups: [group], rule: "Q(name__neq='Kept from clerks')" });
  }
  const reads = { ...all, create_perm: false, write_perm: false, delete_perm: false };
  for (const model of ["Invoice", "UoM"]) await admin.create("ModelAccess", { name: model, model, group, ...reads });
  return group;
}

async function newUser(name: string, group: number, company: number): Promise<string> {
  const internal = await admin.find("Group", "Q(identifier='core_internal')");
  const email = `${name}@example.com`;
  const works = { default_company: company, allowed_companies: [company] };
  await admin.create("User", { name, email, password: "demo-demo", groups: [internal, group], ...works });
  return api.signIn(email, "demo-demo");
}

beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  const group = await makeGroup();
  const currency = await admin.find("Currency", "Q(code='EUR')");
  const second = await admin.create("Company", { name: "Second", currency });
  const kept = { name: "Kept from clerks" };
  const visibleContact = await admin.create("Contact", { name: "Seen by clerks" });
  const line = { description: "Work", unit_price: 1 };
  records = {
    hiddenProduct: await admin.create("Product", { ...kept, price: 5 }),
    visibleProduct: await admin.create("Product", { name: "Seen by clerks", price: 5 }),
    hiddenCategory: await admin.create("Category", kept),
    visibleCategory: await admin.create("Category", { name: "Seen by clerks" }),
    hiddenContact: await admin.create("Contact", { ...kept, is_company: true, phone: "+99 1234" }),
    visibleContact,
    invoice: await admin.create("Invoice", { contact: visibleContact, lines: [line] }),
  };
  callers = {
    tokens: [
      await api.signIn("internal@example.com", "demo-demo"),
      await newUser("risk.clerk", group, 1),
      await newUser("risk.elsewhere", group, second),
      api.token,
    ],
    foreign: new AccessTokens(TEST_SECRET).issue({ userId: 1, database: "acme", family: "elsewhere" }).token,
  };
});
afterAll(() => api?.close());

/** Everything that a row could have changed of the records. */
async function state(): Promise<unknown> {
  return api.database.database.rows<object>({
    text: `select (select jsonb_agg(to_jsonb(p) - 'image' order by id) from product p) as products,
      (select jsonb_agg(to_jsonb(c) - 'image' order by id) from contact c) as contacts, (select count(*) from sale_order) as orders`,
    values: [],
  });
}

const placeholders: WritingRecords = {
  hiddenProduct: 1,
  visibleProduct: 2,
  hiddenCategory: 3,
  visibleCategory: 4,
  hiddenContact: 5,
  visibleContact: 6,
  invoice: 7,
};
const titles = writingRiskRows(placeholders).map(
  ({ risk, request, body }, index) => [risk, `${request} ${JSON.stringify(body)?.slice(0, 120)}`, index] as const,
);

test.each(titles)("risk %i: %s", async (risk, _title, index) => {
  const before = risk === 42 ? await state() : null;
  // An invoice that the administrator has posted or cancelled is of no use to the next row.
  const line = { description: "Work", unit_price: 1 };
  const invoice = await admin.create("Invoice", { contact: records.visibleContact, lines: [line] });
  const row = writingRiskRows({ ...records, invoice })[index];
  if (row === undefined) throw new Error("there is such a row");
  await judgeRisk(api, row, callers);
  if (before !== null) expect(await state()).toEqual(before);
});

test("what a form or method says of a hidden record is what it says of none", async () => {
  const [, clerk] = callers.tokens;
  const answers = async (id: number, path: string, body: (id: number) => object) => {
    const { status, text } = await api.call("POST", `/api/${path}`, body(id), { token: clerk ?? null });
    return [status, text.replaceAll(String(id), "ID")];
  };
  const rows: [string, number, (id: number) => object][] = [
    ["execute/Product/change_prices", records.hiddenProduct, (id) => ({ ids: [id] })],
    ["action-meta/Product/change_prices", records.hiddenProduct, (id) => ({ context: { active_ids: [id] } })],
    ["ui-effect/Contact", records.hiddenContact, (id) => ({ id, values: {}, trigger_field: "name" })],
    ["ui-effect/Contact", records.hiddenContact, (id) => ({ values: { parent: id }, trigger_field: "parent" })],
    [
      "resequence/Category",
      records.hiddenCategory,
      (id) => ({ dropped_column_id: id, after_column_id: null, sequence_field: "sequence" }),
    ],
  ];
  for (const [path, hidden, body] of rows) {
    expect(await answers(hidden, path, body), path).toEqual(await answers(999_999_999, path, body));
  }
});

test("twenty moves at once by two people leave everybody in a place of their own", async () => {
  const parent = await admin.create("Category", { name: "Moved" });
  const ids: number[] = [];
  for (let n = 0; n < 8; n++) ids.push(await admin.create("Category", { name: `Moved ${n}`, parent }));
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const body = {
        dropped_column_id: ids[n % 8],
        after_column_id: n % 3 === 0 ? null : ids[(n * 5 + 1) % 8],
        sequence_field: "sequence",
        filter: `Q(parent=${parent})`,
      };
      const token = callers.tokens[n % 2 === 0 ? 1 : 3] ?? null;
      return (await api.call("POST", "/api/resequence/Category", body, { token })).status;
    }),
  );
  expect(statuses).toEqual(Array(20).fill(200));
  const { json } = await api.call("POST", "/api/query/Category", {
    fields: ["sequence"],
    q_filter: `Q(parent=${parent})`,
  });
  const places = (json.data as { sequence: number }[]).map(({ sequence }) => sequence);
  expect(new Set(places).size).toBe(8);
});
