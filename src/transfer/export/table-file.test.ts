/** What is written to a file is what is read from it, whatever the text; and nothing in it is a formula. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readXlsx } from "hucre";
import { afterAll, describe, expect, it } from "vitest";
import type { TextRow } from "../../database/session.ts";
import type { CellKind } from "../../fields/cell.ts";
import { ByteSource } from "../file/byte-source.ts";
import { readCsv } from "../file/read-csv.ts";
import { restoreText } from "../file/table-row.ts";
import { neutraliseText } from "./csv.ts";
import { type FormatName, tableFormats } from "./table-format.ts";

/** Text as people and attackers write it. PostgreSQL stores no NUL, and no half characters. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\0", "")),
  fc.string({
    unit: fc.constantFrom("'", "=", "+", "-", "@", "\t", "\r", "\n", '"', ",", ";", "1", "a", " ", "_x0041_"),
  }),
);

async function write(
  format: FormatName,
  kinds: readonly CellKind[],
  rows: readonly TextRow[],
  raw = false,
): Promise<Buffer> {
  const headers = kinds.map((_, index) => `column ${index}`);
  const batches = async function* () {
    yield rows;
  };
  const parts: Uint8Array[] = [];
  const { write: writeTable } = tableFormats[format];
  for await (const part of writeTable({ title: "Any: [thing]?", headers, kinds, raw }, batches())) parts.push(part);
  return Buffer.concat(parts);
}

const folder = mkdtempSync(join(tmpdir(), "fullfinity-test-"));
const file = openSync(join(folder, "content"), "w+");
afterAll(() => {
  closeSync(file);
  rmSync(folder, { recursive: true });
});

async function readBack(content: Buffer, raw: boolean): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  ftruncateSync(file);
  writeSync(file, content, 0, content.length, 0);
  for await (const { cells } of readCsv(new ByteSource(file), { encoding: "utf-8", separator: ",", raw }, () => {}))
    rows.push([...cells]);
  return rows.slice(1);
}

describe("csv", () => {
  it.each([false, true])("comes back as it was; raw: %s", async (raw) => {
    const table = fc.array(fc.tuple(fc.constant("x"), fc.option(anyText), fc.option(anyText)), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        expect(await readBack(await write("csv", ["text", "json", "text"], rows, raw), raw)).toEqual(rows);
      }),
      { numRuns: 100 },
    );
  });

  it("has no text that begins a formula, unless it is a plain number", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const written = neutraliseText(text);
        expect(restoreText(written)).toBe(text);
        if (!/^[+-]?\d+(\.\d+)?$/.test(text)) expect(written).not.toMatch(/^[=+\-@\t\r]/);
        else expect(written).toBe(text);
      }),
    );
  });
});

it("csv is the same however long its rows and portions are", async () => {
  const rows = Array.from({ length: 3000 }, (_, n) => [`日本語🙂 ${n}`, n % 100 === 0 ? "é".repeat(n * 10) : null]);
  const lines = rows.map(([first, second]) => `${first},${second === "" ? '""' : (second ?? "")}\n`);
  const text = `column 0,column 1\n${lines.join("")}`;
  expect((await write("csv", ["text", "text"], rows)).toString()).toBe(text);
  const table = { title: "", headers: ["column 0", "column 1"], kinds: ["text", "text"], raw: false } as const;
  const printer = tableFormats.csv.printer(table);
  const parts: Uint8Array[] = [];
  for (const [n, row] of rows.entries()) {
    printer.add(row);
    if (n % 700 === 0) parts.push(printer.take());
  }
  parts.push(printer.take());
  expect(Buffer.concat(parts).toString()).toBe(text);
});

it("csv has no header that begins a formula either", async () => {
  const parts: Uint8Array[] = [];
  const table = { title: "", headers: ["=1+1", "a,b", "-5"], kinds: ["text", "number", "date"], raw: false } as const;
  const none = (async function* () {})();
  for await (const part of tableFormats.csv.write(table, none)) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe(`'=1+1,"a,b",-5\n`);
});

describe("xlsx", () => {
  const rows: [kind: CellKind, text: string, cell: unknown][] = [
    ["text", "=1+1", "=1+1"],
    ["text", "_x0041_", "_x0041_"],
    ["text", "a\u0001\u0007b\r\nc", "a\u0001\u0007b\r\nc"],
    ["text", " blanks ", " blanks "],
    ["text", "12", "12"],
    ["json", '{"a": 1}', '{"a": 1}'],
    ["number", "12", 12],
    ["number", "-0.10", -0.1],
    ["number", "100", 100],
    ["number", "1e+30", 1e30],
    ["number", "0.30000000000000004", 0.30000000000000004],
    ["number", "9007199254740993", "9007199254740993"],
    ["number", "12345678901234567.89", "12345678901234567.89"],
    ["boolean", "true", true],
    ["boolean", "false", false],
    ["date", "2026-01-31", new Date("2026-01-31")],
    ["date", "1900-03-01", new Date("1900-03-01")],
    ["date", "1899-12-31", "1899-12-31"],
    ["datetime", "2026-01-31T10:00:00.123Z", new Date("2026-01-31T10:00:00.123Z")],
  ];
  it("has cells of the types of their fields", async () => {
    const kinds = rows.map(([kind]) => kind);
    const content = await write("xlsx", kinds, [rows.map(([, text]) => text), rows.map(() => null)]);
    const { sheets } = await readXlsx(content);
    expect(sheets.map(({ name }) => name)).toEqual(["Any   thing"]);
    expect(sheets[0]?.rows[1]).toEqual(rows.map(([, , cell]) => cell));
    expect((sheets[0]?.rows[2] ?? []).filter((cell) => cell !== null)).toEqual([]);
  });
});
