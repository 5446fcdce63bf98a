/** What tables become: records, lists and names of others; and what of it the caller may not do, or nobody can. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { importTable, type Table } from "../../../test/support/memory-table.ts";
import { createCaller, createWorld, type World } from "../../../test/support/world.ts";
import { queryRecords } from "../../records/read.ts";
import { createRecord } from "../../records/write.ts";
import type { ImportOptions } from "./run-import.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.drop());
beforeEach(async () => {
  await world.database.run({
    text: "TRUNCATE product, category, contact, contact_tag, data_identifier RESTART IDENTITY CASCADE",
    values: [],
  });
});

const load = (model: string, table: Table, options: Partial<ImportOptions> = {}) =>
  importTable(world.env, model, table, options);

async function list(model: string, ...fields: string[]): Promise<unknown[]> {
  const { data } = await queryRecords(world.env, model, { fields, order_by: ["id ASC"], limit: 1000 });
  return JSON.parse(data.toString()).map(({ id: _, ...rest }: { id: number }) => rest);
}

const counts = (created: number, updated: number, skipped: number, failed: number) => ({
  created,
  updated,
  skipped,
  failed,
});

describe("names of other records", () => {
  it("may be those of records in the same file, in any order", async () => {
    const table = [
      ["name", "parent"],
      ["Chairs", "Furniture"],
      ["Stools", "Chairs"],
      ["Furniture", null],
      ["Lost", "Nowhere"],
    ];
    const report = await load("Category", table, { abort: false });
    expect(report).toMatchObject({
      ...counts(3, 0, 0, 1),
      errors: [{ row: 5, column: "parent", value: "Nowhere", message: "there is no such Category record" }],
    });
    const all = await list("Category", "complete_name");
    expect(all).toContainEqual({ complete_name: "Furniture / Chairs / Stools" });
    const { data } = await queryRecords(world.env, "Category", { fields: ["name"] });
    const names = new Map(
      (JSON.parse(data.toString()) as { id: number; name: string }[]).map(({ id, name }) => [id, name]),
    );
    expect(report.ids.map((id) => names.get(id))).toEqual(["Chairs", "Stools", "Furniture"]);
  });

  it("may be id, name, field or external identifier, but of one record only", async () => {
    await load("Category", [
      ["name", "external_id"],
      ["A", "cat-a"],
      ["B", "cat-b"],
      ["B", "cat-c"],
      ["7", "x.y"],
    ]);
    const rows: [header: string, cell: string | number, category: number | string][] = [
      ["category", "A", 1],
      ["category", 2, 2],
      ["category", "cat-c", 3],
      ["category", "x.y", 4],
      ["category", "7", 4],
      ["category.name", "A", 1],
      ["category__external_id", "cat-b", 2],
      ["category.id", "3", 3],
      ["category", "B", "several Category records are called like this (2, 3)"],
      ["category.id", "99", "there is no such Category record"],
      ["category", "a", "there is no such Category record"],
      ["category.name", "cat-a", "there is no such Category record"],
    ];
    for (const [header, cell, expected] of rows) {
      const report = await load(
        "Product",
        [
          ["name", header],
          ["P", cell],
        ],
        { abort: false },
      );
      if (typeof expected === "string") {
        expect(report.errors).toEqual([{ row: 2, column: header, field: header, value: cell, message: expected }]);
      } else {
        const found = (await list("Product", "category")).at(-1) as { category: { id: number } };
        expect([header, cell, found.category.id]).toEqual([header, cell, expected]);
      }
    }
  });

  it("become records where they are missing and the client says so", async () => {
    const table = [
      ["name", "category", "code"],
      ["P", "New", "1"],
      ["Q", "New", "2"],
      ["R", "Other", "3"],
    ];
    expect(await load("Product", table, { createMissing: ["category"] })).toMatchObject(counts(3, 0, 0, 0));
    expect(await list("Category", "name")).toEqual([{ name: "New" }, { name: "Other" }]);
    const tree = [
      ["name", "parent"],
      ["Leaf", "Root"],
      ["Root", "Top"],
    ];
    expect(await load("Category", tree, { createMissing: ["parent"] })).toMatchObject(counts(2, 0, 0, 0));
    const names = (await list("Category", "complete_name")).slice(2);
    expect(names).toEqual(expect.arrayContaining([{ complete_name: "Top / Root / Leaf" }, { complete_name: "Top" }]));
    expect(names).toHaveLength(3);
  });

  it("stand in one cell for a relation to many", async () => {
    await load("ContactTag", [["name"], ["Red"], ["Green, dark"], ["Blue"]]);
    await load("Contact", [
      ["name", "tags"],
      ["A", 'Red,"Green, dark"'],
      ["B", "Blue, Red"],
      ["C", null],
    ]);
    const names = (await list("Contact", "tags")).map((each) =>
      (each as { tags: { display_name: string }[] }).tags.map((tag) => tag.display_name).sort(),
    );
    expect(names).toEqual([["Green, dark", "Red"], ["Blue", "Red"], []]);
    const report = await load(
      "Contact",
      [
        ["name", "tags"],
        ["D", "Red, Pink"],
      ],
      { abort: false },
    );
    expect(report.errors).toMatchObject([{ row: 2, column: "tags", value: "Red, Pink" }]);
  });
});

describe("lists", () => {
  const table = [
    ["name", "products.name", "products.price", "children.name"],
    ["Desks", "Small", 10, "Standing"],
    [null, "Large", 20, null],
    [null, null, null, "Corner"],
    ["Empty", null, null, null],
  ];

  it("stand below their record, several side by side", async () => {
    expect(await load("Category", table)).toMatchObject(counts(2, 0, 0, 0));
    const found = await list("Category", "name", "products.name", "products.price", "children.name");
    expect(found[0]).toMatchObject({
      name: "Desks",
      products: [
        { name: "Large", price: 20 },
        { name: "Small", price: 10 },
      ],
      children: [{ name: "Corner" }, { name: "Standing" }],
    });
    expect(found).toHaveLength(4);
  });

  it("report what is wrong at the row of the line", async () => {
    const wrong = [...table.slice(0, 2), [null, "Large", "much", null], [null, null, -5, null]];
    const report = await load("Category", wrong);
    expect(report).toMatchObject({
      ...counts(0, 0, 0, 1),
      errors: [{ row: 3, column: "products.price", field: "products.price", value: "much" }],
    });
    const negative = await load("Category", [...table.slice(0, 2), [null, "Large", -5, null]]);
    expect(negative.errors).toMatchObject([{ row: 3, column: "products.price", value: -5 }]);
    const nameless = await load("Category", [...table.slice(0, 2), [null, null, 5, null]]);
    expect(nameless.errors).toMatchObject([{ row: 3, column: "products.name", message: "is required" }]);
    const orphan = await load("Category", [table[0] ?? [], [null, "Lost", 1, null]]);
    expect(orphan.errors).toMatchObject([
      { row: 2, column: null, message: expect.stringMatching(/no record stands above/) },
    ]);
  });

  it("hold what the file says when the record is there, and are left alone where it says nothing", async () => {
    await load("Category", table);
    const lines = [
      ["id", "products.id", "products.price"],
      [1, 1, 11],
      [null, 2, 20],
    ];
    expect(await load("Category", lines)).toMatchObject(counts(0, 1, 0, 0));
    expect(await load("Category", lines)).toMatchObject(counts(0, 0, 1, 0));
    expect(await list("Product", "price", "version")).toEqual([
      { price: 11, version: 2 },
      { price: 20, version: 1 },
    ]);
    await load("Category", [
      ["id", "products.id", "products.price"],
      [1, 2, 20],
    ]);
    expect(await list("Product", "category")).toEqual([
      { category: null },
      { category: expect.objectContaining({ id: 1 }) },
    ]);
    await load("Category", [
      ["id", "name", "products.id"],
      [1, "Tables", null],
    ]);
    expect(await list("Product", "category")).toContainEqual({ category: { id: 1, display_name: "Tables" } });
  });
});

describe("records that are there", () => {
  it("are found by id, field or external identifier, one after the other", async () => {
    await load("Product", [
      ["name", "code", "external_id"],
      ["A", "a", "ext-a"],
      ["B", "b", "ext-b"],
    ]);
    expect(
      await load("Product", [
        ["id", "price"],
        [1, 5],
        [2, 6],
      ]),
    ).toMatchObject(counts(0, 2, 0, 0));
    expect(
      await load("Product", [
        ["external_id", "name"],
        ["ext-a", "A2"],
        ["ext-n", "N"],
      ]),
    ).toMatchObject(counts(1, 1, 0, 0));
    const twice = [
      ["code", "name"],
      ["n", "first"],
      ["n", "second"],
      ["a", "A3"],
    ];
    expect(await load("Product", twice, { matchBy: "code" })).toMatchObject(counts(1, 2, 0, 0));
    expect(await list("Product", "name", "code")).toEqual([
      { name: "A3", code: "a" },
      { name: "B", code: "b" },
      { name: "N", code: null },
      { name: "second", code: "n" },
    ]);
    const missing = await load("Product", [
      ["id", "name"],
      [1, "x"],
      [77, "y"],
    ]);
    expect(missing).toMatchObject({ ...counts(0, 0, 1, 1), errors: [{ row: 3, column: "id", value: 77 }] });
  });

  it("are not taken over by identifiers: neither those of modules nor others' records", async () => {
    const { id } = await createRecord(world.env, "Category", { name: "Of a module" });
    await world.database.run({
      text: "INSERT INTO data_identifier (identifier, module, model, record, apply_once) VALUES ('core.cat', 'core', 'Category', $1, true)",
      values: [id],
    });
    await load("Product", [
      ["name", "external_id"],
      ["P", "taken"],
    ]);
    const table = [
      ["name", "external_id"],
      ["X", "core.dog"],
      ["Y", "taken"],
      ["Z", "core.cat"],
      ["W", "free"],
    ];
    const report = await load("Category", table, { matchBy: "name", abort: false });
    expect(report).toMatchObject({
      ...counts(1, 0, 0, 3),
      errors: [
        { row: 2, message: 'begins like the identifiers of the module "core"' },
        { row: 3, message: "is the identifier of another record" },
        { row: 4, message: "is the identifier of another record" },
      ],
    });
    // But they name the records that they belong to.
    expect(
      await load("Category", [
        ["external_id", "name"],
        ["core.cat", "Renamed"],
      ]),
    ).toMatchObject(counts(0, 1, 0, 0));
    expect(await list("Category", "name")).toContainEqual({ name: "Renamed" });
  });
});

describe("rights", () => {
  it("are those of the caller, for each record", async () => {
    await load("Category", [["name"], ["Seen"]]);
    const reader = await createCaller(world, { Category: "r" });
    await expect(importTable(reader.env, "Category", [["name"], ["x"]])).rejects.toMatchObject({ status: 403 });
    await expect(importTable(reader.env, "Product", [["name"], ["x"]])).rejects.toMatchObject({ status: 404 });
    const creator = await createCaller(world, { Category: "rc" });
    const table = [
      ["id", "name"],
      [1, "Changed"],
      [null, "New"],
    ];
    expect(await importTable(creator.env, "Category", table, { abort: false })).toMatchObject({
      ...counts(1, 0, 0, 1),
      errors: [{ row: 2, message: "you may not change Category records" }],
    });
    const denied = importTable(creator.env, "Category", [
      ["name", "products.name"],
      ["x", "y"],
    ]);
    await expect(denied).rejects.toMatchObject({ status: 400 });
    expect(await list("Category", "name")).toEqual([{ name: "Seen" }, { name: "New" }]);
  });

  it("hide records and fields: what is hidden is as missing as what is not there", async () => {
    await load("Category", [["name"], ["Hidden"], ["Seen"]]);
    const caller = await createCaller(world, { Product: "rcw", Category: "r" });
    await createRecord(world.env, "RecordRule", {
      name: "some",
      model: "Category",
      rule: "Q(name='Seen')",
      read_perm: true,
    });
    const again = await createCaller(world, { Product: "rcw", Category: "r" });
    for (const { env, names } of [
      { env: caller.env, names: ["Hidden", "1"] },
      { env: again.env, names: [] },
    ]) {
      const table = [
        ["name", "category"],
        ["P", "Hidden"],
        ["Q", 1],
        ["R", "Seen"],
      ];
      const report = await importTable(env, "Product", table, { abort: false, dryRun: true });
      expect(report.failed).toBe(2 - names.length);
    }
    await world.database.run({ text: "DELETE FROM record_rule", values: [] });
  });
});

describe("many records", () => {
  it("are written with few statements, and only the wrong ones are left out", async () => {
    const rows = Array.from({ length: 2500 }, (_, index) => [
      `P ${index}`,
      index % 700 === 3 ? "same" : `c-${index}`,
      index,
    ]);
    const before = world.statements.count;
    const report = await load("Product", [["name", "code", "price"], ...rows], { abort: false });
    expect(report).toMatchObject({ ...counts(2497, 0, 0, 3), more_errors: 0 });
    expect(report.errors.map(({ row, column }) => [row, column])).toEqual([
      [705, "code"],
      [1405, "code"],
      [2105, "code"],
    ]);
    expect(report.ids).toHaveLength(2497);
    expect(world.statements.count - before).toBeLessThan(100);
  });

  it("are all reported, up to a stated number", async () => {
    const rows = Array.from({ length: 1500 }, (_, index) => [`P ${index}`, -1]);
    const report = await load("Product", [["name", "price"], ...rows]);
    expect(report).toMatchObject({ ...counts(0, 0, 0, 1500), more_errors: 500 });
    expect(report.errors).toHaveLength(1000);
    expect(report.errors.at(-1)).toMatchObject({ row: 1001, column: "price", value: -1 });
    expect(await list("Product", "id")).toEqual([]);
  });
});
