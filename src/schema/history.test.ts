/** The tables' part of the change history: triggers follow what is tracked, and what cannot be tracked is a conflict. */
import { afterAll, beforeAll, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { createWorld, declareModel, declareModule, type World } from "../../test/support/world.ts";
import type { ModelName } from "../fields/known-model.ts";
import { char, integer, manyToMany, manyToOne, oneToMany } from "../index.ts";
import { composeRegistry } from "../models/compose.ts";
import type { ModelDefinition } from "../models/definition.ts";
import { applyPlan, planSchema } from "./apply.ts";
import { desiredShape } from "./desired.ts";

const named = (name: string) => name as ModelName;
const badge = declareModel("Badge", { name: char({ required: true }) });
const note = declareModel("Note", {
  weight: integer({ track: true }),
  badge: manyToOne(named("Badge")),
  badges: manyToMany(named("Badge")),
});
const compose = (...models: readonly ModelDefinition[]) =>
  composeRegistry([{ identifier: "core", ...core }, declareModule("court", ...models)]);

let world: World;
beforeAll(async () => {
  world = await createWorld([{ identifier: "core", ...core }, declareModule("court", badge, note)]);
});
afterAll(() => world.drop());

test.each<[string, ModelDefinition[], string[]]>([
  ["nothing changes", [badge, note], []],
  [
    "another model is tracked",
    [declareModel("Badge", badge.fields, { track: true }), note],
    ["keep the changes of badge in the change history"],
  ],
  [
    "links are tracked too",
    [badge, declareModel("Note", note.fields, { track: true })],
    ["keep the changes of note in the change history", "keep the changes of note_badges_link in the change history"],
  ],
  [
    "nothing is tracked any more",
    [badge, declareModel("Note", { ...note.fields, weight: integer() })],
    ["stop keeping the changes of note"],
  ],
])("where %s", async (_name, models, expected) => {
  const desired = desiredShape(compose(...models));
  const { operations } = await planSchema(world.database, desired);
  expect(operations.map(({ description }) => description)).toEqual(expected);
  await applyPlan(world.database, desired);
  expect((await planSchema(world.database, desired)).operations).toEqual([]);
  await applyPlan(world.database, desiredShape(compose(badge, note)));
});

test.each<[string, ModelDefinition, string]>([
  [
    "a list of lines",
    declareModel("Badge", { ...badge.fields, notes: oneToMany(named("Note"), "badge" as never, { track: true }) }),
    "is kept by the records on the other side: track their model",
  ],
  [
    "a value without a column",
    declareModel("Badge", { ...badge.fields, shown: char({ track: true, calculate: "shown", stored: false }) }),
    "is not stored, so that it has no history",
  ],
  [
    "no such field",
    declareModel("Badge", badge.fields, { follows: { model: "name", record: "id", field: "nothing" } }),
    'follows.field takes a stored field, not "nothing"',
  ],
])("%s is a conflict", (_name, model, message) => {
  expect(() => compose(model, note)).toThrow(message);
});
