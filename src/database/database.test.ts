/** Single statements: shared connections keep them apart, lost connections heal, waiting is bounded. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { sql } from "../sql/fragment.ts";
import { Database, type DatabaseOptions, type Statement } from "./database.ts";
import { DatabaseUnavailable } from "./error-code.ts";
import type { TextRow } from "./session.ts";

let test: TestDatabase;
const opened: Database[] = [];

/** One more pool on the test's database. */
function open(settings: Partial<DatabaseOptions> = {}): Database {
  const database = new Database({ connection: test.connection, ...settings });
  opened.push(database);
  return database;
}

const statement = (text: string): Statement => ({ text, values: [] });
const named = (name: string, text: string, values: Statement["values"] = []): Statement => ({ name, text, values });
const SLEEP = "SELECT pg_sleep($1::float8) AS s";
const ECHO = "SELECT $1::int AS i";

beforeAll(async () => {
  test = await createTestDatabase();
  await test.database.run(statement("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)"));
});
afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await test.drop();
});

it("keeps one connection of those that nobody has used for a while", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  try {
    const database = open();
    await Promise.all(Array.from({ length: 5 }, () => database.rows(named("sleep", SLEEP, [0.05]))));
    expect(database.describeLoad().connections).toBe(5);
    vi.advanceTimersByTime(25_000);
    expect(database.describeLoad().connections).toBe(5);
    vi.advanceTimersByTime(20_000);
    expect(database.describeLoad().connections).toBe(1);
    expect(await database.rows(named("echo", ECHO, [1]))).toEqual([{ i: 1 }]);
  } finally {
    vi.useRealTimers();
  }
});

