/** PostgreSQL goes away and comes back, or refuses connections, while a real process serves: it says so, heals, and loses nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { raw } from "../../src/sql/fragment.ts";
import { type Pooler, poolerMissing, startPooler } from "../support/pooler.ts";
import { clusterMissing, type PostgresCluster, startPostgresCluster } from "../support/postgres-cluster.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";

const LONG = 120_000;
/** What the process has to heal. */
const HEALS_WITHIN = 5000;
const WRITERS = 6;
const PAUSE_MS = 10;
const ROLE = "limited";

let folder: string;
let cluster: PostgresCluster;
let server: ServerProcess;
let environment: Readonly<Record<string, string>>;
let port: number;
let token = "";

interface Answer {
  readonly status: number;
  readonly retryAfter: number;
  readonly json: Readonly<Record<string, unknown>>;
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (await response.json()) as Answer["json"];
  return { status: response.status, retryAfter: Number(response.headers.get("retry-after") ?? Number.NaN), json };
}

const query = () => call("POST", "/api/query/Contact", { limit: 5, count: "none" });
const ready = () => call("GET", "/health/ready");

/** Runs statements as the role that may do everything. @returns the rows of the last one */
async function administer(...texts: readonly string[]): Promise<object[]> {
  const database = new Database({ connection: { url: cluster.url() }, maxConnections: 1 });
  let found: object[] = [];
  for (const text of texts) found = await database.rows(raw(text));
  await database.close();
  return found;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(clusterMissing !== null)(
  clusterMissing ?? "a server of the database that does not always answer",
  () => {
    beforeAll(async () => {
      buildProgram();
      folder = await mkdtemp(join(tmpdir(), "fullfinity-fault-"));
      cluster = await startPostgresCluster();
      await administer(`CREATE ROLE ${ROLE} LOGIN CREATEDB`);
      const url = new URL(cluster.url());
      url.username = ROLE;
      environment = {
        DATABASE_URL: url.href,
        FULLFINITY_DATA: folder,
        FULLFINITY_MODULES: "contacts",
        FULLFINITY_DEMO: "0",
        FULLFINITY_LOG_LEVEL: "fatal",
        PORT: "0",
      };
      server = new ServerProcess(environment);
      port = await server.ready();
      const { json } = await call("POST", "/auth/authenticate", { email: "admin@example.com", password: "admin" });
      token = String(json.access_token);
    }, LONG);

    afterAll(async () => {
      await server?.end();
      await cluster?.remove();
      await rm(folder, { recursive: true, force: true });
    });

    it("stopped and started under load: 503 meanwhile, healthy soon after, and nothing lost", {
      timeout: LONG,
    }, async () => {
      const acknowledged: number[] = [];
      const refusals = new Map<string, number>();
      let stopped = false;
      const writeOn = async (_: unknown, writer: number): Promise<void> => {
        for (let n = 0; !stopped; n += 1) {
          const { status, retryAfter, json } = await call("POST", "/api/create/Contact", {
            name: `Load ${writer}-${n}`,
          });
          if (status === 200) {
            acknowledged.push(Number(json.id));
            continue;
          }
          const told = `${status} ${json.error} ${retryAfter > 0 ? "with" : "without"} Retry-After`;
          refusals.set(told, (refusals.get(told) ?? 0) + 1);
          await pause(PAUSE_MS);
        }
      };
      const writers = Array.from({ length: WRITERS }, writeOn);
      for (let round = 0; round < 2; round += 1) {
        const before = acknowledged.length;
        await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 50), 20_000);
        await cluster.stop();
        expect(await query()).toMatchObject({ status: 503, json: { error: "MaintenanceError", code: "unreachable" } });
        await vi.waitFor(async () => expect((await ready()).status).toBe(503), HEALS_WITHIN);
        expect((await call("GET", "/health/live")).status).toBe(200);
        await cluster.start();
        await vi.waitFor(
          async () => expect([(await query()).status, (await ready()).status]).toEqual([200, 200]),
          HEALS_WITHIN,
        );
      }
      stopped = true;
      await Promise.all(writers);
      expect([...refusals.keys()]).toEqual(["503 MaintenanceError with Retry-After"]);
      expect(server.running).toBe(true);
      const { json } = await call("POST", "/api/query/Contact", {
        fields: ["id"],
        q_filter: "Q(name__startswith='Load')",
        limit: 10_000,
      });
      const found = new Set((json.data as { id: number }[]).map(({ id }) => id));
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
    });

    it("each of its connections ended, one by one and all at once: reads are answered all the same", {
      timeout: LONG,
    }, async () => {
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`;
      for (let round = 0; round < 5; round += 1) {
        await administer(round % 2 === 0 ? end : `${end} AND application_name = 'fullfinity' LIMIT 1`);
        const answers = await Promise.all(Array.from({ length: 10 }, query));
        expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      }
    });

    it("with few connections for its role it works with those, and with none it says so", {
      timeout: LONG,
    }, async () => {
      const connected = `FROM pg_stat_activity WHERE usename = '${ROLE}' AND application_name = 'fullfinity'`;
      const end = `SELECT pg_terminate_backend(pid) ${connected}`;
      const left = `SELECT pid ${connected}`;
      // The line may still be on its way back from what was done to it before, and would leave its place to others.
      const line = `SELECT pid FROM pg_stat_activity WHERE usename = '${ROLE}' AND application_name = 'fullfinity notices'`;
      await vi.waitFor(async () => expect(await administer(line)).toHaveLength(1), HEALS_WITHIN);
      // One line for notices, and two more.
      await administer(`ALTER ROLE ${ROLE} CONNECTION LIMIT 3`, end);
      const some = await Promise.all(Array.from({ length: 40 }, query));
      expect(some.map(({ status }) => status)).toEqual(Array(40).fill(200));
      await administer(`ALTER ROLE ${ROLE} CONNECTION LIMIT 1`, end);
      // Who is told to end may still answer once.
      await vi.waitFor(async () => expect(await administer(left)).toEqual([]), HEALS_WITHIN);
      const none = await Promise.all(Array.from({ length: 10 }, query));
      expect(none.map(({ status, json }) => [status, json.error])).toEqual(Array(10).fill([503, "MaintenanceError"]));
      expect(none.every(({ retryAfter }) => retryAfter > 0)).toBe(true);
      await administer(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
      await vi.waitFor(async () => expect((await query()).status).toBe(200), HEALS_WITHIN);
      expect(server.running).toBe(true);
    });

    it.skipIf(poolerMissing !== null)("behind a pooler it heals as well", { timeout: LONG }, async () => {
      const settings = { TimeZone: "UTC", jit: "off", client_min_messages: "warning", statement_timeout: "30000" };
      const all = Object.entries({ ...settings, DateStyle: "ISO", idle_in_transaction_session_timeout: "60000" });
      await administer(...all.map(([name, value]) => `ALTER ROLE ${ROLE} SET ${name} = '${value}'`));
      const pooler: Pooler = await startPooler(environment.DATABASE_URL ?? "", 3);
      const pooled = new ServerProcess({ ...environment, FULLFINITY_POOLER_URL: pooler.url("postgres") });
      const straight = port;
      try {
        port = await pooled.ready();
        expect((await query()).status).toBe(200);
        await cluster.stop();
        const away = await Promise.all(Array.from({ length: 10 }, query));
        expect(away.map(({ status, retryAfter }) => [status, retryAfter > 0])).toEqual(Array(10).fill([503, true]));
        await cluster.start();
        await vi.waitFor(async () => expect((await query()).status).toBe(200), HEALS_WITHIN);
        const back = await Promise.all(Array.from({ length: 10 }, query));
        expect(back.map(({ status }) => status)).toEqual(Array(10).fill(200));
        expect(pooled.running).toBe(true);
      } finally {
        port = straight;
        await pooled.end();
        await pooler.stop();
      }
    });
  },
);
