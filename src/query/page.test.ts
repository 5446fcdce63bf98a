/** Pages of a list: what is in them, in which order, and the total, with one statement each however nested. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filterData } from "../../test/fixtures/filter-data.ts";
import { createFilterTables, filterModule, storeFilterData } from "../../test/fixtures/filter-registry.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { unrestrictedAccess } from "../access/access.ts";
import { ValidationError } from "../errors.ts";
import { composeRegistry } from "../models/compose.ts";
import { Environment } from "../records/environment.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { fetchRecord, type QueryRequest, queryRecords } from "../records/read.ts";

const registry = composeRegistry([filterModule]);
let made: TestDatabase;
let env: Environment;
beforeAll(async () => {
  made = await createTestDatabase();
  await createFilterTables(made.database, registry);
  await storeFilterData(made.database, filterData);
  env = new Environment({ access: unrestrictedAccess(registry), database: made.database, plans: new PlanCache() });
});
afterAll(() => made.drop());

async function read(
  model: string,
  request: QueryRequest,
): Promise<{ data: Record<string, unknown>[]; total: unknown }> {
  const { data, total } = await queryRecords(env, model, request);
  return { data: JSON.parse(data.toString()), total };
}

async function idsOf(model: string, request: QueryRequest): Promise<unknown[]> {
  return (await read(model, { fields: ["id"], ...request })).data.map(({ id }) => id);
}

describe("orders", () => {
  test.each<[order: string[], ids: number[]]>([
    [["id"], [1, 2, 3, 4, 5, 6]],
    [["id DESC"], [6, 5, 4, 3, 2, 1]],
    [["  id   desc  "], [6, 5, 4, 3, 2, 1]],
    [["price"], [4, 3, 1, 2, 6, 5]],
    [["price DESC"], [5, 6, 2, 1, 3, 4]],
    [["price ASC NULLS FIRST"], [5, 4, 3, 1, 2, 6]],
    [["price desc nulls last"], [6, 2, 1, 3, 4, 5]],
    [["active DESC NULLS LAST"], [1, 2, 5, 3, 6, 4]],
    [
      ["active ASC", "price DESC NULLS LAST"],
      [6, 3, 2, 1, 5, 4],
    ],
    [
      ["active", "active DESC"],
      [3, 6, 1, 2, 5, 4],
    ],
    [["released"], [1, 2, 6, 4, 5, 3]],
    [
      ["category.id", "id DESC"],
      [6, 1, 3, 2, 5, 4],
    ],
    [
      ["category__name", "id"],
      [1, 2, 3, 6, 5, 4],
    ],
    [["category.parent.name NULLS FIRST"], [4, 5, 6, 1, 2, 3]],
    [["category"], [1, 2, 3, 6, 5, 4]],
    [["category.display_name DESC"], [4, 5, 6, 2, 3, 1]],
    [
      ["id", "price DESC"],
      [1, 2, 3, 4, 5, 6],
    ],
  ])("%j", async (order_by, ids) => {
    expect(await idsOf("Product", { order_by })).toEqual(ids);
    // Every page of it is a part of the whole.
    const paged = [];
    for (const offset of [0, 2, 4]) paged.push(...(await idsOf("Product", { order_by, limit: 2, offset })));
    expect(paged).toEqual(ids);
  });

  test.each<[order: string, message: string]>([
    ["", 'order_by[0]: must be "path ASC|DESC [NULLS FIRST|LAST]", not ""'],
    ["name; DROP TABLE x", "order_by[0]: must be"],
    ["(select pg_sleep(5))", "order_by[0]: must be"],
    ["name ASC, (select 1)", "order_by[0]: must be"],
    ["name ASC, id", "order_by[0]: must be"],
    ["name ASC -- ", "order_by[0]: must be"],
    ["name/**/ASC", "order_by[0]: must be"],
    ['"name"', "order_by[0]: must be"],
    ["name'", "order_by[0]: must be"],
    ["name ASCENDING", "order_by[0]: must be"],
    ["name ASC NULLS", "order_by[0]: must be"],
    ["name NULLS MIDDLE", "order_by[0]: must be"],
    ["name\nASC", "order_by[0]: must be"],
    ["name\u0000", "order_by[0]: must be"],
    ["-name", "order_by[0]: must be"],
    ["1", "order_by[0]: must be"],
    ["nаme", "order_by[0]: must be"],
    ["x".repeat(600), "order_by[0]: must be"],
    ["nmae", 'order_by[0]: Product has no field "nmae"; did you mean "name"?'],
    ["NAME", 'order_by[0]: Product has no field "NAME"'],
    ["name.", 'order_by[0]: "name." goes on behind "name", which is no relation'],
    ["category..name", 'order_by[0]: Category has no field "" in "category..name"'],
    ["category.nmae", 'order_by[0]: Category has no field "nmae" in "category.nmae"; did you mean "name"?'],
    ["constructor", 'order_by[0]: Product has no field "constructor"'],
    ["lines", 'order_by[0]: "lines" passes through "lines", which holds many records'],
    ["category.products.name", 'order_by[0]: "category.products.name" passes through "products"'],
    [`category${".parent".repeat(6)}.name`, "passes through too many relations"],
  ])("%j is refused", async (step, message) => {
    made.statements.clear();
    const refused = queryRecords(env, "Product", { order_by: [step] });
    await expect(refused).rejects.toThrow(ValidationError);
    await expect(refused).rejects.toThrow(message);
    expect(made.statements.count).toBe(0);
  });

  test("the place of the wrong step is named, and there is an end to steps", async () => {
    await expect(queryRecords(env, "Product", { order_by: ["id", "x"] })).rejects.toThrow("order_by[1]: ");
    await expect(queryRecords(env, "Product", { order_by: Array(17).fill("id") })).rejects.toThrow("at most 16 steps");
  });
});