describe("statements", () => {
  it("fails alone where a value cannot be sent, also once the statement is known", async () => {
    const database = open({ maxConnections: 1 });
    const unsendable = {
      toPostgres: () => {
        throw new Error("cannot be sent");
      },
    } as unknown as number;
    const send = (value: number) => database.rows(named("echo", ECHO, [value]));
    expect(await send(1)).toEqual([{ i: 1 }]);
    const all = await Promise.allSettled([send(2), send(unsendable), send(3)]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(all[1]).toMatchObject({ reason: { message: "cannot be sent" } });
    expect(await send(4)).toEqual([{ i: 4 }]);
  });

  it("gives rows and numbers of rows, for fragments and plain statements", async () => {
    const { database } = test;
    expect(await database.run(sql`INSERT INTO t VALUES (${1}, ${10}), (${2}, ${20})`)).toBe(2);
    expect(await database.rows(sql`SELECT n FROM t WHERE id = ANY(${[1, 2]}) ORDER BY id`)).toEqual([
      { n: 10 },
      { n: 20 },
    ]);
    expect(await database.run(statement("UPDATE t SET n = 0 WHERE false"))).toBe(0);
    expect(await database.run(statement("DELETE FROM t"))).toBe(2);
  });

  it("hands rows on as they come, as texts, and fails where one cannot be taken", async () => {
    const { database } = test;
    const taken: TextRow[] = [];
    const text = "SELECT i, NULL, i > 1, i / 3.0 FROM generate_series(1, 2) i";
    expect(await database.run({ text, values: [], onRow: (row) => taken.push(row) })).toBe(2);
    expect(taken).toEqual([
      ["1", null, "f", "0.33333333333333333333"],
      ["2", null, "t", "0.66666666666666666667"],
    ]);
    const refuse = () => {
      throw new Error("no room");
    };
    await expect(database.run({ text, values: [], onRow: refuse })).rejects.toThrow("no room");
    expect(await database.rows({ text: "SELECT 1 AS one", values: [] })).toEqual([{ one: 1 }]);
  });

  it("runs the same name on every connection, also after its columns have changed", async () => {
    const database = open();
    const all = named("all", "SELECT * FROM wide");
    await database.run(statement("CREATE TABLE wide (a int)"));
    await Promise.all(Array.from({ length: 20 }, () => database.rows(all)));
    await database.run(statement("ALTER TABLE wide ADD b int"));
    await Promise.all(Array.from({ length: 20 }, () => database.rows(all)));
    await database.run(statement("INSERT INTO wide VALUES (1, 2)"));
    expect(await database.rows(all)).toEqual([{ a: 1, b: 2 }]);
    const single = open({ maxConnections: 1 });
    await single.rows(all);
    await database.run(statement("ALTER TABLE wide ADD c int"));
    expect(await single.transaction((session) => session.rows(all))).toEqual([{ a: 1, b: 2, c: null }]);
  });

  it.each([true, false])(
    "keeps names on the server only where preparedStatements is %s",
    async (preparedStatements) => {
      const database = open({ preparedStatements, maxConnections: 1 });
      await database.rows(named("kept", ECHO, [1]));
      await database.transaction((session) => session.rows(named("kept_too", ECHO, [1])));
      const kept = await database.rows(statement("SELECT name FROM pg_prepared_statements ORDER BY 1"));
      expect(kept).toEqual(preparedStatements ? [{ name: "kept" }, { name: "kept_too" }] : []);
    },
  );

  it("replaces a connection that holds too many prepared statements", async () => {
    const database = open({ maxConnections: 1 });
    for (let index = 0; index < 1005; index += 1) {
      await database.rows(named(`shape_${index}`, `SELECT ${index}`));
    }
    const [held] = await database.rows<{ n: number }>(
      statement("SELECT count(*)::int AS n FROM pg_prepared_statements"),
    );
    expect(held?.n).toBeLessThan(10);
  });
});

describe("quick reads on shared connections", () => {
  it("come back to the right callers, errors to the wrong ones only", async () => {
    const database = open();
    const divide = "SELECT 100 / $1::int AS i";
    await database.rows(named("divide", divide, [1]));
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        database.rows<{ i: number }>(named("divide", divide, [index % 7])).then(
          ([row]) => row?.i,
          (error: Error) => error.message,
        ),
      ),
    );
    expect(answers).toEqual(
      Array.from({ length: 300 }, (_, index) => (index % 7 === 0 ? "division by zero" : Math.trunc(100 / (index % 7)))),
    );
  });

  it("share few connections, writes and new statements do not", async () => {
    const database = open({ maxConnections: 20 });
    // Quick runs forgive one that a busy machine has made slow.
    for (let run = 0; run < 60; run += 1) await database.rows(named("echo", ECHO, [run]));
    await Promise.all(Array.from({ length: 32 }, (_, index) => database.rows(named("echo", ECHO, [index]))));
    // How few depends on how fast the machine answers; without sharing it would be all 20.
    expect(database.describeLoad().connections).toBeLessThan(10);
    const write = named("write", "INSERT INTO t VALUES ($1, 0)", [0]);
    await database.run(write);
    await Promise.all(Array.from({ length: 12 }, (_, index) => database.run({ ...write, values: [index + 1] })));
    expect(database.describeLoad().connections).toBeGreaterThanOrEqual(12);
    await database.run(statement("DELETE FROM t"));
  });

  it("are not held up by one that turns out slow", async () => {
    const database = open({ maxConnections: 6 });
    await database.rows(named("echo", ECHO, [0]));
    await database.rows(named("sleep", SLEEP, [0]));
    let woke = false;
    // Learnt as quick, so it is sent into a shared connection.
    const slow = database.rows(named("sleep", SLEEP, [0.6])).then(() => {
      woke = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all(Array.from({ length: 50 }, (_, index) => database.rows(named("echo", ECHO, [index]))));
    expect(woke).toBe(false);
    await slow;
  });

  it("time out by themselves", async () => {
    const database = open({ maxConnections: 1, statementTimeout: 200 });
    await database.rows(named("sleep", SLEEP, [0]));
    await database.rows(named("echo", ECHO, [0]));
    const outcomes = await Promise.allSettled([
      database.rows(named("echo", ECHO, [1])),
      database.rows(named("sleep", SLEEP, [30])),
      database.rows(named("echo", ECHO, [2])),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "query_timeout" } });
  });
});

describe("a full pool", () => {
  it.each([1, 3])("of %i: who waits too long is refused, the others go on", async (maxConnections) => {
    const database = open({ maxConnections, waitTimeout: 1500 });
    let finish = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const holders = Array.from({ length: maxConnections }, () =>
      database.transaction(async (session) => {
        await session.run(statement("SELECT 1"));
        await gate;
        return session.rows(statement("SELECT 2 AS two"));
      }),
    );
    const refused = await Promise.allSettled([
      database.rows(statement("SELECT 1")),
      database.transaction((session) => session.rows(statement("SELECT 1"))),
    ]);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { status: 503, code: "pool_exhausted" } });
    }
    expect(database.describeLoad()).toMatchObject({ connections: maxConnections, waiting: 0 });
    const waiting = database.rows(statement("SELECT 3 AS three"));
    finish();
    expect(await waiting).toEqual([{ three: 3 }]);
    for (const rows of await Promise.all(holders)) {
      expect(rows).toEqual([{ two: 2 }]);
    }
  });

  it("of 1 serves transactions and reads in turn, and no read gets into a transaction", async () => {
    const database = open({ maxConnections: 1 });
    const unfinished = named("unfinished", "SELECT count(*)::int AS i FROM t WHERE n <> 0");
    await database.rows(unfinished);
    const change = (id: number) =>
      database.transaction(async (session) => {
        await session.run({ text: "INSERT INTO t VALUES ($1, 1)", values: [id] });
        await session.run({ text: "UPDATE t SET n = 0 WHERE id = $1", values: [id] });
        return [{ i: 0 }];
      });
    const work = Array.from({ length: 90 }, (_, index) =>
      index % 3 === 0 ? change(index) : database.rows(unfinished),
    );
    expect(await Promise.all(work)).toEqual(Array.from({ length: 90 }, () => [{ i: 0 }]));
    expect(await database.run(statement("DELETE FROM t"))).toBe(30);
  });
});

