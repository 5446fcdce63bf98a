/** Writing many records of one model at once: all of them or none, with a number of statements that does not depend on theirs. */
import { type FieldError, MissingError, ValidationError } from "../errors.ts";
import { ValueProblem } from "../fields/field.ts";
import { parseId } from "../fields/relation.ts";
import type { Model } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { writeChecked } from "./check-tree.ts";
import { bindsCompanies } from "./company-check.ts";
import { referencesOf } from "./draft-reference.ts";
import { isRecorded } from "./history.ts";
import { holdChange } from "./hold-change.ts";
import type { GivenRecord } from "./lines.ts";
import { checkPresence } from "./presence.ts";
import { changesRights } from "./rights-change.ts";
import { makesStale } from "./settlement.ts";
import { checkReferences } from "./target.ts";
import { isUnnumbered } from "./unnumbered.ts";
import { isValidated } from "./validate.ts";
import { fieldsOf, type GivenValues, valueCheck } from "./values.ts";
import { isPlainDeletion, resolveWritable } from "./write.ts";
import { endRun } from "./write-end.ts";
import { changeOf, prepareRun, runLevel } from "./write-level.ts";
import { beginRun, WriteRun } from "./write-run.ts";
import { checksInTransaction, type Draft } from "./write-tree.ts";

/** Records of one call. */
export const MOST_RECORDS = 10_000;
/** Characters of values that are written to many records, each of which gets them. */
const MOST_COPIED = 64 * 1024 * 1024;

/**
 * Creates records.
 *
 * @returns their ids, in the order of the records
 * @throws MissingError for an unknown model, AccessError when the caller may not create its records
 * @throws ValidationError with every field that is wrong, such as `records[4].lines[3].price`
 */
export async function createRecords(
  env: BaseEnvironment,
  modelName: string,
  records: readonly GivenValues[],
): Promise<readonly number[]> {
  const model = resolveWritable(env, modelName, "create");
  checkNumber("records", records.length);
  const given = records.map((values, index): GivenRecord => ({ path: `records[${index}]`, id: null, values }));
  return writeMany(env, model, "create", given, async (run, drafts) => {
    const rows = drafts.map((draft) => ({ ...draft, draft }));
    return runLevel(run, model, rows, []);
  });
}

/**
 * Gives records the same values.
 *
 * @param ids one that is named twice is changed once
 * @returns the ids, each once, in their order
 * @throws MissingError for an unknown model, and for the first record that is not there for this caller
 * @throws AccessError when the caller may not change one of them
 * @throws ValidationError with every field that is wrong, such as `values.price`
 */
export async function updateRecords(
  env: BaseEnvironment,
  modelName: string,
  ids: readonly number[],
  values: GivenValues,
): Promise<readonly number[]> {
  const model = resolveWritable(env, modelName, "write");
  const distinct = distinctIds(model, ids);
  const given = distinct.map((id): GivenRecord => ({ path: "values", id, values }));
  checkCopies(model, values, distinct.length);
  if (distinct.length === 0) checkUnused(env, model, values);
  if (Object.values(values).every((value) => value === undefined)) {
    await checkPresence(env, model, "read", distinct);
    return distinct;
  }
  return writeMany(env, model, "write", given, async (run, drafts) => {
    await runLevel(run, model, [], drafts.flatMap(changeOf));
    return distinct;
  });
}

/** A change of one record among many. */
export interface RecordChange {
  readonly id: number;
  readonly values: GivenValues;
}

/**
 * Changes records, each by values of its own.
 *
 * @throws MissingError for an unknown model, and for the first record that is not there for this caller
 * @throws AccessError when the caller may not change one of them
 * @throws ValidationError with every field that is wrong, such as `records[4].price`
 */
export async function changeRecords(
  env: BaseEnvironment,
  modelName: string,
  changes: readonly RecordChange[],
): Promise<void> {
  const model = resolveWritable(env, modelName, "write");
  checkNumber("records", changes.length);
  const given = changes.map(({ id, values }, index): GivenRecord => ({ path: `records[${index}]`, id, values }));
  await writeMany(env, model, "write", given, async (run, drafts) => {
    await runLevel(run, model, [], drafts.flatMap(changeOf));
    return [];
  });
}