describe("fields", () => {
  test("those of a read that names none: what is stored, without what holds many", async () => {
    const { data } = await read("Product", { q_filter: "Q(id=1)" });
    expect(data).toEqual([
      {
        id: 1,
        display_name: "Office Chair",
        name: "Office Chair",
        code: "CH-1",
        price: 99.99,
        active: true,
        released: "2024-01-31",
        updated: "2024-01-31T23:30:00.000Z",
        category: { id: 2, display_name: "Chairs" },
        create_uid: null,
        created_date: expect.any(String),
        write_uid: null,
        updated_date: expect.any(String),
        version: 1,
      },
    ]);
  });

  test.each<[model: string, id: number, fields: string[], expected: object]>([
    ["Product", 1, [], { id: 1 }],
    ["Product", 1, ["id", "name", "name", "id"], { id: 1, name: "Office Chair" }],
    ["Product", 4, ["category"], { id: 4, category: null }],
    ["Product", 4, ["category.parent.name"], { id: 4, category: null }],
    [
      "Product",
      1,
      ["lines.quantity", "lines.note"],
      {
        id: 1,
        lines: [
          { id: 1, quantity: 1, note: "first" },
          { id: 2, quantity: 5, note: null },
        ],
      },
    ],
    ["Product", 3, ["lines", "tags"], { id: 3, lines: [], tags: [] }],
    ["Product", 2, ["tags"], { id: 2, tags: [{ id: 2, display_name: "sale" }] }],
    [
      "Product",
      1,
      ["category__parent__name"],
      {
        id: 1,
        category: { id: 2, display_name: "Chairs", parent: { id: 1, display_name: "Furniture", name: "Furniture" } },
      },
    ],
    [
      "Product",
      1,
      ["category", "category.sequence"],
      { id: 1, category: { id: 2, display_name: "Chairs", sequence: 2 } },
    ],
    [
      "Line",
      2,
      ["display_name", "product.tags.name"],
      {
        id: 2,
        display_name: "#2",
        product: {
          id: 1,
          display_name: "Office Chair",
          tags: [
            { id: 1, name: "new" },
            { id: 2, name: "sale" },
          ],
        },
      },
    ],
    [
      "Category",
      4,
      ["children", "products.tags.products"],
      {
        id: 4,
        children: [],
        products: [
          {
            id: 5,
            tags: [
              { id: 1, products: expect.arrayContaining([{ id: 1, display_name: "Office Chair" }]) },
              { id: 3, products: expect.any(Array) },
            ],
          },
        ],
      },
    ],
    [
      "Category",
      2,
      ["parent.parent.parent.parent.parent.parent"],
      { id: 2, parent: { id: 1, display_name: "Furniture", parent: null } },
    ],
  ])("%s %i with %j", async (model, id, fields, expected) => {
    const { result, texts } = await made.statements.during(() => fetchRecord(env, model, id, { fields }));
    expect(JSON.parse(result.data.toString())).toEqual(expected);
    expect(texts).toHaveLength(1);
    const page = await made.statements.during(() => read(model, { fields, q_filter: { id } }));
    expect(page.result).toEqual({ data: [expected], total: 1 });
    expect(page.texts).toHaveLength(1);
  });

  test("related records come with all their own fields", async () => {
    const related = ["category.parent", "lines"];
    const { data } = await fetchRecord(env, "Product", 1, { fields: ["name"], related });
    const own = [
      "id",
      "display_name",
      "name",
      "sequence",
      "parent",
      "create_uid",
      "created_date",
      "write_uid",
      "updated_date",
      "version",
    ];
    const record = JSON.parse(data.toString()) as { category: { parent: object }; lines: object[] };
    expect(Object.keys(record).sort()).toEqual(["category", "id", "lines", "name"]);
    expect(Object.keys(record.category).sort()).toEqual(["display_name", "id", "parent"]);
    expect(Object.keys(record.category.parent).sort()).toEqual([...own].sort());
    expect(record.lines[1]).toMatchObject({ id: 2, price: 2.5, product: { id: 1, display_name: "Office Chair" } });
  });

  const far = "parent.parent.parent.parent.parent.parent";
  test.each<[model: string, request: { fields?: string[]; related?: string[] }, message: string]>([
    ["Product", { fields: ["nmae"] }, 'fields[0]: Product has no field "nmae"; did you mean "name"?'],
    ["Product", { fields: ["id", "x"] }, 'fields[1]: Product has no field "x"'],
    [
      "Product",
      { fields: ["category.nmae"] },
      'fields[0]: Category has no field "nmae" in "category.nmae"; did you mean "name"?',
    ],
    [
      "Product",
      { fields: ["lines.product.cde"] },
      'fields[0]: Product has no field "cde" in "lines.product.cde"; did you mean "code"?',
    ],
    ["Tag", { fields: ["colour"] }, 'Tag has no field "colour"; it has id, display_name, name, products, create_uid,'],
    ["Product", { fields: ["name.length"] }, '"name.length" goes on behind "name", which is no relation'],
    ["Product", { fields: ["p:name"] }, 'Product has no field "p:name"'],
    ["Product", { fields: ["name as x"] }, 'Product has no field "name as x"'],
    ["Product", { fields: [""] }, 'Product has no field ""'],
    ["Product", { fields: ["."] }, 'Product has no field ""'],
    ["Product", { fields: ["*"] }, 'Product has no field "*"'],
    ["Product", { fields: ["category_id"] }, 'Product has no field "category_id"'],
    ["Product", { fields: ["__proto__"] }, 'Product has no field ""'],
    ["Product", { fields: ["hasOwnProperty"] }, 'Product has no field "hasOwnProperty"'],
    ["Product", { fields: ["x".repeat(100_000)] }, `Product has no field "${"x".repeat(100)}…"`],
    ["Product", { fields: ["a.".repeat(50_000)] }, "passes through more than 6 relations"],
    ["Category", { fields: [`${far}.parent`] }, "passes through more than 6 relations"],
    ["Category", { fields: [`${far}.parent.name`] }, "passes through more than 6 relations"],
    ["Category", { related: [`${far}.parent`] }, "related[0]: "],
    ["Product", { related: ["name"] }, 'related[0]: "name" is no relation'],
    ["Product", { related: ["id", "lines.x"] }, 'related[0]: "id" is no relation'],
    ["Product", { related: ["lines.x"] }, 'related[0]: Line has no field "x" in "lines.x"'],
    ["Product", { fields: Array(1001).fill("name") }, "more than 1000 fields"],
  ])("%s with %j is refused", async (model, request, message) => {
    made.statements.clear();
    const refused = fetchRecord(env, model, 1, request);
    await expect(refused).rejects.toThrow(ValidationError);
    await expect(refused).rejects.toThrow(message);
    expect(made.statements.count).toBe(0);
  });

  test("all levels share one budget of fields", async () => {
    const ends = ["products", "parent.products", "children.products", "parent.children.products"];
    const starts = [
      "",
      "parent.",
      "children.",
      "parent.parent.",
      "children.children.",
      "parent.children.",
      "children.parent.",
    ];
    const tails = [
      "lines",
      "category",
      "tags",
      "tags.products",
      "lines.product",
      "category.parent",
      "category.children",
    ];
    const related = starts
      .flatMap((start) => ends.flatMap((end) => tails.map((tail) => `${start}${end}.${tail}`)))
      .filter((path) => path.split(".").length <= 6);
    await expect(fetchRecord(env, "Category", 1, { related })).rejects.toThrow("more than 1000 fields");
    await expect(fetchRecord(env, "Category", 1, { related: related.slice(0, 10) })).resolves.toBeDefined();
  });
});

