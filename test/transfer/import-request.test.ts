/** Imports over HTTP that nobody waits for: how far they are, what they come to, their end by their owner, and whom it concerns. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { builtReader, sendForm } from "../support/form.ts";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let stranger: string;
beforeAll(async () => {
  api = await startTestServer({ tableReader: builtReader() });
  stranger = await api.signIn("internal@example.com", "demo-demo");
});
afterAll(() => api?.close());

const FILE = "name,sequence\nQueued 1,1\nQueued 2,two\nQueued 3,3\n,4\n";

const send = (
  fields: Readonly<Record<string, string>>,
  content = FILE,
  model = "Category",
  token?: string,
): Promise<Answer> =>
  sendForm(api, `/api/import/${model}?job=true`, fields, content, token === undefined ? {} : { token });

const get = (path: string, token = api.token) => api.call("GET", path, undefined, { token });

/** Queues an import. @returns the path of its job */
async function queue(fields: Readonly<Record<string, string>>, content = FILE): Promise<string> {
  const { status, json, headers } = await send(fields, content);
  expect({ status, json }).toEqual({ status: 202, json: { message: "Job queued", job_id: expect.any(Number) } });
  expect(headers.location).toBe(`/api/jobs/${json.job_id}`);
  return `/api/jobs/${json.job_id}`;
}

const until = (path: string, state: string) =>
  vi.waitFor(
    async () => {
      const { json } = await get(path);
      expect(json.state).toBe(state);
      return json;
    },
    { timeout: 20_000 },
  );

async function categories(): Promise<readonly string[]> {
  const { json } = await api.call("POST", "/api/query/Category", {
    q_filter: "Q(name__startswith='Queued')",
    order_by: ["id"],
  });
  return (json.data as { name: string }[]).map(({ name }) => name);
}

describe("an import as a job", () => {
  it("is answered as the request would be where everything is refused, with the rows that were wrong", async () => {
    const job = await until(await queue({}), "done");
    const direct = await sendForm(api, "/api/import/Category", {}, FILE);
    expect(direct.status).toBe(400);
    expect(job).toMatchObject({ kind: "import", done: 4, total: 4, error: null, result: direct.json });
    expect(job.file).toEqual({ name: "failed.csv", mimetype: "text/csv", size: expect.any(Number) });
    expect(await categories()).toEqual([]);
  });

  it("writes what can be written, and its file has the rest as it came, with what was wrong", async () => {
    const path = await queue({ on_error: "skip", mapping: '{"name": "name", "sequence": "sequence"}' });
    const job = await until(path, "done");
    expect(job).toMatchObject({
      done: 4,
      total: 4,
      result: { created: 2, failed: 2, ids: [], errors: [{ row: 3 }, { row: 5 }] },
    });
    expect(await categories()).toEqual(["Queued 1", "Queued 3"]);
    const file = await get(`${path}/file`);
    const [header, first, second, ...more] = file.text.split("\n");
    expect([header, more]).toEqual(["name,sequence,error", [""]]);
    expect(first).toMatch(/^Queued 2,two,"?sequence: must be a/);
    expect(second).toMatch(/^,4,"?name: /);
    expect(file.headers["content-disposition"]).toBe("attachment; filename=failed.csv");
    // Whoever has mended it sends it again as it is: the column of errors is only left out.
    const mended = file.text.replace("two", "2").replace("\n,4", "\nQueued 4,4");
    const again = await sendForm(
      api,
      "/api/import/Category",
      { mapping: '{"name": "name", "sequence": "sequence"}' },
      mended,
    );
    expect(again.json).toMatchObject({ created: 2, failed: 0, file: { ignored_columns: ["error"] } });
  });

  it("tried out, keeps nothing and says what it would do", async () => {
    const before = await categories();
    const job = await until(await queue({ dry_run: "true", on_error: "skip" }), "done");
    expect(job.result).toMatchObject({ dry_run: true, created: 2, failed: 2 });
    expect(await categories()).toEqual(before);
  });

  it("sent again with its key is the same job, and another file is another request", async () => {
    const sent = (content: string) =>
      sendForm(api, "/api/import/Category?job=true", {}, content, { headers: { "idempotency-key": "import-once" } });
    const [first, again] = [await sent("name\nQueued once\n"), await sent("name\nQueued once\n")];
    expect([again.status, again.text, again.headers.location]).toEqual([202, first.text, first.headers.location]);
    await until(String(first.headers.location), "done");
    expect((await categories()).filter((name) => name === "Queued once")).toHaveLength(1);
    expect((await sent("name\nQueued twice\n")).status).toBe(400);
  });

  it("that cannot be read fails with the reason", async () => {
    const job = await until(await queue({}, "name,nope\nx,y\n"), "failed");
    expect(job).toMatchObject({
      result: null,
      file: null,
      error: { error: "ValidationError", detail: expect.stringMatching(/^nope: Category has no such field/) },
    });
    expect((await get(`/api/jobs/${job.id}/file`)).status).toBe(404);
  });

  it("stops when its owner says so, and has no effect", async () => {
    const blocker = new Database({ connection: api.database.connection, maxConnections: 1 });
    try {
      const before = await categories();
      const path = await blocker.transaction(async (session) => {
        await session.run({ text: "lock table category in share mode", values: [] });
        const made = await queue({}, "name\nQueued too late\n");
        await until(made, "running");
        expect((await api.call("POST", `${made}/cancel`, undefined, { token: stranger })).status).toBe(404);
        expect((await get(made)).json.state).toBe("running");
        expect((await api.call("POST", `${made}/cancel`)).status).toBe(200);
        expect(await until(made, "cancelled")).toMatchObject({ result: null, file: null, error: null });
        return made;
      });
      expect(await categories()).toEqual(before);
      // One that has ended stays as it is.
      expect((await api.call("POST", `${path}/cancel`)).json.state).toBe("cancelled");
    } finally {
      await blocker.close();
    }
  });
});

describe("nobody but its owner", () => {
  it("hears of a job, of its file, or ends it", async () => {
    const path = await queue({ on_error: "skip" }, "name,sequence\nQueued 9,x\n");
    const { id } = await until(path, "done");
    const missing = "/api/jobs/999999";
    for (const [method, place] of [
      ["GET", ""],
      ["GET", "/file"],
      ["POST", "/cancel"],
    ] as const) {
      const hidden = await api.call(method, `${path}${place}`, undefined, { token: stranger });
      const nothing = await api.call(method, `${missing}${place}`, undefined, { token: stranger });
      expect([hidden.status, hidden.text.replace(String(id), "999999")]).toEqual([404, nothing.text]);
      expect((await api.call(method, `${path}${place}`, undefined, { token: null })).status).toBe(401);
    }
    expect((await get("/api/jobs", stranger)).json).toEqual({ data: [] });
    const listed = (await get("/api/jobs")).json.data as { id: number }[];
    expect(listed.map((job) => job.id)).toContain(id);
  });

  it("queues one for records that they may not write", async () => {
    expect((await send({}, FILE, "Country", stranger)).status).toBe(403);
    expect((await send({}, FILE, "Category", stranger)).status).toBe(404);
    expect((await send({}, FILE, "Nope")).status).toBe(404);
    expect((await get("/api/jobs", stranger)).json).toEqual({ data: [] });
  });
});