describe("lost connections", () => {
  const killOthers = () =>
    test.database.run(
      statement(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'fullfinity'`),
    );

  it("while idle: the next statement gets a new one", async () => {
    const database = open();
    await Promise.all(Array.from({ length: 5 }, () => database.rows(statement("SELECT 1"))));
    await killOthers();
    const rows = await Promise.all(Array.from({ length: 10 }, () => database.rows(statement("SELECT 1 AS one"))));
    expect(rows).toEqual(Array.from({ length: 10 }, () => [{ one: 1 }]));
  });

  it("under a change: it fails with 503, is not repeated, and the pool heals", async () => {
    const database = open();
    const change = database.run(statement("WITH s AS (SELECT pg_sleep(30)) INSERT INTO t SELECT 99, 0 FROM s"));
    const failed = expect(change).rejects.toMatchObject({ status: 503, code: "unreachable" });
    await expect
      .poll(
        async () =>
          (
            await test.database.rows(
              statement(`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'WITH s%' AND state = 'active'`),
            )
          ).length,
      )
      .toBe(1);
    await killOthers();
    await failed;
    expect(await database.rows(statement("SELECT id FROM t WHERE id = 99"))).toEqual([]);
  });

  it("under load, all at once: reads still answer", async () => {
    const database = open();
    await database.rows(named("echo", ECHO, [0]));
    const reads = Array.from({ length: 200 }, (_, index) => database.rows<{ i: number }>(named("echo", ECHO, [index])));
    await killOthers();
    const rows = await Promise.all(reads);
    expect(rows.map(([row]) => row?.i)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });
});

describe("a server that is not there or full", () => {
  it("is a 503 at once", async () => {
    const database = open({ connection: { host: "/nowhere", database: "x", user: "y" } });
    const error = await database.rows(statement("SELECT 1")).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ code: "unreachable", headers: { "retry-after": "5" } });
  });

  it("a role's connection limit slows callers down, it does not fail them", async () => {
    await test.administer("CREATE ROLE limited LOGIN CONNECTION LIMIT 2 PASSWORD 'limited'");
    try {
      const database = open({
        connection: { ...test.connection, user: "limited", password: "limited" },
        maxConnections: 8,
      });
      await database.rows(statement("SELECT 1"));
      const rows = await Promise.all(
        Array.from({ length: 40 }, (_, index) => database.rows<{ i: number }>({ text: ECHO, values: [index] })),
      );
      expect(rows.map(([row]) => row?.i)).toEqual(Array.from({ length: 40 }, (_, index) => index));
      await database.close();
    } finally {
      await test.administer("DROP ROLE limited");
    }
  });

  it("a server that is full to the last place makes callers wait for one, not fail", async () => {
    await test.administer("CREATE ROLE crowded LOGIN CONNECTION LIMIT 1 PASSWORD 'crowded'");
    const connection = { ...test.connection, user: "crowded", password: "crowded" };
    const warned = vi.fn();
    const holder = open({ connection });
    const waiting = open({ connection, logger: { warn: warned, error: warned } });
    try {
      await holder.rows(statement("SELECT 1"));
      const answer = waiting.rows(statement("SELECT 2 AS two"));
      await expect
        .poll(() => warned.mock.calls)
        .toContainEqual([
          { err: expect.objectContaining({ message: expect.stringMatching(/too many connections for role/) }) },
          "database connection trouble",
        ]);
      await holder.close();
      expect(await answer).toEqual([{ two: 2 }]);
    } finally {
      await Promise.all([holder.close(), waiting.close()]);
      await test.administer("DROP ROLE crowded");
    }
  });

  it("statements after closing are refused", async () => {
    const database = open();
    await database.rows(statement("SELECT 1"));
    await database.close();
    await expect(database.rows(statement("SELECT 1"))).rejects.toMatchObject({ status: 503 });
  });
});
