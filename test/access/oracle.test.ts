/** Random models, groups, rules, users and requests: the answer is that of an oracle which first removes what the user may not see. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import type { Field } from "../../src/fields/field.ts";
import type { FieldGroups } from "../../src/fields/field-groups.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import type { Registry } from "../../src/models/model.ts";
import { evaluateQ } from "../../src/q/evaluate.ts";
import { formatQ } from "../../src/q/format.ts";
import type { Condition, Q } from "../../src/q/tree.ts";
import { groupRecords } from "../../src/records/group.ts";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { updateRecord } from "../../src/records/write.ts";
import { storeAccessData, storeCompanies } from "../fixtures/access-data.ts";
import { AccessOracle, type OracleRights } from "../fixtures/access-oracle.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import {
  evaluationContext,
  type FieldDescription,
  type FilterModelName,
  filterModel,
  filterSession,
  type ModelDescription,
} from "../fixtures/filter-data.ts";
import { createFilterTables, filterModule, storeFilterData } from "../fixtures/filter-registry.ts";
import { environmentOf } from "../fixtures/user-environment.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

type GroupsOfFields = OracleRights["fieldGroups"];

/** The models with these fields to be seen, and to be written, by members of groups only. */
function registryWith(fieldGroups: GroupsOfFields, fieldWriters: GroupsOfFields): Registry {
  const models = filterModule.models.map((definition) => ({
    ...definition,
    fields: Object.fromEntries(
      Object.entries(definition.fields).map(([name, field]) => {
        const [read, write] = [fieldGroups, fieldWriters].map((all) =>
          all[`${definition.model}.${name}`]?.map((id) => `group_${id}`),
        );
        if (read === undefined && write === undefined) return [name, field];
        return [name, limited(field, write === undefined ? (read ?? []) : { ...(read && { read }), write })];
      }),
    ),
  }));
  return composeRegistry([
    { identifier: "core", ...core },
    { ...filterModule, models },
  ]);
}

function limited(field: Field, groups: FieldGroups): Field {
  const options = Object.freeze({ ...field.options, groups });
  return Object.assign(Object.create(Object.getPrototypeOf(field) as object), field, { options }) as Field;
}

let made: TestDatabase;
beforeAll(async () => {
  made = await createTestDatabase();
  await createFilterTables(made.database, registryWith({}, {}));
  await storeCompanies(made.database);
});
afterAll(() => made.drop());

const models = Object.keys(filterModel) as FilterModelName[];
const model = fc.constantFrom(...models);
const groupIds = [1, 2, 3];
const someGroups = fc.subarray(groupIds);
/** All declared fields but amounts, which hold more than their options: a copy would not have it. */
const places = filterModule.models.flatMap((definition) =>
  Object.entries(definition.fields).flatMap(([name, { type }]) =>
    type === "Monetary" ? [] : [`${definition.model}.${name}`],
  ),
);

const fieldGroups: fc.Arbitrary<GroupsOfFields> = fc
  .array(fc.tuple(fc.constantFrom(...places), fc.subarray(groupIds, { minLength: 1 })), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs));

/** Half of all fields, since requests name only some. */
const fieldWriters: fc.Arbitrary<GroupsOfFields> = fc
  .array(fc.tuple(fc.constantFrom(...places), someGroups), { minLength: places.length / 2, maxLength: places.length })
  .map((pairs) => Object.fromEntries(pairs));

const rule = model.chain((name) =>
  fc.record({
    model: fc.constant(name),
    q: arbitraryQ(filterModel, name),
    groups: someGroups,
    on: fc.constantFrom("rcwd", "rcwd", "r", "wd"),
  }),
);

const rights: fc.Arbitrary<OracleRights> = fc.record({
  own: fc.subarray(groupIds, { minLength: 1 }),
  groups: fc
    .array(someGroups, { minLength: 3, maxLength: 3 })
    .map((implied) => implied.map((implies, index) => ({ id: index + 1, implies }))),
  access: fc.oneof(
    { weight: 2, arbitrary: fc.constant(groupIds.map((group) => ({ model: "*", group, can: "rw" }))) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({ model, group: fc.constantFrom(...groupIds), can: fc.constantFrom("r", "rw", "rcwd", "cwd") }),
        { minLength: 4, maxLength: 10 },
      ),
    },
  ),
  rules: fc.array(rule, { maxLength: 5 }),
  fieldGroups,
  fieldWriters,
});

/** Paths of one or two names. */
function pathsOf(start: string): string[] {
  const described = filterModel as ModelDescription;
  return Object.entries(described[start] ?? {}).flatMap(([name, field]: [string, FieldDescription]) =>
    "model" in field ? [name, ...Object.keys(described[field.model] ?? {}).map((inner) => `${name}.${inner}`)] : [name],
  );
}

const request = model.chain((name) =>
  fc.record({
    model: fc.constant(name),
    q: arbitraryQ(filterModel, name),
    fields: fc.uniqueArray(fc.constantFrom(...pathsOf(name)), { minLength: 1, maxLength: 4 }),
    id: fc.integer({ min: 1, max: 6 }),
  }),
);

