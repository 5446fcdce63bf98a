/** What is exported comes back as it was: nothing changes where it is imported again, and elsewhere the same arises. */

import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { queryRecords } from "../../src/records/read.ts";
import { createRecords } from "../../src/records/write-bulk.ts";
import { openExport, prepareExport } from "../../src/transfer/export/open-export.ts";
import type { TableReader } from "../../src/transfer/file/table-reader.ts";
import type { ImportReport } from "../../src/transfer/import/report.ts";
import { runImport } from "../../src/transfer/import/run-import.ts";
import { builtReader } from "../support/form.ts";
import { PLAIN_OPTIONS } from "../support/memory-table.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
let other: World;
let reader: TableReader;
let folder: string;
beforeAll(async () => {
  [world, other] = [await createWorld(), await createWorld()];
  reader = builtReader();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-round-trip-"));
});
afterAll(async () => {
  await world?.drop();
  await other?.drop();
  await rm(folder, { recursive: true, force: true });
});
const empty = "TRUNCATE product, category, contact, contact_tag, data_identifier RESTART IDENTITY CASCADE";
beforeEach(() => Promise.all([world, other].map(({ database }) => database.run({ text: empty, values: [] }))));

async function exportFile(
  { env }: World,
  model: string,
  format: "csv" | "xlsx",
  fields: readonly string[],
): Promise<string> {
  const request = { fields: [...fields], format, headers: "names" as const, order_by: ["id ASC"] };
  const { bytes, close } = await openExport(env, prepareExport(env, model, request));
  const path = join(folder, `${model}.${format}`);
  writeFileSync(path, await buffer(Readable.from(bytes)));
  await close();
  return path;
}

async function importFile(into: World, model: string, path: string): Promise<ImportReport> {
  const descriptor = openSync(path, "r");
  try {
    return await runImport(into.env, model, (work) => reader.read({ descriptor }, {}, work), PLAIN_OPTIONS);
  } finally {
    closeSync(descriptor);
  }
}

async function everything(of: World, model: string, fields: readonly string[]): Promise<unknown[]> {
  const { data } = await queryRecords(of.env, model, { fields, order_by: ["id ASC"], limit: 1000 });
  return JSON.parse(data.toString());
}

const character = fc.constantFrom(..."ab Zé0,;|\t\"'=+-@\n\r<&>日🙂");
const line = fc.string({ unit: character, minLength: 1, maxLength: 12 });
const products = fc.array(
  fc.record({
    name: line,
    description: fc.option(fc.string({ unit: character, maxLength: 12 })),
    price: fc.integer({ min: 0, max: 10 ** 12 }).map((cents) => (cents / 100).toFixed(2)),
    cost: fc.option(fc.integer({ min: 0, max: 9999 }).map((cents) => (cents / 100).toFixed(2))),
    active: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);
const fields = ["id", "name", "description", "price", "cost", "active", "category.id"];

describe.each(["csv", "xlsx"] as const)("as %s", (format) => {
  it("changes nothing where it comes from", async () => {
    await fc.assert(
      fc.asyncProperty(products, async (records) => {
        await world.database.run({ text: empty, values: [] });
        await createRecords(world.env, "Category", [{ name: "Group" }]);
        await createRecords(
          world.env,
          "Product",
          records.map((record, index) => (index % 2 === 0 ? record : { ...record, category: 1 })),
        );
        const before = await everything(world, "Product", [
          ...fields.slice(0, 6),
          "category",
          "version",
          "updated_date",
        ]);
        const report = await importFile(world, "Product", await exportFile(world, "Product", format, fields));
        expect(report).toMatchObject({ created: 0, updated: 0, skipped: records.length, failed: 0 });
        const after = await everything(world, "Product", [
          ...fields.slice(0, 6),
          "category",
          "version",
          "updated_date",
        ]);
        expect(after).toEqual(before);
      }),
      { numRuns: 12 },
    );
  });

  it("changes nothing of lists either", async () => {
    await createRecords(world.env, "ContactTag", [{ name: "Red" }, { name: 'Green, "dark"' }]);
    await createRecords(world.env, "Contact", [
      {
        name: "A",
        tags: [1, 2],
        children: [
          { name: "A1", phone: "+49 30" },
          { name: "A2", tags: [2] },
        ],
      },
      { name: "B" },
    ]);
    const paths = ["id", "name", "tags", "children.id", "children.name", "children.phone", "children.tags"];
    const all = ["name", "tags", "children", "parent", "version"];
    const before = await everything(world, "Contact", all);
    expect(await importFile(world, "Contact", await exportFile(world, "Contact", format, paths))).toMatchObject({
      created: 0,
      updated: 0,
      skipped: 4,
    });
    expect(await everything(world, "Contact", all)).toEqual(before);
  });

  it("makes the same of an empty database, by external identifiers", async () => {
    const given = join(folder, "given.csv");
    const rows = ["leaf,Leaf,root,1", "root,Root,,2", "other,Leaf,leaf,", "=x,'=x,other,4"];
    writeFileSync(given, `external_id,name,parent.external_id,sequence\n${rows.join("\n")}\n`);
    expect(await importFile(world, "Category", given)).toMatchObject({ created: 4, failed: 0 });
    const paths = ["external_id", "name", "parent.external_id", "sequence"];
    const path = await exportFile(world, "Category", format, paths);
    expect(await importFile(other, "Category", path)).toMatchObject({ created: 4, failed: 0 });
    const shown = async (of: World) =>
      (await everything(of, "Category", ["complete_name", "sequence"]))
        .map((each) => JSON.stringify({ ...(each as object), id: 0 }))
        .sort();
    expect(await shown(other)).toEqual(await shown(world));
    expect(await importFile(other, "Category", path)).toMatchObject({ created: 0, updated: 0, skipped: 4 });
  });

  it("makes the same of whatever there is, by external identifiers", async () => {
    await fc.assert(
      fc.asyncProperty(products, async (records) => {
        for (const each of [world, other]) await each.database.run({ text: empty, values: [] });
        await createRecords(world.env, "Category", [{ name: "Group" }, { name: "Twin" }, { name: "Twin" }]);
        const inGroups = records.map((record, index) => ({ ...record, category: index % 4 === 0 ? null : index % 4 }));
        await createRecords(world.env, "Product", inGroups);
        for (const [model, count] of [["Category", 3] as const, ["Product", records.length] as const]) {
          const rows = Array.from({ length: count }, (_, index) => `${index + 1},${model}.${index + 1}`.toLowerCase());
          const named = join(folder, "named.csv");
          writeFileSync(named, `id,external_id\n${rows.join("\n")}\n`);
          expect(await importFile(world, model, named)).toMatchObject({ updated: count, failed: 0 });
        }
        for (const [model, paths] of [
          ["Category", ["external_id", "name"]],
          ["Product", ["external_id", ...fields.slice(1, 6), "category.external_id"]],
        ] as const) {
          const path = await exportFile(world, model, "csv", paths);
          const text = readFileSync(path, "utf8");
          await importFile(other, model, await exportFile(world, model, format, paths));
          expect(readFileSync(await exportFile(other, model, "csv", paths), "utf8")).toBe(text);
        }
      }),
      { numRuns: 6 },
    );
  });
});
