/** Jobs have the rights that their owner has when they run, within the limits of the key that asked for them. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { builtReader, sendForm } from "../support/form.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let blocker: Database;
beforeAll(async () => {
  api = await startTestServer({ tableReader: builtReader() });
  blocker = new Database({ connection: api.database.connection, maxConnections: 1 });
});
afterAll(async () => {
  await blocker?.close();
  await api?.close();
});

interface Job {
  readonly state: string;
  readonly result: { readonly created?: number } | null;
  readonly error: object | null;
}

/** The job of an answer, whoever it belongs to. */
async function jobOf(id: unknown): Promise<Job> {
  const text = "select state, result, error from job where id = $1";
  const [job] = await api.database.database.rows<Job>({ text, values: [Number(id)] });
  if (job === undefined) throw new Error(`there is no job ${id}`);
  return job;
}

const until = (id: unknown, ...states: string[]): Promise<Job> =>
  vi.waitFor(
    async () => {
      const job = await jobOf(id);
      expect(states).toContain(job.state);
      return job;
    },
    { timeout: 20_000 },
  );

async function queueImport(model: string, content: string, token = api.token): Promise<unknown> {
  const { status, json, text } = await sendForm(api, `/api/import/${model}?job=true`, {}, content, { token });
  expect(status, text).toBe(202);
  return json.job_id;
}

async function queueExport(model: string, fields: string[], token: string): Promise<unknown> {
  const { status, json, text } = await api.call("POST", `/api/export/${model}?job=true`, { fields }, { token });
  expect(status, text).toBe(202);
  return json.job_id;
}

/** Does something while no job can begin: as many as a server works at wait for a lock. */
async function whileNoneBegins<Result>(work: () => Promise<Result>): Promise<Result> {
  const { waiting, result } = await blocker.transaction(async (session) => {
    await session.run({ text: "lock table category in exclusive mode", values: [] });
    const both = [await queueImport("Category", "name\nFirst\n"), await queueImport("Category", "name\nSecond\n")];
    for (const id of both) await until(id, "running");
    return { waiting: both, result: await work() };
  });
  for (const id of waiting) await until(id, "done");
  return result;
}

async function newUser(name: string): Promise<{ readonly id: number; readonly token: string }> {
  const { json } = await api.call("POST", "/api/query/Group", { q_filter: "Q(identifier='products_manager')" });
  const [group] = json.data as { id: number }[];
  const values = { name, email: `${name}@example.com`, password: "demo-demo", groups: [group?.id] };
  const { json: made, status, text } = await api.call("POST", "/api/create/User", values);
  expect(status, text).toBe(200);
  return { id: Number(made.id), token: await api.signIn(values.email, values.password) };
}

const rows: [what: string, change: object, error: object][] = [
  [
    "a user who has lost rights meanwhile",
    { groups: [] },
    { detail: 'Unknown model "Product"', error: "MissingError" },
  ],
  [
    "a user who may not sign in any more",
    { active: false },
    { detail: "The user who has asked for this may not sign in any more", error: "AccessError" },
  ],
];
it.each(rows)("%s", async (_what, change, error) => {
  const { id, token } = await newUser(`user-${Object.keys(change)[0]}`);
  const jobs = await whileNoneBegins(async () => {
    const queued = [
      await queueImport("Product", "name\nToo late\n", token),
      await queueExport("Product", ["name"], token),
    ];
    expect((await api.call("PUT", `/api/update/User/${id}`, change)).status).toBe(200);
    return queued;
  });
  for (const job of jobs)
    expect(await until(job, "done", "failed")).toMatchObject({ state: "failed", result: null, error });
  const { json } = await api.call("POST", "/api/query/Product", { q_filter: "Q(name='Too late')" });
  expect(json.total).toBe(0);
});

it("a key for some models reaches no others by a job", async () => {
  const { json } = await api.call("POST", "/auth/api-keys", { name: "products", models: ["Product"] });
  const key = String(json.key);
  const file = "name,category\nBy a key,Desks\n";
  const refused = await until(await queueImport("Product", file, key), "done", "failed");
  expect(refused).toMatchObject({ state: "failed", error: { detail: expect.stringMatching(/^category: /) } });
  expect(await until(await queueImport("Product", file), "done", "failed")).toMatchObject({ result: { created: 1 } });
  const other = await sendForm(api, "/api/import/Category?job=true", {}, "name\nx\n", { token: key });
  expect(other.status).toBe(404);
  const exported = await api.call(
    "POST",
    "/api/export/Product?job=true",
    { fields: ["category.name"] },
    { token: key },
  );
  expect(exported.status).toBe(400);
});

it("a key that only reads queues no import, and its export is done", async () => {
  const { json } = await api.call("POST", "/auth/api-keys", { name: "reader", read_only: true });
  const key = String(json.key);
  const refused = await sendForm(api, "/api/import/Product?job=true", {}, "name\nx\n", { token: key });
  expect(refused.status).toBe(403);
  const job = await queueExport("Product", ["name"], key);
  expect(await until(job, "done", "failed")).toMatchObject({ state: "done" });
});
