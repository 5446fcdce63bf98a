/** A real process whose reads are answered by a real streaming replica where they ask for that, and see what was saved before. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { raw } from "../../src/sql/fragment.ts";
import { clusterMissing, type PostgresCluster, startPostgresCluster } from "../support/postgres-cluster.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";

const LONG = 120_000;
const WRITES = 25;
const REPLICA = { "x-read-from": "replica" };

let folder: string;
let primary: PostgresCluster;
let replica: PostgresCluster;
let server: ServerProcess;
let port: number;
let token = "";

async function call(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, from: response.headers.get("x-read-from"), text: await response.text() };
}

const create = (name: string) => call("POST", "/api/create/Contact", { name });
/** Who answers, with what total. */
async function count(name: string) {
  const body = { q_filter: `Q(name='${name}')`, limit: 1 };
  const { status, from, text } = await call("POST", "/api/query/Contact", body, REPLICA);
  return { status, from, total: (JSON.parse(text) as { total?: number }).total };
}

/** Runs a statement on the replica itself. */
async function onReplica(text: string) {
  const database = new Database({ connection: { url: replica.url("main") }, maxConnections: 1 });
  try {
    return await database.rows<Record<string, unknown>>(raw(text));
  } finally {
    await database.close();
  }
}

describe.skipIf(clusterMissing !== null)(clusterMissing ?? "with a replica", () => {
  beforeAll(async () => {
    buildProgram();
    folder = await mkdtemp(join(tmpdir(), "fullfinity-replica-"));
    primary = await startPostgresCluster();
    replica = await primary.replicate();
    server = new ServerProcess({
      DATABASE_URL: primary.url(),
      FULLFINITY_REPLICA_URL: replica.url(),
      FULLFINITY_DATA: folder,
      FULLFINITY_MODULES: "contacts",
      FULLFINITY_DEMO: "0",
      PORT: "0",
    });
    port = await server.ready();
    const { text } = await call("POST", "/auth/authenticate", { email: "admin@example.com", password: "admin" });
    token = (JSON.parse(text) as { access_token: string }).access_token;
  }, LONG);

  afterAll(async () => {
    await server?.end();
    await replica?.remove();
    await primary?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("reads that ask for it come from there, and see every write that was answered before", {
    timeout: LONG,
  }, async () => {
    const seen: (string | null)[] = [];
    for (let n = 1; n <= WRITES; n += 1) {
      expect((await create("Written")).status).toBe(200);
      const read = await count("Written");
      expect(read).toMatchObject({ status: 200, total: n });
      seen.push(read.from);
    }
    expect(new Set(seen)).toEqual(new Set(["replica"]));
    const [lines] = await onReplica(
      "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = 'fullfinity' AND pid <> pg_backend_pid()",
    );
    expect(lines?.open).toBeGreaterThan(0);
  });

  it("so do many at once, groups, records and exports", { timeout: LONG }, async () => {
    const made = await create("At once");
    const { id } = JSON.parse(made.text) as { id: number };
    const filter = { q_filter: "Q(name='At once')" };
    const reads = await Promise.all([
      ...Array.from({ length: 30 }, () => call("GET", `/api/query/Contact?q_filter=Q(id=${id})`, undefined, REPLICA)),
      call("POST", `/api/fetch/Contact/${id}`, {}, REPLICA),
      call("POST", "/api/query/Contact", { ...filter, group_by: "name" }, REPLICA),
      call("POST", "/api/name_search/Contact", { term: "At once" }, REPLICA),
      call("POST", "/api/export/Contact", { ...filter, fields: ["name"], format: "csv" }, REPLICA),
    ]);
    expect(reads.map(({ status, from, text }) => [status, from, text.includes("At once")])).toEqual(
      reads.map(() => [200, "replica", true]),
    );
    const job = await call(
      "POST",
      "/api/export/Contact?job=true",
      { ...filter, fields: ["name"], format: "csv" },
      REPLICA,
    );
    expect([job.status, job.from]).toEqual([202, "replica"]);
  });

  it("the primary answers while the replica lags behind", { timeout: LONG }, async () => {
    await onReplica("SELECT pg_wal_replay_pause()");
    expect((await create("Late")).status).toBe(200);
    expect(await count("Late")).toEqual({ status: 200, from: "primary", total: 1 });
    expect((await onReplica("SELECT count(*)::int AS there FROM contact WHERE name = 'Late'"))[0]).toEqual({
      there: 0,
    });
    await onReplica("SELECT pg_wal_replay_resume()");
    await vi.waitFor(
      async () => expect(await count("Late")).toEqual({ status: 200, from: "replica", total: 1 }),
      10_000,
    );
  });

  it("and while it is away", { timeout: LONG }, async () => {
    await replica.stop();
    expect(await count("Written")).toEqual({ status: 200, from: "primary", total: WRITES });
    await replica.start();
    await vi.waitFor(async () => expect((await count("Written")).from).toBe("replica"), 10_000);
  });

  it("a server that is no replica is refused at the start", { timeout: LONG }, async () => {
    const wrong = new ServerProcess({
      DATABASE_URL: primary.url(),
      FULLFINITY_REPLICA_URL: primary.url(),
      FULLFINITY_DATA: folder,
      FULLFINITY_MODULES: "contacts",
      PORT: "0",
    });
    expect(await wrong.exit()).toBe(1);
    expect(wrong.output).toMatch(/this is no replica: it does not follow another server$/m);
  });
});