function conditionsOf(q: Q): readonly Condition[] {
  if (q.kind === "group") return q.conditions;
  return q.kind === "not" ? conditionsOf(q.item) : q.items.flatMap(conditionsOf);
}

type Plain = Readonly<Record<string, unknown>>;

/** What an answer holds of a record: the wanted fields, nested ones within their relation. */
function shape(record: Plain, start: string, paths: readonly string[]): Plain {
  const shown: Record<string, unknown> = { id: record.id };
  for (const name of new Set(paths.map((path) => path.split(".")[0] ?? ""))) {
    const field: FieldDescription | undefined = (filterModel as ModelDescription)[start]?.[name];
    const inner = paths.flatMap((path) => (path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : []));
    const value = record[name];
    if (field === undefined || !("model" in field))
      shown[name] = field?.kind === "decimal" && value !== null ? Number(value) : value;
    else if (Array.isArray(value)) shown[name] = byId(value as Plain[]).map((each) => shape(each, field.model, inner));
    else shown[name] = value === null ? null : shape(value as Plain, field.model, inner);
  }
  return shown;
}

/** Lists within records by id, and without names: what those are made of is told elsewhere. */
function neutral(value: unknown): unknown {
  if (Array.isArray(value)) return byId(value as Plain[]).map(neutral);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== "display_name");
  return Object.fromEntries(members.map(([name, member]) => [name, neutral(member)]));
}

const byId = <Row extends Plain>(rows: readonly Row[]): Row[] => rows.toSorted((a, b) => Number(a.id) - Number(b.id));

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "no error");
const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "answered", nameOf);

test("any user sees what is left when all else is removed", { timeout: 120_000 }, async () => {
  let answered = 0;
  let denied = 0;
  let closed = 0;
  const property = fc.asyncProperty(
    arbitraryFilterData,
    rights,
    fc.array(request, { minLength: 12, maxLength: 12 }),
    async (data, user, requests) => {
      const registry = registryWith(user.fieldGroups, user.fieldWriters);
      await storeFilterData(made.database, data);
      const rules = user.rules.map(({ q, ...rest }) => ({ ...rest, rule: formatQ(q) }));
      await storeAccessData(made.database, registry, { ...user, rules, users: [{ id: 1, groups: user.own }] });
      const env = await environmentOf(made.database, registry, 1, { now: filterSession.clock.now });
      const oracle = new AccessOracle(user, data);
      for (const { model: name, q, fields, id } of requests) {
        const asked = { fields, q_filter: formatQ(q), order_by: ["id"], limit: 100 };
        const paths = [...conditionsOf(q).map(({ path }) => path), ...fields.map((path) => path.split("."))];
        const isKnown = paths.every((path) => oracle.canSee(name, path));
        if (!oracle.canRead(name) || !isKnown) {
          denied += 1;
          expect(await refusal(queryRecords(env, name, asked))).toBe(
            oracle.canRead(name) ? "ValidationError" : "MissingError",
          );
          continue;
        }
        answered += 1;
        const found = oracle.records[name].filter((record) => evaluateQ(q, record, evaluationContext(name)));
        const expected = byId(found).map((record) => shape(record, name, fields));
        const page = await queryRecords(env, name, asked);
        expect([neutral(JSON.parse(page.data.toString())), page.total]).toEqual([expected, expected.length]);
        const counted = await groupRecords(env, name, {
          group_by: null,
          aggregates: ["id__count"],
          q_filter: asked.q_filter,
        });
        expect(JSON.parse(counted.data.toString())).toEqual([expect.objectContaining({ count: expected.length })]);
        const [field = ""] = fields[0]?.split(".") ?? [];
        // Always wrong, so that nothing is written.
        const wrong = updateRecord(env, name, id, { [field]: null, nobodys: null });
        const answer = await wrong.catch((error: unknown) => error);
        const isTold = String(answer).includes(`${field}: is read-only`);
        const one = oracle.records[name].find((record) => record.id === id);
        const isMany = (filterModel as ModelDescription)[name]?.[field]?.kind === "to-many";
        const refused = isMany && oracle.can(name, "w") ? nameOf(answer) : null;
        // A list is looked at only where the record that holds it may be changed.
        if (refused === "MissingError") expect(one).toBeUndefined();
        else if (refused === "AccessError") {
          expect(one).toBeDefined();
          expect(user.rules.some((each) => each.model === name && each.on.includes("w"))).toBe(true);
        } else expect(isTold).toBe(oracle.can(name, "w") && !oracle.canWriteField(name, field));
        if (isTold) closed += 1;
        const fetched = fetchRecord(env, name, id, { fields });
        if (one === undefined) expect(await refusal(fetched)).toBe("MissingError");
        else expect(neutral(JSON.parse((await fetched).data.toString()))).toEqual(shape(one, name, fields));
      }
    },
  );
  // What is hardly ever answered, or hardly ever refused, would prove little.
  while (answered <= 20 || denied <= 20 || closed <= 10) await fc.assert(property, { numRuns: 12, endOnFailure: true });
});
