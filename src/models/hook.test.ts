/** Hooks of several modules around each other. */
import { expect, test } from "vitest";
import { declareBehaviour } from "../../test/fixtures/shop-registry.ts";
import { declareModel } from "../../test/support/world.ts";
import { char } from "../fields/char.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { ComposedHooks, ModelBehaviour } from "./behaviour.ts";
import { composeRegistry } from "./compose.ts";
import { modelOf } from "./model.ts";

const env = {} as RunningEnvironment;
type Values = readonly { readonly name: string }[];
type Next<Batch> = (batch: Batch) => Promise<Batch>;

function hooksOf(...modules: readonly ModelBehaviour["hooks"][]): ComposedHooks {
  const models = [declareModel("Thing", { name: char() })];
  const registry = composeRegistry(
    modules.map((hooks, index) => ({
      identifier: `m${index}`,
      models: index === 0 ? models : [],
      extensions: [],
      behaviours: [declareBehaviour("Thing", { hooks })],
    })),
  );
  return modelOf(registry, "Thing").behaviour.hooks;
}

/** Writes down what it sees on the way in and out. */
function noting(notes: string[], name: string) {
  return async (batch: Values, _env: RunningEnvironment, next: Next<Values>): Promise<Values> => {
    notes.push(`${name} in ${batch.map((each) => each.name).join()}`);
    const result = await next(batch.map((each) => ({ name: `${each.name}${name}` })));
    notes.push(`${name} out ${result.map((each) => each.name).join()}`);
    return result.map((each) => ({ name: `${name}${each.name}` }));
  };
}

test("the last module is outside, the first inside, and each may change what is written", async () => {
  const notes: string[] = [];
  const hooks = hooksOf({ beforeCreate: noting(notes, "a") }, {}, { beforeCreate: noting(notes, "b") });
  const written = await hooks.beforeCreate?.([{ name: "x" }, { name: "y" }], env);
  expect(written).toEqual([{ name: "baxba" }, { name: "bayba" }]);
  expect(notes).toEqual(["b in x,y", "a in xb,yb", "a out xba,yba", "b out axba,ayba"]);
  expect(hooks.afterCreate).toBeNull();
});

test("a hook that does not call the next one replaces it", async () => {
  const notes: string[] = [];
  const silent = () => {
    notes.push("silent");
  };
  const hooks = hooksOf({ afterDelete: () => void notes.push("never") }, { afterDelete: silent });
  expect(await hooks.afterDelete?.([1], env)).toBeUndefined();
  expect(notes).toEqual(["silent"]);
});

test.each([
  ["too few", () => []],
  ["nothing", () => undefined],
])("a hook before a write that gives back %s is an error", async (_name, hook) => {
  const { beforeUpdate } = hooksOf({ beforeUpdate: hook });
  await expect(beforeUpdate?.([{ id: 1, values: {} }], env)).rejects.toThrow(
    /a beforeUpdate hook must give back the values of all 1 records, and gave (a list of 0|no list)/,
  );
});

test("a model without hooks has none", () => {
  expect(Object.values(hooksOf({}))).toEqual(Array(7).fill(null));
});
