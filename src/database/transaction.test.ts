/** Transactions on a real database: all or nothing, tried again after collisions, few round trips, clean afterwards. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { type FaultProxy, startFaultProxy } from "../../test/support/fault-proxy.ts";
import { Cancellation } from "./cancellation.ts";
import { Database, type Session } from "./database.ts";
import { ConstraintViolation, DatabaseUnavailable } from "./error-code.ts";
import type { Transaction } from "./transaction.ts";

let test: TestDatabase;
let database: Database;
const statement = (text: string) => ({ text, values: [] });
const insert = (session: Session, id: number) => session.run({ text: "INSERT INTO t VALUES ($1, 0)", values: [id] });
const ids = async () =>
  (await database.rows<{ id: number }>(statement("SELECT id FROM t ORDER BY id"))).map(({ id }) => id);

beforeAll(async () => {
  // Each deadlock takes the server a second to see: whoever waits for a connection meanwhile gets one in the end.
  test = await createTestDatabase({ settings: { maxConnections: 4, waitTimeout: 60_000 } });
  database = test.database;
  await database.run(statement("CREATE TABLE t (id int PRIMARY KEY, n int)"));
  await database.run(
    statement("CREATE TABLE late (id int, CONSTRAINT late_key UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)"),
  );
});
beforeEach(() => database.run(statement("DELETE FROM t")));
afterAll(() => test.drop());

describe("what is kept", () => {
  const broken = (session: Session) => session.run(statement("SELECT 1 / 0"));
  it.each<[label: string, work: (t: Transaction) => Promise<unknown>, kept: number[], fails: boolean]>([
    ["all of it", async (t) => [await insert(t, 1), await insert(t, 2)], [1, 2], false],
    ["statements sent side by side", (t) => Promise.all([insert(t, 1), insert(t, 2), insert(t, 3)]), [1, 2, 3], false],
    [
      "nothing after an error of ours",
      async (t) => {
        await insert(t, 1);
        throw new Error("no");
      },
      [],
      true,
    ],
    [
      "nothing after an error of the server",
      async (t) => {
        await insert(t, 1);
        await broken(t);
      },
      [],
      true,
    ],
    [
      "nothing after an error that was swallowed",
      async (t) => {
        await insert(t, 1);
        await broken(t).catch(() => 0);
      },
      [],
      true,
    ],
    [
      "nothing after an error nobody waited for",
      async (t) => {
        await insert(t, 1);
        void broken(t).catch(() => 0);
      },
      [],
      true,
    ],
    ["nothing when nothing was sent", async () => 1, [], false],
    ["a savepoint's changes", (t) => t.savepoint((s) => insert(s, 1)), [1], false],
    [
      "the rest after a savepoint failed",
      async (t) => {
        await insert(t, 1);
        await t
          .savepoint(async (s) => {
            await insert(s, 2);
            await broken(s);
          })
          .catch(() => 0);
        await insert(t, 3);
      },
      [1, 3],
      false,
    ],
    [
      "the rest after a savepoint that swallowed its error",
      async (t) => {
        await insert(t, 1);
        await t
          .savepoint(async (s) => {
            await insert(s, 2);
            await broken(s).catch(() => 0);
          })
          .catch(() => 0);
        await insert(t, 3);
      },
      [1, 3],
      false,
    ],
    [
      "the rest after a failed savepoint before everything else",
      async (t) => {
        await t.savepoint(broken).catch(() => 0);
        await insert(t, 3);
      },
      [3],
      false,
    ],
    [
      "the outer of two savepoints",
      (t) =>
        t.savepoint(async (outer) => {
          await insert(outer, 1);
          await outer
            .savepoint(async (inner) => {
              await insert(inner, 2);
              throw new Error("no");
            })
            .catch(() => 0);
          await outer.savepoint((inner) => insert(inner, 3));
        }),
      [1, 3],
      false,
    ],
  ])("%s", async (_label, work, kept, fails) => {
    const outcome = await database.transaction(work).then(
      () => "done",
      () => "failed",
    );
    expect(outcome).toBe(fails ? "failed" : "done");
    expect(await ids()).toEqual(kept);
    expect(await openTransactions()).toBe(0);
  });
});

const sleeping = async (watcher: Session) =>
  (
    await watcher.rows<{ n: number }>(
      statement(`SELECT count(*)::int AS n FROM pg_stat_activity
                 WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'`),
    )
  )[0]?.n;

const openTransactions = async () =>
  (
    await database.rows<{ n: number }>(
      statement(`SELECT count(*)::int AS n FROM pg_stat_activity
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'`),
    )
  )[0]?.n;

describe("errors", () => {
  it("the first error of statements side by side is the one that is told", async () => {
    const error = await database
      .transaction(async (t) => {
        await insert(t, 1);
        await Promise.all(
          [t.run(statement("SELECT 1")), insert(t, 1), insert(t, 5), insert(t, 6)].map((p) => p.catch(() => 0)),
        );
      })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConstraintViolation);
    expect(error).toMatchObject({ kind: "unique" });
  });

  it("a deferred constraint that breaks at the commit is told, and the connection is kept", async () => {
    const backend = statement("SELECT pg_backend_pid() AS pid");
    const single = new Database({ connection: test.connection, maxConnections: 1 });
    const [before] = await single.rows(backend);
    const error = await single
      .transaction(async (t) => {
        await t.run(statement("INSERT INTO late VALUES (1), (1)"));
      })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: "unique", constraint: "late_key" });
    expect(await single.rows(backend)).toEqual([before]);
    await single.close();
  });

  it("a read-only transaction refuses changes", async () => {
    await expect(database.transaction((t) => insert(t, 1), { readOnly: true })).rejects.toMatchObject({
      code: "25006",
    });
  });

  it("a session that outlives its transaction is refused", async () => {
    let kept: Transaction | undefined;
    await database.transaction(async (t) => {
      kept = t;
    });
    await expect(kept?.rows(statement("SELECT 1"))).rejects.toThrow("has ended");
  });
});

describe("trying again", () => {
  const code = (sqlstate: string) => statement(`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '${sqlstate}'; END $$`);

  it.each<[label: string, sqlstate: string, failures: number, mark: boolean, runs: number, done: boolean]>([
    ["serialization failure, then fine", "40001", 2, false, 3, true],
    ["deadlock, then fine", "40P01", 1, false, 2, true],
    ["five failures, then fine", "40001", 5, false, 6, true],
    ["too many failures", "40001", 6, false, 6, false],
    ["with an effect outside", "40001", 1, true, 1, false],
    ["another error", "22012", 1, false, 1, false],
  ])("%s", async (_label, sqlstate, failures, mark, runs, done) => {
    let ran = 0;
    const outcome = database.transaction(async (t) => {
      ran += 1;
      await insert(t, ran);
      if (mark) {
        t.markExternalEffect();
      }
      if (ran <= failures) {
        await t.run(code(sqlstate));
      }
    });
    await (done ? expect(outcome).resolves.toBeUndefined() : expect(outcome).rejects.toThrow());
    expect(ran).toBe(runs);
    expect(await ids()).toEqual(done ? [runs] : []);
  });

  it("sees a collision although the work throws an error of its own for it", async () => {
    let ran = 0;
    await database.transaction(async (t) => {
      ran += 1;
      if (ran === 1) {
        await t.run(code("40001")).catch(() => {
          throw new Error("could not save");
        });
      }
    });
    expect(ran).toBe(2);
  });

  it("a collision that stays is a 503 that says so", async () => {
    await expect(database.transaction((t) => t.run(code("40001")), { retries: 0 })).rejects.toMatchObject({
      status: 503,
      extra: { code: "retry", retry: true },
    });
  });

  it("changes that cross each other's locks all happen exactly once", async () => {
    await database.run(statement("INSERT INTO t VALUES (1, 0), (2, 0)"));
    const add = (first: number, second: number) =>
      database.transaction(
        async (t) => {
          for (const id of [first, second]) {
            await t.run({ text: "UPDATE t SET n = n + 1 WHERE id = $1", values: [id] });
          }
        },
        { isolation: "serializable", retries: 50 },
      );
    await Promise.all(Array.from({ length: 12 }, (_, index) => (index % 2 ? add(1, 2) : add(2, 1))));
    expect(await database.rows(statement("SELECT n FROM t ORDER BY id"))).toEqual([{ n: 12 }, { n: 12 }]);
  });
});

describe("after the commit", () => {
  it("callbacks run in order once the changes are there, those of a failed savepoint do not", async () => {
    const seen: string[] = [];
    await database.transaction(async (t) => {
      t.afterCommit(async () => {
        seen.push(`first ${await ids()}`);
      });
      await t
        .savepoint(async (s) => {
          s.afterCommit(() => void seen.push("never"));
          throw new Error("no");
        })
        .catch(() => 0);
      t.afterCommit(() => void seen.push("second"));
      await insert(t, 7);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(["first 7", "second"]);
  });

  it("none runs after a rollback, and one that fails changes nothing", async () => {
    let called = 0;
    const count = () => {
      called += 1;
      throw new Error("mail server is down");
    };
    await database
      .transaction(async (t) => {
        t.afterCommit(count);
        throw new Error("no");
      })
      .catch(() => 0);
    expect(called).toBe(0);
    await database.transaction(async (t) => {
      t.afterCommit(count);
      await insert(t, 1);
    });
    expect(called).toBe(1);
    expect(await ids()).toEqual([1]);
  });
});

describe("on the wire", () => {
  let proxy: FaultProxy;
  let distant: Database;
  beforeEach(async () => {
    proxy = await startFaultProxy(test.connection);
    distant = new Database({ connection: proxy.connection, maxConnections: 1 });
    await distant.rows(statement("SELECT 1"));
    proxy.reset();
    return async () => {
      await distant.close();
      await proxy.close();
    };
  });

  it.each<[label: string, work: (t: Transaction) => Promise<unknown>, trips: number]>([
    ["no statement", async () => 0, 0],
    ["one statement and the commit", (t) => insert(t, 1), 2],
    [
      "two statements one after the other",
      async (t) => {
        await insert(t, 1);
        await insert(t, 2);
      },
      3,
    ],
    ["a savepoint costs nothing more", (t) => t.savepoint((s) => insert(s, 1)), 2],
  ])("%s", async (_label, work, trips) => {
    await distant.transaction(work);
    expect(proxy.roundTrips).toBe(trips);
  });

  it("a line that breaks while committing leaves the outcome open, and says so", async () => {
    proxy.cutAfter("COMMIT");
    let runs = 0;
    const error = await distant
      .transaction(async (t) => {
        runs += 1;
        await insert(t, 1);
      })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ status: 503, extra: { code: "unknown_outcome" } });
    expect(runs).toBe(1);
    await expect.poll(ids).toEqual([1]);
  });

  it("a line that breaks before the commit: the work is done again", async () => {
    let runs = 0;
    await distant.transaction(async (t) => {
      runs += 1;
      await insert(t, runs);
      if (runs === 1) {
        await database.run(
          statement(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'idle in transaction'`),
        );
      }
      await t.rows(statement("SELECT 1"));
    });
    expect(await ids()).toEqual([2]);
  });
});

describe("giving up", () => {
  it("an aborted request stops its statement, rolls back and leaves the pool usable", async () => {
    const single = new Database({ connection: test.connection, maxConnections: 1 });
    const cancellation = new Cancellation();
    const running = single.transaction(
      async (t) => {
        await insert(t, 1);
        const slow = t.run(statement("SELECT pg_sleep(60)"));
        await expect.poll(() => sleeping(database)).toBe(1);
        cancellation.cancel();
        await slow;
      },
      { cancellation },
    );
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(await ids()).toEqual([]);
    expect(await single.rows(statement("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
    await single.close();
  });

  it("a request that is aborted already takes no connection", async () => {
    const none = new Database({ connection: { host: "/nowhere" } });
    const cancellation = new Cancellation();
    cancellation.cancel();
    const outcome = none.transaction((t) => t.rows(statement("SELECT 1")), { cancellation });
    await expect(outcome).rejects.toMatchObject({ code: "cancelled" });
    await none.close();
  });
});
