/** A stored calculated field that comes to a table with rows has its value in all of them from the first moment. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareStored } from "../../test/fixtures/shop-oracle.ts";
import { shopModule } from "../../test/fixtures/shop-registry.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { unrestrictedAccess } from "../access/access.ts";
import type { Field } from "../fields/field.ts";
import { composeRegistry } from "../models/compose.ts";
import { Environment } from "../records/environment.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { applyPlan } from "../schema/apply.ts";
import { desiredShape } from "../schema/desired.ts";
import { calculateAdded } from "./calculate-added.ts";

let place: TestDatabase;
beforeAll(async () => {
  place = await createTestDatabase();
});
afterAll(() => place.drop());

/** The shop before anybody thought of calculating anything. */
const plain = {
  ...shopModule,
  models: shopModule.models.map((model) => ({
    ...model,
    fields: Object.fromEntries(
      Object.entries<Field>(model.fields).filter(([, { options }]) => options.calculate === undefined),
    ),
  })),
  behaviours: [],
};

test("all rows are calculated, in the order of dependency, and keep their versions", async () => {
  const { database } = place;
  await applyPlan(database, desiredShape(composeRegistry([plain])));
  const run = (text: string) => database.run({ text, values: [] });
  await run("insert into category (name, parent_id) select 'c' || n, nullif(n / 3, 0) from generate_series(1, 60) n");
  await run(
    "insert into article (name, price, category_id) select 'a' || n, n + 0.5, 1 + n % 60 from generate_series(1, 90) n",
  );
  await run("insert into customer (name) select 'k' || n from generate_series(1, 20) n");
  await run(
    "insert into sale_order (name, customer_id, discount) select 'o' || n, 1 + n % 20, 1 from generate_series(1, 50) n",
  );
  await run(
    "insert into line (order_id, article_id, quantity) select 1 + n % 50, 1 + n % 90, n % 7 from generate_series(1, 4500) n",
  );
  const registry = composeRegistry([shopModule]);
  const parts = { access: unrestrictedAccess(registry), database, plans: new PlanCache() };
  const { operations } = await applyPlan(database, desiredShape(registry), {
    complete: (transaction, all) => calculateAdded(new Environment(parts, transaction), all),
  });
  expect(operations.map(({ description }) => description)).toContain("add column line.subtotal (numeric)");
  const { stored, fresh } = await compareStored(database);
  expect(stored).toEqual(fresh);
  expect(Object.keys(stored).length).toBeGreaterThan(4500);
  const versions = await database.rows({
    text: "select distinct version from line union select version from sale_order",
    values: [],
  });
  expect(versions).toEqual([{ version: 1 }]);
});
