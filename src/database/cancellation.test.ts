/** Cancelled requests: their statements end on the server, those of others do not, and no connection is lost for good. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { Cancellation } from "./cancellation.ts";
import { Database, type DatabaseOptions, type Statement } from "./database.ts";

let test: TestDatabase;
const opened: Database[] = [];

function open(settings: Partial<DatabaseOptions> = {}): Database {
  const database = new Database({ connection: test.connection, ...settings });
  opened.push(database);
  return database;
}

const statement = (text: string, ...values: Statement["values"]): Statement => ({ text, values });
const SLEEP = "SELECT pg_sleep($1::float8) IS NULL AS s";
/** Known as quick once it has run with 0, so that it shares its connection. */
const sleep = (seconds: number): Statement => ({ name: "sleep", text: SLEEP, values: [seconds] });
const CANCELLED = { status: 503, code: "cancelled" };

beforeAll(async () => {
  test = await createTestDatabase();
  await test.database.run(statement("CREATE SEQUENCE runs"));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
});
afterAll(() => test.drop());

async function sleeping(): Promise<number> {
  const [row] = await test.database.rows<{ n: number }>(
    statement(`SELECT count(*)::int AS n FROM pg_stat_activity
               WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'`),
  );
  return row?.n ?? 0;
}

/** The same, and each run counts. */
const counted = (seconds: number): Statement => ({
  name: "counted",
  text: "SELECT nextval('runs') IS NULL OR pg_sleep($1::float8) IS NULL AS s",
  values: [seconds],
});

/** Makes the statements known as quick. */
async function warm(database: Database): Promise<void> {
  for (let run = 0; run < 2; run += 1) {
    await database.rows(sleep(0));
    await database.rows(counted(0));
  }
}