/**
 * Deletes records.
 *
 * @param ids one that is named twice is deleted once
 * @returns the ids, each once, in their order
 * @throws MissingError for an unknown model, and for the first record that is not there for this caller
 * @throws AccessError when the caller may not delete one of them
 * @throws ConflictError when other records refer to one of them and must not lose that
 */
export async function deleteRecords(
  env: BaseEnvironment,
  modelName: string,
  ids: readonly number[],
): Promise<readonly number[]> {
  const model = resolveWritable(env, modelName, "delete");
  const distinct = distinctIds(model, ids);
  if (distinct.length === 0) return [];
  await env.transaction(async (inner) => {
    const records = distinct.map((id) => ({ id, values: {} }));
    const mustBe = model.behaviour.hooks.beforeDelete !== null;
    await holdChange(inner, { model, operation: "delete", records }, mustBe);
    const run = beginRun(inner);
    await inner.complete(async () => {
      await run.delete(model, distinct);
      if (!isPlainDeletion(inner, model)) await endRun(run);
    });
  });
  return distinct;
}

/** Checks records and writes them, in a transaction where that takes more than one statement. */
async function writeMany(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
  work: (run: WriteRun, drafts: readonly Draft[]) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  if (given.length === 0) return [];
  return writeChecked(env, model, operation, given, async (check) => {
    const isLate = checksInTransaction(model, operation, given);
    const early = isLate ? null : await check(env);
    if (early !== null && isPlainCreation(env, model, operation, early)) {
      const references = referencesOf(env, model, early);
      if (references.length === 0 || env.inTransaction) {
        await checkReferences(env, references);
        return work(new WriteRun(env), early);
      }
    }
    return env.transaction(async (inner) => {
      await holdChange(inner, { model, operation, records: given }, isLate);
      const drafts = early ?? (await check(inner));
      const run = beginRun(inner);
      await prepareRun(run, model, drafts, referencesOf(env, model, drafts));
      return inner.complete(async () => {
        const written = await work(run, drafts);
        await endRun(run);
        return written;
      });
    });
  });
}

/** Whether records are created by one statement, which needs no transaction around it once what they refer to is known to be there. */
function isPlainCreation(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  drafts: readonly Draft[],
): boolean {
  if (operation === "write" || env.access.rule(model, "create") !== null || changesRights(model)) return false;
  if (isRecorded(env.registry, model, "create")) return false;
  if (model.behaviour.hooks.afterCreate !== null || isValidated(model, "create", [])) return false;
  const fields = fieldsOf(
    model,
    drafts.map(({ columns }) => columns),
  );
  const names = fields.map(({ name }) => name);
  if (makesStale(env.registry, model, "create", names)) return false;
  if (bindsCompanies(env.registry, { model, operation: "create", fields: names })) return false;
  if (drafts.some(({ columns }) => isUnnumbered(columns))) return false;
  return drafts.every(({ setters, ofCompany }) => setters.size + ofCompany.size === 0);
}

function checkNumber(path: string, count: number): void {
  if (count <= MOST_RECORDS) return;
  throw ValidationError.ofFields([{ path, message: `must have at most ${MOST_RECORDS} items, not ${count}` }]);
}

/** Each id once; one that JavaScript cannot hold exactly is that of no record. */
function distinctIds({ name }: Model, ids: readonly number[]): number[] {
  checkNumber("ids", ids.length);
  for (const [index, id] of ids.entries()) {
    try {
      if (typeof id === "number" && id > Number.MAX_SAFE_INTEGER)
        throw new MissingError(`${name} ${id} does not exist`);
      parseId(id);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      throw ValidationError.ofFields([{ path: `ids[${index}]`, message: error.message }]);
    }
  }
  return [...new Set(ids)];
}

/** Lists that are written to many records are written for each of them: that must stay within what a server can hold. */
function checkCopies(model: Model, values: GivenValues, count: number): void {
  const lists = Object.entries(values).filter(([name]) => model.fields.get(name)?.kind === "linked");
  if (lists.length === 0 || JSON.stringify(lists).length * count <= MOST_COPIED) return;
  throw new ValidationError("values: too much is given for so many records; change fewer of them at once");
}

/** Values that no record gets are wrong all the same: whoever sends them believes that they have been understood. */
function checkUnused(env: BaseEnvironment, model: Model, values: GivenValues): void {
  const errors: FieldError[] = [];
  valueCheck(env, model, "write", null)(values, "values", errors);
  if (errors.length > 0) throw ValidationError.ofFields(errors);
}
