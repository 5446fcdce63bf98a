/** The program where files find no room: who is concerned is told so, nothing of the file is left, and all others are served. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { dropDatabase } from "../../src/database/catalog.ts";
import { withDatabase } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 180_000;
/** Kibibytes that a file may have: for the program a disk that is full once it has got so far. */
const ROOM = 1024;
const TOO_MUCH = 2 * ROOM * 1024;

let folder: string;
let name: string;
let program: ServerProcess;
let port = 0;
let token = "";
let database: Database;

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-full-disk-"));
  await mkdir(join(folder, "temporary"));
  name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`;
  const env = {
    DATABASE_URL: serverUrl(),
    FULLFINITY_DATA: join(folder, "data"),
    FULLFINITY_DATABASE: name,
    FULLFINITY_MODULES: "core,contacts,products",
    FULLFINITY_DEMO: "0",
    PORT: "0",
    TMPDIR: join(folder, "temporary"),
  };
  program = new ServerProcess(env, [], ["/bin/sh", "-c", `ulimit -f ${2 * ROOM} && exec "$@"`, "sh"]);
  port = await program.ready();
  database = new Database({ connection: withDatabase(inject("connection"), name), maxConnections: 1 });
  const credentials = JSON.stringify({ email: "admin@example.com", password: "admin" });
  token = String((await json(await send("/auth/authenticate", credentials))).access_token);
}, LONG);

afterAll(async () => {
  await program?.end();
  await database?.close();
  const server = new Database({ connection: inject("connection"), maxConnections: 1 });
  await dropDatabase(server, name);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function send(path: string, body?: FormData | string, method = "POST"): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(typeof body === "string" ? { "content-type": "application/json" } : {}),
  };
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

async function json(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>;
}

function formOf(content: string, more: Readonly<Record<string, string>> = {}): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(more)) form.set(key, value);
  form.set("file", new Blob([content]), "file.csv");
  return form;
}

/** A job once it has ended. */
async function ended(id: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const job = await json(await send(`/api/jobs/${id}`, undefined, "GET"));
    if (job.state !== "queued" && job.state !== "running") return job;
    await sleep(50);
  }
}

/** Everything that lies where the program keeps files for good or for a while, as the names of files. */
async function filesLeft(): Promise<string[]> {
  const all = await Promise.all(
    [join(folder, "temporary"), join(folder, "data", "files")].map((place) =>
      readdir(place, { recursive: true, withFileTypes: true }).catch(() => []),
    ),
  );
  return all.flat().flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

const full = { status: 507, error: "InsufficientStorage", detail: "The server has no room left for files" };

describe("a file that finds no room", () => {
  const rows: [what: string, path: string][] = [
    ["of an import", "/api/import/Category"],
    ["of an import as a job", "/api/import/Category?job=true"],
    ["of a record", "/api/attach/Company/1"],
    ["of a field", "/api/upload/Company/1?field=image"],
  ];
  it.each(rows)("%s is a 507, and nothing of it is left", async (_what, path) => {
    const answer = await send(path, formOf(`name\n${"x".repeat(TOO_MUCH)}\n`));
    const { error, detail } = await json(answer);
    expect({ status: answer.status, error, detail }).toEqual(full);
    expect(await filesLeft()).toEqual([]);
  });

  it("of a job is what it fails with; it lists no file, and the next export is whole", { timeout: LONG }, async () => {
    const text =
      "insert into product (name, description, price, active) select 'long', repeat('x', $1), 0, true from generate_series(1, 4)";
    await database.run({ text, values: [TOO_MUCH / 4] });
    const body = JSON.stringify({ fields: ["name", "description"], format: "csv" });
    const { job_id } = await json(await send("/api/export/Product?job=true", body));
    const path = `/api/jobs/${job_id}`;
    const job = await ended(job_id);
    const { error, detail } = full;
    expect(job).toMatchObject({ state: "failed", result: null, file: null, error: { error, detail } });
    expect((await send(`${path}/file`, undefined, "GET")).status).toBe(404);
    expect(await filesLeft()).toEqual([]);
    // What is sent as it comes needs no room.
    const direct = await send("/api/export/Product", body);
    expect((await direct.arrayBuffer()).byteLength).toBeGreaterThan(TOO_MUCH);
  });

  it("of rows that failed leaves the import told of", { timeout: LONG }, async () => {
    // The file that comes has room, but not with a message in each row.
    const bad = Array.from({ length: 9000 }, (_, index) => `Bad ${index},${"x".repeat(90)}`).join("\n");
    const form = formOf(`name,price\nGood,1\n${bad}\n`, { on_error: "skip" });
    const job = await ended((await json(await send("/api/import/Product?job=true", form))).job_id);
    const message =
      "Imported: 1 created, 0 updated, 0 unchanged, 9000 failed; the server has no room for the file of those that failed";
    expect(job).toMatchObject({
      state: "done",
      file: null,
      error: null,
      result: { created: 1, failed: 9000, message },
    });
    // The file that came, and nothing of the other one.
    expect(await filesLeft()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it("is nobody else's trouble", async () => {
    const answer = await send("/api/import/Category", formOf("name\nStill works\n"));
    expect([answer.status, await json(answer)]).toMatchObject([200, { created: 1 }]);
    const stored = await send("/api/attach/Company/1", formOf("small"));
    expect(stored.status).toBe(200);
    expect(await filesLeft()).toHaveLength(2);
  });
});
