/** The file of a declaration, from whatever kind of stack the runtime gives. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { UserContact } from "../../modules/contacts/models/contact.ts";
import { User } from "../../modules/core/models/user.ts";
import { fileOfFrame } from "./caller-file.ts";

const rows: readonly (readonly [line: string, file: string])[] = [
  ["    at file:///srv/app/modules/core/models/user.ts:14:21", "modules/core/models/user.ts"],
  ["    at /srv/app/modules/core/models/user.ts:14:21", "modules/core/models/user.ts"],
  ["    at Object.<anonymous> (/srv/app/modules/core/models/user.ts:14:21)", "modules/core/models/user.ts"],
  ["    at async file:///srv/app/modules/core/models/user.ts:14:21", "modules/core/models/user.ts"],
  ["    at <anonymous> (file:///srv/app/dist/modules/core/module.js:14:21)", "dist/modules/core/module.js"],
  ["    at file:///srv/app/modules/a%20b/x.ts:1:1", "modules/a b/x.ts"],
  ["    at /srv/app/modules/a (b)/x.ts:1:1", "modules/a (b)/x.ts"],
  ["    at /srv/app/modules/sales/test/x.ts:1:1", "modules/sales/test/x.ts"],
  ["    at /opt/src/test/modules/sales/test/x.ts:1:1", "modules/sales/test/x.ts"],
  ["    at /opt/src/other/src/models/x.ts:1:1", "src/models/x.ts"],
  ["    at /opt/other/x.ts:1:1", "/opt/other/x.ts"],
  ["    at C:\\app\\modules\\core\\x.ts:1:1", "modules/core/x.ts"],
  ["    at new Promise (<anonymous>)", "unknown file"],
  ["", "unknown file"],
];

test.each(rows)("%s", (line, file) => {
  expect(fileOfFrame(line, "/srv/app")).toBe(file);
});

test("declarations know where they stand", () => {
  expect(User.file).toBe("modules/core/models/user.ts");
  expect(UserContact.file).toBe("modules/contacts/models/contact.ts");
});

test("declarations know where they stood before they were built", async () => {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "fullfinity-caller-"));
  try {
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
    await build({
      absWorkingDir: project,
      entryPoints: ["modules/contacts/module.ts"],
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      alias: { fullfinity: "./src/index.ts" },
      sourcemap: true,
      sourcesContent: false,
      outfile: join(folder, "module.mjs"),
    });
    const program = `const { default: module } = await import(${JSON.stringify(pathToFileURL(join(folder, "module.mjs")).href)});
      console.log(...[...module.models, ...module.extensions].map(({ file }) => file));`;
    const started = spawnSync(process.execPath, ["--enable-source-maps", "--input-type=module", "--eval", program], {
      cwd: project,
      encoding: "utf8",
    });
    expect(started.stderr).toBe("");
    expect(new Set(started.stdout.trim().split(" "))).toEqual(new Set(["modules/contacts/models/contact.ts"]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
