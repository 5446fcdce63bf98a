/** Filters in PostgreSQL: the shared rows, and the same answers as in memory for any filter and any data. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unrestrictedAccess } from "../../src/access/access.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import { evaluateQ } from "../../src/q/evaluate.ts";
import { formatQ } from "../../src/q/format.ts";
import type { Q } from "../../src/q/tree.ts";
import { Environment } from "../../src/records/environment.ts";
import { PlanCache } from "../../src/records/plan-cache.ts";
import { queryRecords } from "../../src/records/read.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import {
  evaluationContext,
  type FilterModelName,
  filterData,
  filterModel,
  filterSession,
  linkedRecords,
} from "../fixtures/filter-data.ts";
import { createFilterTables, filterModule, storeFilterData } from "../fixtures/filter-registry.ts";
import { filterRows } from "../fixtures/filter-rows.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const registry = composeRegistry([filterModule]);
let made: TestDatabase;
let env: Environment;

beforeAll(async () => {
  made = await createTestDatabase();
  await createFilterTables(made.database, registry);
  env = new Environment({
    access: unrestrictedAccess(registry),
    database: made.database,
    plans: new PlanCache(),
    names: filterSession.names,
    timeZone: filterSession.clock.timeZone,
    now: filterSession.clock.now,
  });
});
afterAll(() => made.drop());

async function selectIds(model: FilterModelName, filter: unknown): Promise<number[]> {
  const page = await queryRecords(env, model, { fields: ["id"], q_filter: filter, order_by: ["id ASC"] });
  const ids = (JSON.parse(page.data.toString()) as { id: number }[]).map(({ id }) => id);
  expect(page.total).toBe(ids.length);
  return ids;
}

describe("rows that memory answers alike", () => {
  beforeAll(() => storeFilterData(made.database, filterData));

  test.each(filterRows)("$name", async ({ model = "Product", filter, expect: ids }) => {
    expect(await selectIds(model, filter)).toEqual(ids);
    // The second time the plan is known, and the statement is a prepared one.
    expect(await selectIds(model, filter)).toEqual(ids);
  });
});

describe("any filter on any data", () => {
  /** Filters that share one set of rows: storing rows takes longer than asking. */
  const filtersOf = (model: FilterModelName) =>
    fc.array(arbitraryQ(filterModel, model), { minLength: 12, maxLength: 12 });

  test.each<FilterModelName>(["Product", "Category", "Line", "Tag"])("%s", { timeout: 60_000 }, async (model) => {
    const context = evaluationContext(model);
    await fc.assert(
      fc.asyncProperty(arbitraryFilterData, filtersOf(model), async (data, filters) => {
        await storeFilterData(made.database, data);
        const records = linkedRecords(data)[model];
        const expected = (q: Q) => records.filter((each) => evaluateQ(q, each, context)).map(({ id }) => id);
        for (const q of filters) {
          const text = formatQ(q);
          expect({ text, ids: await selectIds(model, text) }).toEqual({ text, ids: expected(q) });
        }
      }),
      { numRuns: model === "Product" ? 60 : 30 },
    );
  });
});
