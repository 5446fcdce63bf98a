/** Before code of modules is told of a change: what it is about is there for the caller, and stays as it is until the write ends. */
import type { RecordOperation } from "../access/access.ts";
import { ValueProblem } from "../fields/field.ts";
import { parseReference, ToOneField } from "../fields/relation.ts";
import { type Model, type ModelField, modelOf, type StoredField } from "../models/model.ts";
import { compileChangeable, compileHeldOwners } from "../query/compile-write-many.ts";
import { isTreeField, lockTrees } from "./ancestor.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { GivenRecord } from "./lines.ts";
import { lockIds } from "./lock.ts";
import { planMany, rulesOf } from "./many-plan.ts";
import { refuseChange } from "./version.ts";

/** A change of records of one model that has begun. */
export interface BegunChange {
  readonly model: Model;
  readonly operation: "create" | "write" | "delete";
  readonly records: readonly Pick<GivenRecord, "id" | "values">[];
  /** The version that the one record must have. */
  readonly version?: number | undefined;
}

/** Table -> the ids of its records that are held. */
type Held = ReadonlyMap<string, Set<number>>;

/**
 * Whether code of modules is told of changes like this, before or after them.
 *
 * What it then decides must not be about a state that somebody else is just leaving.
 */
export function isTold({ behaviour: { hooks } }: Model, operation: RecordOperation): boolean {
  if (operation === "create") return hooks.beforeCreate !== null || hooks.afterCreate !== null;
  if (operation === "write") return hooks.beforeUpdate !== null || hooks.afterUpdate !== null;
  return hooks.beforeDelete !== null || hooks.afterDelete !== null;
}

/** Whether records are part of what this field refers to: they cannot be without it, and are deleted with it, as lines of an order are. */
export function isPartOf({ field }: StoredField): boolean {
  return field instanceof ToOneField && field.options.required === true && field.onDelete === "CASCADE";
}

/**
 * Makes sure that the records of a change are there for the caller, in the version that is asked for. Where code of modules is told of the change, the records are held, and
 * before them those that they are or will be part of: in this order everywhere, so that a write of an order and one of its lines wait for each other and not in a circle.
 *
 * @param mustBe whether something happens before the statements that would find out that one is not there
 * @throws MissingError for the first that the caller does not see, VersionConflictError, AccessError where the rules do not let it
 */
export async function holdChange(env: BaseEnvironment, change: BegunChange, mustBe: boolean): Promise<void> {
  const { model, operation } = change;
  const isHeld = isTold(model, operation);
  const owners = isHeld ? [...model.fields.values()].filter(isOwnerField) : [];
  if (isHeld) await lockNamedTrees(env, change);
  // Both are sent at once, and done one after the other.
  const holding = holdOwners(env, change, owners);
  const finding = operation !== "create" && (isHeld || mustBe) ? findRecords(env, change, isHeld, owners) : [];
  const [held, rows] = await Promise.all([holding, finding]);
  // Somebody may have moved one while its owner was waited for; and one may be the caller's to change though its owner is hidden.
  for (const [index, field] of owners.entries()) {
    const { table } = ownerOf(env, field);
    const strangers = rows.flatMap((row) => row[`of${index}`] ?? []).filter((id) => held.get(table)?.has(id) !== true);
    if (strangers.length > 0) await lockIds(env.session, table, strangers, "no key update");
  }
}

/** Holds what the records are part of, and what they are to be part of, as far as the caller sees it: nobody else's records are held by naming them. */
async function holdOwners(
  env: BaseEnvironment,
  { model, records }: BegunChange,
  fields: readonly StoredField[],
): Promise<Held> {
  const ids = idsOf(records);
  const wanted = new Map<Model, StoredField[]>();
  for (const field of fields) {
    const owner = ownerOf(env, field);
    if (env.access.canRead(owner)) wanted.set(owner, [...(wanted.get(owner) ?? []), field]);
  }
  const locks = [...wanted]
    .sort(([one], [other]) => (one.table < other.table ? -1 : 1))
    .map(async ([owner, mine]): Promise<[string, Set<number>]> => {
      const columns = mine.map(({ column }) => column);
      const { plan, known } = planMany(env, ["held owners", owner.name, model.name, columns], () =>
        compileHeldOwners(env.access, owner, rulesOf(env, owner, "read"), model, columns),
      );
      const given = mine.flatMap(({ name }) => records.flatMap(({ values }) => referenceOf(values[name])));
      const rows = await env.run<{ id: number }>(plan, known, [], [ids, [...new Set(given)]]);
      return [owner.table, new Set(rows.map(({ id }) => id))];
    });
  return new Map(await Promise.all(locks));
}

/**
 * Looks for the records, and holds them where that is asked for.
 *
 * @returns their ids, and those of what they are part of, as `of0`, `of1` and so on
 */
async function findRecords(
  env: BaseEnvironment,
  { model, operation, records, version }: BegunChange,
  isHeld: boolean,
  owners: readonly StoredField[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const ids = idsOf(records);
  if (ids.length === 0) return [];
  const versioned = version !== undefined;
  const { plan, known } = planMany(env, ["changeable", model.name, operation, versioned, isHeld], () => {
    const rules = rulesOf(env, model, operation);
    const strength = !isHeld ? null : operation === "delete" ? "update" : "no key update";
    return compileChangeable(env.access, model, { rules, versioned, owners, strength });
  });
  const rows = await env.run<Readonly<Record<string, number>>>(plan, known, [], versioned ? [ids, version] : [ids]);
  const found = new Set(rows.map(({ id }) => id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) await refuseChange(env, model, missing, version);
  return rows;
}

/** Records of trees are moved one write after the other; whoever waits for that must not hold records yet. */
async function lockNamedTrees(env: BaseEnvironment, { model, records }: BegunChange): Promise<void> {
  const trees = [...model.fields.values()].filter(isTreeField);
  if (records.some(({ id, values }) => id !== null && trees.some(({ name }) => values[name] !== undefined))) {
    await lockTrees(env, [model]);
  }
}

function isOwnerField(field: ModelField): field is StoredField {
  return field.kind === "stored" && isPartOf(field);
}

function ownerOf(env: BaseEnvironment, { name, relation }: StoredField): Model {
  if (relation === null) throw new Error(`${name} refers to nothing`);
  return modelOf(env.registry, relation.target);
}

/** The id that a value is meant to be; what is wrong with it is said when it is checked. */
function referenceOf(value: unknown): number[] {
  if (value === undefined || value === null) return [];
  try {
    return [parseReference(value)];
  } catch (error) {
    if (error instanceof ValueProblem) return [];
    throw error;
  }
}

function idsOf(records: BegunChange["records"]): number[] {
  return records.flatMap(({ id }) => id ?? []);
}
