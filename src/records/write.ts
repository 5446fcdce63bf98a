/** Writing single records: check the values, run the statements, give back what clients are told. */
import type { RecordOperation } from "../access/access.ts";
import type { Model, StoredField } from "../models/model.ts";
import {
  type CompiledWrite,
  compileDelete,
  compileInsert,
  compileUpdate,
  type WriteGuard,
} from "../query/compile-write.ts";
import { resolveModel } from "../query/path.ts";
import { resolveSelection } from "../query/selection.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { completeBytes } from "./calculate.ts";
import { writeChecked } from "./check-tree.ts";
import { type Consequences, consequencesOf } from "./consequence.ts";
import { referencesOf } from "./draft-reference.ts";
import { isRecorded } from "./history.ts";
import { holdChange } from "./hold-change.ts";
import type { GivenRecord } from "./lines.ts";
import { rulesOf } from "./many-plan.ts";
import type { CachedPlan } from "./plan-cache.ts";
import { fetchRecord } from "./read.ts";
import { printWritten } from "./record-text.ts";
import { deletionChangesRights } from "./rights-change.ts";
import { makesStale } from "./settlement.ts";
import { checkReferences, type Reference } from "./target.ts";
import { isUnnumbered } from "./unnumbered.ts";
import { fieldsOf, type GivenValues } from "./values.ts";
import { refuseChange } from "./version.ts";
import { translateViolation } from "./violation.ts";
import { endRun } from "./write-end.ts";
import { prepareRun, runParts } from "./write-level.ts";
import { beginRun } from "./write-run.ts";
import { checkRight, checksInTransaction, type Draft } from "./write-tree.ts";

/** What a write answers with. */
export interface WrittenRecord {
  readonly id: number;
  readonly version: number;
  /** JSON text of `id`, `name` where the model has one, `display_name`, and the fields that were asked for; in UTF-8. */
  readonly data: Buffer;
}

/** The same as the statement gives it: with the JSON text, or the row that it is made of. */
interface FoundRecord extends Omit<WrittenRecord, "data"> {
  readonly data: string;
}

/** Options of a write. */
export interface WriteOptions {
  /** Paths of fields that the answer carries too. */
  readonly fields?: readonly string[] | undefined;
  /** The version that the record must have, as `If-Match` says. */
  readonly version?: number | undefined;
}

/** A write of one record. */
interface SingleWrite {
  readonly model: Model;
  readonly operation: "create" | "write";
  /** Null for a new record. */
  readonly id: number | null;
  readonly version: number | undefined;
  /** Paths of the answer. */
  readonly paths: readonly string[];
}

/** The statement of a single write. */
interface SingleStatement {
  readonly write: SingleWrite;
  readonly draft: Draft;
  readonly fields: readonly StoredField[];
  readonly plan: CachedPlan<Consequences & Pick<CompiledWrite, "row">>;
}

/**
 * Creates a record.
 *
 * @throws MissingError for an unknown model, AccessError when the caller may not create its records
 * @throws ValidationError with every field that is wrong
 */
export async function createRecord(
  env: BaseEnvironment,
  modelName: string,
  values: GivenValues,
  options: WriteOptions = {},
): Promise<WrittenRecord> {
  const model = resolveWritable(env, modelName, "create");
  const paths = answerPaths(model, options.fields);
  return writeSingle(env, { model, operation: "create", id: null, version: undefined, paths }, values);
}

/**
 * Changes a record. Without any value nothing is changed, and the record keeps its version.
 *
 * @throws MissingError for an unknown model, and for a record that is not there for this caller
 * @throws AccessError when the caller may not change the record
 * @throws ValidationError with every field that is wrong
 * @throws VersionConflictError when the record has another version than the one asked for
 */
export async function updateRecord(
  env: BaseEnvironment,
  modelName: string,
  id: number,
  values: GivenValues,
  options: WriteOptions = {},
): Promise<WrittenRecord> {
  const model = resolveWritable(env, modelName, "write");
  const paths = answerPaths(model, options.fields);
  const { version } = options;
  if (Object.values(values).some((value) => value !== undefined)) {
    return writeSingle(env, { model, operation: "write", id, version, paths }, values);
  }
  const record = await fetchRecord(env, modelName, id, { fields: paths });
  if (version !== undefined && record.version !== version) await refuseChange(env, model, id, version);
  return { id, ...record };
}

