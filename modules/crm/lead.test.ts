/** Leads over HTTP: stages, winning, losing, converting, and who sees them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, clientOf } from "../../test/support/client.ts";
import { startTestServer, type TestServer } from "../../test/support/server.ts";

let api: TestServer;
let admin: Client;
let noor: Client;
let reason: number;
beforeAll(async () => {
  api = await startTestServer();
  admin = clientOf(api);
  noor = clientOf(api, await api.signIn("leads@example.com", "demo-demo"));
  reason = await admin.find("LostReason", "Q(name='Too expensive')");
});
afterAll(() => api?.close());

const lead = (values: object = {}) => noor.create("CrmLead", { name: "A lead", expected_revenue: 1000, ...values });
const call = (method: string, ids: number[], inputs?: object) =>
  noor.execute("CrmLead", method, ids, inputs as Record<string, unknown>);

test("lost with a reason, and taken up again", async () => {
  const id = await lead();
  expect(await call("mark_lost", [id], { reason, notes: "By far" })).toMatchObject({ type: "close", reload: true });
  const fields = ["active", "probability", "lost_reason", "lost_notes", "weighted_revenue"];
  expect(await noor.read("CrmLead", id, ...fields)).toMatchObject({
    active: false,
    probability: 0,
    lost_reason: { display_name: "Too expensive" },
    lost_notes: "By far",
    weighted_revenue: 0,
  });
  await call("reopen", [id]);
  expect(await noor.read("CrmLead", id, ...fields, "stage")).toMatchObject({
    active: true,
    probability: 10,
    lost_reason: null,
    stage: { display_name: "New" },
  });
});

test("a lead that is dragged to a stage that is won is won", async () => {
  const [id, won] = [await lead(), await admin.find("Stage", "Q(is_won=True)")];
  await noor.update("CrmLead", id, { stage: won });
  expect(await noor.read("CrmLead", id, "probability", "closed_date")).toMatchObject({
    probability: 100,
    closed_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
  });
  await noor.update("CrmLead", id, { stage: await admin.find("Stage", "Q(name='Proposal')") });
  expect(await noor.read("CrmLead", id, "closed_date")).toMatchObject({ closed_date: null });
});

test("a lead that begins in a stage that is won is won too", async () => {
  const stage = await admin.find("Stage", "Q(is_won=True)");
  const id = await lead({ stage, probability: 30 });
  expect(await noor.read("CrmLead", id, "probability", "closed_date", "weighted_revenue")).toEqual({
    id,
    probability: 100,
    closed_date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
    weighted_revenue: 1000,
  });
});

test("converted: to a person, to a known customer, without an order", async () => {
  const person = await lead({ contact_name: "Ann Other", email: "ann@other.example.org" });
  await call("convert", [person], { create_order: false });
  const { contact } = (await noor.read("CrmLead", person, "contact")) as { contact: { id: number } };
  expect(await noor.read("Contact", contact.id, "name", "is_company", "email")).toMatchObject({
    name: "Ann Other",
    is_company: false,
    email: "ann@other.example.org",
  });
  const again = await lead({ email: "ANN@other.example.org" });
  const meta = await api.call("POST", "/api/action-meta/CrmLead/convert", { context: { active_ids: [again] } });
  expect(meta.json).toMatchObject({
    type: "wizard",
    wizard: { model: "ConvertLeadWizard", defaults: { contact: { id: contact.id } } },
  });
  const order = await noor.make("CrmLead", "convert", [again]);
  expect(await noor.read("SaleOrder", order, "contact", "lead")).toMatchObject({
    contact: { id: contact.id },
    lead: { id: again },
  });
  expect(await noor.count("Contact", "Q(name='Ann Other')")).toBe(1);
});

test("converted by somebody who sells nothing", async () => {
  const groups = [await admin.find("Group", "Q(identifier='crm_user')")];
  await admin.create("User", { name: "Scout", email: "scout@example.com", password: "demo-demo", groups });
  const token = await api.signIn("scout@example.com", "demo-demo");
  const scout = clientOf(api, token);
  const id = await scout.create("CrmLead", { name: "Found", contact_name: "Zora" });
  const meta = await api.call("POST", "/api/action-meta/CrmLead/convert", { context: { active_ids: [id] } }, { token });
  expect(meta.json).toMatchObject({ wizard: { defaults: { contact_name: "Zora", create_order: false } } });
  const asked = scout.execute("CrmLead", "convert", [id], { create_order: true });
  expect(await scout.refusal(asked)).toBe("400 create_order: takes the right to create sales orders");
  expect(await scout.make("CrmLead", "convert", [id])).toBe(await scout.find("Contact", "Q(name='Zora')"));
});

test.each<[string, () => Promise<unknown>, string]>([
  ["losing without a reason", async () => call("mark_lost", [await lead()]), "400 reason: is required"],
  [
    "losing for a reason that is not there",
    async () => call("mark_lost", [await lead()], { reason: 999 }),
    "400 reason: ",
  ],
  ["an unknown input", async () => call("mark_lost", [await lead()], { reason, note: "x" }), "400 note: "],
  [
    "winning what is lost",
    async () => {
      const id = await lead();
      await call("mark_lost", [id], { reason });
      return call("mark_won", [id]);
    },
    "is lost: reopen it first",
  ],
  [
    "winning twice",
    async () => {
      const id = await lead();
      await call("mark_won", [id]);
      return call("mark_won", [id]);
    },
    "is won already",
  ],
  ["reopening what is open", async () => call("reopen", [await lead()]), "is open"],
  ["converting two", async () => call("convert", [await lead(), await lead()]), "one at a time"],
  ["converting nobody", async () => call("convert", [await lead()]), "give company_name or contact_name"],
  ["a method that is none", async () => call("__proto__", [await lead()]), "404 "],
  [
    "writing why by hand",
    async () => noor.update("CrmLead", await lead(), { lost_reason: reason }),
    "400 lost_reason: is read-only",
  ],
  ["a probability of 101", () => lead({ probability: 101 }), "400 probability: must be between 0 and 100"],
])("refused: %s", async (_name, request, message) => {
  expect(await noor.refusal(request())).toContain(message);
});

test("a user works on own leads and on nobody's", async () => {
  const manager = await admin.find("User", "Q(email='sales.manager@example.com')");
  const theirs = await admin.create("CrmLead", { name: "Theirs", salesperson: manager });
  const nobodys = await admin.create("CrmLead", { name: "Nobody's", salesperson: null });
  const gone = `404 CrmLead ${theirs} does not exist`;
  expect(await noor.refusal(call("mark_won", [nobodys, theirs]))).toBe(gone);
  expect(await noor.refusal(noor.read("CrmLead", theirs, "id"))).toBe(gone);
  await call("mark_won", [nobodys]);
  const meta = { context: { active_ids: [theirs] } };
  const token = await api.signIn("leads@example.com", "demo-demo");
  expect((await api.call("POST", "/api/action-meta/CrmLead/mark_lost", meta, { token })).status).toBe(404);
});