describe("totals", () => {
  const whole = "Q(id__gte=2)";
  test.each<[request: QueryRequest, ids: number[], total: number | null]>([
    [{}, [2, 3, 4, 5, 6], 5],
    [{ limit: 5 }, [2, 3, 4, 5, 6], 5],
    [{ limit: 6 }, [2, 3, 4, 5, 6], 5],
    [{ limit: 4 }, [2, 3, 4, 5], 5],
    [{ limit: 2, offset: 1 }, [3, 4], 5],
    [{ limit: 2, offset: 3 }, [5, 6], 5],
    [{ limit: 2, offset: 4 }, [6], 5],
    [{ limit: 2, offset: 5 }, [], 5],
    [{ limit: 2, offset: 1e9 }, [], 5],
    [{ limit: 0 }, [], 5],
    [{ limit: 0, offset: 3 }, [], 5],
    [{ limit: 10_000 }, [2, 3, 4, 5, 6], 5],
    [{ count: "none", limit: 2 }, [2, 3], null],
    [{ count: "none", limit: 2, offset: 4 }, [6], null],
  ])("%j", async (request, ids, total) => {
    const page = await read("Product", { fields: ["id"], q_filter: whole, order_by: ["id"], ...request });
    expect(page).toEqual({ data: ids.map((id) => ({ id })), total });
  });

  test("of nothing", async () => {
    expect(await read("Product", { q_filter: "~Q()" })).toEqual({ data: [], total: 0 });
    expect(await read("Product", { q_filter: "~Q()", offset: 3 })).toEqual({ data: [], total: 0 });
  });

  test.each([
    { limit: -1 },
    { limit: 10_001 },
    { limit: 1e9 },
    { limit: 1.5 },
    { limit: Number.NaN },
    { limit: "10" as unknown as number },
    { offset: -1 },
    { offset: 0.5 },
    { offset: 9e18 },
    { offset: Number.NaN },
  ])("%j is refused", async (request) => {
    await expect(queryRecords(env, "Product", request)).rejects.toThrow(/^(limit|offset): must be a whole number/);
  });
});
