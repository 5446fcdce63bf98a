/** What becomes of the entries of a module's data files on a real database: the first time, and when they change. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createInstalledDatabase, type InstalledDatabase } from "../../test/support/installed-database.ts";
import { unrestrictedAccess } from "../access/access.ts";
import { Environment } from "../records/environment.ts";
import { PlanCache } from "../records/plan-cache.ts";
import { raw } from "../sql/fragment.ts";
import { discoverModules } from "./discover-modules.ts";
import { type Installed, installModules } from "./install-modules.ts";
import { modulesFolder } from "./load-modules.ts";
import type { Manifest } from "./manifest.ts";

let installed: InstalledDatabase;
let env: Environment;
let shipped: readonly Manifest[];
let folder: string;
let count = 0;
/** A module of its own for each test. */
let extra: Manifest;

beforeAll(async () => {
  installed = await createInstalledDatabase();
  const { database, registry } = installed;
  env = new Environment({ access: unrestrictedAccess(registry), database, plans: new PlanCache() });
  shipped = await discoverModules(modulesFolder);
});

afterAll(() => installed.drop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fullfinity-data-"));
  const identifier = `extra${++count}`;
  extra = {
    ...(shipped[0] as Manifest),
    identifier,
    folder,
    dependencies: ["core"],
    data: ["a.yaml"],
    demo: ["b.yaml"],
  };
  return () => rm(folder, { recursive: true });
});

const sql = (text: string) => installed.database.run(raw(text));

/** Installs the module with these files, or upgrades it. */
async function apply(data: string, demo?: string, version = "1.0.0"): Promise<Installed> {
  await writeFile(join(folder, "a.yaml"), data);
  await writeFile(join(folder, "b.yaml"), demo ?? "");
  const options = { demo: demo !== undefined, adminPassword: null, onProgress: () => {} };
  return installModules(env, [...shipped, { ...extra, version }], options);
}

/** An entry for a category; `more` are further values or keys. */
const category = (identifier: string, name: string, more = "", once = false) =>
  `- data_type: Category\n  identifier: ${identifier}\n  apply_once: ${once}\n  values: { name: ${name}${more} }\n`;

interface CategoryRow {
  readonly name: string;
  readonly parent: string | null;
  readonly version: number;
}

/** The categories whose name begins with a word, in the order of their making. */
function categories(start: string): Promise<CategoryRow[]> {
  return installed.database.rows<CategoryRow>({
    text: `SELECT c.name, p.name AS parent, c.version FROM category c LEFT JOIN category p ON p.id = c.parent_id
      WHERE starts_with(c.name, $1) ORDER BY c.id`,
    values: [start],
  });
}

describe("references", () => {
  it("to earlier entries of the file, of the demo file and of other modules", async () => {
    const user = (name: string, group: string) =>
      `- data_type: Group\n  identifier: ${name}\n  values:\n    { name: ${name}, identifier: ${name}, implied_groups: [${group}] }\n`;
    const data = category("a", "RefA") + category("b", "RefB", ", parent: a") + user("ref_user", "core.core_internal");
    const demo =
      category("c", "RefC", `, parent: ${extra.identifier}.b`) + user("ref_boss", "ref_user, core.core_admin");
    expect(await apply(data, demo)).toMatchObject({ installed: [extra.identifier], upgraded: [] });
    expect((await categories("Ref")).map(({ name, parent }) => [name, parent])).toEqual([
      ["RefA", null],
      ["RefB", "RefA"],
      ["RefC", "RefB"],
    ]);
    const boss = await env.model("Group").filter({ identifier: "ref_boss" }).all("implied_groups");
    expect(boss[0]?.implied_groups.map((group) => group.display_name).sort()).toEqual(["Administrator", "ref_user"]);
  });

  const wrong: [what: string, data: string, expected: RegExp][] = [
    [
      "an unknown identifier",
      category("a", "X", ", parent: nope"),
      /, a: parent: "nope" is not an identifier of a Category/,
    ],
    ["a later entry", category("a", "X", ", parent: b") + category("b", "Y"), /, a: parent: "b" is not an identifier/],
    [
      "a record of another model",
      category("a", "X", ", parent: core.currency_eur"),
      /, a: parent: "core.currency_eur" is not/,
    ],
    ["an id", category("a", "X", ", parent: 1"), /, a: parent must be an identifier of a Category record$/],
    [
      "one for many",
      "- data_type: Group\n  identifier: g\n  values: { name: G, identifier: g, implied_groups: core.core_admin }",
      /, g: implied_groups must be a list of identifiers$/,
    ],
  ];
  it.each(wrong)("are refused: %s", async (_what, data, expected) => {
    const before = await categories("");
    await expect(apply(data)).rejects.toThrow(expected);
    expect(await categories("")).toEqual(before);
  });
});

describe("what a model refuses is told with file, entry and key, and nothing is left of the module", () => {
  const rows: [what: string, entry: string, expected: RegExp][] = [
    [
      "an unknown model",
      "- data_type: Nope\n  identifier: a\n  values: {}",
      /\/a.yaml, a: data_type Nope is no model$/,
    ],
    ["an unknown field", category("a", "X", ", colour: red"), /\/a.yaml, a: colour: Category has no such field/],
    [
      "a missing field",
      "- data_type: Category\n  identifier: a\n  values: { sequence: 1 }",
      /\/a.yaml, a: name: is required/,
    ],
    ["a wrong value", category("a", "X", ", sequence: many"), /\/a.yaml, a: sequence: must be/],
    [
      "a value that is taken",
      "- data_type: Currency\n  identifier: a\n  values: { name: X, code: EUR }",
      /\/a.yaml, a: code: /,
    ],
    ["an audit field", category("a", "X", ", create_uid: core.administrator"), /\/a.yaml, a: create_uid: is read-only/],
    ["broken YAML", "- a: [", /^extra\d+\/a.yaml:\d+:\d+ is not valid YAML/],
  ];
  it.each(rows)("%s", async (_what, entry, expected) => {
    await expect(apply(category("fine", "Fine") + entry)).rejects.toThrow(expected);
    expect(await categories("Fine")).toEqual([]);
    expect(await env.model("Module").filter({ identifier: extra.identifier }).count()).toBe(0);
  });

  it("a file that is not there", async () => {
    extra = { ...extra, data: ["a.yaml", "gone.yaml"] };
    await expect(apply("")).rejects.toThrow(/manifest: names gone.yaml, which cannot be read/);
  });
});

