/** Attacks by way of what hangs on records that worked on other systems, by every kind of caller; and that hidden is as good as absent. */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessTokens } from "../../src/auth/access-token.ts";
import { CONCEALED, type HangingRecords, recordRiskRows } from "../fixtures/record-risk-row.ts";
import { type Client, clientOf } from "../support/client.ts";
import { judgeRisk, type RiskCallers } from "../support/risk-judge.ts";
import { startTestServer, TEST_SECRET, type TestServer } from "../support/server.ts";

let api: TestServer;
let admin: Client;
let records: HangingRecords;
let callers: RiskCallers;

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Attaches a file and gives the id of the attachment. */
async function attach(contact: number, name: string): Promise<number> {
  const part = `content-disposition: form-data; name="file"; filename="${name}.txt"\r\ncontent-type: text/plain`;
  const { json, text } = await api.call(
    "POST",
    `/api/attach/Contact/${contact}`,
    `--risk\r\n${part}\r\n\r\n${name}\r\n--risk--\r\n`,
    { headers: { "content-type": "multipart/form-data; boundary=risk" } },
  );
  expect(json.id, text).toBeDefined();
  return json.id as number;
}

async function newUser(name: string, company: number): Promise<{ readonly id: number; readonly token: string }> {
  const groups = await Promise.all(
    ["sales_user", "contacts_user"].map((each) => admin.find("Group", `Q(identifier='${each}')`)),
  );
  const email = `${name}@example.com`;
  const works = { default_company: company, allowed_companies: [company] };
  const id = await admin.create("User", { name, email, password: "first secret", groups, ...works });
  await admin.update("User", id, { password: "demo-demo" });
  return { id, token: await api.signIn(email, "demo-demo") };
}

beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  const currency = await admin.find("Currency", "Q(code='EUR')");
  const second = await admin.create("Company", { name: "Second", currency });
  const group = await admin.find("Group", "Q(identifier='contacts_user')");
  const rule = { groups: [group], rule: "Q(name__neq='Concealed 4711')" };
  for (const model of ["Contact", "ContactTag"]) await admin.create("RecordRule", { name: model, model, ...rule });
  const all = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
  for (const model of ["Contact", "ContactTag"])
    await admin.create("ModelAccess", { name: model, model, group, ...all });
  const tag = await admin.create("ContactTag", { name: "Known tag" });
  await admin.create("ContactTag", { name: CONCEALED });
  const hiddenContact = await admin.create("Contact", { name: CONCEALED, tags: [tag], image: PNG });
  const visibleContact = await admin.create("Contact", { name: "Visible", parent: hiddenContact });
  const access = await admin.create("ModelAccess", { name: CONCEALED, model: "CronJob", group });
  const partial = await newUser("record.partial", 1);
  const elsewhere = await newUser("record.elsewhere", second);
  const job = await api.call("POST", "/api/export/Contact?job=true", { fields: ["name"], format: "csv" });
  expect(job.status, job.text).toBe(202);
  const isDone = async () => (await api.call("GET", `/api/jobs/${job.json.job_id}`)).json.state === "done";
  while (!(await isDone())) await setTimeout(20);
  const change = (filter: string) => admin.find("ChangeLog", filter);
  records = {
    hiddenContact,
    visibleContact,
    hiddenFile: await attach(hiddenContact, CONCEALED),
    visibleFile: await attach(visibleContact, "Visible"),
    hiddenChange: await change(`Q(model='ModelAccess', record=${access}, field='name')`),
    passwordChange: await change(`Q(model='User', record=${partial.id}, field='password', operation='write')`),
    order: await admin.create("SaleOrder", {
      contact: visibleContact,
      salesperson: null,
      lines: [{ description: "x" }],
    }),
    adminJob: String(job.json.job_id),
    adminKey: (await api.call("POST", "/auth/api-keys", { name: CONCEALED })).json.id as number,
  };
  callers = {
    tokens: [await api.signIn("internal@example.com", "demo-demo"), partial.token, elsewhere.token, api.token],
    foreign: new AccessTokens(TEST_SECRET).issue({ userId: 1, database: "acme", family: "elsewhere" }).token,
  };
});
afterAll(() => api?.close());

const placeholders: HangingRecords = {
  ...{ hiddenContact: 1, visibleContact: 2, hiddenFile: 3, visibleFile: 4, hiddenChange: 5, passwordChange: 6 },
  ...{ order: 7, adminJob: "8", adminKey: 9 },
};
const titles = recordRiskRows(placeholders).map(
  ({ risk, request, body }, index) => [risk, `${request} ${JSON.stringify(body)?.slice(0, 120) ?? ""}`, index] as const,
);

test.each(titles)("risk %i: %s", async (_risk, _title, index) => {
  const row = recordRiskRows(records)[index];
  if (row === undefined) throw new Error("there is such a row");
  await judgeRisk(api, row, callers);
});

test("what is hidden is answered byte for byte as what there is not", async () => {
  const rows: [path: string, id: number, method?: string, body?: (id: number) => object][] = [
    ["fetch/Contact", records.hiddenContact],
    ["update/Contact", records.hiddenContact, "PUT"],
    ["delete/Contact", records.hiddenContact, "DELETE"],
    ["clone/Contact", records.hiddenContact, "POST", (id) => ({ id })],
    ["bulk-update/Contact", records.hiddenContact, "PUT", (id) => ({ ids: [id], values: { name: "x" } })],
    ["bulk-delete/Contact", records.hiddenContact, "DELETE", (id) => ({ ids: [id] })],
    ["create/Contact", records.hiddenContact, "POST", (id) => ({ name: "x", parent: id })],
    ["create/Contact", records.hiddenContact, "POST", (id) => ({ name: "x", children: [["L", id]] })],
    ["fetch/Attachment", records.hiddenFile],
    ["attachment", records.hiddenFile, "GET"],
    ["attachment", records.hiddenFile, "DELETE"],
    ["fetch/ChangeLog", records.hiddenChange],
    ["fetch/ApiKey", records.adminKey],
    ["jobs", Number(records.adminJob), "GET"],
  ];
  const token = callers.tokens[1] ?? null;
  for (const [path, id, method = "POST", body] of rows) {
    const answers = [];
    for (const each of [id, 999_999_999]) {
      const at = body === undefined ? `/api/${path}/${each}` : `/api/${path}`;
      const given = body?.(each) ?? (method === "POST" || method === "PUT" ? {} : undefined);
      const { status, text } = await api.call(method, at, given, { token });
      answers.push([status, text.replaceAll(String(each), "ID")]);
    }
    expect(answers[0], path).toEqual(answers[1]);
    expect([400, 404], path).toContain(answers[0]?.[0]);
  }
});

test("what one caller was answered is nothing to the next", async () => {
  const ask = async (token: string | undefined, headers = {}) =>
    api.call(
      "POST",
      `/api/fetch/Contact/${records.visibleContact}`,
      { fields: ["parent"] },
      { token: token ?? null, headers },
    );
  const [, partial, , all] = callers.tokens;
  const seen = await ask(all);
  expect(seen.json.parent).toMatchObject({ id: records.hiddenContact });
  for (const headers of [{}, { "if-none-match": String(seen.headers.etag) }]) {
    const other = await ask(partial, headers);
    expect([other.status, other.json.parent]).toEqual([200, null]);
  }
  expect((await ask(all)).json).toEqual(seen.json);
});