/**
 * Deletes a record.
 *
 * @throws MissingError for an unknown model, and for a record that is not there for this caller
 * @throws AccessError when the caller may not delete the record
 * @throws ConflictError when other records refer to it and must not lose that
 * @throws VersionConflictError when the record has another version than the one asked for
 */
export async function deleteRecord(
  env: BaseEnvironment,
  modelName: string,
  id: number,
  options: { readonly version?: number | undefined } = {},
): Promise<void> {
  const model = resolveWritable(env, modelName, "delete");
  const { version } = options;
  const guard = guardOf(env, model, "delete", version);
  const key = planKey(env, ["delete", guard.versioned, model.name]);
  const {
    plan,
    known,
    extra: isPlain,
  } = env.plans.get(key, () => ({
    plan: compileDelete(env.access, model, guard),
    extra: isPlainDeletion(env, model),
  }));
  const remove = async (inner: BaseEnvironment): Promise<void> => {
    const deleted = inner.run(plan, known, [], guardParameters(id, version));
    const rows = await deleted.catch((error: unknown) => translateViolation(env, model, error));
    if (rows.length === 0) await refuseChange(inner, model, id, version);
  };
  if (isPlain) return remove(env);
  return env.transaction(async (inner) => {
    const mustBe = model.behaviour.hooks.beforeDelete !== null;
    await holdChange(inner, { model, operation: "delete", records: [{ id, values: {} }], version }, mustBe);
    const run = beginRun(inner);
    await run.beforeDelete(model, [id]);
    await remove(inner);
    await inner.complete(async () => {
      run.noteDeleted(model, [id]);
      await endRun(run);
    });
  });
}

/** Whether deleting records takes nothing but the statement itself. */
export function isPlainDeletion({ registry }: BaseEnvironment, model: Model): boolean {
  const { beforeDelete, afterDelete } = model.behaviour.hooks;
  if (beforeDelete !== null || afterDelete !== null || deletionChangesRights(registry, model)) return false;
  if (isRecorded(registry, model, "delete")) return false;
  return !makesStale(registry, model, "delete", []);
}

/**
 * The model, if the caller may do this to its records; a model that cannot even be read is unknown.
 *
 * @throws MissingError, AccessError
 */
export function resolveWritable(env: BaseEnvironment, name: string, operation: RecordOperation): Model {
  const model = resolveModel(env.access, name);
  checkRight(env, model, operation);
  return model;
}

/** A record must be, as it is before the change, within the rule of the operation, which that for reading is part of. */
function guardOf(
  env: BaseEnvironment,
  model: Model,
  operation: RecordOperation,
  version: number | undefined,
): WriteGuard {
  return { rules: rulesOf(env, model, operation), versioned: version !== undefined };
}

function guardParameters(id: number, version: number | undefined): number[] {
  return version === undefined ? [id] : [id, version];
}

function answerPaths(model: Model, fields: readonly string[] | undefined): readonly string[] {
  const own = model.fields.has("name") ? ["id", "name", "display_name"] : ["id", "display_name"];
  // Those that were asked for come first, so that errors count them as the client does.
  return fields === undefined ? own : [...fields, ...own];
}

function planKey(env: BaseEnvironment, shape: readonly unknown[]): string {
  return `write ${env.registry.serial} ${env.access.key} ${JSON.stringify(shape)}`;
}

/** Runs a write. One statement is a transaction by itself; what needs more of them gets a transaction around. */
function writeSingle(env: BaseEnvironment, write: SingleWrite, values: GivenValues): Promise<WrittenRecord> {
  const { model, operation, id } = write;
  const given = [{ path: "", id, values }];
  const isLate = checksInTransaction(model, operation, given);
  return writeChecked(env, model, operation, given, (check) => performSingle(env, write, given, check, isLate));
}

