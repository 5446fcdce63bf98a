/** Every kind of caller, at every endpoint, for every model and field, made from the contract and the registry: no row by hand. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/contract/endpoint.ts";
import { endpoints } from "../../src/contract/endpoints.ts";
import { readersOf, writersOf } from "../../src/fields/field-groups.ts";
import type { ModelField } from "../../src/models/model.ts";
import type { AccessData } from "../fixtures/access-data.ts";
import { type Call, callOf, type EndpointCall, endpointCalls } from "../fixtures/endpoint-call.ts";
import { storeVaultData, vaultRegistry } from "../fixtures/vault-registry.ts";
import { startVaultServer, type VaultAnswer, type VaultServer } from "../support/vault-server.ts";

type Operation = "read" | "create" | "write" | "delete";

/** A kind of caller. */
interface Role {
  readonly name: string;
  readonly id: number;
  readonly groups: readonly string[];
  /** What the caller may do with any model that is not internal. */
  readonly can: string;
  /** The one record of Person that a rule hides. */
  readonly hides?: number;
}

const everything = "rcwd";
const roles: readonly Role[] = [
  { name: "a portal user", id: 1, groups: ["core_portal"], can: everything },
  { name: "an internal user without rights", id: 2, groups: ["core_internal"], can: "" },
  { name: "a reader", id: 3, groups: ["core_internal"], can: "r" },
  { name: "a writer who may not read", id: 4, groups: ["core_internal"], can: "cwd" },
  { name: "an editor under a rule", id: 5, groups: ["core_internal"], can: everything, hides: 2 },
  { name: "somebody of human resources", id: 6, groups: ["core_internal", "hr"], can: everything },
  { name: "an administrator", id: 7, groups: ["core_internal", "core_admin"], can: everything },
];

const identifiers = ["core_internal", "core_portal", "core_public", "core_admin", "hr"];
const ownGroup = (role: Role) => 100 + role.id;
const data: AccessData = {
  groups: [
    ...identifiers.map((identifier, index) => ({ id: index + 1, identifier })),
    ...roles.map((role) => ({ id: ownGroup(role), identifier: `role_${role.id}` })),
  ],
  users: roles.map((role) => ({
    id: role.id,
    groups: [...role.groups.map((group) => identifiers.indexOf(group) + 1), ownGroup(role)],
  })),
  access: roles.map((role) => ({ model: "*", group: ownGroup(role), can: role.can })),
  rules: roles.flatMap((role) =>
    role.hides === undefined ? [] : [{ model: "Person", rule: `Q(id__neq=${role.hides})`, groups: [ownGroup(role)] }],
  ),
};

let api: VaultServer;
const tokens = new Map<number, string>();
beforeAll(async () => {
  api = await startVaultServer(data);
  for (const { id } of roles) tokens.set(id, await api.signIn(id));
});
afterAll(() => api?.close());

/** A record of each model that anybody may see, and one of no model. */
const ids: Readonly<Record<string, number>> = { Person: 3, Project: 1, Passport: 1, Membership: 1, Skill: 1 };
/** The models that calls are tried with, each with a record. */
const modelsOf = ({ slow }: EndpointCall) => Object.entries(ids).slice(0, slow === true ? 1 : undefined);
const NOBODY = 4711;
const UNKNOWN = "Nothing";
const aboutModels = endpoints.filter(({ path }) => path.includes("{model}"));
const titled = (all: readonly Endpoint[]) =>
  all.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const);

function send(endpoint: Endpoint, model: string, id: number, call: Call, token: string | null): Promise<VaultAnswer> {
  const named: Record<string, string> = {
    ...endpointCalls[`${endpoint.method} ${endpoint.path}`]?.path,
    model,
    id: String(id),
  };
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => named[name] ?? "x");
  return api.send({ method: endpoint.method, path, token, ...call });
}

/** What is declared of a field, and of the other end of its relation, whose related name it is. */
function declarations(model: string, name: string): ModelField[] {
  const field = vaultRegistry.models.get(model)?.fields.get(name);
  if (field === undefined) return [];
  const others = vaultRegistry.models.get(field.relation?.target ?? "")?.fields.values() ?? [];
  const isDeclaring = ({ relation, field: { options } }: ModelField) =>
    relation?.target === model && (options as { relatedName?: string }).relatedName === name;
  return [field, ...[...others].filter(isDeclaring)];
}

