/** The program with several workers: one port, renewed one by one without a failed request, and each change seen by all. */
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
const CLIENTS = 4;

let folder: string;
let name: string;
let program: ServerProcess;
let port = 0;
let env: Record<string, string>;

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-workers-"));
  name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`;
  env = {
    DATABASE_URL: serverUrl(),
    FULLFINITY_DATA: folder,
    FULLFINITY_DATABASE: name,
    FULLFINITY_MODULES: "core",
    FULLFINITY_DEMO: "0",
    PORT: "0",
  };
  program = new ServerProcess(env, ["serve", "--workers", "2"]);
  port = await program.ready();
}, LONG);

afterAll(async () => {
  await program.end();
  const server = new Database({ connection: inject("connection"), maxConnections: 1 });
  await dropDatabase(server, name);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function signIn(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/auth/authenticate`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "admin@example.com", password: "admin" }),
  });
  return String(((await response.json()) as Record<string, unknown>).access_token);
}

it("renews its workers without a failed request", { timeout: LONG }, async () => {
  const headers = { authorization: `Bearer ${await signIn()}` };
  const answers = new Map<string, number>();
  let stop = false;
  const client = async (): Promise<void> => {
    while (!stop) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/query/Currency?limit=1`, { headers }).then(
        async (response) => {
          await response.text();
          return String(response.status);
        },
        (error: Error) => `${error.message}: ${String(error.cause)}`,
      );
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  program.signal("SIGHUP");
  await program.says(/All workers have been renewed/);
  stop = true;
  await Promise.all(clients);
  expect([...answers.keys()]).toEqual(["200"]);
  expect(answers.get("200")).toBeGreaterThan(CLIENTS);
});

it("shows a module that a command has installed to the next request of every worker", { timeout: LONG }, async () => {
  const headers = { authorization: `Bearer ${await signIn()}`, connection: "close" };
  const status = async () => (await fetch(`http://127.0.0.1:${port}/api/query/Contact`, { headers })).status;
  expect(await status()).toBe(404);
  const command = new ServerProcess(env, ["install", "contacts", "--database", name]);
  expect({ code: await command.exit(), output: command.output }).toMatchObject({ code: 0 });
  expect(command.output).toMatch(/^Did install contacts in /m);
  // Connections go to one worker after the other.
  const seen: number[] = [];
  while (seen.length < 8) {
    const found = await status();
    if (found !== 503) seen.push(found);
  }
  expect(new Set(seen)).toEqual(new Set([200]));
});

it("stops with all of its workers", { timeout: LONG }, async () => {
  program.signal("SIGTERM");
  expect(await program.exit()).toBe(0);
});