/** @param isLate whether the check takes a transaction */
async function performSingle(
  env: BaseEnvironment,
  write: SingleWrite,
  records: readonly GivenRecord[],
  check: (inner: BaseEnvironment) => Promise<Draft[]>,
  isLate: boolean,
): Promise<WrittenRecord> {
  const { model, operation, id, version } = write;
  const early = isLate ? null : await check(env);
  if (early !== null) {
    const statement = planSingle(env, write, early);
    const references = isPlain(statement) ? referencesOfPlain(env, statement) : null;
    if (references?.length === 0) return runSingle(env, statement);
    if (references !== null && env.inTransaction) {
      await checkReferences(env, references);
      return runSingle(env, statement);
    }
  }
  return env.transaction(async (inner) => {
    await holdChange(inner, { model, operation, records, version }, isLate);
    const drafts = early ?? (await check(inner));
    const statement = planSingle(inner, write, drafts);
    const run = beginRun(inner);
    await prepareRun(run, model, drafts, referencesOf(env, model, drafts));
    const change = { model, operation, fields: statement.fields.map(({ name }) => name) };
    if (id !== null) await run.settlement.before({ ...change, ids: [id] });
    const written = await runSingle(inner, statement);
    return inner.complete(async () => {
      await run.note({ ...change, ids: [written.id] }, drafts);
      await runParts(run, model, [{ id: written.id, isNew: id === null, draft: statement.draft }]);
      await endRun(run);
      if (!isStale(statement)) return written;
      return { id: written.id, ...(await fetchRecord(inner, model.name, written.id, { fields: write.paths })) };
    });
  });
}

function planSingle(env: BaseEnvironment, write: SingleWrite, [draft]: readonly Draft[]): SingleStatement {
  if (draft === undefined) throw new Error("a write has no record");
  const { model, operation, version, paths } = write;
  const fields = fieldsOf(model, [draft.columns]);
  const names = fields.map(({ name }) => name);
  const isVersioned = operation === "write" && version !== undefined;
  const key = planKey(env, [operation, isVersioned, model.name, names, paths]);
  const plan = env.plans.get(key, () => {
    const answer = resolveSelection(env.access, model, paths);
    const { plan: compiled, row } =
      operation === "create"
        ? compileInsert(env.access, model, fields, answer)
        : compileUpdate(env.access, model, fields, answer, guardOf(env, model, "write", version));
    return { plan: compiled, extra: { ...consequencesOf(env, model, operation, fields, answer), row } };
  });
  return { write, draft, fields, plan };
}

/** Whether a write takes nothing but its statement, once what it refers to is known to be there. */
function isPlain(statement: SingleStatement): boolean {
  const { draft, plan } = statement;
  if (plan.extra.more || isStale(statement)) return false;
  return plan.extra.trees.every((field) => draft.columns.get(field) === null);
}

/** What a plain write refers to and has to be looked for: none of it stands in lists. */
function referencesOfPlain(env: BaseEnvironment, { write, draft, plan }: SingleStatement): readonly Reference[] {
  const mayRefer = plan.extra.hiding.some((field) => draft.columns.get(field) !== null);
  return mayRefer || env.inTransaction ? referencesOf(env, write.model, [draft]) : [];
}

/** Whether the answer of the statement may be older than the write when that is done. */
function isStale({ write, draft, plan }: SingleStatement): boolean {
  if (plan.extra.outdate || draft.relations.length > 0 || draft.setters.size + draft.ofCompany.size > 0) return true;
  return write.operation === "create" && isUnnumbered(draft.columns);
}

async function runSingle(env: BaseEnvironment, statement: SingleStatement): Promise<WrittenRecord> {
  const { write, draft, fields, plan } = statement;
  const { model, id, version } = write;
  const values = fields.map((field): SqlValue => draft.columns.get(field) ?? null);
  const leading = id === null ? [] : guardParameters(id, version);
  const running = env.run<FoundRecord>(plan.plan, plan.known, [], [env.access.userId, ...leading, ...values]);
  const [found] = await running.catch((error: unknown) => translateViolation(env, model, error));
  if (found === undefined) {
    if (id === null) throw new Error("a write gave no record back");
    return refuseChange(env, model, id, version);
  }
  const { row } = plan.extra;
  const written = row === null ? { ...found, data: Buffer.from(found.data) } : printWritten(found.data, row);
  // What is calculated of a record that is not finished is thrown away, and may not even be possible.
  if (!plan.plan.incomplete || isStale(statement)) return written;
  return { ...written, data: await completeBytes(env, written.data, "wireExpression") };
}
