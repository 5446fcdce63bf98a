/** Exports that are cut off: by a client that goes, by one that does not read, by an error half-way. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const ROWS = 4000;
let api: TestServer;
let port: number;
/** Looks at the server over a connection of its own. */
let watcher: Database;

beforeAll(async () => {
  api = await startTestServer({ settings: { maxConnections: 2 } });
  await api.server.listen({ host: "127.0.0.1", port: 0 });
  port = (api.server.server.address() as AddressInfo).port;
  watcher = new Database({ connection: api.database.connection, maxConnections: 1 });
  await watcher.run({
    text: `insert into contact (name, is_company, active, notes) select 'Many ' || i, false, true, repeat('x', 4000) from generate_series(1, ${ROWS}) i`,
    values: [],
  });
});
afterAll(async () => {
  await watcher?.close();
  await api?.close();
});

/** Begins an export and gives the answer without having read it. */
async function begin(): Promise<IncomingMessage> {
  const request = httpRequest({
    port,
    method: "POST",
    path: "/api/export/Contact",
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
  });
  request.end(JSON.stringify({ fields: ["name", "notes"], format: "csv", q_filter: 'Q(name__startswith="Many")' }));
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  return answer;
}

/** Transactions that our server holds open. */
async function open(): Promise<number> {
  const [row] = await watcher.rows<{ n: number }>({
    text: `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`,
    values: [],
  });
  return row?.n ?? -1;
}

it("a client that does not read stops the reading, and one that goes ends it", async () => {
  const answer = await begin();
  expect(answer.statusCode).toBe(200);
  expect(await open()).toBe(1);
  answer.destroy();
  await vi.waitFor(async () => expect(await open()).toBe(0), { timeout: 10_000 });
  // All connections are there again, and clean.
  const totals = await Promise.all([1, 2, 3].map(() => api.call("POST", "/api/query/Country", { limit: 0 })));
  expect(totals.map(({ status }) => status)).toEqual([200, 200, 200]);
});

it("all rows come from one state, whatever is written meanwhile", async () => {
  const answer = await begin();
  await watcher.run({ text: "update contact set name = 'Changed ' || name where name like 'Many%'", values: [] });
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  await watcher.run({ text: "update contact set name = substr(name, 9) where name like 'Changed%'", values: [] });
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(ROWS + 1);
  expect(lines.filter((line) => line.startsWith("Changed"))).toEqual([]);
});

it("what breaks half-way never looks like a whole file", async () => {
  const answer = await begin();
  const end = once(answer, "end").catch(() => "broken");
  const text = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`;
  await watcher.rows({ text, values: [] });
  answer.resume();
  expect(await end).toBe("broken");
  expect(answer.complete).toBe(false);
  await vi.waitFor(async () => expect(await open()).toBe(0), { timeout: 10_000 });
});

it("slow clients leave half of the connections to all others", async () => {
  const first = await begin();
  expect(first.statusCode).toBe(200);
  const second = await api.call("POST", "/api/export/Contact", { fields: ["name"] });
  expect([second.status, second.headers["retry-after"], second.json.code]).toEqual([503, "5", "pool_exhausted"]);
  const others = await Promise.all([1, 2, 3].map(() => api.call("POST", "/api/query/Country", { limit: 0 })));
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
  const job = await api.call("POST", "/api/export/Contact?job=true", { fields: ["name"] });
  expect(job.status).toBe(202);
  first.destroy();
  await vi.waitFor(
    async () => expect((await api.call("POST", "/api/export/Contact", { fields: ["name"] })).status).toBe(200),
    { timeout: 10_000 },
  );
  // One that is refused gives its place back as well.
  for (let n = 0; n < 3; n += 1) {
    expect((await api.call("POST", "/api/export/Contact", { fields: ["nope"] })).status).toBe(400);
  }
  expect((await api.call("POST", "/api/export/Contact", { fields: ["name"] })).status).toBe(200);
});
