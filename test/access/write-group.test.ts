/** Fields that everybody sees and only some may write: refused wherever they can be written, set by defaults, hooks and code all the same. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import type { ModelName } from "../../src/fields/known-model.ts";
import { WizardLinesField } from "../../src/fields/wizard-lines.ts";
import { boolean, char, integer, manyToMany, manyToOne } from "../../src/index.ts";
import type { AnyEffectCall, EffectDeclaration } from "../../src/models/effect.ts";
import { describeAction } from "../../src/records/action-meta.ts";
import { cloneRecord } from "../../src/records/clone.ts";
import { describeModel, describeModels } from "../../src/records/describe.ts";
import type { Environment } from "../../src/records/environment.ts";
import { executeMethod } from "../../src/records/method.ts";
import { resequence } from "../../src/records/resequence.ts";
import { runEffects } from "../../src/records/ui-effect.ts";
import { createRecord, updateRecord } from "../../src/records/write.ts";
import { createRecords, updateRecords } from "../../src/records/write-bulk.ts";
import { declareBehaviour } from "../fixtures/shop-registry.ts";
import { createCaller, createWorld, declareModel, shippedModules, type World } from "../support/world.ts";

const name = (model: string) => model as ModelName;
const byHr = { write: ["hr"] } as const;
/** An effect that gives these values. */
const on = (give: () => Readonly<Record<string, unknown>>): EffectDeclaration => ({
  reads: [],
  run: (_values: never, { change }: AnyEffectCall) => change(give()),
});
const Worker = declareModel("Worker", {
  name: char({ required: true }),
  team: manyToOne(name("Team"), { relatedName: "members" }),
  grade: char({ required: true, default: "new", groups: byHr }),
  order: integer({ sequence: true, groups: byHr }),
  hired: boolean({ groups: { read: ["hr"], write: ["hr"] } }),
  code: char({ readonly: true }),
  chief: manyToOne(name("Worker"), { groups: byHr, relatedName: "reports" }),
  courses: manyToMany(name("Team"), { groups: byHr, relatedName: "students" }),
});
const Team = declareModel("Team", { name: char({ required: true }) });
const wizards = [
  {
    ...{ wizard: "RaiseWizard", options: { label: "Raise" }, file: "modules/test/RaiseWizard.ts" },
    fields: {
      percent: integer({ default: 1, groups: byHr }),
      reason: char({ default: "none", groups: ["hr"] }),
      text: char(),
      lines: new WizardLinesField("RaiseLine", {}),
    },
  },
  {
    ...{ wizard: "RaiseLine", options: { label: "Line" }, file: "modules/test/RaiseLine.ts" },
    fields: { share: integer({ groups: byHr }), text: char() },
  },
] as never;
const behaviours = [
  declareBehaviour("Worker", {
    hooks: {
      beforeCreate: async (values: readonly Record<string, unknown>[], _env: never, next: (v: unknown) => unknown) =>
        next(
          values.map((each) => (each.name === "hooked" ? { ...each, grade: "by hook", code: "X", hired: true } : each)),
        ),
    } as never,
    methods: {
      raise: {
        kind: "method",
        options: { scope: "model", readonly: true, wizard: "RaiseWizard", defaults: () => ({ percent: 2 }) },
        run: (_none, { inputs }) => ({ ...inputs }),
      },
    },
    effects: {
      name: on(() => ({ grade: "E" })),
    },
  }),
  declareBehaviour("RaiseWizard", {
    effects: {
      text: on(() => ({ reason: "made" })),
    },
  }),
];
const modules = [
  ...shippedModules,
  { identifier: "workers", models: [Worker, Team], extensions: [], wizards, behaviours },
];

let world: World;
let env: Environment;
let hr: Environment;
let first: number;
let team: number;
beforeAll(async () => {
  world = await createWorld(modules);
  const rights = { Worker: "crwd", Team: "crwd" };
  env = (await createCaller(world, rights)).env;
  const { id } = await createCaller(world, rights);
  const group = await createRecord(world.env, "Group", { name: "hr", identifier: "hr" });
  await updateRecord(world.env, "User", id, { groups: [["L", group.id]] });
  const loaded = await loadRights(world.database, world.registry, id);
  if (loaded === null) throw new Error("nobody");
  hr = world.derive({ access: accessOf(world.registry, loaded), names: loaded.names });
  team = (await createRecord(env, "Team", { name: "A" })).id;
  first = (await createRecord(hr, "Worker", { name: "Ada", grade: "A", order: 1, hired: true })).id;
});
afterAll(() => world?.drop());

const gradeOf = async (id: number) =>
  (await world.env
    .model("Worker" as never)
    .get(
      id,
      "name" as never,
      "grade" as never,
      "code" as never,
      "hired" as never,
      "chief" as never,
    )) as unknown as object;

