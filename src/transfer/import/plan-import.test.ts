/** What a header and the options of a client cannot mean is refused before the first row, with the reason. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importTable, type Table } from "../../../test/support/memory-table.ts";
import { createWorld, type World } from "../../../test/support/world.ts";
import type { ImportOptions } from "./run-import.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.drop());

describe("columns that cannot be imported are refused before any row", () => {
  const mapped = (mapping: Record<string, string | null>) => ({ mapping: new Map(Object.entries(mapping)) });
  const rows: [what: string, header: Table[number], message: RegExp, Partial<ImportOptions>?][] = [
    ["an unknown field", ["name", "pric"], /pric: Product has no such field; did you mean "price"/],
    ["an unknown path", ["name", "category.nam"], /Category has no field "nam"/],
    ["a path behind no relation", ["name", "price.x"], /no relation/],
    ["a read-only field", ["name", "created_date"], /created_date: is read-only/],
    ["a calculated field", ["name", "display_name"], /display_name: is read-only/],
    ["a prototype", ["name", "__proto__"], /has no such field/],
    ["a mapping onto a prototype", ["name"], /has no such field/, mapped({ name: "constructor" })],
    [
      "a mapping of no column",
      ["name"],
      /mapping\["Nam"\]: the file has no such column; it has "name"/,
      mapped({ Nam: "name" }),
    ],
    ["a mapping of nothing", ["name"], /no column that is imported/, mapped({ name: null })],
    [
      "a header that stands there twice",
      ["name", "code", "name"],
      /stands in the header twice, in columns 1 and 3|mapped to the same/,
    ],
    ["two columns for one field", ["A", "B"], /same field as the column "A"/, mapped({ A: "name", B: "name" })],
    [
      "a search by what is not there",
      ["name"],
      /match_by: no column of the file is mapped to "code"/,
      { matchBy: "code" },
    ],
    ["a search by a price", ["name", "price"], /match_by: .*text or a whole number/, { matchBy: "price" }],
    ["new records of no relation", ["name"], /create_missing: no column.*"category"/, { createMissing: ["category"] }],
    ["an empty header", [], /no column that is imported/],
  ];
  it.each(rows)("%s", async (_what, header, message, options = {}) => {
    await expect(importTable(world.env, "Product", [header, ["x"]], options)).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(message),
    });
  });
});
