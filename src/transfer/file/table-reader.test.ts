/** Files as people and programs write them are read as they are meant; those that are broken or hostile end in an error that says why. */
import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packArchive, packWorkbook, textRow, workbookParts } from "../../../test/support/archive.ts";
import { builtReader } from "../../../test/support/form.ts";
import type { Cell } from "../../fields/cell.ts";
import type { TableReader } from "./table-reader.ts";
import type { TableFormat, TableOptions } from "./table-row.ts";

let reader: TableReader;
let folder: string;
beforeAll(async () => {
  reader = builtReader();
  folder = await mkdtemp(join(tmpdir(), "fullfinity-reader-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;

/** Reads a whole file. */
async function read(
  content: string | Uint8Array,
  options: TableOptions = {},
  by = reader,
): Promise<{ format: TableFormat; rows: (readonly Cell[])[] }> {
  files += 1;
  const path = join(folder, `${files}`);
  writeFileSync(path, content);
  const descriptor = openSync(path, "r");
  unlinkSync(path);
  try {
    return await by.read({ descriptor }, options, async ({ format, parts }) => {
      const rows: (readonly Cell[])[] = [];
      for await (const part of parts) rows.push(...part.map(({ cells }) => cells));
      return { format, rows };
    });
  } finally {
    closeSync(descriptor);
  }
}

const utf16 = (text: string, big = false): Buffer => {
  const bytes = Buffer.from(text, "utf16le");
  return big ? bytes.swap16() : bytes;
};
const csv = (encoding: string, separator = ","): object => ({ format: "csv", encoding, separator });

describe("csv is read", () => {
  const table = [
    ["name", "city"],
    ["Zoé", "Besançon"],
  ];
  const rows: [what: string, content: string | Uint8Array, format: object, rows: readonly unknown[], TableOptions?][] =
    [
      ["in UTF-8", "name,city\nZoé,Besançon\n", csv("utf-8"), table],
      ["with a byte order mark", "\ufeffname,city\nZoé,Besançon", csv("utf-8"), table],
      ["with semicolons and CR LF", "name;city\r\nZoé;Besançon\r\n", csv("utf-8", ";"), table],
      ["with tabs", "name\tcity\nZoé\tBesançon\n", csv("utf-8", "\t"), table],
      ["with bars", "name|city\nZoé|Besançon\n", csv("utf-8", "|"), table],
      ["in windows-1252", Buffer.from("name;city\nZoé;Besançon\n", "latin1"), csv("windows-1252", ";"), table],
      ["in UTF-16 with a mark", utf16("\ufeffname,city\nZoé,Besançon\n"), csv("utf-16le"), table],
      ["in UTF-16 without one", utf16("name,city\nZoé,Besançon\n", true), csv("utf-16be"), table],
      [
        "with mixed line ends",
        "a,b\r\n1,2\n3,4\r5,6",
        csv("utf-8"),
        [
          ["a", "b"],
          ["1", "2"],
          ["3", "4"],
          ["5", "6"],
        ],
      ],
      [
        "with a separator in quotes",
        'a;b\n"x;y,z";"1,5"\n',
        csv("utf-8", ";"),
        [
          ["a", "b"],
          ["x;y,z", "1,5"],
        ],
      ],
      [
        "with line ends in quotes",
        'a,b\n"x\r\ny","say ""hi"""\n',
        csv("utf-8"),
        [
          ["a", "b"],
          ["x\r\ny", 'say "hi"'],
        ],
      ],
      [
        "with empty cells and empty texts",
        'a,b\n,""\n',
        csv("utf-8"),
        [
          ["a", "b"],
          [null, ""],
        ],
      ],
      [
        "with everything in quotes",
        '"a","b"\n"","x"\n',
        csv("utf-8"),
        [
          ["a", "b"],
          [null, "x"],
        ],
      ],
      [
        "with what was neutralised",
        "a,b\n'=1+1,''-x\n",
        csv("utf-8"),
        [
          ["a", "b"],
          ["=1+1", "'-x"],
        ],
      ],
      [
        "as it is",
        "a,b\n'=1+1,'x\n",
        csv("utf-8"),
        [
          ["a", "b"],
          ["'=1+1", "'x"],
        ],
        { raw: true },
      ],
      ["as told", "a;b\nx,y;z\n", csv("utf-8"), [["a;b"], ["x", "y;z"]], { separator: "," }],
      ["of one column", "name\nx\n", csv("utf-8"), [["name"], ["x"]]],
    ];
  it.each(rows)("%s", async (_what, content, format, expected, options = {}) => {
    expect(await read(content, options)).toEqual({ format, rows: expected });
  });
});

describe("xlsx is read", () => {
  it("with its types, and from the sheet that is named", async () => {
    const data = `${textRow(1, "a", "b", "c")}<row r="3"><c r="A3"><v>12.5</v></c><c r="C3" t="b"><v>1</v></c></row>`;
    const { format, rows } = await read(packWorkbook(data));
    expect(format).toEqual({ format: "xlsx", sheet: "One", sheets: ["One"] });
    expect(rows).toEqual([
      ["a", "b", "c"],
      [12.5, null, true],
    ]);
    await expect(read(packWorkbook(data), { sheet: "Two" })).rejects.toThrow(
      /has no sheet "Two"; its sheets are "One"/,
    );
  });

  it("without its entities being anything but text", async () => {
    const parts = workbookParts(textRow(1, "&lol9;"));
    const bomb = parts.map((part) =>
      part.name.endsWith("sheet1.xml")
        ? { ...part, content: `<!DOCTYPE lolz [<!ENTITY lol9 "&lol8;&lol8;">]>${part.content}` }
        : part,
    );
    expect((await read(packArchive(bomb))).rows).toEqual([["&lol9;"]]);
  });
});

describe("xlsx that costs other programs all of their time is read like any other", () => {
  const rules = (sqref: string) =>
    `<dataValidations count="1"><dataValidation type="list" sqref="${sqref}"><formula1>"a,b"</formula1></dataValidation></dataValidations>`;
  const rows: [what: string, more: string][] = [
    ["a rule for 17 billion cells", rules("A1:XFD1048576")],
    ["rules for whole columns", rules(Array.from({ length: 1000 }, (_, index) => `A${index + 1}:A1048576`).join(" "))],
    [
      "a format for all cells",
      `<conditionalFormatting sqref="A:XFD"><cfRule type="expression"><formula>A1&gt;1</formula></cfRule></conditionalFormatting>`,
    ],
    ["one cell merged of all", `<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>`],
    ["a size that is announced and not there", `<dimension ref="A1:XFD1048576"/>`],
  ];
  it.each(rows)("%s", async (_what, more) => {
    const parts = workbookParts(textRow(1, "a") + textRow(2, "b")).map((part) =>
      part.name.endsWith("sheet1.xml")
        ? { ...part, content: String(part.content).replace("</worksheet>", `${more}</worksheet>`) }
        : part,
    );
    expect((await read(packArchive(parts))).rows).toEqual([["a"], ["b"]]);
  });
});

describe("what cannot be read is refused:", () => {
  const huge = Buffer.alloc(65 * 1024 * 1024);
  const strings = Array.from({ length: 300_000 }, (_, index) => `<si><t>string ${index}</t></si>`).join("");
  const replaced = (name: string, change: object) =>
    workbookParts(textRow(1, "a")).map((part) => (part.name === name ? { ...part, ...change } : part));
  const sheet = "xl/worksheets/sheet1.xml";
  const rows: [what: string, make: () => string | Uint8Array, message: RegExp][] = [
    ["an empty file", () => "", /^file: is empty$/],
    [
      "an old or encrypted workbook",
      () => Buffer.from("d0cf11e0a1b11ae1".padEnd(64, "0"), "hex"),
      /old .xls form, or one with a password/,
    ],
    ["an encrypted archive", () => packArchive(replaced(sheet, { flags: 1 })), /protected by a password/],
    [
      "an archive of something else",
      () => packArchive([{ name: "word/document.xml", content: "<a/>" }]),
      /no \.xlsx workbook/,
    ],
    [
      "an archive within an archive",
      () => packArchive([{ name: "inner.xlsx", content: packWorkbook(textRow(1, "a")) }]),
      /no \.xlsx workbook/,
    ],
    ["an archive that is cut off", () => packWorkbook(textRow(1, "a")).subarray(0, 300), /broken archive/],
    ["a picture", () => Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), /neither csv nor xlsx/],
    ["a file of zeros", () => Buffer.alloc(1000), /neither csv nor xlsx/],
    [
      "a bomb",
      () => packArchive([...workbookParts(""), { name: "xl/sharedStrings.xml", content: huge }]),
      /unpacks to too much/,
    ],
    [
      "a sheet that announces 4 GiB",
      () => packArchive(replaced(sheet, { announced: 0xffff_ffff })),
      /unpacks to too much/,
    ],
    ["a part that lies about its size", () => packArchive(replaced(sheet, { announced: 20 })), /broken archive/],
    ["two parts of one name", () => packArchive([...workbookParts(""), ...workbookParts("")]), /broken archive/],
    [
      "the last cell of a sheet",
      () => packWorkbook('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
      /has 16384 columns/,
    ],
    ["a row beyond all rows", () => packWorkbook(textRow(1_048_577, "a")), /more than 1048576 rows/],
    ["10 000 columns", () => `${"a,".repeat(9999)}a\n`, /has 10000 columns in row 1; at most 1000/],
    ["a quote that is never closed", () => 'a,b\n1,2\n3,"4\n5,6\n', /quote is never closed \(row 3\)/],
    ["something behind a quote", () => 'a,b\n"1"2,3\n', /behind the closing quote.* \(row 2\)/],
    ["a quote in the middle", () => 'a,b\n1"2,3\n', /quote within a cell.* \(row 2\)/],
    ["a line without end", () => "x".repeat(17 * 1024 * 1024), /more than 16777216 characters/],
  ];
  it.each(rows)("%s", async (_what, make, message) => {
    await expect(read(make())).rejects.toMatchObject({ status: 400, message: expect.stringMatching(message) });
  });

  it("text that is not in the encoding that was told", async () => {
    const content = Buffer.from("name\nZoé\n", "latin1");
    await expect(read(content, { encoding: "utf-8" })).rejects.toThrow(/is not text in utf-8/);
  });

  it("what takes too much memory, and the next file is read", async () => {
    const small = builtReader({ memory: 24 });
    const workbook = packWorkbook(textRow(1, "a"), strings);
    await expect(read(workbook, {}, small)).rejects.toMatchObject({
      status: 413,
      message: expect.stringMatching(/too much memory/),
    });
    expect((await read("a\n1\n", {}, small)).rows).toEqual([["a"], ["1"]]);
  });

  it("what takes too long", async () => {
    const hasty = builtReader({ patience: 1 });
    await expect(read("a\n1\n", {}, hasty)).rejects.toMatchObject({
      status: 413,
      message: expect.stringMatching(/too long/),
    });
  });

  it("no file because another one was given up", async () => {
    const single = builtReader({ most: 1 });
    const long = `a\n${"1\n".repeat(200_000)}`;
    const path = join(folder, "long");
    writeFileSync(path, long);
    const descriptor = openSync(path, "r");
    const stopped = single.read({ descriptor }, {}, async ({ parts }) => {
      await parts.next();
      throw new Error("not wanted any more");
    });
    await expect(stopped).rejects.toThrow("not wanted any more");
    closeSync(descriptor);
    expect((await read("a\n1\n", {}, single)).rows).toHaveLength(2);
  });
});
