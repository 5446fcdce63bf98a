/** Whole databases over HTTP: nothing without the master key, everything with it, and no trace of the key in the log. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Authenticator } from "../../src/auth/authenticator.ts";
import { databaseEndpoints } from "../../src/contract/databases.ts";
import { buildServer } from "../../src/http/server.ts";
import { type DatabaseGround, dropTenant } from "../../src/tenants/database-operation.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import { ServerSource } from "../../src/tenants/tenant-source.ts";
import { type FleetLibraries, makeFleetLibraries } from "../support/fleet-module.ts";
import { TEST_SECRET } from "../support/server.ts";

const KEY = "master-key-of-this-test-and-of-nothing-else";
const RULES = {
  hosts: new Map(),
  baseDomain: "localhost",
  defaultDatabase: null,
  foreignHosts: true,
  databaseSelector: true,
};
const lines: string[] = [];
const [first, copy, moved] = ["a", "b", "c"].map((end) =>
  `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}${end}`.toLowerCase(),
) as [string, string, string];

let fleet: FleetLibraries;
let folder: string;
let ground: DatabaseGround;
let tenants: TenantDirectory;
let server: FastifyInstance;
let closed: FastifyInstance;

beforeAll(async () => {
  fleet = await makeFleetLibraries();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-office-"));
  const places = { filesFolder: join(folder, "files"), backupFolder: join(folder, "backups") };
  ground = { server: inject("connection"), library: fleet.first, ...places };
  tenants = new TenantDirectory(RULES, new ServerSource({ ...ground, settings: { maxConnections: 2 } }));
  const parts = {
    tenants,
    authenticator: new Authenticator({ secret: TEST_SECRET }),
    config: { environment: "production", bodyLimit: 65_536, uploadLimit: 65_536, logLevel: "info" } as const,
    logger: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }),
  };
  server = await buildServer({ ...parts, databases: { ...ground, masterKey: KEY } });
  closed = await buildServer(parts);
});

afterAll(async () => {
  await Promise.all([server?.close(), closed?.close()]);
  await tenants?.close();
  for (const name of [first, copy, moved]) await dropTenant(ground, name).catch(() => {});
  await fleet?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Called {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function call(method: string, url: string, payload?: object, headers: object = {}): Promise<Called> {
  const response = await server.inject({
    method: method as "GET",
    url,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: response.statusCode, json: response.json() as Record<string, unknown> };
}

async function signIn(database: string, password: string): Promise<Called> {
  const body = { email: "admin@example.com", password };
  return call("POST", "/auth/authenticate", body, { "x-database": database });
}

const routes = databaseEndpoints.map(({ method, path }) => [method, path.replace("{name}", "main")] as const);

describe("the master key", () => {
  it.each(routes)("has to be configured for %s %s", async (method, url) => {
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await closed.inject({ method, url, headers })).statusCode).toBe(404);
  });

  const wrongMethods: readonly (readonly [method: "PUT" | "PATCH" | "GET", url: string, allow: string])[] = [
    ["PUT", "/databases", "GET, POST, HEAD, OPTIONS"],
    ["PATCH", "/databases/main", "DELETE, OPTIONS"],
    ["GET", "/databases/main/backup", "POST, OPTIONS"],
  ];
  it.each(wrongMethods)("is not asked for where the method is wrong: %s %s", async (method, url, allow) => {
    const answer = await server.inject({ method, url });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allow]);
    expect((await closed.inject({ method, url })).statusCode).toBe(404);
  });

  const keys: readonly (readonly [what: string, authorization: string | undefined])[] = [
    ["none", undefined],
    ["an empty one", "Bearer "],
    ["another of the same length", `Bearer ${"x".repeat(KEY.length)}`],
    ["its beginning", `Bearer ${KEY.slice(0, -1)}`],
    ["a longer one", `Bearer ${KEY}x`],
    ["another scheme", `Basic ${KEY}`],
  ];
  it.each(keys)("has to be shown: %s", async (_what, authorization) => {
    for (const [method, url] of routes) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await server.inject({ method, url, headers });
      expect([answer.statusCode, answer.json().error], url).toEqual([401, "AuthenticationError"]);
    }
  });
});

describe("with the key", () => {
  it("a database is created, and served at once", async () => {
    const body = { name: first, modules: ["fleet"], admin_password: "a password of the test" };
    expect(await call("POST", "/databases", body)).toEqual({
      status: 200,
      json: { message: `Created ${first}`, name: first, admin_password: null },
    });
    const { status, json } = await call("GET", "/databases");
    expect([status, (json.databases as string[]).includes(first)]).toEqual([200, true]);
    expect((await signIn(first, "a password of the test")).status).toBe(200);
  });

  it("it is copied and renamed, with its users", async () => {
    expect((await call("POST", `/databases/${first}/duplicate`, { to: copy })).json.name).toBe(copy);
    expect((await signIn(copy, "a password of the test")).status).toBe(200);
    expect((await call("POST", `/databases/${copy}/rename`, { to: moved })).json.name).toBe(moved);
    expect((await signIn(moved, "a password of the test")).status).toBe(200);
    expect((await signIn(copy, "a password of the test")).status).toBe(404);
  });

  it("it is backed up, dropped only where that is allowed, and restored", async () => {
    const { json } = await call("POST", `/databases/${first}/backup`);
    expect(json).toMatchObject({ name: first, file: expect.stringMatching(/\.backup$/) });
    expect(await readdir(ground.backupFolder)).toContain(json.file);
    const refused = await call("DELETE", `/databases/${first}`);
    expect([refused.status, refused.json.error]).toEqual([400, "UserError"]);
    expect((await call("DELETE", `/databases/${first}?allow_destructive=true`)).status).toBe(200);
    expect((await signIn(first, "a password of the test")).status).toBe(404);
    const { file } = json;
    expect((await call("POST", `/databases/${first}/restore`, { file })).status).toBe(200);
    expect((await signIn(first, "a password of the test")).status).toBe(200);
    expect((await call("POST", `/databases/${first}/restore`, { file })).json.error).toBe("UserError");
    expect((await call("POST", `/databases/${first}/restore`, { file, allow_destructive: true })).status).toBe(200);
  });

  const rows: readonly (readonly [
    what: string,
    method: string,
    url: () => string,
    body: object | undefined,
    status: number,
    told: RegExp,
  ])[] = [
    ["a name that is none", "POST", () => "/databases", { name: "A b" }, 400, /"path":"name"/],
    ["no name", "POST", () => "/databases", {}, 400, /"path":"name"/],
    ["an option that is none", "POST", () => "/databases", { name: "x", nmae: "y" }, 400, /nmae/],
    ["a module that is none", "POST", () => "/databases", { name: copy, modules: ["cars"] }, 400, /no module cars/],
    ["a name that is taken", "POST", () => "/databases", { name: moved }, 400, /already/],
    ["a copy to a name that is none", "POST", () => `/databases/${moved}/duplicate`, { to: "A" }, 400, /"path":"to"/],
    ["a new name that is taken", "POST", () => `/databases/${moved}/rename`, { to: moved }, 400, /already/],
    ["a new name that is none", "POST", () => `/databases/${moved}/rename`, { to: "ä" }, 400, /"path":"to"/],
    ["a database that is not there", "POST", () => `/databases/${copy}/backup`, undefined, 404, /MissingError/],
    ["a database of others", "DELETE", () => "/databases/postgres?allow_destructive=true", undefined, 404, /Missing/],
    ["a permission that is none", "DELETE", () => `/databases/${moved}?allow_destructive=yes`, undefined, 400, /allow/],
    ["a file elsewhere", "POST", () => `/databases/${copy}/restore`, { file: "../x" }, 400, /"path":"file"/],
    ["a file that is not there", "POST", () => `/databases/${copy}/restore`, { file: "nope" }, 400, /no backup nope/],
    ["a file that is no backup", "POST", () => `/databases/${copy}/restore`, { file: "text" }, 400, /kind of file/],
  ];
  it.each(rows)("%s is refused", async (_what, method, url, body, status, told) => {
    await writeFile(join(ground.backupFolder, "text"), "no backup, but a text that somebody has put there");
    const answer = await call(method, url(), body);
    expect(answer.status, JSON.stringify(answer.json)).toBe(status);
    expect(JSON.stringify(answer.json)).toMatch(told);
  });

  it("the log tells what was done, and holds neither the key nor a password", () => {
    const log = lines.join("");
    expect(log).toContain(`/databases/${first}/backup`);
    for (const secret of [KEY, "a password of the test"]) expect(log).not.toContain(secret);
  });
});
