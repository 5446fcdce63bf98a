/** Shows with small graphs that circles are found and everything else is not one. */
import { expect, test } from "vitest";
import { findCycles } from "./import-cycle.ts";
import { parseSource } from "./source-file.ts";

const rows: readonly [what: string, graph: Record<string, string>, cycles: readonly string[]][] = [
  ["a chain", { a: 'import "./b.ts";', b: 'import "./c.ts";', c: "" }, []],
  ["a diamond", { a: 'import "./b.ts"; import "./c.ts";', b: 'import "./d.ts";', c: 'import "./d.ts";', d: "" }, []],
  ["a package of a file's name", { a: 'import "a";' }, []],
  ["two files", { a: 'import "./b.ts";', b: 'import "./a.ts";' }, ["x/a.ts -> x/b.ts -> x/a.ts"]],
  ["a file itself", { a: 'import "./a.ts";' }, ["x/a.ts -> x/a.ts"]],
  ["types", { a: 'import type { B } from "./b.ts";', b: 'export * from "./a.ts";' }, ["x/a.ts -> x/b.ts -> x/a.ts"]],
  [
    "a circle that is not at the start",
    { a: 'import "./b.ts";', b: 'import "./c.ts";', c: 'import "./d.ts";', d: 'import "./b.ts";' },
    ["x/b.ts -> x/c.ts -> x/d.ts -> x/b.ts"],
  ],
  [
    "a file named twice",
    { a: 'import "./b.ts"; import type { B } from "./b.ts";', b: 'import "./a.ts";' },
    ["x/a.ts -> x/b.ts -> x/a.ts"],
  ],
];

test.each(rows)("%s", (_what, graph, cycles) => {
  const files = Object.entries(graph).map(([name, code]) => parseSource(`x/${name}.ts`, code));
  expect(findCycles(files)).toEqual(cycles);
});
