/** Imports over HTTP are no way around rights: not to hidden fields, not to records of others, not to what nobody writes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { storeVaultData } from "../fixtures/vault-registry.ts";
import { buildForm } from "../support/form.ts";
import { startVaultServer, type VaultServer } from "../support/vault-server.ts";

let vault: VaultServer;
let hr: string;
let clerk: string;
beforeAll(async () => {
  vault = await startVaultServer({
    users: [
      { id: 1, groups: [1, 3] },
      { id: 2, groups: [2, 3] },
    ],
    groups: [{ id: 1, identifier: "hr" }, { id: 2 }, { id: 3, identifier: "core_internal" }],
    access: [
      { model: "*", group: 1, can: "rcwd" },
      { model: "Person", group: 2, can: "rcw" },
      { model: "Project", group: 2, can: "rcw" },
      { model: "User", group: 2, can: "r" },
    ],
    rules: [{ model: "Person", rule: 'Q(city="Oslo")', groups: [2] }],
  });
  [hr, clerk] = [await vault.signIn(1), await vault.signIn(2)];
});
afterAll(() => vault?.close());
beforeEach(() => storeVaultData(vault.database.database));

interface Report {
  readonly detail?: string;
  readonly created: number;
  readonly updated: number;
  readonly failed: number;
  readonly errors: readonly object[];
}

async function send(token: string, model: string, content: string, fields: Readonly<Record<string, string>> = {}) {
  const { type, body } = buildForm(fields, { content });
  const answer = await vault.send({ method: "POST", path: `/api/import/${model}`, body: body.toString(), type, token });
  return { status: answer.status, json: JSON.parse(answer.text) as Report };
}

async function people(): Promise<unknown[]> {
  const text = "select id, name, badge, salary, city, boss_id as boss from person order by id";
  return vault.database.database.rows({ text, values: [] });
}

describe("a field that is hidden is as unknown as one that is not there", () => {
  const rows: [way: string, hidden: string, header: (name: string) => string, fields: (name: string) => object][] = [
    ["as a header", "salary", (name) => `name,${name}`, () => ({})],
    ["by a mapping", "salary", () => "name,B", (name) => ({ mapping: JSON.stringify({ name: "name", B: name }) })],
    ["as a relation", "boss", (name) => `name,${name}`, () => ({})],
    ["as the beginning of a path", "boss", (name) => `name,${name}.name`, () => ({})],
    ["at the end of a path", "badge", (name) => `name,mentor.${name}`, () => ({})],
    ["as a list", "skills", (name) => `name,${name}.name`, () => ({})],
    ["as what records are found by", "badge", (name) => `name,${name}`, (name) => ({ match_by: name })],
    ["as new records of a relation", "boss", (name) => `name,${name}`, (name) => ({ create_missing: name })],
  ];
  it.each(rows)("%s: %s", async (_way, hidden, header, fields) => {
    const refusal = async (name: string) => {
      const { status, json } = await send(
        clerk,
        "Person",
        `${header(name)}\nX,1\n`,
        fields(name) as Record<string, string>,
      );
      expect([status, json.detail]).toEqual([400, expect.stringContaining(name)]);
      return json.detail?.replaceAll(name, "?").replace(/; did you mean[^;]*|; it has.*/g, "");
    };
    const before = await people();
    expect(await refusal(hidden)).toBe(await refusal("nope"));
    expect(await people()).toEqual(before);
  });

  it("and written by those who see it", async () => {
    const { status, json } = await send(hr, "Person", "name,salary,boss.name\nEve,5000,Ada\n");
    expect([status, json.created]).toEqual([200, 1]);
    expect((await people()).at(-1)).toMatchObject({ name: "Eve", salary: "5000.00", boss: 1 });
  });
});

describe("what nobody writes is refused by its name", () => {
  const names = ["created_date", "create_uid", "updated_date", "write_uid", "version", "display_name"];
  it.each(names)("%s", async (name) => {
    const { status, json } = await send(hr, "Person", `name,${name}\nX,1\n`);
    expect([status, json.detail]).toEqual([400, `${name}: is read-only`]);
    const mapped = await send(hr, "Person", "A,B\nX,1\n", { mapping: JSON.stringify({ A: "name", B: name }) });
    expect([mapped.status, mapped.json.detail]).toEqual([400, `B: "${name}": is read-only`]);
  });
});

describe("records of others", () => {
  const rows: [what: string, file: string, fields: Readonly<Record<string, string>>, error: object][] = [
    [
      "by id",
      "id,name\n1,Taken over\n",
      {},
      { row: 2, column: "id", value: "1", message: "there is no such Person record" },
    ],
    [
      "as a relation",
      "name,city,mentor\nX,Oslo,Ada\n",
      {},
      { column: "mentor", message: "there is no such Person record" },
    ],
    ["as a relation by id", "name,city,mentor.id\nX,Oslo,1\n", {}, { column: "mentor.id" }],
    ["made out of sight", "name,city\nX,Rome\n", {}, { row: 2 }],
    ["moved out of sight", "id,city\n2,Rome\n", {}, { row: 2 }],
    [
      "by an identifier",
      "external_id,name,city\nada,Taken over,Oslo\n",
      {},
      { column: "external_id", message: "is the identifier of another record" },
    ],
  ];
  it.each(rows)("%s", async (_what, file, fields, error) => {
    await send(hr, "Person", "id,external_id\n1,ada\n");
    const before = await people();
    const { status, json } = await send(clerk, "Person", file, fields);
    expect(status).toBe(400);
    expect(json).toMatchObject({ created: 0, updated: 0, failed: 1, errors: [error] });
    expect(await people()).toEqual(before);
  });

  it("that one may not write at all", async () => {
    expect((await send(clerk, "User", "id,groups.id\n2,1\n")).status).toBe(403);
    expect((await send(clerk, "ModelAccess", "name,model,group.id\nx,*,2\n")).status).toBe(404);
    expect((await send(clerk, "DataIdentifier", "identifier\nx\n")).status).toBe(404);
    expect((await send(hr, "Seal", "number\n1\n")).status).toBe(404);
  });
});
