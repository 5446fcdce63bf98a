/** Cursors: a walk gives each record once, whatever comes and goes meanwhile, and only to who got the cursor. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatQ } from "../../src/q/format.ts";
import { Environment } from "../../src/records/environment.ts";
import { type QueryRequest, queryRecords } from "../../src/records/read.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import { filterData, filterModel } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
let env: Environment;
beforeAll(async () => {
  made = await createGroupDatabase();
  env = environmentFor(made);
});
afterAll(() => made.drop());

interface Walk {
  readonly ids: number[];
  readonly pages: number;
}

/** Follows the cursors from the first page to the last; between the pages, others are at work. */
async function walk(request: QueryRequest, meanwhile: (page: number) => Promise<void>): Promise<Walk> {
  const ids: number[] = [];
  let cursor: string | null | undefined;
  let pages = 0;
  while (cursor !== null) {
    const page = await queryRecords(env, "Product", { ...request, ...(cursor === undefined ? {} : { cursor }) });
    const records = JSON.parse(page.data.toString()) as { id: number }[];
    ids.push(...records.map(({ id }) => id));
    if (page.nextCursor !== null) expect(records).toHaveLength(request.limit ?? 0);
    cursor = page.nextCursor;
    pages += 1;
    await meanwhile(pages);
  }
  return { ids, pages };
}

const everyId = async (request: QueryRequest): Promise<number[]> => {
  const { data } = await queryRecords(env, "Product", { ...request, limit: 10_000 });
  return (JSON.parse(data.toString()) as { id: number }[]).map(({ id }) => id);
};

const paths = ["name", "code", "price", "active", "released", "updated", "category", "category.sequence", "id"];
const step = fc
  .record({
    path: fc.constantFrom(...paths, "category.parent.name", "display_name"),
    direction: fc.constantFrom("ASC", "DESC"),
    nulls: fc.constantFrom("", " NULLS FIRST", " NULLS LAST"),
  })
  .map(({ path, direction, nulls }) => `${path} ${direction}${nulls}`);
const order = fc.array(step, { maxLength: 3 });

/** Records from this id on come and go. */
const FLEETING = 20;

/** Three times the products, so that many are alike and only their ids tell them apart. */
const arbitraryData = arbitraryFilterData.map((data) => ({
  ...data,
  Product: [0, 10, FLEETING].flatMap((shift) =>
    data.Product.map((product) => ({ ...product, id: product.id + shift })),
  ),
}));

/** Deletes a record that comes and goes, and adds two that are like others: before, at and behind where the walk is. */
async function disturb(page: number): Promise<void> {
  const text = `with gone as (delete from product where id = (select min(id) from product where id >= $1)),
like_others as (select name, code, price, active, released, updated, category_id from product where id % 5 in ($2, 0))
insert into product (id, name, code, price, active, released, updated, category_id) overriding system value
select 1000 * $2 + row_number() over (), * from like_others limit 2`;
  // A link belongs to its product.
  await made.database.run({ text: "delete from product_tags_link where product_id >= $1", values: [FLEETING] });
  await made.database.run({ text: "update line set product_id = null where product_id >= $1", values: [FLEETING] });
  await made.database.run({ text, values: [FLEETING, page] });
}