const isClosed = (role: Role, groups: readonly string[] | undefined) =>
  groups !== undefined && !groups.some((group) => role.groups.includes(group));

/** Whether a field does not exist for a role: its groups, or those of the relation's other end, or nobody may know its target. */
function isHidden(role: Role, model: string, name: string): boolean {
  const declared = declarations(model, name);
  const target = vaultRegistry.models.get(declared[0]?.relation?.target ?? "");
  return (
    declared.length === 0 ||
    target?.internal === true ||
    declared.some(({ field }) => isClosed(role, readersOf(field.options)))
  );
}

/** Whether a role sees a field and may not write it, as far as groups go. */
function isReadOnly(role: Role, model: string, name: string): boolean {
  const declared = declarations(model, name);
  return !isHidden(role, model, name) && declared.some(({ field }) => isClosed(role, writersOf(field.options)));
}

const isSecret = (model: string, name: string) =>
  vaultRegistry.models.get(model)?.fields.get(name)?.field.type === "Password";
const may = (role: Role, operation: Operation) => role.can.includes(operation.slice(0, 1));

/** Whether an endpoint is not for a role. What methods need they declare themselves, and there is none here. */
function forbids(role: Role, endpoint: Endpoint): boolean {
  return [endpoint.needs, callOf(endpoint).needs].some(
    (needs) => needs !== undefined && needs !== "declared" && !may(role, needs),
  );
}

/** The text of an answer without the names that it is about, and without what it proposes instead. */
function neutral(text: string, ...names: string[]): string {
  const told = (JSON.parse(text) as { detail: string }).detail.replaceAll(
    /; (did you mean|it has|known are|there are)[^;]*/g,
    "",
  );
  return names.reduce((left, name) => left.replaceAll(name, "…"), told);
}

describe("without a good token", () => {
  test.each(titled(endpoints))("%s", async (_title, endpoint) => {
    const call = endpoint.path.includes("{model}") ? callOf(endpoint).plain(1) : {};
    if (endpoint.guard === "public") return;
    for (const token of [null, "a.b.c", api.foreignToken(7)]) {
      for (const model of ["Person", UNKNOWN]) {
        expect((await send(endpoint, model, 1, call, token)).status).toBe(401);
      }
    }
    // One of these endpoints ends the session.
    const token = endpoint.session === true ? await api.signIn(1) : (tokens.get(1) ?? null);
    const portal = await send(endpoint, "Person", 1, call, token);
    if (endpoint.guard === "internal") expect(portal.status).toBe(403);
    else expect([401, 403]).not.toContain(portal.status);
  });
});

