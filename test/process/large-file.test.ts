/** Files that are much larger than what the program may keep: they pass through it, and others are answered meanwhile. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { dropDatabase } from "../../src/database/catalog.ts";
import { Database } from "../../src/database/database.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 180_000;
/** Mebibytes of the program's heap: the file of the import alone has as many bytes. */
const HEAP = 96;
const ROWS = 50_000;
const LENGTH = 1800;

let folder: string;
let name: string;
let program: ServerProcess;
let url = "";
let headers: Record<string, string> = {};

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-large-file-"));
  name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`;
  const env = {
    DATABASE_URL: serverUrl(),
    FULLFINITY_DATA: folder,
    FULLFINITY_DATABASE: name,
    FULLFINITY_MODULES: "core,contacts,products",
    FULLFINITY_DEMO: "0",
    NODE_OPTIONS: `--max-old-space-size=${HEAP}`,
    PORT: "0",
  };
  program = new ServerProcess(env);
  url = `http://127.0.0.1:${await program.ready()}`;
  const answer = await fetch(`${url}/auth/authenticate`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "admin@example.com", password: "admin" }),
  });
  const { access_token } = (await answer.json()) as Record<string, unknown>;
  headers = { authorization: `Bearer ${access_token}` };
}, LONG);

afterAll(async () => {
  await program?.end();
  const server = new Database({ connection: inject("connection"), maxConnections: 1 });
  await dropDatabase(server, name);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Asks small questions for as long as the work takes. @returns how many were answered, next to what the work gives */
async function whileAsking<Result>(work: Promise<Result>): Promise<{ result: Result; answered: number }> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  let answered = 0;
  while (!isOver) {
    const answer = await fetch(`${url}/api/query/Currency?limit=1`, { headers });
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    answered += 1;
  }
  return { result: await over, answered };
}

it("an import", { timeout: LONG }, async () => {
  const description = "x".repeat(LENGTH);
  const lines = Array.from({ length: ROWS }, (_, index) => `Large ${index},L-${index},${description}`);
  const form = new FormData();
  form.set("file", new Blob([`name,code,description\n${lines.join("\n")}\n`]), "large.csv");
  const sent = fetch(`${url}/api/import/Product`, { method: "POST", headers, body: form });
  const { result, answered } = await whileAsking(sent.then((answer) => answer.json()));
  expect(result).toMatchObject({ created: ROWS, failed: 0 });
  expect(answered).toBeGreaterThan(5);
});

it.each(["csv", "xlsx"])("an export to %s", { timeout: LONG }, async (format) => {
  const body = JSON.stringify({ fields: ["name", "code", "description"], format });
  const sent = fetch(`${url}/api/export/Product`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body,
  });
  const count = async (answer: Response): Promise<number> => {
    let bytes = 0;
    for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
    return bytes;
  };
  const { result, answered } = await whileAsking(sent.then(count));
  expect(result).toBeGreaterThan(ROWS);
  expect(answered).toBeGreaterThan(5);
});