describe("walking", () => {
  const asked = fc.record({ order, filter: arbitraryQ(filterModel, "Product"), limit: fc.integer({ min: 1, max: 6 }) });

  test("gives all records in order", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryData, asked, async (data, { order: order_by, filter, limit }) => {
        await storeFilterData(made.database, data);
        const request = { fields: ["name"], order_by, q_filter: formatQ(filter), limit };
        const expected = await everyId(request);
        const { ids, pages } = await walk(request, async () => {});
        expect(ids).toEqual(expected);
        expect(pages).toBe(Math.max(1, Math.ceil(expected.length / limit)));
      }),
      { numRuns: 60 },
    );
  });

  test("gives each record that stays exactly once while others come and go", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryData, asked, async (data, { order: order_by, limit }) => {
        await storeFilterData(made.database, data);
        const request = { fields: ["id"], order_by, limit };
        const expected = (await everyId(request)).filter((id) => id < FLEETING);
        // Two are added for each page, so a walk of small pages need not end by itself.
        const { ids } = await walk({ ...request, limit: limit + 2 }, disturb);
        expect(ids.filter((id) => id < FLEETING)).toEqual(expected);
        expect(ids).toHaveLength(new Set(ids).size);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a cursor", () => {
  const request = { fields: ["id"], order_by: ["price DESC"], q_filter: "Q(active=True)", limit: 1 };
  let cursor: string;
  beforeAll(async () => {
    await storeFilterData(made.database, filterData);
    cursor = (await queryRecords(env, "Product", request)).nextCursor ?? "";
  });

  const good: readonly (readonly [name: string, change: Partial<QueryRequest>])[] = [
    ["the same request", {}],
    ["other fields", { fields: ["name", "category.name"] }],
    ["a larger page", { limit: 10 }],
    ["without a total", { count: "none" }],
  ];
  test.each(good)("continues %s", async (_name, change) => {
    const { data } = await queryRecords(env, "Product", { ...request, ...change, cursor });
    expect((JSON.parse(data.toString()) as { id: number }[])[0]?.id).toBe(2);
  });

  const bad: readonly (readonly [name: string, change: Partial<QueryRequest>])[] = [
    ["another order", { order_by: ["price ASC"] }],
    ["no order", { order_by: [] }],
    ["another filter", { q_filter: "Q(active=False)" }],
    ["no filter", { q_filter: null }],
    ["a cursor that was changed", { cursor: "" }],
    ["an offset", { offset: 1 }],
  ];
  test.each(bad)("is refused with %s", async (name, change) => {
    const changed = cursor.slice(0, -2) + (cursor.endsWith("AA") ? "BB" : "AA");
    const given = { ...request, cursor, ...change, ...(name.includes("changed") ? { cursor: changed } : {}) };
    await expect(queryRecords(env, "Product", given)).rejects.toThrow(/^cursor: /);
  });

  test("is refused for another model, another user and another secret", async () => {
    const own = { fields: ["id"], order_by: ["id"], limit: 1 };
    const { nextCursor } = await queryRecords(env, "Product", own);
    const given = { ...own, cursor: nextCursor ?? "" };
    await expect(queryRecords(env, "Product", given)).resolves.toMatchObject({ total: 6 });
    await expect(queryRecords(env, "Line", given)).rejects.toThrow(/^cursor: /);
    const { access, database, plans } = env;
    const parts = { access: { ...access, userId: 77 }, database, plans };
    await expect(queryRecords(new Environment(parts), "Product", given)).rejects.toThrow(/^cursor: /);
    const elsewhere = new Environment({ access, database, plans, signingKey: "another" });
    await expect(queryRecords(elsewhere, "Product", given)).rejects.toThrow(/^cursor: /);
  });

  test("is not given where nothing follows, nor for an empty page", async () => {
    expect(await queryRecords(env, "Product", { limit: 6 })).toMatchObject({ nextCursor: null, total: 6 });
    const nothing = { nextCursor: null, total: 6, data: Buffer.from("[]") };
    expect(await queryRecords(env, "Product", { limit: 0 })).toMatchObject(nothing);
    expect(await queryRecords(env, "Product", { limit: 5, offset: 2 })).toMatchObject({ nextCursor: null, total: 6 });
  });
});

describe("totals of a walk", () => {
  beforeAll(() => storeFilterData(made.database, filterData));

  test("stay those of the whole list, counted once", async () => {
    const request = { fields: ["id"], q_filter: "Q(id__gt=1)", limit: 2 };
    const first = await queryRecords(env, "Product", request);
    const second = await queryRecords(env, "Product", { ...request, cursor: first.nextCursor ?? "" });
    const third = await queryRecords(env, "Product", { ...request, cursor: second.nextCursor ?? "" });
    expect([first, second, third].map(({ total }) => total)).toEqual([5, 5, 5]);
    expect(third.nextCursor).toBeNull();
  });

  test("are estimates where they are asked for and the page does not show them", async () => {
    await made.database.run({ text: "analyze product", values: [] });
    const request: QueryRequest = { fields: ["id"], count: "estimated" };
    expect(await queryRecords(env, "Product", request)).toMatchObject({ total: 6, totalIsExact: true });
    expect(await queryRecords(env, "Product", { ...request, limit: 3, offset: 3 })).toMatchObject({
      total: 6,
      totalIsExact: true,
    });
    expect(await queryRecords(env, "Product", { ...request, limit: 3 })).toMatchObject({
      total: 6,
      totalIsExact: false,
    });
    expect(await queryRecords(env, "Product", { ...request, limit: 1, count: "none" })).toMatchObject({ total: null });
  });
});
