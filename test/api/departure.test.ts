/** Clients that go away and statements that take too long: the database stops working for them, and nobody else notices. */
import { once } from "node:events";
import { type ClientRequest, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/database.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const POOL = 2;
const TIMEOUT_MS = 30_000;
/** The lock stays and a statement may take much longer: what ends before has been stopped. */
const PATIENT = { timeout: 10_000 };
const logged: string[] = [];
let api: TestServer;
let port: number;
/** Looks at the server and holds locks over connections of its own. */
let watcher: Database;
let release: (() => Promise<void>) | undefined;

beforeAll(async () => {
  const logger = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  api = await startTestServer({ settings: { maxConnections: POOL, statementTimeout: TIMEOUT_MS }, logger });
  await api.server.listen({ host: "127.0.0.1", port: 0 });
  port = (api.server.server.address() as AddressInfo).port;
  watcher = new Database({ connection: api.database.connection });
});
afterEach(async () => {
  await release?.();
  release = undefined;
  expect(logged.splice(0)).toEqual([]);
});
afterAll(async () => {
  await watcher?.close();
  await api?.close();
});

/** Holds a lock until the test is over, so that whoever needs it waits in the middle of a statement. */
async function hold(statement: string): Promise<void> {
  let locked: () => void = () => {};
  let end: () => void = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const isOver = new Promise<void>((resolve) => {
    end = resolve;
  });
  const holding = watcher.transaction(async (session) => {
    await session.run({ text: statement, values: [] });
    locked();
    await isOver;
  });
  await Promise.race([isLocked, holding]);
  release = async () => {
    end();
    await holding;
  };
}

/** Statements of our server that wait for the lock. */
async function blocked(): Promise<number> {
  const [row] = await watcher.rows<{ n: number }>({
    text: `select count(*)::int as n from pg_stat_activity
           where datname = current_database() and state = 'active' and wait_event_type = 'Lock'`,
    values: [],
  });
  return row?.n ?? 0;
}

/** Sends a request over a connection of its own, for a client that will not wait. */
function send(method: string, path: string, body: unknown): ClientRequest {
  const headers = {
    authorization: `Bearer ${api.token}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const request = httpRequest({ port, host: "127.0.0.1", method, path, headers, agent: false });
  request.on("error", () => undefined); // the end of the connection, which the test itself brings about
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return request;
}

async function ask(path: string, body: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const QUERY = "/api/query/Product";
const LOCK = "lock table product in access exclusive mode";

test.each<readonly [what: string, method: string, path: string, body: unknown]>([
  ["a list", "POST", QUERY, { limit: 1 }],
  ["a record", "POST", "/api/fetch/Product/1", {}],
  ["groups", "POST", QUERY, { group_by: ["category"] }],
  ["a search by name", "POST", "/api/name_search/Product", { term: "desk" }],
  ["a new record", "POST", "/api/create/Product", { name: "Given up" }],
  ["a change", "PUT", "/api/update/Product/1", { name: "Given up" }],
  ["a deletion", "DELETE", "/api/delete/Product/1", undefined],
])("%s is stopped when the client goes away", async (_what, method, path, body) => {
  await hold(LOCK);
  const request = send(method, path, body);
  await expect.poll(blocked, PATIENT).toBe(1);
  request.destroy();
  await expect.poll(blocked, PATIENT).toBe(0);
  await release?.();
  const answer = await ask(QUERY, { fields: ["name"], q_filter: "Q(id=1) | Q(name='Given up')" });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ data: [{ id: 1 }], total: 1 });
  expect(answer.text).not.toContain("Given up");
});

test("a change that waits for one record is stopped, and the record is as it was", async () => {
  const before = await ask("/api/fetch/Product/2", {});
  await hold("select 1 from product where id = 2 for update");
  const request = send("PUT", "/api/update/Product/2", { name: "Given up", category: 1 });
  await expect.poll(blocked, PATIENT).toBe(1);
  request.destroy();
  await expect.poll(blocked, PATIENT).toBe(0);
  await release?.();
  expect(await ask("/api/fetch/Product/2", {})).toEqual(before);
});

test("twenty clients go away at once, more than there are connections", async () => {
  await hold(LOCK);
  const requests = Array.from({ length: 20 }, () => send("POST", QUERY, { limit: 1 }));
  await expect.poll(() => [api.tenant.database.describeLoad().waiting], PATIENT).toEqual([20 - POOL]);
  await expect.poll(blocked, PATIENT).toBe(POOL);
  for (const request of requests) request.destroy();
  await expect.poll(blocked, PATIENT).toBe(0);
  // The lock is still there: others do without.
  expect((await ask("/api/query/Country", { limit: 1 })).status).toBe(200);
  expect(api.tenant.database.describeLoad().waiting).toBe(0);
  await release?.();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(QUERY, { limit: 1 })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(api.tenant.database.describeLoad().connections).toBeLessThanOrEqual(POOL);
});

test("requests of others on the same connections get their answers while some go away", async () => {
  const countries = () => ask("/api/query/Country", { fields: ["name"], order_by: ["id ASC"], limit: 3 });
  const expected = await countries();
  await countries();
  await hold("lock table category in access exclusive mode");
  // The list of categories is known as quick, so that it shares its connection.
  const going = Array.from({ length: 30 }, async () => {
    const request = send("POST", "/api/query/Category", { limit: 1 });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    request.destroy();
  });
  const answers = await Promise.all(Array.from({ length: 60 }, countries));
  await Promise.all(going);
  for (const answer of answers) expect(answer).toEqual(expected);
  await expect.poll(blocked, PATIENT).toBe(0);
});

test("requests that wait in one connection are all given up with it", async () => {
  // Each is to wait in a connection of its own to the database, so both of these have to be there.
  const pause = { text: "select pg_sleep(0.05)", values: [] };
  await Promise.all([pause, pause].map((each) => api.database.database.rows(each)));
  await hold(LOCK);
  const body = JSON.stringify({ limit: 1 });
  const socket = connect(port, "127.0.0.1");
  const one = `POST ${QUERY} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${api.token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  socket.on("error", () => undefined).write(one + one);
  await expect.poll(blocked, PATIENT).toBe(2);
  socket.destroy();
  await expect.poll(blocked, PATIENT).toBe(0);
});

test("a client that has its answer and keeps its connection disturbs nobody by closing it", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `GET /api/query/Product?limit=1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${api.token}\r\n\r\n`,
  );
  await once(socket, "data");
  socket.destroy();
  expect((await ask(QUERY, { limit: 1 })).status).toBe(200);
});

