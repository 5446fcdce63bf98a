/** The tutorial is true: its module is installed as it stands, its requests are answered as it says, and its own test passes. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModules } from "../src/installer/load-modules.ts";
import { parseManifest } from "../src/installer/manifest.ts";
import { parseExamples, project, stable, tutorial, tutorialFiles } from "./support/document-example.ts";
import { startTestServer, type TestServer } from "./support/server.ts";

const folder = join(project, `dist/tutorial-${process.pid}`);
for (const { path, text } of tutorialFiles) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

let api: TestServer;
beforeAll(async () => {
  const problems: string[] = [];
  const text = readFileSync(join(folder, "library/manifest.yaml"), "utf8");
  const manifest = parseManifest(text, "library/manifest.yaml", join(folder, "library"), problems);
  if (manifest === undefined) throw new Error(problems.join("; "));
  api = await startTestServer({ installs: await loadModules([manifest]) });
});
afterAll(async () => {
  await api?.close();
  rmSync(folder, { recursive: true, force: true });
});

const examples = parseExamples(tutorial);

test("has files and examples", () => {
  expect(tutorialFiles).toHaveLength(tutorial.match(/^`library\//gm)?.length ?? 0);
  expect(tutorialFiles.length).toBeGreaterThan(5);
  expect(examples).toHaveLength(tutorial.split("```http").length - 1);
  expect(examples.length).toBeGreaterThan(7);
});

// They build on each other, so they are sent in their order.
test.each(examples)("$title", async ({ method, path, headers, body, status, answer }) => {
  const given = await api.call(method, path, body, { headers });
  expect({ status: given.status, answer: stable(given.json) }).toEqual({ status, answer: stable(answer) });
});

// Its tests are taken into this file.
await import(pathToFileURL(join(folder, "library/library.test.ts")).href);
