/** Modules are installed while a real process serves two databases: killed at each point nothing has changed, and only this database is closed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { markDatabase } from "../../src/database/mark.ts";
import { loadDatabaseState } from "../../src/installer/database-state.ts";
import { discoverModules } from "../../src/installer/discover-modules.ts";
import { loadModules, modulesFolder } from "../../src/installer/load-modules.ts";
import { ModuleLibrary } from "../../src/installer/module-library.ts";
import { prepareSet } from "../../src/installer/open-database.ts";
import { raw } from "../../src/sql/fragment.ts";
import { createTestDatabase, type TestDatabase, templateDatabase } from "../support/database.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 180_000;
/** Points of an installation at which its process is killed, spread over all that it does between its first lock and the commit. */
const KILLS = 20;
/** Requests a second to each database while modules are installed. */
const RATE = 50;
/** Milliseconds of that load before and after. */
const AROUND_MS = 500;

const started: ServerProcess[] = [];
let folder: string;
let template: string;
let changing: TestDatabase;
let beside: TestDatabase;
let server: ServerProcess;
let port: number;
const tokens = new Map<string, string>();

function start(env: Readonly<Record<string, string>>, args: readonly string[] = []): ServerProcess {
  const process = new ServerProcess({ FULLFINITY_DATA: folder, FULLFINITY_SECRET: "x".repeat(32), ...env }, args);
  started.push(process);
  return process;
}

async function call(database: TestDatabase, method: string, path: string, body?: object) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      "x-database": database.name,
      authorization: `Bearer ${tokens.get(database.name)}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const retryAfter = response.headers.get("retry-after");
  return { status: response.status, retryAfter, json: (await response.json()) as Record<string, unknown> };
}

const currencies = (database: TestDatabase) => call(database, "GET", "/api/query/Currency?limit=1");
const contacts = (database: TestDatabase) => call(database, "GET", "/api/query/Contact?limit=1");

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-install-"));
  const library = await ModuleLibrary.of(await loadModules(await discoverModules(modulesFolder)));
  template = await templateDatabase("core alone, by the library", async (empty) => {
    const options = { demo: false, adminPassword: "admin", onProgress: () => {} };
    await prepareSet(empty, library.compose(["core"]), options);
  });
  [changing, beside] = [await createTestDatabase({ template }), await createTestDatabase({ template })];
  for (const { database, name } of [changing, beside]) await markDatabase(database, name);
  server = start({ DATABASE_URL: serverUrl(), FULLFINITY_DATABASE: beside.name, PORT: "0" });
  port = await server.ready();
  for (const database of [changing, beside]) {
    const sign = { email: "admin@example.com", password: "admin" };
    const { json } = await call(database, "POST", "/auth/authenticate", sign);
    tokens.set(database.name, String(json.access_token));
  }
}, LONG);

afterAll(async () => {
  for (const process of started) await process.end();
  await Promise.all([changing?.drop(), beside?.drop()]);
  await rm(folder, { recursive: true, force: true });
});

/** Installs through a proxy, in a process of its own. */
function install(proxy: FaultProxy, database: TestDatabase): ServerProcess {
  const url = new URL(serverUrl());
  url.host = "localhost:5432";
  url.searchParams.set("host", String(proxy.connection.host));
  return start({ DATABASE_URL: url.href }, ["install", "contacts", "--database", database.name]);
}

/** A point of an installation: after so many round trips, before the first message with this word. */
type Point = readonly [trips: number, word: string];

/** Where to kill, found out by an installation on a database of its own; the last point is the commit. */
async function choosePoints(template: string): Promise<Point[]> {
  const proxy = await startFaultProxy(inject("connection"));
  const spare = await createTestDatabase({ template });
  await markDatabase(spare.database, spare.name);
  proxy.record();
  const whole = install(proxy, spare);
  expect({ code: await whole.exit(), output: whole.output }).toMatchObject({ code: 0 });
  const [begin] = proxy.tripsOf("pg_advisory_xact_lock");
  const [, commit] = proxy.tripsOf("COMMIT");
  await proxy.close();
  await spare.drop();
  expect(commit - begin).toBeGreaterThan(KILLS);
  const step = (commit - begin - 2) / (KILLS - 1);
  const within = Array.from({ length: KILLS - 1 }, (_, index): Point => [begin + Math.floor(index * step), ""]);
  return [...within, [begin, "COMMIT"]];
}

/** Kills installations in a database at points, one after the other, and installs for good in the end. */
async function killInstallations(database: TestDatabase, points: readonly Point[]): Promise<void> {
  const before = await loadDatabaseState(database.database);
  const proxy = await startFaultProxy(inject("connection"));
  for (const [trips, word] of points) {
    const place = `killed after ${trips} round trips`;
    proxy.reset();
    const reached = proxy.holdAt(trips, word);
    const killed = install(proxy, database);
    await Promise.race([reached, killed.exit()]);
    killed.signal("SIGKILL");
    expect(await killed.exit(), killed.output).toBe("SIGKILL");
    expect(await loadDatabaseState(database.database), place).toEqual(before);
    const [tables] = await database.database.rows(raw("SELECT to_regclass('contact') AS contact"));
    expect(tables, place).toEqual({ contact: null });
    await vi.waitFor(async () => expect((await currencies(database)).status, place).toBe(200), 5000);
  }
  proxy.reset();
  const whole = install(proxy, database);
  expect({ code: await whole.exit(), output: whole.output }).toMatchObject({ code: 0 });
  await proxy.close();
  await vi.waitFor(async () => expect((await contacts(database)).status).toBe(200), 5000);
}

it("a process that is killed while it installs leaves the old state serving, and the next try works", {
  timeout: LONG,
}, async () => {
  const points = await choosePoints(template);
  expect(points).toHaveLength(KILLS);
  const lanes = [changing, beside].map((database, lane) =>
    killInstallations(
      database,
      points.filter((_, index) => index % 2 === lane),
    ),
  );
  await Promise.all(lanes);
});

it("under load, this database answers 503 for a moment and another one notices nothing", {
  timeout: LONG,
}, async () => {
  const answers = new Map([changing, beside].map(({ name }) => [name, new Map<string, number>()]));
  const ask = async (database: TestDatabase): Promise<void> => {
    const told = await currencies(database).then(
      ({ status, retryAfter }) => (retryAfter === null ? `${status}` : `${status}, Retry-After: ${retryAfter}`),
      (error: Error) => String(error.cause ?? error),
    );
    const counts = answers.get(database.name);
    counts?.set(told, (counts.get(told) ?? 0) + 1);
  };
  const asked: Promise<void>[] = [];
  const load = setInterval(() => asked.push(ask(changing), ask(beside)), 1000 / RATE);
  const pause = () => new Promise((resolve) => setTimeout(resolve, AROUND_MS));
  await pause();
  expect(await call(changing, "POST", "/api/modules/products/install")).toMatchObject({ status: 200 });
  expect((await call(changing, "GET", "/api/query/Product")).status).toBe(200);
  await pause();
  clearInterval(load);
  await Promise.all(asked);
  expect([...(answers.get(beside.name) ?? [])]).toEqual([["200", asked.length / 2]]);
  expect(new Set(answers.get(changing.name)?.keys())).toEqual(new Set(["200", "503, Retry-After: 5"]));
  expect((await call(beside, "GET", "/api/query/Product")).status).toBe(404);
});
