/** The program killed in the middle of its jobs: an import takes effect once, by whole parts or as a whole, and an export begins anew. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { dropDatabase } from "../../src/database/catalog.ts";
import { withDatabase } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { FileStore } from "../../src/files/file-store.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 180_000;
const PATIENCE_MS = 60_000;
const LOOK_MS = 10;
/** Records of one part of an import. */
const PART = 1000;
const PARTS = 12;
/** Of each thousand rows one is wrong. */
const isWrong = (index: number): boolean => index % PART === 500;
const GOOD = PART - 1;
/** Texts so long that their export takes a while. */
const TEXTS = 2000;
const TEXT_LENGTH = 100_000;

let folder: string;
let name: string;
let env: Record<string, string>;
let program: ServerProcess;
let port = 0;
let token = "";
/** Looks at the database over a connection of its own. */
let watcher: Database;
const started: ServerProcess[] = [];

async function start(): Promise<void> {
  program = new ServerProcess(env);
  started.push(program);
  port = await program.ready();
}

/** Ends the program as a power cut would; the next start need not wait until the lease of what it did is over. */
async function kill(): Promise<void> {
  program.signal("SIGKILL");
  expect(await program.exit()).toBe("SIGKILL");
}

/** Lets jobs that a killed program has left be taken at once, when all of its connections have ended. */
async function settle(): Promise<void> {
  const others = "datname = current_database() and application_name = 'fullfinity' and pid <> pg_backend_pid()";
  await until(async () => (await count(`pg_stat_activity where ${others} and state <> 'idle'`)) === 0);
  await watcher.run({ text: "update job set lease = now() where state = 'running'", values: [] });
}