it("a statement ends on the server, and its place is free", async () => {
  const database = open({ maxConnections: 1 });
  const cancellation = new Cancellation();
  const slow = database.during(cancellation).rows(statement(SLEEP, 60));
  await expect.poll(sleeping).toBe(1);
  cancellation.cancel();
  await expect(slow).rejects.toMatchObject(CANCELLED);
  expect(await sleeping()).toBe(0);
  expect(await database.rows(statement("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
});

it("a change that is stopped is not made", async () => {
  const database = open({ maxConnections: 1 });
  await database.run(statement("CREATE TABLE made (id int)"));
  const cancellation = new Cancellation();
  const slow = database.during(cancellation).run(statement("INSERT INTO made SELECT 1 FROM pg_sleep(60)"));
  await expect.poll(sleeping).toBe(1);
  cancellation.cancel();
  await expect(slow).rejects.toMatchObject(CANCELLED);
  expect(await database.rows(statement("SELECT * FROM made"))).toEqual([]);
});

it("nothing that a transaction has left on its connection stays there", async () => {
  const database = open({ maxConnections: 1 });
  const cancellation = new Cancellation();
  const work = database.transaction(
    async (session) => {
      await session.run(statement("SET work_mem = '77MB'"));
      await session.run(statement("CREATE TEMP TABLE left_over (id int) ON COMMIT PRESERVE ROWS"));
      await session.run(statement("SELECT pg_advisory_lock(77)"));
      await session.run(statement(SLEEP, 60));
    },
    { cancellation },
  );
  await expect.poll(sleeping).toBe(1);
  cancellation.cancel();
  await expect(work).rejects.toMatchObject(CANCELLED);
  const left = statement(`SELECT current_setting('work_mem') = '77MB' AS setting, to_regclass('left_over') AS made,
    (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND pid = pg_backend_pid()) AS locks`);
  expect(await database.rows(left)).toEqual([{ setting: false, made: null, locks: 0 }]);
  // Whoever else wants the lock gets it.
  await test.database.transaction((session) => session.rows(statement("SELECT pg_advisory_xact_lock(77)")));
});

it("nothing is sent any more, in a transaction or without", async () => {
  const texts: string[] = [];
  const database = open({ onStatement: ({ text }) => texts.push(text) });
  const cancellation = new Cancellation();
  cancellation.cancel();
  cancellation.cancel();
  await expect(database.during(cancellation).rows(sleep(0))).rejects.toMatchObject(CANCELLED);
  await expect(database.transaction((t) => t.rows(sleep(0)), { cancellation })).rejects.toMatchObject(CANCELLED);
  expect(texts).toEqual([]);
});

it("waiting for a connection ends, and whoever waits behind is not affected", async () => {
  const database = open({ maxConnections: 1 });
  const held = database.rows(statement(SLEEP, 0.3));
  const cancellation = new Cancellation();
  const given = database.during(cancellation).rows(statement(SLEEP, 60));
  const waiting = database.transaction((t) => t.rows(statement(SLEEP, 60)), { cancellation });
  const next = database.rows(statement("SELECT 1 AS one"));
  expect(database.describeLoad().waiting).toBeGreaterThan(0);
  cancellation.cancel();
  await expect(given).rejects.toMatchObject(CANCELLED);
  await expect(waiting).rejects.toMatchObject(CANCELLED);
  await held;
  expect(await next).toEqual([{ one: 1 }]);
  expect(database.describeLoad()).toMatchObject({ connections: 1, waiting: 0 });
});

it("a statement that ends soon anyway costs no connection", async () => {
  const database = open({ maxConnections: 1 });
  const backend = () => database.rows<{ pid: number }>(statement("SELECT pg_backend_pid() AS pid"));
  const before = await backend();
  const cancellation = new Cancellation();
  const quick = database.during(cancellation).rows(statement("SELECT 1 AS one"));
  await Promise.resolve();
  cancellation.cancel();
  await quick.catch(() => undefined);
  expect(await backend()).toEqual(before);
});

it.each([
  { what: "first", before: 0 },
  { what: "behind others", before: 3 },
])("on a shared connection, $what, it alone is stopped", async ({ before }) => {
  const database = open({ maxConnections: 1 });
  await database.run(statement("ALTER SEQUENCE runs RESTART"));
  await warm(database);
  const cancellation = new Cancellation();
  const ahead = Array.from({ length: before }, () => database.rows(counted(0.05)));
  const slow = database.during(cancellation).rows(sleep(60));
  const behind = Array.from({ length: 4 }, () => database.rows(sleep(0)));
  cancellation.cancel();
  await expect(slow).rejects.toMatchObject(CANCELLED);
  expect(await Promise.all([...ahead, ...behind])).toHaveLength(before + 4);
  expect(await sleeping()).toBe(0);
  // Nobody else's was stopped and run again.
  expect(await database.rows(statement("SELECT nextval('runs')::int AS n"))).toEqual([{ n: 3 + before }]);
  // What was slow once has a connection for itself from now on.
  const again = database.rows(sleep(0.2));
  await expect.poll(sleeping).toBe(1);
  await again;
});

it("a cancel request that comes late and meets the next statement does it no harm", async () => {
  const database = open({ maxConnections: 1 });
  await warm(database);
  const [own] = await database.rows<{ pid: number }>(statement("SELECT pg_backend_pid() AS pid"));
  const cancellation = new Cancellation();
  const slow = database.during(cancellation).rows(sleep(60));
  let isAnswered = false;
  const next = database.rows(sleep(0.4)).finally(() => {
    isAnswered = true;
  });
  cancellation.cancel();
  await expect(slow).rejects.toMatchObject(CANCELLED);
  const stop = statement(
    `SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query = $2`,
    own?.pid ?? 0,
    SLEEP,
  );
  // The request that stopped the first one may itself have come late enough; then there is nothing left to stop there.
  while (!isAnswered && (await test.database.rows(stop)).length === 0);
  expect(await next).toHaveLength(1);
});

it("whenever they are cancelled, those who share with them get their answers", { timeout: 60_000 }, async () => {
  const database = open({ maxConnections: 2 });
  const duration = fc.constantFrom(0, 0.005, 0.011, 0.012, 0.02);
  const request = fc.record({ duration, cancelAfter: fc.option(fc.integer({ min: 0, max: 15 })) });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 12 }), async (requests) => {
      for (let run = 0; run < 6; run += 1) await warm(database);
      const outcomes = await Promise.all(
        requests.map(async ({ duration: seconds, cancelAfter }) => {
          const cancellation = new Cancellation();
          const answer = database.during(cancellation).rows(sleep(seconds));
          if (cancelAfter !== null) setTimeout(() => cancellation.cancel(), cancelAfter);
          return answer.then(
            () => "answer",
            (error: unknown) => (error as { code?: string }).code,
          );
        }),
      );
      for (const [index, { cancelAfter }] of requests.entries()) {
        expect(cancelAfter === null ? ["answer"] : ["answer", "cancelled"]).toContain(outcomes[index]);
      }
    }),
    { numRuns: 60 },
  );
  expect(await sleeping()).toBe(0);
  expect(database.describeLoad()).toMatchObject({ waiting: 0 });
  expect(await database.rows(statement("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
});
