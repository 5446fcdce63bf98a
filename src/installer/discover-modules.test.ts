/** Manifests: what is read from them, their order, and every mistake in one error. */

import { mkdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoverModules, orderModules } from "./discover-modules.ts";
import { InstallError } from "./install-error.ts";
import { loadModules, modulesFolder } from "./load-modules.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

const good = 'name: Sales\nidentifier: sales\nversion: "1.2.0"\nsummary: Orders.\ndependencies: [core]\n';

/** What one manifest with other lines is told. */
function problems(change: (text: string) => string): string[] {
  const found: string[] = [];
  const manifest = parseManifest(change(good), "sales/manifest.yaml", "/modules/sales", found);
  expect(manifest === undefined).toBe(found.length > 0);
  return found;
}

describe("a manifest", () => {
  it("is read", () => {
    expect(parseManifest(`${good}data: [data/a.yaml]\n`, "f", "/modules/sales", [])).toEqual({
      name: "Sales",
      identifier: "sales",
      version: "1.2.0",
      summary: "Orders.",
      dependencies: ["core"],
      data: ["data/a.yaml"],
      demo: [],
      ledger: [],
      folder: "/modules/sales",
    });
  });

  const rows: [what: string, change: (text: string) => string, ...expected: RegExp[]][] = [
    ["nothing", () => "", /^sales\/manifest.yaml: must be a mapping with the keys name, identifier/],
    ["a list", () => "- a", /must be a mapping/],
    ["broken YAML", (text) => `${text}data: [a`, /^sales\/manifest.yaml:\d+:\d+ is not valid YAML: /],
    ["a key twice", (text) => `${text}name: Again`, /^sales\/manifest.yaml:6:1 is not valid YAML: /],
    ["an unknown key", (text) => `${text}depends: []`, /manifest.yaml: depends is not a key; there are name, /],
    ["a dangerous key", (text) => `${text}__proto__: {}`, /__proto__ is not a key/],
    ["a missing key", (text) => text.replace(/summary.*\n/, ""), /^sales\/manifest.yaml: summary is missing$/],
    ["an empty name", (text) => text.replace("Sales", '" "'), /name must be a text$/],
    ["a number for a version", (text) => text.replace('"1.2.0"', "1.2"), /version must be a version such as/],
    ["no semantic version", (text) => text.replace("1.2.0", "1.2"), /version must be/],
    ["leading zeros", (text) => text.replace("1.2.0", "1.02.0"), /version must be/],
    [
      "a bad identifier",
      (text) => text.replace("identifier: sales", "identifier: Sales-x"),
      /identifier must be small/,
    ],
    ["a text for a list", (text) => text.replace("[core]", "core"), /dependencies must be a list of identifiers/],
    ["a dependency twice", (text) => text.replace("[core]", "[core, core]"), /dependencies has "core" twice$/],
    [
      "a file outside",
      (text) => `${text}data: [../core/data/x.yaml]`,
      /data must be .*; "..\/core\/data\/x.yaml" is none/,
    ],
    ["an absolute file", (text) => `${text}demo: [/etc/x.yaml]`, /demo must be/],
    ["several", (text) => `${text.replace("core", "C")}x: 1`, /dependencies must be/, /x is not a key/],
  ];
  it.each(rows)("with %s", (_what, change, ...expected) => {
    expect(problems(change)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });
});

/** Modules by `identifier: dependencies`. */
function manifests(graph: Readonly<Record<string, string>>): Manifest[] {
  return Object.entries(graph).map(([identifier, needs]) => ({
    name: identifier,
    identifier,
    version: "1.0.0",
    summary: "",
    dependencies: needs.split(" ").filter((name) => name !== ""),
    data: [],
    demo: [],
    ledger: [],
    folder: "",
  }));
}

describe("the order", () => {
  const rows: [graph: Readonly<Record<string, string>>, expected: string][] = [
    [{ core: "" }, "core"],
    [{ c: "b", b: "a", a: "" }, "a b c"],
    [{ z: "", a: "z", m: "z" }, "z a m"],
    [{ sales: "contacts products", products: "core", contacts: "core", core: "" }, "core contacts products sales"],
  ];
  it.each(rows)("of %j", (graph, expected) => {
    expect(orderModules(manifests(graph)).map(({ identifier }) => identifier)).toEqual(expected.split(" "));
  });

  const wrong: [graph: Readonly<Record<string, string>>, ...expected: string[]][] = [
    [{ a: "b" }, "a/manifest: needs the module b, which is not there"],
    [{ a: "a" }, "a needs a: modules must not need each other"],
    [{ a: "b", b: "c", c: "b", d: "a" }, "b needs c needs b: modules must not need each other"],
    [
      { a: "x y", b: "c", c: "b" },
      "a/manifest: needs the module x, which is not there",
      "a/manifest: needs the module y, which is not there",
      "b needs c needs b: modules must not need each other",
    ],
  ];
  it.each(wrong)("of %j is refused", (graph, ...expected) => {
    expect(() => orderModules(manifests(graph))).toThrow(new InstallError(expected));
  });
});

describe("a folder", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fullfinity-modules-"));
    for (const name of ["sales", "notes", "other"]) mkdirSync(join(folder, name));
    await writeFile(join(folder, "README.md"), "");
    await writeFile(join(folder, "sales", "manifest.yaml"), `${good}colour: red\n`);
    await writeFile(join(folder, "other", "manifest.yaml"), good);
  });

  afterAll(() => rm(folder, { recursive: true }));

  it("tells the mistakes of all its manifests at once", async () => {
    const error = await discoverModules(folder).catch((reason: unknown) => reason);
    expect((error as InstallError).problems.toSorted()).toEqual([
      "other/manifest.yaml: identifier must be the name of the folder, other",
      expect.stringMatching(/^sales\/manifest.yaml: colour is not a key/),
    ]);
  });

  it("may have manifests in JSON, each module one", async () => {
    const own = await mkdtemp(join(tmpdir(), "fullfinity-modules-"));
    mkdirSync(join(own, "fleet"));
    const manifest = { name: "Fleet", identifier: "fleet", version: "1.0.0", summary: "Cars.", dependencies: [] };
    await writeFile(join(own, "fleet", "manifest.json"), JSON.stringify(manifest, null, "\t"));
    expect(await discoverModules(own)).toMatchObject([{ ...manifest, data: [], folder: join(own, "fleet") }]);
    await writeFile(join(own, "fleet", "manifest.yaml"), "name: Fleet\n");
    await expect(discoverModules(own)).rejects.toThrow(
      "fleet/manifest.json: there is fleet/manifest.yaml already; a module has one manifest",
    );
    await rm(own, { recursive: true });
  });

  it("of the project holds the shipped modules, whose code can be loaded", async () => {
    const found = await discoverModules(modulesFolder);
    const order = found.map(({ identifier }) => identifier);
    expect(order[0]).toBe("core");
    expect(order).toEqual(expect.arrayContaining(["contacts", "products"]));
    const loaded = await loadModules(found);
    expect(loaded.map(({ definition }) => definition.models.length > 0)).toEqual(found.map(() => true));
    expect(loaded[0]?.groups).toEqual(["core_internal", "core_portal", "core_public", "core_admin"]);
  });

  it("tells which code cannot be loaded", async () => {
    const load = async (address: string) => {
      if (address.includes("/a/")) throw new Error("no such file");
      return { default: { models: 1 } };
    };
    const given = manifests({ a: "", b: "" }).map((each) => ({ ...each, folder: `/modules/${each.identifier}` }));
    await expect(loadModules(given, load)).rejects.toThrow(
      "a: its code cannot be loaded: no such file\n" +
        "b: file:///modules/b/module.ts must have a default export made by defineModule",
    );
  });
});
