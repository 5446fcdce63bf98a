/** Importing files over HTTP: what a file does, what the answer says of it, and what is refused with its place. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packWorkbook, textRow } from "../support/archive.ts";
import { builtReader, sendForm } from "../support/form.ts";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ tableReader: builtReader() });
});
afterAll(() => api?.close());

type Fields = Readonly<Record<string, string>>;
const send = (model: string, content: string | Uint8Array, fields: Fields = {}): Promise<Answer> =>
  sendForm(api, `/api/import/${model}`, fields, content);

async function query(model: string, fields: string[], q_filter: string): Promise<unknown> {
  const { json } = await api.call("POST", `/api/query/${model}`, { fields, q_filter, order_by: ["id ASC"] });
  return (json.data as Record<string, unknown>[]).map(({ id: _, ...rest }) => rest);
}

describe("a csv file", () => {
  it("creates records, with relations by whatever names them", async () => {
    const { status, json } = await send(
      "Product",
      "Name;Code;Price;Category;Unit\nTable A;T-A;12.5;Desks;1\nTable B;T-B;;3;1\n",
      { mapping: JSON.stringify({ Name: "name", Code: "code", Price: "price", Category: "category", Unit: "uom.id" }) },
    );
    expect({ status, json }).toMatchObject({
      status: 200,
      json: { created: 2, updated: 0, skipped: 0, failed: 0, errors: [], more_errors: 0, dry_run: false },
    });
    expect(json.file).toEqual({ format: "csv", encoding: "utf-8", separator: ";", rows: 2, ignored_columns: [] });
    expect(json.ids).toHaveLength(2);
    expect(await query("Product", ["name", "price", "category.name", "uom"], "Q(code__startswith='T-')")).toEqual([
      {
        name: "Table A",
        price: 12.5,
        category: { id: 2, display_name: "Desks", name: "Desks" },
        uom: expect.anything(),
      },
      { name: "Table B", price: 0, category: expect.objectContaining({ name: "Chairs" }), uom: expect.anything() },
    ]);
  });

  it("changes the records that it names, and none that are as it says", async () => {
    const file = "code,name,price\nT-A,Table A,13\nT-B,Table B,0\nT-C,Table C,7\n";
    const first = await send("Product", file, { match_by: "code" });
    expect(first.json).toMatchObject({ created: 1, updated: 1, skipped: 1, failed: 0 });
    const second = await send("Product", file, { match_by: "code" });
    expect(second.json).toMatchObject({ created: 0, updated: 0, skipped: 3, ids: [] });
    expect(await query("Product", ["code", "price", "version"], "Q(code__startswith='T-')")).toEqual([
      { code: "T-A", price: 13, version: 2 },
      { code: "T-B", price: 0, version: 1 },
      { code: "T-C", price: 7, version: 1 },
    ]);
  });
});

describe("what is wrong", () => {
  const file =
    "name,code,price,category,active\n" +
    "Good,E-1,5,Desks,true\n" +
    "Bad price,E-2,five,Desks,yes\n" +
    ",E-3,1,Nowhere,perhaps\n" +
    "Taken,T-A,1,Desks,no\n" +
    "Negative,E-5,-1,Desks,no\n";
  const errors = [
    { row: 3, column: "price", field: "price", value: "five" },
    { row: 4, column: "category", field: "category", value: "Nowhere", message: "there is no such Category record" },
    { row: 4, column: "active", field: "active", value: "perhaps" },
    { row: 5, column: "code", field: "code", value: "T-A" },
    { row: 6, column: "price", field: "price", value: "-1" },
  ];

  it("refuses everything, with every error, and the same when it is tried out", async () => {
    for (const dry_run of ["1", "0"]) {
      const { status, json } = await send("Product", file, { dry_run });
      expect({ status, json }).toMatchObject({
        status: 400,
        json: { error: "ValidationError", created: 0, updated: 0, skipped: 1, failed: 4, ids: [], errors },
      });
      expect(json.detail).toBe(json.message);
    }
    expect(await query("Product", ["code"], "Q(code__startswith='E-')")).toEqual([]);
  });

  it("leaves out what is wrong when it is told to, and the same when it is tried out", async () => {
    const trial = await send("Product", file, { on_error: "skip", dry_run: "true" });
    expect({ status: trial.status, json: trial.json }).toMatchObject({
      status: 200,
      json: { created: 1, failed: 4, ids: [], errors },
    });
    expect(await query("Product", ["code"], "Q(code__startswith='E-')")).toEqual([]);
    const run = await send("Product", file, { on_error: "skip" });
    const differs = { message: expect.anything(), ids: [expect.any(Number)], dry_run: false };
    expect(run.json).toEqual({ ...trial.json, ...differs });
    expect(await query("Product", ["code"], "Q(code__startswith='E-')")).toEqual([{ code: "E-1" }]);
  });
});

describe("the NUL character", () => {
  const message = "must not contain the NUL character";
  const cells: [what: string, content: string | Uint8Array][] = [
    ["csv", "name,description\nA name,a long enough text\nN\0L,another text\n"],
    ["csv in UTF-16", Buffer.from("\ufeffname,description\nA name,text\nN\0L,text\n", "utf16le")],
    ["xlsx", packWorkbook(textRow(1, "name") + textRow(2, "A name") + textRow(3, "N&#0;L"))],
    ["xlsx, escaped", packWorkbook(textRow(1, "name") + textRow(2, "A name") + textRow(3, "N_x0000_L"))],
  ];
  it.each(cells)("in a cell of %s is an error of its row", async (_what, content) => {
    const { status, json } = await send("Product", content);
    expect({ status, json }).toMatchObject({ status: 400, json: { created: 0, failed: 1 } });
    expect(json.errors).toEqual([{ row: 3, column: "name", field: "name", value: "N\0L", message }]);
  });

  const rows: [what: string, content: string, fields: Fields, detail: RegExp][] = [
    ["a header", "na\0me,description\nsome,text\n", {}, /^na\0me: Product has no such field/],
    ["a mapping", "name\nx\n", { mapping: '{"name": "na\\u0000me"}' }, /^name: "na.*me": Product has no such field/],
    ["what is found by", "name\nx\n", { match_by: "na\0me" }, /^match_by: /],
    ["a relation", "name,category,description\nx,De\0sks,a long enough text\n", {}, /^Nothing imported/],
    ["an identifier", "name,external_id,description\nx,i\0d,a long enough text\n", {}, /^Nothing imported/],
  ];
  it.each(rows)("in %s is one too", async (_what, content, fields, detail) => {
    const { status, json } = await send("Product", content, fields);
    expect([status, json.detail]).toEqual([400, expect.stringMatching(detail)]);
  });
});
