/** Reads what functions over records depend on: a batch at a time, each function exactly what its paths lead to. */
import { fieldOf, type Model, type ModelField, modelOf, type Registry } from "../models/model.ts";
import { compileBatch } from "../query/compile-batch.ts";
import type { Selection } from "../query/selection.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** Paths of one function, split. */
export type Paths = readonly (readonly string[])[];

/** A record as JSON texts, one for each function. */
export type BatchRow = { readonly id: number } & { readonly [part: `p${number}`]: string };

interface Draft {
  readonly model: Model;
  readonly fields: Map<string, { readonly field: ModelField; readonly nested: Draft | null }>;
}

/**
 * Reads records in one statement. Records that are not there are missing.
 *
 * @param env decides what is seen behind relations
 * @param parts the paths of each function, which are known to be right
 */
export function loadTexts(
  env: BaseEnvironment,
  model: Model,
  ids: readonly number[],
  parts: readonly Paths[],
): Promise<BatchRow[]> {
  const shape = JSON.stringify([model.name, parts]);
  const { plan, known } = env.plans.get(`batch ${env.registry.serial} ${env.access.key} ${shape}`, () => {
    const selections = parts.map((paths) => selectPaths(env.registry, model, paths));
    return { plan: compileBatch(env.access, model, selections), extra: null };
  });
  return env.run<BatchRow>(plan, known, [], [ids]);
}

/** The selection of paths: the id of each record on the way, and nothing else that is not named. */
function selectPaths(registry: Registry, model: Model, paths: Paths): Selection {
  const root = newDraft(model);
  for (const path of paths) {
    let draft: Draft | null = root;
    for (const name of path) {
      if (draft === null) throw new Error(`${model.name} has no path ${path.join(".")}`);
      draft = addField(registry, draft, name);
    }
  }
  return root;
}

function addField(registry: Registry, draft: Draft, name: string): Draft | null {
  const known = draft.fields.get(name);
  if (known !== undefined) return known.nested;
  const field = fieldOf(draft.model, name);
  const nested = field.relation === null ? null : newDraft(modelOf(registry, field.relation.target));
  draft.fields.set(name, { field, nested });
  return nested;
}

function newDraft(model: Model): Draft {
  return { model, fields: new Map([["id", { field: fieldOf(model, "id"), nested: null }]]) };
}
