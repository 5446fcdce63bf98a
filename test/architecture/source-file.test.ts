/** Shows what counts as an import and what only looks like one. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rows are code
import { expect, test } from "vitest";
import { type Import, isTest, parseSource, resolveSpecifier } from "./source-file.ts";

type Found = readonly [specifier: string | undefined, typeOnly: boolean];

const rows: readonly [code: string, imports: readonly Found[]][] = [
  ['import { a } from "./a.ts";', [["./a.ts", false]]],
  ["import a from './a.ts'", [["./a.ts", false]]],
  ['import "./a.ts";', [["./a.ts", false]]],
  ['import\n  * as a\n  from // why\n  "./a.ts";', [["./a.ts", false]]],
  [
    'import{a}from"./a.ts";import{b}from"./b.ts"',
    [
      ["./a.ts", false],
      ["./b.ts", false],
    ],
  ],
  ['import type { A } from "./a.ts";', [["./a.ts", true]]],
  ['import { type A } from "./a.ts";', [["./a.ts", false]]],
  ['export { a } from "./a.ts";', [["./a.ts", false]]],
  ['export * from "./a.ts";', [["./a.ts", false]]],
  ['export type { A } from "./a.ts";', [["./a.ts", true]]],
  ['export type * from "./a.ts";', [["./a.ts", true]]],
  ['const a = await import("./a.ts");', [["./a.ts", false]]],
  ["const a = () => import(`./a.ts`);", [["./a.ts", false]]],
  ["const a = (name: string) => import(`./${name}.ts`);", [[undefined, false]]],
  ["const a = (name: string) => import(name);", [[undefined, false]]],
  [
    'let a: import("./a.ts").A | typeof import("./b.ts");',
    [
      ["./a.ts", true],
      ["./b.ts", true],
    ],
  ],
  ['const a = `one ${await import("./a.ts")} two`;', [["./a.ts", false]]],
  ['const a = `one ${`two ${import("./a.ts")}`} } import("./b.ts")`;', [["./a.ts", false]]],
  ["const a = \"import { a } from './a.ts'\";", []],
  ["const a = 'it\\'s import(\"./a.ts\")';", []],
  ['const a = `import { a } from "./a.ts";`;', []],
  ['// import { a } from "./a.ts"', []],
  ['/** import("./a.ts")\n * export * from "./b.ts" */', []],
  ['const a = /import("a")|[/"]export * from "b"/;', []],
  ['const a = 4 / 2; import("./a.ts"); const b = a / 2;', [["./a.ts", false]]],
  ['export const a = { import: "./a.ts", from: "./b.ts" }; a.import;', []],
  ["const from = 1; export { from }; export default from;", []],
  ["import.meta.url;", []],
];

test.each(rows)("%j", (code, expected) => {
  const found = parseSource("src/x.ts", code).imports.map(({ specifier, typeOnly }) => [specifier, typeOnly]);
  expect(found).toEqual(expected);
});

test("markup may hold anything, and code in it counts", () => {
  const { imports } = parseSource(
    "web/x.tsx",
    `export const a = <p title="import('./a.ts')">it's // {import("./b.ts")}</p>;`,
  );
  expect(imports).toEqual<Import[]>([{ specifier: "./b.ts", typeOnly: false, line: 1 }]);
});

test("an import knows its line", () => {
  expect(parseSource("src/x.ts", '\n/* é\n😀 */ import "./a.ts";').imports[0]?.line).toBe(3);
});

test("code that does not parse is an error", () => {
  expect(() => parseSource("src/x.ts", 'import { from "./a.ts"')).toThrow();
});

test.each([
  ["src/query/read.ts", "./path.ts", "src/query/path.ts"],
  ["src/query/read.ts", "../fields/char.ts", "src/fields/char.ts"],
  ["src/main.ts", "./q/parse.ts", "src/q/parse.ts"],
  ["src/main.ts", "fastify", undefined],
  ["src/main.ts", "node:fs", undefined],
])("from %s, %s is %s", (from, specifier, path) => expect(resolveSpecifier(from, specifier)).toBe(path));

test.each([
  ["src/q/parse.test.ts", true],
  ["test/support/database.ts", true],
  ["web/form.test.tsx", true],
  ["src/q/test.ts", false],
  ["src/q/parse.ts", false],
])("%s is a test: %s", (path, yes) => expect(isTest(path)).toBe(yes));
