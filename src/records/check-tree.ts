/** Tells all that is wrong with a write at once: values that are no good, and references that lead nowhere. */
import { type FieldError, ValidationError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { DEEPEST_PATH } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { everyReference } from "./draft-reference.ts";
import type { GivenRecord } from "./lines.ts";
import { findMissing } from "./target.ts";
import { joinPath, MOST_ERRORS } from "./values.ts";
import { type Draft, readTree } from "./write-tree.ts";

/**
 * Checks records of one model, with all that their lists bring.
 *
 * References are looked up only where something is wrong already: else the foreign keys are their check.
 *
 * @throws ValidationError with every value of the whole tree that is wrong, unknown, read-only or missing
 * @throws AccessError where the caller may not do what a list wants to records of its model
 */
export async function checkTree(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
): Promise<Draft[]> {
  const { drafts, errors } = await readTree(env, model, operation, given);
  if (errors.length === 0) return drafts;
  const missing = await findMissing(env, everyReference(env, model, drafts));
  throw ValidationError.ofFields(distinct([...errors, ...missing]));
}

/**
 * Does a write. Where the database refuses one of its values, the error tells of all that the caller has named in vain.
 *
 * @param work gets the check of its records, for the environment that it writes in
 */
export async function writeChecked<Result>(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
  work: (check: (inner: BaseEnvironment) => Promise<Draft[]>) => Promise<Result>,
): Promise<Result> {
  let drafts: readonly Draft[] = [];
  const check = async (inner: BaseEnvironment) => {
    const checked = await checkTree(inner, model, operation, given);
    drafts = checked;
    return checked;
  };
  try {
    return await work(check);
  } catch (error) {
    // A transaction around it has failed too, and answers no more questions.
    if (!(error instanceof ValidationError) || !Array.isArray(error.extra.fields) || env.inTransaction) throw error;
    const places = placesOf(given);
    const named = everyReference(env, model, drafts).filter(({ path }) => places.has(path.replace(/\[\d+\]$/, "")));
    const all = distinct([...error.extra.fields, ...(await findMissing(env, named))]);
    throw all.length === error.extra.fields.length ? error : ValidationError.ofFields(all);
  }
}

/**
 * The places of the values that the caller has given itself, those of records within records too: what hooks have added may be gone with
 * the transaction.
 */
function placesOf(given: readonly GivenRecord[]): ReadonlySet<string> {
  const places = new Set<string>();
  const add = (path: string, values: object, depth: number): void => {
    for (const [name, value] of Object.entries(values)) {
      const place = joinPath(path, name);
      places.add(place);
      if (!Array.isArray(value) || depth >= DEEPEST_PATH) continue;
      for (const [index, item] of value.entries()) {
        // An object of values, or a command whose last part they are.
        const inner: unknown = Array.isArray(item) ? item.at(-1) : item;
        if (typeof inner === "object" && inner !== null) add(`${place}[${index}]`, inner, depth + 1);
      }
    }
  };
  for (const { path, values } of given) add(path, values, 0);
  return places;
}

/** One value that is given for many records makes the same errors for each of them. */
function distinct(errors: readonly FieldError[]): FieldError[] {
  return [...new Map(errors.map((error) => [JSON.stringify(error), error])).values()].slice(0, MOST_ERRORS);
}
