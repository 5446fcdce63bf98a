/** Two servers as processes over one database, with writers at both of them and past them: no total is ever stale. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../src/database/database.ts";
import { sql } from "../../src/sql/fragment.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { buildProgram, ServerProcess } from "../support/server-process.ts";
import { serverUrl } from "../support/server-url.ts";

const LONG = 120_000;
/** Changes of each writer. */
const ROUNDS = 15;

let folder: string;
let made: TestDatabase;
const servers: ServerProcess[] = [];
const urls: string[] = [];
let token = "";

beforeAll(async () => {
  buildProgram();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-totals-"));
  await chmod(folder, 0o755);
  made = await createTestDatabase();
  for (let process = 0; process < 2; process += 1) {
    const server = new ServerProcess({
      DATABASE_URL: serverUrl(),
      FULLFINITY_DATABASE: made.name,
      FULLFINITY_DATA: folder,
      FULLFINITY_DEMO: "0",
      FULLFINITY_MAX_CONNECTIONS: "3",
      PORT: "0",
    });
    servers.push(server);
    // One after the other: the first makes the tables.
    urls.push(`http://127.0.0.1:${await server.ready()}`);
  }
  const { body } = await call(0, "POST", "/auth/authenticate", { email: "admin@example.com", password: "admin" });
  token = String(body.access_token);
}, LONG);

afterAll(async () => {
  for (const server of servers) await server.end();
  await made?.drop();
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(
  process: number,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${urls[process]}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  const etag = response.headers.get("etag");
  return { status: response.status, etag, body: (await response.json()) as Answer["body"] };
}

interface Counter {
  readonly sequence: number;
  readonly children: readonly { readonly id: number }[];
}

/** Adds or removes a child over HTTP, and says in the same request how many there are now; tries again where another was quicker. */
async function changeByRequest(process: number, counter: number, adds: boolean): Promise<void> {
  for (;;) {
    const fields = ["sequence", "children"];
    const { body, etag } = await call(process, "POST", `/api/fetch/Category/${counter}`, { fields });
    const { sequence, children } = body as unknown as Counter;
    const oldest = children[0];
    if (!adds && oldest === undefined) return;
    const change = adds
      ? { sequence: sequence + 1, children: [["C", { name: "child" }]] }
      : { sequence: sequence - 1, children: [["D", oldest?.id]] };
    const path = `/api/update/Category/${counter}`;
    const { status, body: told } = await call(process, "PUT", path, change, { "if-match": etag ?? "" });
    if (status === 200) return;
    // The child may have gone past the server, which no version tells.
    expect([412, 404, 503], JSON.stringify(told)).toContain(status);
  }
}

/** The same past every server, and sometimes taken back. */
async function changeDirectly(database: Database, counter: number, round: number): Promise<void> {
  const work = database.transaction(async (session) => {
    await session.run(sql`select 1 from category where id = ${counter} for update`);
    const removed = await session.run(
      sql`delete from category where id in (select id from category where parent_id = ${counter} order by id limit ${round % 2}::int)`,
    );
    const added = await session.run(
      sql`insert into category (name, parent_id) select 'row', ${counter}::bigint from generate_series(1, ${(round % 3) + 1}::int)`,
    );
    const change = added - removed;
    await session.run(
      sql`update category set sequence = sequence + ${change}::int, version = version + 1 where id = ${counter}`,
    );
    if (round % 4 === 0) throw new Error("taken back");
  });
  await work.catch((error: unknown) => {
    if ((error as Error).message !== "taken back") throw error;
  });
}

test("every total of either process is the count of its own snapshot", { timeout: LONG }, async () => {
  const created = await call(0, "POST", "/api/create/Category", { name: "counter", sequence: 0 });
  const counter = Number(created.body.id);
  const request = {
    fields: ["sequence"],
    // Another table than that of the records takes part: the totals depend on it too.
    q_filter: `Q(id=${counter}) | Q(parent=${counter}, create_uid__name__neq='nobody')`,
    order_by: ["parent.id ASC NULLS FIRST"],
    limit: 1,
  };
  let writing = true;
  const wrong: object[] = [];
  let reads = 0;
  const readers = [0, 1, 0, 1].map(async (process) => {
    while (writing) {
      const { status, body } = await call(process, "POST", "/api/query/Category", request);
      expect(status, JSON.stringify(body)).toBe(200);
      const [record] = body.data as Counter[];
      reads += 1;
      if (body.total !== 1 + Number(record?.sequence)) wrong.push({ process, ...body });
    }
  });
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  const writers = [
    ...[0, 1].map(async (process) => {
      for (const round of rounds) await changeByRequest(process, counter, round % 3 !== 2);
    }),
    (async () => {
      for (const round of rounds) await changeDirectly(made.database, counter, round);
    })(),
  ];
  await Promise.all(writers).finally(() => {
    writing = false;
  });
  await Promise.all(readers);
  expect(wrong).toEqual([]);
  expect(reads).toBeGreaterThan(ROUNDS);
  // Both remember now, and both see what is done behind their backs.
  const totals = async () =>
    Promise.all([0, 1].map(async (each) => (await call(each, "POST", "/api/query/Category", request)).body.total));
  const [before] = await totals();
  expect(await totals()).toEqual([before, before]);
  await made.database.run(sql`insert into category (name, parent_id) values ('late', ${counter})`);
  expect(await totals()).toEqual([Number(before) + 1, Number(before) + 1]);
});
