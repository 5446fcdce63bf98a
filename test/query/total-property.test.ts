/** Any total that is answered is the count of its own snapshot, whatever is asked by whom while anybody writes anything. */
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientConfig } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import type { AnyStatement, Session } from "../../src/database/session.ts";
import { formatQ } from "../../src/q/format.ts";
import { Environment } from "../../src/records/environment.ts";
import { PlanCache } from "../../src/records/plan-cache.ts";
import { queryRecords } from "../../src/records/read.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import { type FilterModelName, filterData, filterModel } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor, type Reader } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
/** The connections of two server processes. */
let databases: readonly [Database, Database];
/** Somebody who knows nothing of us. */
let outsider: pg.Client;

beforeAll(async () => {
  made = await createGroupDatabase();
  databases = [made.database, new Database({ connection: made.connection })];
  outsider = new pg.Client(clientConfig(made.connection, { statementTimeout: 30_000, connectTimeout: 5000 }));
  await outsider.connect();
  // Ids that are given by hand are below those that are not.
  for (const name of ["category", "product", "line"]) await outsider.query(`alter table ${name} alter id restart 1000`);
});
afterAll(async () => {
  await outsider?.end();
  await databases[1].close();
  await made.drop();
});

const rules: Reader["rules"] = {
  Product: "Q(category__sequence__gt=0) | Q(tags__name__isnull=False)",
  Category: "Q(id__neq=3)",
  Tag: "Q(products__lines__quantity__gte=0) | Q(id=1)",
};
const readers: readonly Reader[] = [{}, { rules }];

interface Asked {
  readonly model: FilterModelName;
  readonly filter: string;
  readonly reader: number;
}

const asked: fc.Arbitrary<Asked> = fc.constantFrom(...(Object.keys(filterModel) as FilterModelName[])).chain((model) =>
  fc.record({
    model: fc.constant(model),
    filter: arbitraryQ(filterModel, model).map(formatQ),
    reader: fc.nat(readers.length - 1),
  }),
);

/**
 * Statements that change how many records something matches. TRUNCATE is not among them: a snapshot of before sees an empty table too, so
 * that a second statement could not tell what a first one has seen.
 */
const changes: readonly string[] = [
  "insert into product (name, price, active, category_id) values ('a', 2.5, true, (select min(id) from category))",
  "insert into product (name, code, price) select name, code, price from product order by id limit 2",
  "insert into line (quantity, product_id) select quantity + 1, product_id from line order by id limit 3",
  "insert into category (name, sequence, parent_id) select name, sequence, id from category order by id desc limit 1",
  "insert into product_tags_link (product_id, tag_id) select p.id, t.id from product p, tag t on conflict do nothing",
  "update product set name = coalesce(name, '') || 'b', price = -price where id % 2 = 0",
  "update product set active = not active, category_id = (select max(id) from category)",
  "update category set sequence = -sequence, parent_id = null where id % 2 = 1",
  "update tag set name = case when name is null then 'ab' end",
  "update line set product_id = null where id % 3 = 0",
  "merge into tag t using (select 1 as id) s on t.id = s.id when matched then update set name = 'merged' when not matched then do nothing",
  "with gone as (delete from product_tags_link where tag_id = 2 returning *) delete from line where product_id in (select product_id from gone)",
  "delete from product_tags_link where product_id % 2 = 0",
  "delete from line where id = (select max(id) from line)",
];

