/** Proves that the whole source tree keeps the layout and the rules of style that a machine can see. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findCycles } from "./architecture/import-cycle.ts";
import { checkImports } from "./architecture/import-rank.ts";
import { loadSourceFiles } from "./architecture/source-file.ts";
import { sourceRules } from "./architecture/source-rule.ts";

const files = loadSourceFiles(fileURLToPath(new URL("..", import.meta.url)));

/** Somewhat below the present numbers, so that a search that goes astray cannot pass for a clean tree. */
const fewest = { files: 250, imports: 1000 };

test("the search sees the tree", () => {
  expect(files.length).toBeGreaterThanOrEqual(fewest.files);
  expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThanOrEqual(fewest.imports);
  expect(files.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["src/errors.ts", "src/sql/fragment.ts", "scripts/build.mjs", "test/architecture.test.ts"]),
  );
});

test("imports point down", () => {
  expect(files.flatMap(checkImports)).toEqual([]);
});

test("imports form no circles", () => {
  expect(findCycles(files)).toEqual([]);
});

test.each(Object.entries(sourceRules))("%s", (_name, rule) => {
  expect(files.flatMap(rule)).toEqual([]);
});