const refusals: readonly [what: string, write: (by: Environment) => Promise<unknown>, message: string][] = [
  ["create", (by) => createRecord(by, "Worker", { name: "x", grade: "B" }), "grade: is read-only"],
  ["create with nothing", (by) => createRecord(by, "Worker", { name: "x", order: null }), "order: is read-only"],
  ["update", (by) => updateRecord(by, "Worker", first, { grade: "A" }), "grade: is read-only"],
  [
    "bulk create",
    (by) => createRecords(by, "Worker", [{ name: "x" }, { name: "x", grade: "B" }]),
    "records[1].grade: is read-only",
  ],
  ["bulk update", (by) => updateRecords(by, "Worker", [first], { grade: "A" }), "values.grade: is read-only"],
  ["values of a copy", (by) => cloneRecord(by, "Worker", first, { grade: "A" }), "grade: is read-only"],
  [
    "a new line",
    (by) => updateRecord(by, "Team", team, { students: [["C", { name: "x" }]] }),
    "students: is read-only",
  ],
  [
    "the list of the other side",
    (by) => updateRecord(by, "Worker", first, { reports: [["C", { name: "x" }]] }),
    "reports: is read-only",
  ],
  ["pairs", (by) => updateRecord(by, "Worker", first, { courses: [] }), "courses: is read-only"],
];

test.each(refusals)("%s", async (_what, write, message) => {
  await expect(write(env)).rejects.toThrow(message);
  await expect(write(hr)).resolves.toBeDefined();
});

test("an order that the caller may not change is not changed", async () => {
  const later = (await createRecord(hr, "Worker", { name: "Bob", order: 2 })).id;
  const move = { dropped: later, after: null, field: "order" };
  await expect(resequence(env, "Worker", move)).rejects.toThrow("order: is read-only");
  await expect(resequence(hr, "Worker", move)).resolves.not.toEqual([]);
});

test("a line within another record", async () => {
  const staffed = { name: "B", members: [{ name: "x", grade: "B" }] };
  await expect(createRecord(env, "Team", staffed)).rejects.toThrow("members[0].grade: is read-only");
  await expect(createRecord(hr, "Team", staffed)).resolves.toBeDefined();
});

test("defaults, hooks and code set it; a copy has the default", async () => {
  const { id } = await createRecord(env, "Worker", { name: "Eve" });
  expect(await gradeOf(id)).toMatchObject({ grade: "new" });
  const hooked = await createRecord(env, "Worker", { name: "hooked" });
  expect(await gradeOf(hooked.id)).toMatchObject({ grade: "by hook", code: "X", hired: true });
  await updateRecord(env.elevated(), "Worker", id, { grade: "C" });
  expect(await gradeOf(id)).toMatchObject({ grade: "C" });
  const copy = await cloneRecord(env, "Worker", first, {});
  expect(await gradeOf(copy.id)).toMatchObject({ name: "Ada (copy)", grade: "new", hired: false });
  expect(await gradeOf((await cloneRecord(hr, "Worker", first, {})).id)).toMatchObject({ grade: "A", hired: true });
});

test("the registry says so to the caller", () => {
  const described = describeModel(env, "Worker");
  expect(described.grade).toMatchObject({ readonly: true, groups: { write: ["hr"] } });
  expect(described).toMatchObject({
    reports: { readonly: true },
    order: { readonly: true },
    courses: { readonly: true },
  });
  expect(described.hired).toBeUndefined();
  expect(describeModel(hr, "Worker").grade).not.toHaveProperty("readonly");
  expect(describeModel(hr, "Worker").hired).not.toHaveProperty("readonly");
});

test("a form shows what effects give it, and takes no value for it", async () => {
  const values = { name: "x", grade: "forged" };
  const answer = await runEffects(env, "Worker", { id: null, values, trigger: "name" });
  expect(JSON.parse(answer)).toMatchObject({ grade: "E" });
});

test("inputs follow", async () => {
  const raise = (by: Environment, inputs: object) => executeMethod(by, "Worker", "raise", { inputs: { ...inputs } });
  await expect(raise(env, { percent: 9 })).rejects.toThrow("percent: is read-only");
  await expect(raise(env, { reason: "x" })).rejects.toThrow(
    /^reason: is not known here; known are percent, text, lines$/,
  );
  await expect(raise(env, { lines: [{ share: 1 }] })).rejects.toThrow("lines[0].share: is read-only");
  await expect(raise(env, { text: "x" })).resolves.toMatchObject({ percent: 2, reason: "none", text: "x" });
  await expect(raise(hr, { percent: 9, reason: "x" })).resolves.toMatchObject({ percent: 9, reason: "x" });
  expect(describeModel(env, "RaiseWizard").percent).toMatchObject({ readonly: true });
  expect(describeModel(env, "RaiseWizard")).not.toHaveProperty("reason");
  expect(describeModels(env).Worker?.methods).toHaveProperty("raise");
  const meta = await describeAction(env, "Worker", "raise", {});
  expect(meta.wizard?.defaults).not.toMatch("reason");
  expect(Object.keys(meta.wizard?.fields ?? {})).toEqual(["percent", "text", "lines"]);
  const effect = (by: Environment) =>
    runEffects(by, "RaiseWizard", { id: null, values: { text: "x", percent: 5 }, trigger: "text" });
  expect(JSON.parse(await effect(env))).not.toHaveProperty("reason");
  expect(JSON.parse(await effect(hr))).toMatchObject({ reason: "made" });
});
