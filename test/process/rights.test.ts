/** Two real processes over one database: what one of them is told holds in the other; and the first start of production. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { dropDatabase } from "../../src/database/catalog.ts";
import { Database } from "../../src/database/database.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 120_000;
const name = `p${randomBytes(6).toString("hex")}`;
const started: ServerProcess[] = [];
let folder: string;
let ports: number[];
let password: string;

/** A process in production mode over the server of the tests. */
function start(env: Readonly<Record<string, string>> = {}): ServerProcess {
  const server = new ServerProcess({
    DATABASE_URL: serverUrl(),
    FULLFINITY_DATABASE: name,
    FULLFINITY_DATA: folder,
    FULLFINITY_ENV: "production",
    FULLFINITY_SECRET: "a secret of two processes, and of no other",
    PORT: "0",
    ...env,
  });
  started.push(server);
  return server;
}

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-rights-"));
  const first = start();
  const firstPort = await first.ready();
  password = /with the password (\S+)/.exec(first.output)?.[1] ?? "";
  const second = start();
  ports = [firstPort, await second.ready()];
}, LONG);

afterAll(async () => {
  for (const server of started) await server.end();
  const database = new Database({ connection: inject("connection"), maxConnections: 1 });
  await dropDatabase(database, name);
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(process: number, method: string, path: string, body?: object, token?: string) {
  const response = await fetch(`http://127.0.0.1:${ports[process]}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function signIn(process: number, email: string, secret: string): Promise<string> {
  const { status, json } = await call(process, "POST", "/auth/authenticate", { email, password: secret });
  expect(status).toBe(200);
  return String(json.access_token);
}

describe("the first start in production", () => {
  it("prints a made-up password once, and has no demo records", async () => {
    const [first, second] = started;
    expect(password).toMatch(/^[\w-]{16}$/);
    expect(first?.output.split(password)).toHaveLength(2);
    expect(second?.output).not.toContain("password");
    const token = await signIn(0, "admin@example.com", password);
    expect((await call(0, "POST", "/api/query/User", {}, token)).json.total).toBe(1);
    expect((await call(0, "POST", "/api/query/Contact", {}, token)).json.total).toBe(0);
    const known = { email: "admin@example.com", password: "admin" };
    expect((await call(0, "POST", "/auth/authenticate", known)).status).toBe(401);
  });
});

describe("in the other process", () => {
  /** A new user with these groups, who is known to the second process already. */
  async function newUser(...identifiers: string[]) {
    const admin = await signIn(0, "admin@example.com", password);
    const filter = `Q(identifier__in=['${identifiers.join("', '")}'])`;
    const found = await call(0, "POST", "/api/query/Group", { q_filter: filter }, admin);
    const groups = (found.json.data as { id: number }[]).map(({ id }) => id);
    const email = `${randomBytes(4).toString("hex")}@example.com`;
    const made = await call(
      0,
      "POST",
      "/api/create/User",
      { name: email, email, password: "a password", groups },
      admin,
    );
    const token = await signIn(1, email, "a password");
    const read = async () => (await call(1, "POST", "/api/query/Product", { limit: 1 }, token)).status;
    return { admin, id: made.json.id as number, token, read };
  }

  it("rights that are taken are gone, and rights that are given are there", async () => {
    const { admin, id, read } = await newUser("products_user");
    expect(await read()).toBe(200);
    expect((await call(0, "PUT", `/api/update/User/${id}`, { groups: [] }, admin)).status).toBe(200);
    await vi.waitFor(async () => expect(await read()).toBe(403));
    const found = await call(0, "POST", "/api/query/Group", { q_filter: "Q(identifier='products_user')" }, admin);
    const [group] = found.json.data as { id: number }[];
    await call(0, "PUT", `/api/update/User/${id}`, { groups: [group?.id] }, admin);
    await vi.waitFor(async () => expect(await read()).toBe(200));
  });

  it("a rule that is made holds", async () => {
    const { admin, token } = await newUser("products_manager");
    await call(1, "POST", "/api/create/Category", { name: "Seen" }, token);
    const seen = async () => (await call(1, "POST", "/api/query/Category", {}, token)).json.total;
    expect(await seen()).toBe(1);
    const rule = { name: "Nothing", model: "Category", rule: "Q(id=0)", groups: [] };
    const made = await call(0, "POST", "/api/create/RecordRule", rule, admin);
    await vi.waitFor(async () => expect(await seen()).toBe(0));
    await call(0, "DELETE", `/api/delete/RecordRule/${made.json.id}`, undefined, admin);
    await vi.waitFor(async () => expect(await seen()).toBe(1));
  });

  it("a user who is switched off, or signs out, is out", async () => {
    const off = await newUser("products_user");
    expect(await off.read()).toBe(200);
    await call(0, "PUT", `/api/update/User/${off.id}`, { active: false }, off.admin);
    await vi.waitFor(async () => expect(await off.read()).toBe(401));
    const out = await newUser("products_user");
    expect(await out.read()).toBe(200);
    expect((await call(0, "POST", "/auth/logout", undefined, out.token)).status).toBe(200);
    await vi.waitFor(async () => expect(await out.read()).toBe(401));
  });
});