describe("a statement that takes too long", () => {
  let limited: TestServer;
  beforeAll(async () => {
    limited = await startTestServer({ settings: { maxConnections: 1, statementTimeout: 300 } });
  });
  afterAll(() => limited?.close());

  test.each<readonly [what: string, method: string, path: string, body: unknown]>([
    ["of a list", "POST", QUERY, { limit: 1 }],
    ["of a list in a URL", "GET", `${QUERY}?limit=1`, undefined],
    ["of a record", "POST", "/api/fetch/Product/1", {}],
    ["of groups", "POST", QUERY, { group_by: ["category"] }],
    ["of an estimate", "POST", QUERY, { count: "estimated", limit: 0 }],
    ["of a search by name", "POST", "/api/name_search/Product", { term: "desk" }],
    ["of a change", "PUT", "/api/update/Product/1", { name: "Too late", category: 2 }],
  ])("%s is a 503 with its code, and its connection serves on", async (_what, method, path, body) => {
    const own = new Database({ connection: limited.database.connection });
    const backend = async () => limited.tenant.database.rows({ text: "select pg_backend_pid() as pid", values: [] });
    const before = await backend();
    await own.transaction(async (session) => {
      await session.run({ text: LOCK, values: [] });
      const answer = await limited.call(method, path, body);
      expect(answer.status).toBe(503);
      expect(answer.json).toEqual({
        detail: "the request took longer than 300 ms",
        error: "MaintenanceError",
        code: "query_timeout",
      });
    });
    await own.close();
    const { json } = await limited.call("POST", QUERY, { fields: ["name"], q_filter: { name: "Too late" } });
    expect(json).toMatchObject({ data: [], total: 0 });
    expect(await backend()).toEqual(before);
  });
});
