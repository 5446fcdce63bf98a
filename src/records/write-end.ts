/** The end of a write: what hangs on it is calculated, and everything is checked as it is now, before anybody can see it. */
import { AccessError, type FieldError, ValidationError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import { checkAncestors } from "./ancestor.ts";
import { checkCompanies } from "./company-check.ts";
import { numberRecords } from "./numbering.ts";
import { announceRights } from "./rights-change.ts";
import type { Change } from "./settlement.ts";
import { findPassing } from "./target.ts";
import { findInvalid } from "./validate.ts";
import { joinPath, MOST_ERRORS } from "./values.ts";
import type { WriteRun, Written } from "./write-run.ts";

/**
 * Ends a write.
 *
 * @throws ValidationError where records break a rule of their model, AccessError where one is not within a record rule any more
 */
export async function endRun(run: WriteRun): Promise<void> {
  // A circle would be calculated for ever.
  for (const moved of run.moved.values()) await checkAncestors(run.env, moved);
  // All that is written by now, and what may depend on a number still to come.
  await numberRecords(run);
  const settled = await run.settlement.settle();
  await checkRules(run, settled);
  await checkCompanies(run, settled);
  await runAfter(run);
  for (const written of run.written.values()) await checkRecordRule(run, written);
  if (run.announces) await announceRights(run.env);
}

/** Checks the rules over several fields that modules declare, also where only a calculated value has changed. */
async function checkRules({ env, written }: WriteRun, settled: readonly Change[]): Promise<void> {
  const errors = new Map<string, FieldError>();
  const add = (error: FieldError) => errors.set(JSON.stringify(error), error);
  for (const { model, operation, paths, fields } of written.values()) {
    for (const { id, errors: found } of await findInvalid(env, model, operation, [...paths.keys()], [...fields])) {
      for (const { path, message } of found) add({ path: joinPath(paths.get(id) ?? "", path), message });
    }
  }
  for (const { model, ids, fields } of settled) {
    const created = written.get(`create ${model.name}`)?.paths;
    const changed = written.get(`write ${model.name}`)?.paths;
    const due = ids.filter((id) => created?.has(id) !== true);
    for (const { id, errors: found } of await findInvalid(env, model, "write", due, fields)) {
      const place = changed?.get(id);
      for (const { path, message } of found) {
        if (place !== undefined) add({ path: joinPath(place, path), message });
        else
          add({ path: "", message: `a ${model.name} record that depends on this would be wrong: ${path} ${message}` });
      }
    }
  }
  if (errors.size > 0) throw ValidationError.ofFields([...errors.values()].slice(0, MOST_ERRORS));
}

async function runAfter({ env, written, deleted }: WriteRun): Promise<void> {
  const running = env as RunningEnvironment;
  for (const { model, operation, paths, changes } of written.values()) {
    const { afterCreate, afterUpdate } = model.behaviour.hooks;
    if (operation === "create") await afterCreate?.([...paths.keys()], running);
    else await afterUpdate?.(changes, running);
  }
  for (const [model, ids] of deleted) await model.behaviour.hooks.afterDelete?.(ids, running);
}

/** The records as they are after the change must be within the rule too. */
async function checkRecordRule({ env }: WriteRun, { model, operation, paths }: Written): Promise<void> {
  if (env.access.rule(model, operation) === null) return;
  const ids = [...paths.keys()];
  const passing = await findPassing(env, model, operation, ids);
  const outside = ids.find((id) => !passing.has(id));
  if (outside === undefined) return;
  const message = `a record rule does not let you have this ${model.name} record like that`;
  const path = paths.get(outside) ?? "";
  throw new AccessError(message, path === "" ? {} : { extra: { fields: [{ path, message }] } });
}