/** What a writer does in one transaction, how it ends, and over which connection. */
interface Written {
  readonly by: "first" | "second" | "outsider";
  readonly statements: readonly string[];
  readonly end: "commit" | "rollback" | "back to the middle";
}
const written: fc.Arbitrary<Written> = fc.record({
  by: fc.constantFrom("first" as const, "second" as const, "outsider" as const),
  statements: fc.array(fc.constantFrom(...changes), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom("commit" as const, "commit" as const, "rollback" as const, "back to the middle" as const),
});

/** Writes as it is told; what collides with another writer is taken back. */
async function write({ by, statements, end }: Written): Promise<void> {
  const steps = [
    // Else those who lock the same rows in another order would wait for a second before PostgreSQL sees it.
    "set local lock_timeout = '20ms'",
    ...statements.slice(0, 1),
    "savepoint middle",
    ...statements.slice(1),
    ...(end === "back to the middle" ? ["rollback to savepoint middle"] : []),
  ];
  if (by === "outsider") {
    const last = end === "rollback" ? "rollback" : "commit";
    for (const text of ["begin", ...steps]) await outsider.query(text).catch(ignoreCollision);
    await outsider.query(last);
    return;
  }
  const work = databases[by === "first" ? 0 : 1].transaction(async (session) => {
    for (const text of steps) await session.run({ text, values: [] });
    if (end === "rollback") throw new Error("taken back");
  });
  await work.catch((error: unknown) => {
    if ((error as Error).message !== "taken back") ignoreCollision(error);
  });
}

/** Writers who lock the same rows: one of them is refused, and with it all that it does in that transaction. */
function ignoreCollision(error: unknown): void {
  const { code } = error as { readonly code?: string };
  if (!["40P01", "55P03", "25P02", "3B001", "retry", "locked"].includes(code ?? "")) throw error;
}

/** Which process asks: its own plans and remembered totals over its own connections. */
interface Process {
  readonly database: Database;
  readonly caches: readonly PlanCache[];
}

function startProcesses(): Process[] {
  return databases.map((database) => ({ database, caches: readers.map(() => new PlanCache()) }));
}

interface Answer {
  readonly total: number | null;
  /** Records that match in the snapshot of the page. */
  readonly actual: number;
  /** Whether the statement has not counted, because the total is still the one that was counted before. */
  readonly remembered: boolean;
}

/** Asks for a page, and in the snapshot of its statement for all the records, which takes no total. */
async function ask({ database, caches }: Process, { model, filter, reader: index }: Asked): Promise<Answer> {
  const reader = readers[index] ?? {};
  let actual = -1;
  let remembered = false;
  const over = (session: Session, plans: PlanCache) => {
    const { access, names, clock } = environmentFor(made, reader);
    // An environment asks its database for nothing but to run statements, unless it writes.
    return new Environment({ access, plans, names, now: clock.now, database: session as Database });
  };
  const witness: Session = {
    rows: <Row extends object>(statement: AnyStatement) =>
      database.transaction(
        async (session) => {
          const rows = await session.rows<Row>(statement);
          const [page] = rows as readonly Partial<Record<"total" | "data", number | string | null>>[];
          // A page without records shows the total by itself; one that is not empty has a total only where it was counted.
          remembered = (page?.total ?? null) === null && page?.data !== "";
          const everything = { fields: ["id"], q_filter: filter, limit: 10_000, count: "none" } as const;
          const { data } = await queryRecords(over(session, new PlanCache()), model, everything);
          actual = (JSON.parse(data.toString()) as unknown[]).length;
          return rows;
        },
        { isolation: "repeatable read", readOnly: true },
      ),
    run: () => Promise.reject(new Error("a page only reads")),
  };
  const plans = caches[index] ?? new PlanCache();
  const { total } = await queryRecords(over(witness, plans), model, { fields: ["id"], q_filter: filter, limit: 0 });
  return { total, actual, remembered };
}

interface Scenario {
  readonly requests: readonly Asked[];
  readonly scripts: readonly (readonly Written[])[];
}

/** Writers and readers at once, until the writers are done; then each request once more. @returns what was answered wrongly */
async function play({ requests, scripts }: Scenario): Promise<{ wrong: object[]; answers: Answer[] }> {
  const processes = startProcesses();
  const answers: Answer[] = [];
  const wrong: object[] = [];
  const check = async (process: Process, request: Asked) => {
    const answer = await ask(process, request);
    answers.push(answer);
    if (answer.total !== answer.actual) wrong.push({ ...request, ...answer });
  };
  let writing = true;
  const readings = processes.map(async (process) => {
    while (writing) for (const request of requests) await check(process, request);
  });
  const writings = scripts.map(async (script) => {
    for (const step of script) await write(step);
  });
  await Promise.all(writings).finally(() => {
    writing = false;
  });
  await Promise.all(readings);
  for (const process of processes) for (const request of [...requests, ...requests]) await check(process, request);
  return { wrong, answers };
}

const scenario = fc.record({
  requests: fc.array(asked, { minLength: 4, maxLength: 6 }),
  // The outsider has one connection: transactions of one client come one after the other.
  scripts: fc
    .array(written, { minLength: 12, maxLength: 20 })
    .map((all) => (["first", "second", "outsider"] as const).map((name) => all.filter(({ by }) => by === name))),
});

describe("totals", () => {
  test("are never stale, whoever writes and whoever takes it back", { timeout: 120_000 }, async () => {
    let remembered = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryFilterData, scenario, async (data, played) => {
        await storeFilterData(made.database, data);
        const { wrong, answers } = await play(played);
        expect(wrong).toEqual([]);
        remembered += answers.filter((answer) => answer.remembered).length;
      }),
      { numRuns: 8, endOnFailure: true },
    );
    // Else nothing of all this was about remembering.
    expect(remembered).toBeGreaterThan(15);
  });

  test("would be found stale by this test if changes of one table were not counted", async () => {
    const trigger = async (what: "enable always" | "disable") =>
      made.database.run({ text: `alter table category ${what} trigger fullfinity_change_count`, values: [] });
    await storeFilterData(made.database, filterData);
    const [process] = startProcesses();
    const request: Asked = { model: "Category", filter: "Q(sequence__gt=0)", reader: 0 };
    const turn = {
      by: "outsider",
      statements: ["update category set sequence = case when sequence = 7 then id % 2 else 7 end"],
      end: "commit",
    } as const;
    const answers = async () => {
      const before = await ask(process as Process, request);
      await write(turn);
      return [before, await ask(process as Process, request)];
    };
    expect((await answers()).map(({ total, actual }) => total === actual)).toEqual([true, true]);
    await trigger("disable");
    expect((await answers()).map(({ total, actual }) => total === actual)).toEqual([true, false]);
    await trigger("enable always");
  });
});
