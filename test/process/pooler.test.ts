/** Two real processes whose requests go through a pooler that gives each transaction another connection. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { Cancellation } from "../../src/database/cancellation.ts";
import { dropDatabase } from "../../src/database/catalog.ts";
import { withDatabase } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { raw } from "../../src/sql/fragment.ts";
import { type Pooler, poolerMissing, startPooler } from "../support/pooler.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 120_000;
/** Fewer than the processes have of their own, so that they have to share. */
const POOL_SIZE = 3;
const REQUESTS = 120;
const name = `p${randomBytes(6).toString("hex")}`;
const started: ServerProcess[] = [];
let administrator: Database;
let folder: string;
let pooler: Pooler;
let ports: number[];
let token: string;

function start(): ServerProcess {
  const server = new ServerProcess({
    DATABASE_URL: directUrl(),
    FULLFINITY_POOLER_URL: pooler.url("postgres"),
    FULLFINITY_DATABASE: name,
    FULLFINITY_DATA: folder,
    FULLFINITY_MODULES: "contacts",
    FULLFINITY_SECRET: "a secret of two processes, and of no other",
    PORT: "0",
  });
  started.push(server);
  return server;
}

/** The server itself, as a role of this file's own, whose settings are nobody else's. */
function directUrl(): string {
  const url = new URL(serverUrl());
  url.username = name;
  url.password = name;
  return url.href;
}

async function call(process: number, method: string, path: string, body?: object) {
  const response = await fetch(`http://127.0.0.1:${ports[process]}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function signIn(process: number, email: string, password: string): Promise<string> {
  const { status, json } = await call(process, "POST", "/auth/authenticate", { email, password });
  expect(status).toBe(200);
  return String(json.access_token);
}

describe.skipIf(poolerMissing !== null)(poolerMissing ?? "behind a pooler", () => {
  beforeAll(async () => {
    buildProgram();
    folder = await mkdtemp(join(tmpdir(), "fullfinity-pooled-"));
    administrator = new Database({ connection: inject("administrator"), maxConnections: 1 });
    await administrator.run(raw(`CREATE ROLE ${name} LOGIN CREATEDB PASSWORD '${name}'`));
    pooler = await startPooler(directUrl(), POOL_SIZE);
  }, LONG);

  afterAll(async () => {
    for (const server of started) await server.end();
    await pooler?.stop();
    await dropDatabase(administrator, name);
    await administrator.run(raw(`DROP ROLE ${name}`));
    await administrator.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("the start says what the role lacks, and works once that has been done", { timeout: LONG }, async () => {
    const early = start();
    expect(await early.exit()).toBe(1);
    const [, cures = ""] =
      /other settings than are needed: run (ALTER ROLE .*;) and then RECONNECT/.exec(early.output) ?? [];
    expect(cures).toContain("SET statement_timeout = '30000';");
    for (const cure of cures.split(";").slice(0, -1)) await administrator.run(raw(cure));
    await pooler.stop();
    pooler = await startPooler(directUrl(), POOL_SIZE);
    const [first, second] = [start(), start()];
    ports = [await first.ready(), await second.ready()];
    token = await signIn(0, "admin@example.com", "admin");
  });

  it("requests share the connections of the pooler, whatever they do", { timeout: LONG }, async () => {
    const made = await call(0, "POST", "/api/create/Contact", { name: "First", tags: [] });
    expect(made.status).toBe(200);
    const id = Number(made.json.id);
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, index) => {
        const process = index % 2;
        if (index % 3 === 0) return call(process, "POST", "/api/query/Contact", { q_filter: `Q(id__neq=${index})` });
        if (index % 3 === 1)
          return call(process, "POST", "/api/create/Contact", { name: `Contact ${index}`, children: [{ name: "x" }] });
        return call(process, "PUT", `/api/update/Contact/${id}`, { city: `City ${index}` });
      }),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const database = new Database({ connection: withDatabase(inject("administrator"), name), maxConnections: 1 });
    const [backends] = await database.rows<{ count: number }>(
      raw(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fullfinity' AND pid <> pg_backend_pid()",
      ),
    );
    await database.close();
    expect(backends?.count).toBeGreaterThan(0);
    expect(backends?.count).toBeLessThanOrEqual(POOL_SIZE);
  });

  it("rights that are taken in one process are gone in the other", { timeout: LONG }, async () => {
    const admin = token;
    const found = await call(0, "POST", "/api/query/Group", { q_filter: "Q(identifier='contacts_user')" });
    const groups = (found.json.data as { id: number }[]).map(({ id }) => id);
    const email = `${name}@example.com`;
    const user = await call(0, "POST", "/api/create/User", { name: email, email, password: "a password", groups });
    token = await signIn(1, email, "a password");
    expect((await call(1, "POST", "/api/query/Contact", {})).status).toBe(200);
    const theirs = token;
    token = admin;
    expect((await call(0, "PUT", `/api/update/User/${user.json.id}`, { groups: [] })).status).toBe(200);
    token = theirs;
    await vi.waitFor(async () => expect((await call(1, "POST", "/api/query/Contact", {})).status).toBe(403));
    token = admin;
  });

  it("a statement that nobody wants any more is stopped, and nothing that a transaction sets is left", {
    timeout: LONG,
  }, async () => {
    const database = new Database({
      connection: { url: directUrl(), database: name },
      pooler: { url: pooler.url(name) },
      maxConnections: 1,
    });
    const cancellation = new Cancellation();
    const slow = database.during(cancellation).rows(raw("SELECT pg_sleep(60)"));
    setTimeout(() => cancellation.cancel(), 100);
    await expect(slow).rejects.toMatchObject({ code: "cancelled" });
    await database.transaction((session) => session.run(raw("SET LOCAL statement_timeout = 1234")));
    const told = await database.rows(raw("SELECT current_setting('statement_timeout') AS timeout"));
    expect(told).toEqual([{ timeout: "30s" }]);
    await database.close();
  });

  it("modules change while both serve", { timeout: LONG }, async () => {
    expect((await call(1, "POST", "/api/query/Product", {})).status).toBe(404);
    expect((await call(0, "POST", "/api/modules/products/install")).status).toBe(200);
    await vi.waitFor(async () => expect((await call(1, "POST", "/api/query/Product", {})).status).toBe(200), 10_000);
  });
});
