/** Proves with the compiler that right module code compiles and that each mistake of the wrong kind is an error of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tutorialFiles } from "./support/document-example.ts";

const project = fileURLToPath(new URL("..", import.meta.url));
const MARK = "// @ts-expect-error";

let folder: string;
/** What the compiler says, as `file:line`, each place once. */
let places: string[];
let output: string;

/** The files of both kinds, and those of the tutorial, in a project of their own; the marks of the wrong one become plain comments, so that nothing is expected. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fullfinity-typing-"));
  const settings = {
    extends: join(project, "tsconfig.json"),
    compilerOptions: {
      paths: { fullfinity: [join(project, "src/index.ts")] },
      typeRoots: [join(project, "node_modules/@types")],
      tsBuildInfoFile: join(folder, "tsc.tsbuildinfo"),
    },
    include: [folder, join(project, "modules/*/models")],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  for (const name of ["right.ts", "call.ts", "wrong.ts"]) {
    const text = load(name).replaceAll("../../src/", join(project, "src/"));
    writeFileSync(join(folder, name), text.replaceAll(MARK, "// mistake:"));
  }
  for (const { path, text } of tutorialFiles) {
    if (!path.endsWith(".ts") || path.endsWith(".test.ts")) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const compiler = join(project, "node_modules/.bin/tsc");
  ({ stdout: output } = spawnSync(compiler, ["--project", folder, "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  }));
  const found = [...output.matchAll(/^(.+?)\((\d+),\d+\): error TS/gm)].map(([, file, line]) => `${file}:${line}`);
  places = [...new Set(found)];
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(name: string): string {
  return readFileSync(join(project, "test/typing", name), "utf8");
}

test("right code compiles, and so does the tutorial", () => {
  expect(tutorialFiles.filter(({ path }) => path.endsWith(".ts")).length).toBeGreaterThan(3);
  expect(places.filter((place) => !place.startsWith("wrong.ts:")).join("\n")).toBe("");
  expect(output).not.toMatch(/right\.ts|call\.ts/);
});

test("each wrong line is an error, and no other line is", () => {
  const lines = load("wrong.ts").split("\n");
  const marked = lines.flatMap((line, index) => (line.includes(MARK) ? [`wrong.ts:${index + 2}`] : []));
  expect(marked.length).toBeGreaterThan(60);
  const show = (all: string[]) => all.map((place) => `${place} ${lines[Number(place.split(":")[1]) - 1]?.trim()}`);
  expect(show(places.filter((place) => place.startsWith("wrong.ts:")))).toEqual(show(marked));
});