describe.each(roles.filter(({ groups }) => groups.includes("core_internal")).map((role) => [role.name, role] as const))(
  "%s",
  (_name, role) => {
    const token = () => tokens.get(role.id) ?? null;

    test.each(titled(aboutModels))("models: %s", async (_title, endpoint) => {
      const call = callOf(endpoint);
      for (const [model, id] of [...modelsOf(call), ["Seal", 1], ["RefreshToken", 1]] as const) {
        const answer = await send(endpoint, model, id, call.plain(id), token());
        const isThere = may(role, "read") && vaultRegistry.models.get(model)?.internal === false;
        if (!isThere) {
          const unknown = await send(endpoint, UNKNOWN, id, call.plain(id), token());
          expect([answer.status, unknown.status], model).toEqual([404, 404]);
          expect(neutral(answer.text, model)).toBe(neutral(unknown.text, UNKNOWN));
        } else if (forbids(role, endpoint)) {
          expect(answer.status, `${model}: ${answer.text}`).toBe(403);
        } else {
          expect([200, 400, 409, call.status], `${model}: ${answer.text}`).toContain(answer.status);
          if (endpoint.needs !== "read" && answer.status === 200) await storeVaultData(api.database.database);
        }
      }
    });

    if (!may(role, "read")) return;

    test.each(titled(aboutModels))("fields: %s", async (_title, endpoint) => {
      if (forbids(role, endpoint)) return;
      const call = callOf(endpoint);
      const { reads = [], writes = [] } = call;
      let hidden = 0;
      const unknowns = new Map<string, VaultAnswer>();
      for (const [model, id] of modelsOf(call)) {
        for (const name of vaultRegistry.models.get(model)?.fields.keys() ?? []) {
          if (call.slow === true && hidden > 0) break;
          const places = [
            ...(isHidden(role, model, name) || isSecret(model, name) ? reads : []),
            ...(isHidden(role, model, name) ? writes : []),
          ];
          for (const place of places) {
            const answer = await send(endpoint, model, id, place(name, id), token());
            const asked = JSON.stringify(place(name, id));
            expect(answer.status, `${model} ${asked}: ${answer.text}`).toBe(400);
            const key = `${model} ${[...reads, ...writes].indexOf(place)}`;
            const unknown = unknowns.get(key) ?? (await send(endpoint, model, id, place("nobodys", id), token()));
            unknowns.set(key, unknown);
            expect(neutral(answer.text, name), asked).toBe(neutral(unknown.text, "nobodys"));
            hidden += 1;
          }
        }
      }
      // A place that is not tried out proves nothing.
      if (reads.length > 0) expect(hidden).toBeGreaterThan(0);
    });

    const allCalls = aboutModels.filter((endpoint) => !forbids(role, endpoint));
    test.each(titled(allCalls.filter((endpoint) => callOf(endpoint).writes !== undefined)))(
      "fields that are only read: %s",
      async (_title, endpoint) => {
        const call = callOf(endpoint);
        let closed = 0;
        for (const [model, id] of modelsOf(call)) {
          for (const [name, { field }] of vaultRegistry.models.get(model)?.fields ?? []) {
            const isOther = call.writesType !== undefined && call.writesType !== field.type;
            // A list is read before it is known whether it counts, and null is none.
            if (call.ignoresClosed === true && /Many$/.test(field.type)) continue;
            if (isOther || !isReadOnly(role, model, name)) continue;
            for (const place of call.writes ?? []) {
              const answer = await send(endpoint, model, id, place(name, id), token());
              const asked = `${model} ${JSON.stringify(place(name, id))}: ${answer.text}`;
              expect(answer.status, asked).toBe(call.ignoresClosed === true ? 200 : 400);
              if (answer.status === 400) expect(answer.text, asked).toMatch(/is read-only/);
            }
            for (const place of call.reads ?? []) {
              const answer = await send(endpoint, model, id, place(name, id), token());
              expect(answer.text, JSON.stringify(place(name, id))).not.toMatch(/has no field|read-only/);
            }
            closed += 1;
          }
        }
        expect(closed > 0).toBe(!role.groups.includes("hr"));
        await storeVaultData(api.database.database);
      },
    );

    test("answers hold no field that is hidden", async () => {
      for (const endpoint of aboutModels.filter(({ needs }) => needs === "read")) {
        for (const [model, id] of Object.entries(ids)) {
          const { text, status } = await send(endpoint, model, id, callOf(endpoint).plain(id), token());
          if (status !== 200) continue;
          for (const name of vaultRegistry.models.get(model)?.fields.keys() ?? []) {
            if (!isHidden(role, model, name)) continue;
            expect(text, `${endpoint.path} ${model}`).not.toMatch(new RegExp(`"${name}"|\\b${name}\\b`));
          }
        }
      }
    });

    if (role.hides === undefined) return;
    const hiddenId = role.hides;

    test.each(titled(aboutModels))("records: %s", async (_title, endpoint) => {
      const { plain, record } = callOf(endpoint);
      if (!endpoint.path.includes("{id}") && record === undefined) return;
      const answers = [];
      for (const id of [hiddenId, NOBODY]) {
        answers.push(await send(endpoint, "Person", id, (record ?? plain)(id), token()));
      }
      const [concealed, absent] = answers as [VaultAnswer, VaultAnswer];
      expect([concealed.status, absent.status], concealed.text).toEqual([404, 404]);
      expect(concealed.text.replaceAll(String(hiddenId), "…")).toBe(absent.text.replaceAll(String(NOBODY), "…"));
      const found = await api.database.database.rows({
        text: "select version from person where id = $1",
        values: [hiddenId],
      });
      expect(found).toEqual([{ version: 1 }]);
    });
  },
);
