/** The program as a process: its first start, being killed while it writes, stopping, and starts that cannot work. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProgram, ServerProcess } from "../support/server-process.ts";

/** One first start and several later ones, on a busy machine. */
const LONG = 180_000;
const WRITERS = 8;
/** Records that must have been acknowledged before the process is killed. */
const ENOUGH = 150;

let folder: string;
let port = 0;
let token = "";
const started: ServerProcess[] = [];

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-process-"));
  await chmod(folder, 0o755); // the account of the database server must be able to enter it
}, LONG);

afterAll(async () => {
  for (const server of started) await server.end();
  // Its database server notices, and may still be writing its last files.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

function start(env: Readonly<Record<string, string>> = {}, ...args: string[]): ServerProcess {
  const server = new ServerProcess({ FULLFINITY_DATA: join(folder, "data"), PORT: "0", ...env }, args);
  started.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

async function signIn(): Promise<void> {
  const { status, body } = await call("POST", "/auth/authenticate", { email: "admin@example.com", password: "admin" });
  expect(status).toBe(200);
  token = String(body.access_token);
}

async function query(model: string, fields: string[], q_filter: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await call("POST", `/api/query/${model}`, { fields, q_filter, limit: 10_000 });
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.data as Record<string, unknown>[];
}

describe("one data folder, from its first start on", () => {
  let server: ServerProcess;
  let tags: number[];
  const acknowledged: number[] = [];
  /** Keys of the requests that were sent but not answered. */
  const open = new Set<string>();
  const write = async (key: string): Promise<number> => {
    open.add(key);
    const values = { name: "Written under load", phone: key, tags };
    const { status, body } = await call("POST", "/api/create/Contact", values, key);
    expect({ status, body }).toMatchObject({ status: 200 });
    open.delete(key);
    return Number(body.id);
  };

  it("stops when it is asked to in the middle of its first start", { timeout: LONG }, async () => {
    const first = start();
    await first.says(/Preparing the database for the first start/);
    first.signal("SIGTERM");
    expect(await first.exit()).toBe(0);
    expect(first.output).not.toMatch(/ready/);
  });

  it("starts, says what it does, and lets the administrator in", { timeout: LONG }, async () => {
    server = start();
    port = await server.ready();
    expect(server.output).toMatch(/^Installing core, /m);
    expect(server.output).toMatch(/\(API docs at \/docs\), sign in as admin@example\.com \/ admin$/m);
    await signIn();
    tags = (await query("ContactTag", ["id"], "Q()")).slice(0, 2).map(({ id }) => Number(id));
    expect(tags).toHaveLength(2);
  });

  it("is killed while it writes", { timeout: LONG }, async () => {
    const writeOn = async (_: unknown, writer: number): Promise<void> => {
      for (let n = 0; ; n += 1) {
        acknowledged.push(await write(`writer-${writer}-${n}`));
        if (acknowledged.length === ENOUGH) server.signal("SIGKILL");
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: WRITERS }, writeOn));
    expect(ends.map(({ status }) => status)).toEqual(Array(WRITERS).fill("rejected"));
    expect(await server.exit()).toBe("SIGKILL");
    expect(acknowledged.length).toBeGreaterThanOrEqual(ENOUGH);
    expect(open.size).toBe(WRITERS);
  });

  it("has every acknowledged record after the next start, and none of them by half", { timeout: LONG }, async () => {
    server = start();
    port = await server.ready();
    expect(server.output).not.toMatch(/Preparing|Installing|Upgrading/);
    // The token of before the crash is still good: the secret is kept.
    const found = await query("Contact", ["id", "tags"], "Q(name='Written under load')");
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
    const halves = found.filter((contact) => (contact.tags as unknown[]).length !== tags.length);
    expect(halves).toEqual([]);
    await signIn();
  });

  it("has each record once when what was not answered is sent again", { timeout: LONG }, async () => {
    for (const key of [...open]) await write(key);
    const found = await query("Contact", ["phone"], "Q(name='Written under load')");
    const phones = found.map(({ phone }) => String(phone));
    expect(phones).toHaveLength(acknowledged.length + WRITERS);
    expect(new Set(phones).size).toBe(phones.length);
  });

  it("is one process's alone", { timeout: LONG }, async () => {
    const second = start();
    expect(await second.exit()).toBe(1);
    expect(second.output).toMatch(
      /^the data folder .* is in use by process \d+: stop it first, or choose another data folder\n$/,
    );
    expect((await call("GET", "/health/ready")).status).toBe(200);
  });

  it("finishes what is under way when it is asked to stop", { timeout: LONG }, async () => {
    const body = JSON.stringify({ name: "Under way", tags });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", path: "/api/create/Contact", headers });
    const answer = new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      outgoing.on("error", reject);
      outgoing.on("response", async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode, text });
      });
    });
    await new Promise((resolve) => outgoing.write(body.slice(0, 10), resolve));
    await call("GET", "/health/live"); // by then the server has seen the beginning of the other request
    server.signal("SIGTERM");
    await server.says(/Stopping/);
    outgoing.end(body.slice(10));
    expect(await answer).toMatchObject({ status: 200, text: expect.stringContaining("Under way") });
    expect(await server.exit()).toBe(0);
  });

  it("agrees with the models", { timeout: LONG }, async () => {
    const check = start({}, "check-schema");
    expect(await check.exit()).toBe(0);
    expect(check.output).toBe("The tables of the database are as the models want them.\n");
    const other = start({ FULLFINITY_DATABASE: "other" }, "check-schema");
    expect(await other.exit()).toBe(1);
    expect(other.output).toBe('there is no database "other"\n');
  });

  it("is not shown to the network with the password of development", { timeout: LONG }, async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const shown = start({ FULLFINITY_ENV: "production", FULLFINITY_SECRET: secret, HOST: "0.0.0.0" });
    expect(await shown.exit()).toBe(1);
    expect(shown.output).toMatch(
      /^admin@example\.com, demo@example\.com, .+ still have the passwords of development, so HOST must be 127\.0\.0\.1/,
    );
  });

  it("says when the port is taken", { timeout: LONG }, async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const PORT = address !== null && typeof address === "object" ? String(address.port) : "";
    const late = start({ PORT });
    expect(await late.exit()).toBe(1);
    expect(late.output).toBe(
      `port ${PORT} is in use by another program: stop that one, or set PORT to another number\n`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });
});

describe("does not start", () => {
  const rows: [what: string, env: Readonly<Record<string, string>>, ...lines: RegExp[]][] = [
    [
      "with settings that it does not understand",
      { PORT: "http", FULLFINITY_PROT: "1" },
      /^PORT must be/,
      /^FULLFINITY_PROT is not/,
    ],
    [
      "in production without a secret",
      { FULLFINITY_ENV: "production" },
      /^FULLFINITY_SECRET must be set in production/,
    ],
    [
      "with an address that nobody has",
      { DATABASE_URL: "postgresql://app:hunter2@nowhere.invalid/x" },
      /^cannot connect to .*nowhere\.invalid/,
    ],
  ];
  it.each(rows)("%s", { timeout: LONG }, async (_what, env, ...lines) => {
    const server = start(env);
    expect(await server.exit()).toBe(1);
    expect(server.output.trimEnd().split("\n")).toEqual(lines.map((line) => expect.stringMatching(line)));
    expect(server.output).not.toContain("hunter2");
  });

  it("where a command is misspelt", { timeout: LONG }, async () => {
    const program = new ServerProcess({}, ["instal", "sales"]);
    expect(await program.exit()).toBe(1);
    expect(program.output).toBe('there is no command "instal"; --help lists those that there are\n');
  });
});
