/** Modules that change while two processes serve the database, and another one beside it. */
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { Database } from "../../src/database/database.ts";
import { FileStore } from "../../src/files/file-store.ts";
import { buildServer } from "../../src/http/server.ts";
import { changeModules } from "../../src/installer/change-modules.ts";
import { loadDatabaseState } from "../../src/installer/database-state.ts";
import { prepareSet } from "../../src/installer/open-database.ts";
import { raw } from "../../src/sql/fragment.ts";
import type { LiveTenant } from "../../src/tenants/live-tenant.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import { createTestDatabase, type TestDatabase, templateDatabase } from "../support/database.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { type FleetLibraries, makeFleetLibraries } from "../support/fleet-module.ts";
import { TEST_SECRET } from "../support/server.ts";
import { openLive, sourceOf } from "../support/tenant-source.ts";

/** Points at which the line to the database is cut, spread over all that a change does. */
const CUTS = 24;

interface Answer {
  readonly status: number;
  readonly headers: object;
  readonly json: Record<string, unknown>;
}

interface Process {
  readonly live: LiveTenant;
  call(method: "GET" | "POST", path: string, body?: object, host?: string): Promise<Answer>;
  close(): Promise<void>;
}

const ADMINISTRATOR = { email: "admin@example.com", password: "admin" };
const INSTALL = { action: "install", module: "fleet", plan: false, allowDestructive: false, demo: false } as const;

let fleet: FleetLibraries;
let database: TestDatabase;
let beside: TestDatabase;
let one: Process;
let two: Process;
let token = "";

beforeAll(async () => {
  fleet = await makeFleetLibraries();
  const template = await templateDatabase("core alone", async (empty) => {
    const options = { demo: false, adminPassword: "admin", onProgress: () => {} };
    await prepareSet(empty, fleet.first.compose(["core"]), options);
  });
  database = await createTestDatabase({ template });
  beside = await createTestDatabase({ template });
  one = await startProcess();
  two = await startProcess();
  const answer = await one.call("POST", "/auth/authenticate", ADMINISTRATOR);
  token = String(answer.json.access_token);
});

afterAll(async () => {
  await Promise.all([one.close(), two.close()]);
  await Promise.all([database.drop(), beside.drop()]);
  await fleet.remove();
});

async function startProcess(): Promise<Process> {
  const files = new FileStore("/nonexistent");
  const open = (name: string, { connection }: TestDatabase) =>
    openLive({ name, database: new Database({ connection, maxConnections: 3 }), library: fleet.first, files });
  const [main, other] = await Promise.all([open("main", database), open("beside", beside)]);
  const rules = {
    hosts: new Map(),
    baseDomain: "localhost",
    defaultDatabase: "main",
    foreignHosts: true,
    databaseSelector: false,
  };
  const server: FastifyInstance = await buildServer({
    tenants: new TenantDirectory(rules, sourceOf([main, other])),
    authenticator: new Authenticator({ secret: TEST_SECRET }),
    config: { environment: "production", bodyLimit: 4096, uploadLimit: 4096, logLevel: "silent" },
    logger: pino({ level: "silent" }),
  });
  return {
    live: main,
    call: async (method, url, body, host = "localhost") => {
      const headers = { authorization: `Bearer ${token}`, host };
      const response = await server.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });
      return { status: response.statusCode, headers: response.headers, json: response.json<Answer["json"]>() };
    },
    close: async () => {
      await server.close();
      await Promise.all([main.close(), other.close()]);
    },
  };
}

const cars = (process: Process) => process.call("GET", "/api/query/Car");
const currencies = (process: Process) => process.call("GET", "/api/query/Currency?limit=1");

describe("while modules change", () => {
  it("this database is closed to everybody until all have let go, and another one is not", async () => {
    expect((await cars(two)).status).toBe(404);
    // A request that is under way in the other process.
    const finish = (await two.live.current()).gate.enter();
    const installing = one.call("POST", "/api/modules/fleet/install");
    for (const process of [one, two]) {
      await vi.waitFor(async () => expect((await currencies(process)).status).toBe(503), { timeout: 5000 });
      expect(await currencies(process)).toMatchObject({
        headers: { "retry-after": "5" },
        json: { error: "MaintenanceError", detail: expect.stringMatching(/modules/) },
      });
      expect((await process.call("POST", "/auth/authenticate", ADMINISTRATOR)).status).toBe(503);
      expect((await process.call("POST", "/auth/authenticate", ADMINISTRATOR, "beside.localhost")).status).toBe(200);
    }
    const there = await database.database.rows(raw("SELECT to_regclass('car') IS NOT NULL AS there"));
    expect(there).toEqual([{ there: false }]);
    finish();
    expect(await installing).toMatchObject({ status: 200, json: { message: "Installed fleet", modules: ["fleet"] } });
    expect((await cars(one)).status).toBe(200);
    // Never an answer of the old registry: it is closed until it has the new one.
    const seen = new Set<number>();
    await vi.waitFor(async () => {
      const { status } = await cars(two);
      seen.add(status);
      expect(status).toBe(200);
    });
    expect(seen).not.toContain(404);
  });

  it("of two that try at once one does it", async () => {
    const attempts = [one, two].map((process) => process.call("POST", "/api/modules/fleet/uninstall"));
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    await vi.waitFor(async () => expect((await cars(two)).status).toBe(404));
    expect((await currencies(two)).status).toBe(200);
  });

  it("a change that cannot be leaves everything as it was", async () => {
    expect((await one.call("POST", "/api/modules/nope/install")).status).toBe(404);
    expect((await one.call("POST", "/api/modules/core/uninstall")).status).toBe(400);
    expect((await one.call("POST", "/api/modules/fleet/install?plan=yes")).status).toBe(400);
    const listed = await one.call("GET", "/api/modules");
    expect(listed.json.data).toMatchObject([{ identifier: "core" }, { identifier: "fleet", state: "uninstalled" }]);
  });
});

it("a change that is cut off leaves the old state serving, and can be done again", { timeout: 60_000 }, async () => {
  // How long the way is, is measured on the database beside.
  const measure = await startFaultProxy(beside.connection);
  await changeModules(measure.connection, fleet.first, INSTALL);
  const trips = measure.roundTrips;
  await measure.close();
  expect(trips).toBeGreaterThan(CUTS);
  const before = await loadDatabaseState(database.database);
  const proxy = await startFaultProxy(database.connection);
  for (let cut = 0; cut < CUTS; cut += 1) {
    proxy.reset();
    proxy.cutAt(Math.floor((cut * (trips - 4)) / CUTS));
    await expect(changeModules(proxy.connection, fleet.first, INSTALL), `cut ${cut}`).rejects.toThrow();
    expect(await loadDatabaseState(database.database)).toEqual(before);
    await vi.waitFor(async () => expect((await currencies(two)).status).toBe(200), { timeout: 5000 });
  }
  await proxy.close();
  await changeModules(database.connection, fleet.first, INSTALL);
  await vi.waitFor(async () => expect((await cars(two)).status).toBe(200), { timeout: 5000 });
});

it("a process that has lost its line notices a change with its next request", async () => {
  await database.database.rows(
    raw(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'fullfinity notices'`),
  );
  await changeModules(database.connection, fleet.first, { ...INSTALL, action: "uninstall" });
  for (const process of [one, two]) {
    expect((await cars(process)).status).not.toBe(200);
    await vi.waitFor(async () => expect((await cars(process)).status).toBe(404), { timeout: 5000 });
  }
});