describe("an upgrade", () => {
  const kept = (name: string, more = "") => category("kept", name, more);
  const once = (name: string) => category("once", name, "", true);

  it("is one look at the modules where nothing has changed", async () => {
    await apply(kept("SameKept") + once("SameOnce"));
    await sql("UPDATE category SET name = 'SameChanged' WHERE name = 'SameKept'");
    const again = await installed.statements.during(() => apply(kept("SameKept") + once("SameOnce")));
    expect(again.result).toEqual({ installed: [], upgraded: [], adminPassword: null });
    expect(again.texts).toEqual([expect.stringMatching(/^SELECT .* FROM module$/)]);
    expect((await categories("Same")).map(({ name }) => name)).toEqual(["SameChanged", "SameOnce"]);
  });

  it("brings new values to what is kept equal, leaves alone what is not, and creates what is new", async () => {
    await apply(category("root", "UpRoot") + kept("UpKept") + once("UpOnce"));
    await sql("UPDATE category SET name = 'UpMine' WHERE name = 'UpOnce'");
    const changed = `${category("root", "UpRoot")}${kept("UpKept2", ", parent: root")}${once("UpOnce2")}`;
    const { upgraded } = await apply(changed + category("new", "UpNew", ", parent: kept", true));
    expect(upgraded).toEqual([extra.identifier]);
    expect(await categories("Up")).toEqual([
      { name: "UpRoot", parent: null, version: 1 },
      { name: "UpKept2", parent: "UpRoot", version: 2 },
      { name: "UpMine", parent: null, version: 1 },
      { name: "UpNew", parent: "UpKept2", version: 1 },
    ]);
  });

  it("takes back what somebody has done to a record that is kept equal", async () => {
    await apply(category("root", "BackRoot") + kept("BackKept", ", parent: root, sequence: 5"));
    await sql("UPDATE category SET parent_id = NULL, sequence = 6 WHERE name = 'BackKept'");
    await apply(`# changed\n${category("root", "BackRoot")}${kept("BackKept", ", parent: root, sequence: 5")}`);
    expect((await categories("Back"))[1]).toEqual({ name: "BackKept", parent: "BackRoot", version: 2 });
  });

  it("makes a deleted record again only where it is kept equal", async () => {
    await apply(kept("GoneKept") + once("GoneOnce"));
    await sql("DELETE FROM category WHERE starts_with(name, 'Gone')");
    await apply(`# changed\n${kept("GoneKept")}${once("GoneOnce")}`);
    await apply(`# changed again\n${kept("GoneKept")}${once("GoneOnce")}`);
    expect(await categories("Gone")).toEqual([{ name: "GoneKept", parent: null, version: 1 }]);
  });

  it("leaves the records of entries that are gone", async () => {
    await apply(kept("LeftKept") + once("LeftOnce"));
    await apply(once("LeftOnce"));
    expect(await categories("Left")).toHaveLength(2);
  });

  it("does not turn a record into one of another model", async () => {
    await apply(kept("TurnKept"));
    const tag = "- data_type: ContactTag\n  identifier: kept\n  values: { name: TurnTag }";
    await expect(apply(tag)).rejects.toThrow("a.yaml, kept: data_type is ContactTag, but the record is a Category");
  });

  it("brings demo records with the first installation only", async () => {
    await apply("", category("demo", "DemoOne"));
    await apply("# changed\n", category("demo", "DemoTwo") + category("more", "DemoMore"));
    expect((await categories("Demo")).map(({ name }) => name)).toEqual(["DemoOne"]);
    extra = { ...extra, identifier: `${extra.identifier}b` };
    await apply("");
    await apply("# changed\n", category("demo", "DemoLate"));
    expect(await categories("DemoLate")).toEqual([]);
  });

  it("notes a new version without touching records", async () => {
    await apply(kept("VersionKept"));
    await sql("UPDATE category SET name = 'VersionMine' WHERE name = 'VersionKept'");
    expect((await apply(kept("VersionKept"), undefined, "1.1.0")).upgraded).toEqual([extra.identifier]);
    const rows = await env.model("Module").filter({ identifier: extra.identifier }).all("version", "state");
    expect(rows).toMatchObject([{ version: "1.1.0", state: "installed" }]);
    expect(await categories("Version")).toEqual([{ name: "VersionMine", parent: null, version: 1 }]);
  });
});

it("of several processes at the same time one installs", async () => {
  await writeFile(join(folder, "a.yaml"), category("a", "Race"));
  const options = { demo: false, adminPassword: null, onProgress: () => {} };
  const runs = Array.from({ length: 3 }, () => installModules(env, [...shipped, extra], options));
  const results = await Promise.all(runs);
  expect(results.filter((result) => result.installed.length > 0)).toHaveLength(1);
  expect(await categories("Race")).toHaveLength(1);
});
