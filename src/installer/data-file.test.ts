/** Data files: what an entry is, and what a wrong one is told. */
import { describe, expect, it } from "vitest";
import { fingerprintOf, parseDataFile, parseDataFiles } from "./data-file.ts";
import type { Manifest } from "./manifest.ts";

it("gives its entries in their order", () => {
  const text = `
- data_type: Category
  identifier: desks
  values: { name: Desks }
- data_type: Category
  identifier: chairs
  apply_once: true
  values: { name: "Chairs", parent: desks, sequence: 10, code: 010, date: 2026-01-31, off: no }
`;
  const problems: string[] = [];
  expect(parseDataFile(text, "shop", "shop/a.yaml", problems)).toEqual([
    {
      dataType: "Category",
      identifier: "shop.desks",
      applyOnce: false,
      madeBy: null,
      run: [],
      values: { name: "Desks" },
      file: "shop/a.yaml",
      place: "shop/a.yaml, desks",
    },
    {
      dataType: "Category",
      identifier: "shop.chairs",
      applyOnce: true,
      madeBy: null,
      run: [],
      // YAML 1.2: dates and yes/no stay texts.
      values: { name: "Chairs", parent: "desks", sequence: 10, code: 10, date: "2026-01-31", off: "no" },
      file: "shop/a.yaml",
      place: "shop/a.yaml, chairs",
    },
  ]);
  expect(problems).toEqual([]);
  expect(parseDataFile("# nothing yet\n", "shop", "shop/a.yaml", problems)).toEqual([]);
});

describe("a wrong file", () => {
  const entry = (more: string) => `- data_type: Category\n  identifier: desks\n  values: {}\n${more}`;
  const rows: [what: string, text: string, ...expected: RegExp[]][] = [
    ["broken YAML", "- a: [", /^shop\/a.yaml:\d+:\d+ is not valid YAML: /],
    ["a mapping", "data_type: X", /^shop\/a.yaml: must be a list of entries/],
    ["an entry that is a text", "- hello", /^shop\/a.yaml, entry 1: must be a mapping with the keys data_type/],
    ["an unknown key", entry("  noupdate: true"), /^shop\/a.yaml, desks: noupdate is not a key/],
    ["a key twice", entry("  values: {}"), /^shop\/a.yaml:4:3 is not valid YAML/],
    ["no values", "- data_type: X\n  identifier: a", /^shop\/a.yaml, a: must have values, or made_by$/],
    ["a list of values", "- data_type: X\n  identifier: a\n  values: []", /^shop\/a.yaml, a: values must be a mapping/],
    ["a qualified identifier", "- data_type: X\n  identifier: b.a\n  values: {}", /, b.a: identifier must be small/],
    ["a bad model", "- data_type: x\n  identifier: a\n  values: {}", /, a: data_type must be the name of a model$/],
    ["a word for a switch", entry("  apply_once: yes"), /, desks: apply_once must be true or false$/],
    [
      "several wrong entries",
      "- data_type: X\n- identifier: b\n  values: {}",
      /^shop\/a.yaml, entry 1: identifier is missing$/,
      /^shop\/a.yaml, b: data_type is missing$/,
    ],
    [
      "neither values nor a method",
      "- data_type: X\n  identifier: b",
      /^shop\/a.yaml, b: must have values, or made_by$/,
    ],
    [
      "methods of a record that is kept equal",
      entry("  run: [post]"),
      /, desks: methods are called once: .* apply_once: true$/,
    ],
    [
      "a call without a method",
      "- data_type: X\n  identifier: b\n  apply_once: true\n  made_by: { of: [a] }",
      /^shop\/a.yaml, b: made_by: method is missing$/,
    ],
    ["an unknown anchor", "- *v", /^shop\/a.yaml is not valid YAML: Unresolved alias/],
  ];
  it.each(rows)("%s", (_what, text, ...expected) => {
    const problems: string[] = [];
    parseDataFile(text, "shop", "shop/a.yaml", problems);
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("an identifier of another file", () => {
    const manifest = { identifier: "shop", data: ["a.yaml", "b.yaml"], demo: ["c.yaml"] } as unknown as Manifest;
    const texts = new Map(["a.yaml", "b.yaml", "c.yaml"].map((file) => [file, entry("")]));
    expect(() => parseDataFiles(manifest, texts, true)).toThrow(
      "shop/b.yaml, desks: identifier is taken by shop/a.yaml, desks\n" +
        "shop/c.yaml, desks: identifier is taken by shop/b.yaml, desks",
    );
    expect(parseDataFiles(manifest, new Map([["a.yaml", entry("")]]), false).data).toHaveLength(1);
  });
});

it("a fingerprint changes with names and contents, and with their order", () => {
  const prints = [
    [],
    [["a", "1"]],
    [["a", "2"]],
    [["b", "1"]],
    [
      ["a", "1"],
      ["b", ""],
    ],
    [
      ["b", ""],
      ["a", "1"],
    ],
    [["a", '1"],["b","']],
  ].map((pairs) => fingerprintOf(new Map(pairs as [string, string][])));
  expect(new Set(prints).size).toBe(prints.length);
});
