/** Proves on a small project of its own that the build script builds when, and only when, something has changed. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const project = fileURLToPath(new URL("..", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fullfinity-build-"));
  mkdirSync(join(folder, "scripts"));
  cpSync(join(project, "scripts/build.mjs"), join(folder, "scripts/build.mjs"));
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  write("package.json", '{ "type": "module" }');
  write("package-lock.json", "{}");
  write("src/registry.ts", "export const registry: string[] = [];\n");
  write("src/index.ts", 'export { registry } from "./registry.ts";\n');
  write("src/main.ts", mainSource("first"));
  write(
    "modules/core/module.ts",
    'import { registry } from "fullfinity";\nregistry.push("core");\nexport default "core";\n',
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that loads the core module as the server does, by its place, and prints what both sides see. */
function mainSource(word: string): string {
  return `import { registry } from "./registry.ts";
const path: string = "../modules/core/module.js";
const loaded = await import(new URL(path, import.meta.url).href);
console.log("${word}", loaded.default, registry.join());
`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
}

/** Runs the build script; true when it built, which it says in exactly one line. */
function builds(...args: string[]): boolean {
  const { status, stdout, stderr } = node("scripts/build.mjs", ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^(built dist: \d+ files in \d+ ms\n)?$/);
  return stdout !== "";
}

/** One change after the other, on one project: what is done, and whether the next start has to build. */
const changes: readonly [change: string, apply: () => void, stale: boolean][] = [
  ["the first start", () => {}, true],
  ["nothing", () => {}, false],
  ["a new time on a source", () => utimesSync(join(folder, "src/main.ts"), 1, 1), false],
  ["a changed source", () => write("src/main.ts", mainSource("other")), true],
  [
    "a changed module",
    () => write("modules/core/module.ts", `${readFileSync(join(folder, "modules/core/module.ts"))}\n`),
    true,
  ],
  ["an added source that nothing imports", () => write("src/later.ts", "export const later = 1;\n"), true],
  ["a deleted source", () => rmSync(join(folder, "src/later.ts")), true],
  ["an added test", () => write("src/main.test.ts", "export {};\n"), false],
  ["an added data file", () => write("modules/core/data/country.yaml", "[]\n"), false],
  ["a changed lock file", () => write("package-lock.json", '{ "lockfileVersion": 3 }'), true],
  [
    "a changed build script",
    () => write("scripts/build.mjs", `${readFileSync(join(folder, "scripts/build.mjs"))}\n`),
    true,
  ],
  ["a deleted output", () => rmSync(join(folder, "dist/src/main.js")), true],
  ["a damaged stamp", () => write("dist/.build.json", "{"), true],
  ["a deleted dist", () => rmSync(join(folder, "dist"), { recursive: true }), true],
  ["an added module", () => write("modules/sales/module.ts", 'export default "sales";\n'), true],
  ["a deleted module", () => rmSync(join(folder, "modules/sales"), { recursive: true }), true],
];

test("the build runs exactly when something it depends on has changed", () => {
  for (const [change, apply, stale] of changes) {
    apply();
    expect([change, builds()]).toEqual([change, stale]);
    expect([change, builds()]).toEqual([change, false]);
  }
  expect(builds("--force")).toBe(true);
});

test("what is built runs, shares one kernel between server and modules, and holds no data files", () => {
  builds();
  expect(node("dist/src/main.js")).toMatchObject({ stdout: "other core core\n", status: 0 });
  expect(existsSync(join(folder, "dist/src/main.js.map"))).toBe(true);
  expect(readdirSync(join(folder, "dist/modules"), { recursive: true })).toEqual([
    "core",
    "core/module.js",
    "core/module.js.map",
  ]);
});

test("a fault in a source fails with its place and leaves the last build", () => {
  write("src/main.ts", "export const = 1;\n");
  const { status, stdout, stderr } = node("scripts/build.mjs");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("src/main.ts:1:13");
  expect(node("dist/src/main.js").stdout).toBe("other core core\n");
});
