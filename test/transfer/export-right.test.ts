/** Exports show nothing that their reader may not see: fields, records, and what stands behind relations. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { type ExportRequest, openExport, prepareExport } from "../../src/transfer/export/open-export.ts";
import { storeAccessData } from "../fixtures/access-data.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createVault, vaultRegistry } from "../fixtures/vault-registry.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let made: TestDatabase;
let hr: Environment;
let clerk: Environment;
beforeAll(async () => {
  made = await createTestDatabase();
  await createVault(made.database);
  await storeAccessData(made.database, vaultRegistry, {
    users: [
      { id: 1, groups: [1] },
      { id: 2, groups: [2] },
    ],
    groups: [{ id: 1, identifier: "hr" }, { id: 2 }],
    access: [
      { model: "*", group: 1, can: "rcwd" },
      { model: "Person", group: 2, can: "r" },
      { model: "Project", group: 2, can: "r" },
      { model: "Membership", group: 2, can: "r" },
    ],
    rules: [{ model: "Person", rule: 'Q(city="Oslo")', groups: [2] }],
  });
  hr = await environmentOf(made.database, vaultRegistry, 1);
  clerk = await environmentOf(made.database, vaultRegistry, 2);
});
afterAll(() => made.drop());

async function textOf(env: Environment, model: string, request: ExportRequest) {
  const opened = await openExport(env, prepareExport(env, model, { format: "csv", headers: "names", ...request }));
  try {
    const parts: Uint8Array[] = [];
    for await (const part of opened.bytes) parts.push(part);
    return { text: Buffer.concat(parts).toString(), notFound: opened.notFound };
  } finally {
    await opened.close();
  }
}

describe("rules hold for records, and for those behind relations", () => {
  const rows: [who: "hr" | "clerk", model: string, request: ExportRequest, text: string, notFound: number | null][] = [
    ["hr", "Person", { fields: ["name"], order_by: ["id"] }, "name\nAda\nBob\nCleo\nDan\n", null],
    ["clerk", "Person", { fields: ["name"], order_by: ["id"] }, "name\nBob\nDan\n", null],
    ["clerk", "Person", { ids: [1, 2, 3, 4, 5], fields: ["name"] }, "name\nBob\nDan\n", 3],
    ["clerk", "Person", { ids: [1], fields: ["name"] }, "name\n", 1],
    ["clerk", "Person", { ids: [2], q_filter: "Q(id=4)", fields: ["name"] }, "name\n", 0],
    [
      "clerk",
      "Person",
      { fields: ["id", "mentor", "mentor.id", "mentor.city"] },
      "id,mentor,mentor.id,mentor.city\n2,,,\n4,,,\n",
      null,
    ],
    [
      "clerk",
      "Project",
      { fields: ["name", "leader.name"], order_by: ["id"] },
      "name,leader.name\nBridge,\nTower,Bob\n",
      null,
    ],
    [
      "clerk",
      "Project",
      { fields: ["name", "members"], order_by: ["id"] },
      "name,members\nBridge,Bob\nTower,Dan\n",
      null,
    ],
    [
      "hr",
      "Project",
      { fields: ["name", "members"], order_by: ["id"] },
      'name,members\nBridge,"Bob B-2,Cleo B-3"\nTower,Dan B-4\n',
      null,
    ],
    [
      "clerk",
      "Project",
      { fields: ["name", "leader.pupils.name", "members.mentor.name"], order_by: ["id"] },
      "name,leader.pupils.name,members.mentor.name\nBridge,,\nTower,,\n",
      null,
    ],
  ];
  it.each(rows)("%s: %s %j", async (who, model, request, text, notFound) => {
    expect(await textOf(who === "hr" ? hr : clerk, model, request)).toEqual({ text, notFound });
  });
});

describe("what is hidden is as unknown as what is not there", () => {
  const rows: [model: string, request: (name: string) => ExportRequest, hidden: string][] = [
    ["Person", (name) => ({ fields: [name] }), "salary"],
    ["Person", (name) => ({ fields: [`mentor.${name}`] }), "salary"],
    ["Person", (name) => ({ fields: [`pupils.${name}`] }), "badge"],
    ["Person", (name) => ({ fields: [name] }), "boss"],
    ["Person", (name) => ({ fields: [`${name}.name`] }), "skills"],
    ["Person", (name) => ({ fields: [`${name}.external_id`] }), "boss"],
    ["Person", (name) => ({ fields: [`${name}.number`] }), "passport"],
    ["Person", (name) => ({ fields: [name] }), "pin"],
    ["Person", (name) => ({ fields: ["name"], order_by: [name] }), "salary"],
    ["Person", (name) => ({ fields: ["name"], q_filter: `Q(${name}__gt=1)` }), "salary"],
  ];
  it.each(rows)("%s %o: %s", (model, request, hidden) => {
    const messageOf = (name: string) => {
      try {
        prepareExport(clerk, model, request(name));
        return "prepared";
      } catch (error) {
        return (error as Error).message.replaceAll(name, "?").replace(/; did you mean.*|; it has.*/, "");
      }
    };
    expect(messageOf(hidden)).toBe(messageOf("nope"));
    expect(messageOf(hidden)).not.toBe("prepared");
  });

  it("fields that are left out are left out of the default too", async () => {
    const { text } = await textOf(clerk, "Person", {});
    expect(text.split("\n")[0]?.split(",")).not.toContain("salary");
    expect(() => prepareExport(clerk, "Skill", {})).toThrow('Unknown model "Skill"');
  });
});