/** Kills the program while an import waits at a row: another transaction is about to take its code. */
async function killAt(code: string): Promise<void> {
  const gate = new Database({ connection: withDatabase(inject("connection"), name), maxConnections: 1 });
  const shut = gate.transaction(async (session) => {
    await session.run({
      text: "insert into product (name, code, price, active) values ('gate', $1, 0, true)",
      values: [code],
    });
    await until(
      async () => (await count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")) > 0,
    );
    await kill();
    throw new Error("the gate opens");
  });
  await expect(shut).rejects.toThrow("the gate opens");
  await gate.close();
  await settle();
}

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-killed-job-"));
  name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`;
  env = {
    DATABASE_URL: serverUrl(),
    FULLFINITY_DATA: folder,
    FULLFINITY_DATABASE: name,
    FULLFINITY_MODULES: "core,contacts,products",
    FULLFINITY_DEMO: "0",
    PORT: "0",
  };
  await start();
  watcher = new Database({ connection: withDatabase(inject("connection"), name), maxConnections: 1 });
  const { access_token } = await call("POST", "/auth/authenticate", { email: "admin@example.com", password: "admin" });
  token = String(access_token);
}, LONG);

afterAll(async () => {
  for (const server of started) await server.end();
  await watcher?.close();
  const server = new Database({ connection: inject("connection"), maxConnections: 1 });
  await dropDatabase(server, name);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function request(method: string, path: string, body?: FormData | string): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
  };
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await request(method, path, body instanceof FormData ? body : JSON.stringify(body));
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as Record<string, unknown>;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it does not happen");
    await sleep(LOOK_MS);
  }
}

async function count(source: string): Promise<number> {
  const [row] = await watcher.rows<{ n: number }>({ text: `select count(*)::int as n from ${source}`, values: [] });
  return row?.n ?? 0;
}

/** Queues an import of products. @returns its path */
async function queueImport(file: string, on_error: "abort" | "skip"): Promise<string> {
  const form = new FormData();
  form.set("file", new Blob([file]), "products.csv");
  form.set("on_error", on_error);
  const { job_id } = await call("POST", "/api/import/Product?job=true", form);
  return `/api/jobs/${job_id}`;
}

/** The job of a path as the database has it. */
async function jobOf(path: string): Promise<{ state: string; done: number; attempt: number; next: number | null }> {
  const text = "select state, done, attempt, (checkpoint->>'next')::bigint as next from job where id = $1";
  const [job] = await watcher.rows<{ state: string; done: number; attempt: number; next: number | null }>({
    text,
    values: [Number(path.split("/").at(-1))],
  });
  if (job === undefined) throw new Error(`there is no ${path}`);
  return job;
}

async function finished(path: string): Promise<Record<string, unknown>> {
  await until(async () => !["queued", "running"].includes((await jobOf(path)).state));
  return call("GET", path);
}

/** A file of products, numbered from 0. */
const fileOf = (prefix: string, wrong: (index: number) => boolean): string =>
  `name,code,price\n${Array.from({ length: PART * PARTS }, (_, index) => `${prefix},${prefix}-${index},${wrong(index) ? "x" : index}`).join("\n")}\n`;

it("an import that is all or nothing leaves nothing, and is whole after the next start", {
  timeout: LONG,
}, async () => {
  const path = await queueImport(
    fileOf("whole", () => false),
    "abort",
  );
  await killAt(`whole-${5 * PART + 7}`);
  expect(await jobOf(path)).toMatchObject({ state: "running", attempt: 1, next: null });
  expect(await count("product")).toBe(0);
  await start();
  const all = PART * PARTS;
  expect(await finished(path)).toMatchObject({ state: "done", result: { created: all, failed: 0 }, file: null });
  expect(await jobOf(path)).toMatchObject({ attempt: 2 });
  expect(await count("product where name = 'whole'")).toBe(all);
});

it("one that leaves out what is wrong has saved whole parts, and goes on behind them", { timeout: LONG }, async () => {
  const saved = () => count("product where name = 'part'");
  const path = await queueImport(fileOf("part", isWrong), "skip");
  for (const parts of [0, 3, 9]) {
    await killAt(`part-${parts * PART + 7}`);
    expect(await saved()).toBe(parts * GOOD);
    // The row of the header comes before them.
    expect((await jobOf(path)).next).toBe(parts === 0 ? null : parts * PART + 2);
    await start();
  }
  const all = GOOD * PARTS;
  const result = { created: all, failed: PARTS, file: { rows: PART * PARTS } };
  expect(await finished(path)).toMatchObject({ state: "done", result });
  expect(await saved()).toBe(all);
  const failed = await (await request("GET", `${path}/file`)).text();
  const [header, ...rows] = failed.trimEnd().split("\n");
  expect(header).toBe("name,code,price,error");
  const wrong = Array.from({ length: PARTS }, (_, part) => `part,part-${part * PART + 500},x,`);
  expect(rows.map((row) => row.slice(0, row.indexOf(",x,") + 3))).toEqual(wrong);
});

it("an export begins anew, and nothing of the first attempt is ever a file", { timeout: LONG }, async () => {
  const text =
    "insert into product (name, description, price, active) select 'long ' || i, repeat('x', $1), 0, true from generate_series(1, $2) i";
  await watcher.run({ text, values: [TEXT_LENGTH, TEXTS] });
  const body = {
    fields: ["name", "description"],
    format: "csv",
    order_by: ["id"],
    q_filter: "Q(name__startswith='long ')",
  };
  const { job_id } = await call("POST", "/api/export/Product?job=true", body);
  const path = `/api/jobs/${job_id}`;
  const unfinished = join(folder, "files", name, "unfinished");
  const begun = async () => {
    const names = await readdir(unfinished).catch(() => []);
    return Promise.all(
      names.map(async (each) => ({ name: each, ...(await stat(join(unfinished, each)).catch(() => null)) })),
    );
  };
  await until(async () => (await begun()).some(({ size = 0 }) => size > 10 * TEXT_LENGTH));
  await kill();
  await settle();
  expect(await jobOf(path)).toMatchObject({ state: "running", attempt: 1 });
  expect(await count(`job where id = ${job_id} and file is not null`)).toBe(0);
  expect(await begun()).toHaveLength(1);
  await start();
  expect(await finished(path)).toMatchObject({
    state: "done",
    result: { records: TEXTS },
    file: { name: "Product.csv" },
  });
  const answer = await request("GET", `${path}/file`);
  const direct = await request("POST", "/api/export/Product", JSON.stringify(body));
  const [file, wanted] = [Buffer.from(await answer.arrayBuffer()), Buffer.from(await direct.arrayBuffer())];
  expect(file.length).toBeGreaterThan(TEXTS * TEXT_LENGTH);
  expect(file.equals(wanted)).toBe(true);
  // It was made, and sent twice, in portions.
  expect(program.mostMemory() ?? 0).toBeLessThan(400);
  // What the first attempt has left is swept once it is old enough to be nobody's.
  await new FileStore(join(folder, "files", name)).removeUnfinished(Date.now() + 2 * 60 * 60_000);
  expect(await begun()).toEqual([]);
});
