/** The records that a method is called for: there for the caller, within the rules, held, and loaded with what is read of them. */
import { MissingError, ValidationError } from "../errors.ts";
import { ValueProblem } from "../fields/field.ts";
import { parseId } from "../fields/relation.ts";
import { describeValue } from "../fields/text-value.ts";
import { repeat } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { loadBatch } from "./calculate.ts";
import { MOST_LINES } from "./lines.ts";
import { lockIds } from "./lock.ts";
import type { FoundMethod } from "./method-find.ts";
import type { GivenValues } from "./values.ts";
import { refuseChange } from "./version.ts";

/** Records that one call may name. */
export const MOST_RECORDS = MOST_LINES;

/**
 * The ids of a call, each once: those that it names, else those that the client has at hand, in `context.active_ids`.
 *
 * @throws ValidationError where they are no ids, or the method takes none
 * @throws MissingError where the client's records are of another model than those that the method works on
 */
export function readIds({ method, model }: FoundMethod, given: readonly number[], context: GivenValues): number[] {
  const named = [...new Set(given)];
  if (method.scope === "model") {
    if (named.length === 0) return named;
    throw ValidationError.ofFields([{ path: "ids", message: `must be empty: ${method.name} works on no records` }]);
  }
  if (named.length > 0) return named;
  const { active_model: active } = context;
  if (active !== undefined && active !== null && active !== model.name) {
    const name = typeof active === "string" ? JSON.stringify(repeat(active)) : describeValue(active);
    throw new MissingError(`${method.name} does not work on records of the model ${name}`);
  }
  return readActiveIds(context.active_ids ?? []);
}

function readActiveIds(value: unknown): number[] {
  const path = "context.active_ids";
  const refuse = (place: string, message: string) => ValidationError.ofFields([{ path: place, message }]);
  if (!Array.isArray(value)) throw refuse(path, `must be a list of record ids, not ${describeValue(value)}`);
  if (value.length > MOST_RECORDS) throw refuse(path, `must have at most ${MOST_RECORDS} items`);
  const ids = value.map((item: unknown, index) => {
    try {
      return parseId(item);
    } catch (error) {
      throw error instanceof ValueProblem ? refuse(`${path}[${index}]`, error.message) : error;
    }
  });
  return [...new Set(ids)];
}

/** Holds records until the end of the transaction, so that two calls for the same ones come one after the other. */
export async function holdRecords(
  env: BaseEnvironment,
  { method, model }: FoundMethod,
  ids: readonly number[],
): Promise<void> {
  if (ids.length > 0 && !method.readonly) await lockIds(env.session, model.table, ids, "no key update");
}

/**
 * Loads what each function of the method reads, in the order of the ids.
 *
 * @throws MissingError for a record that has been deleted meanwhile
 */
export async function loadRecords(
  env: BaseEnvironment,
  { method, model }: FoundMethod,
  ids: readonly number[],
): Promise<readonly (readonly object[])[]> {
  const { steps } = method;
  if (ids.length === 0) return steps.map(() => []);
  const parts = steps.map(({ paths }) => paths);
  const rows = await loadBatch(env, model, ids, parts);
  const missing = ids.find((id) => !rows.has(id));
  if (missing !== undefined) await refuseChange(env, model, missing, undefined);
  return steps.map((_, index) => ids.map((id) => rows.get(id)?.[index] as object));
}
