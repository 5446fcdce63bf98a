/** Keeps records as they are once they have left the state in which they are worked on. */
import { type Environment, UserError } from "fullfinity";

/** A record that must not be changed any more. */
export interface FrozenRecord {
  readonly id: number;
  readonly name: string | null;
  readonly status: string;
}

/** What is frozen about a model's records. */
export interface Freeze {
  /** As a message names a record: `Order`. */
  readonly label: string;
  /** Fields that may change in any state. */
  readonly open: readonly string[];
  /** What may be done instead: `reset it to draft first`. */
  readonly advice: string;
}

/**
 * Refuses changes of frozen records.
 *
 * @param records those of the changed records that are frozen
 * @throws UserError naming the record, its state and the fields
 */
export function checkChanges(
  freeze: Freeze,
  records: readonly FrozenRecord[],
  changes: readonly { readonly id: number; readonly values: object }[],
): void {
  const frozen = new Map(records.map((record) => [record.id, record]));
  for (const { id, values } of changes) {
    const record = frozen.get(id);
    const fields = Object.keys(values).filter((name) => !freeze.open.includes(name));
    if (record === undefined || fields.length === 0) continue;
    throw new UserError(
      `${nameOf(freeze, record)} is ${record.status}: ${fields.join(", ")} cannot be changed; ${freeze.advice}`,
    );
  }
}

/**
 * Refuses changes of what belongs to frozen records.
 *
 * @throws UserError where there is a frozen record
 */
export function checkOwners(freeze: Freeze, records: readonly FrozenRecord[]): void {
  const [record] = records;
  if (record === undefined) return;
  throw new UserError(`${nameOf(freeze, record)} is ${record.status}: its lines cannot be changed; ${freeze.advice}`);
}

/**
 * Refuses to delete records in a state that must be kept.
 *
 * @throws UserError where there is such a record
 */
export function checkDeletion(freeze: Freeze, records: readonly FrozenRecord[]): void {
  const [record] = records;
  if (record === undefined) return;
  throw new UserError(`${nameOf(freeze, record)} is ${record.status} and cannot be deleted; ${freeze.advice}`);
}

type Change = { readonly id: number; readonly values: object };

/**
 * The hooks of a model of lines that follow the state of what they belong to.
 *
 * @param owner the field that says what a line belongs to
 * @param check throws where one of these lines must not be changed
 */
export function guardLines(owner: string, check: (env: Environment, ids: readonly number[]) => Promise<void>) {
  const checkAll = async (env: Environment, ids: readonly number[]) => {
    if (ids.length > 0) await check(env, ids);
  };
  return {
    afterCreate: async (ids: readonly number[], env: Environment, next: (ids: readonly number[]) => Promise<void>) => {
      await next(ids);
      await checkAll(env, ids);
    },
    beforeUpdate: async <Batch extends readonly Change[], Result>(
      changes: Batch,
      env: Environment,
      next: (changes: Batch) => Promise<Result>,
    ): Promise<Result> => {
      await checkAll(env, idsOf(changes));
      return next(changes);
    },
    /** A line may have moved elsewhere. */
    afterUpdate: async <Batch extends readonly Change[]>(
      changes: Batch,
      env: Environment,
      next: (changes: Batch) => Promise<void>,
    ): Promise<void> => {
      await next(changes);
      await checkAll(env, idsOf(changes.filter(({ values }) => owner in values)));
    },
    beforeDelete: async (ids: readonly number[], env: Environment, next: (ids: readonly number[]) => Promise<void>) => {
      await checkAll(env, ids);
      await next(ids);
    },
  };
}

/**
 * A hook that keeps fields as they are once records are in use.
 *
 * @param isUsed whether any of these records is
 * @param message what is said to whoever would change one
 */
export function keepFields(
  fields: readonly string[],
  isUsed: (env: Environment, ids: readonly number[]) => Promise<boolean>,
  message: string,
) {
  return async <Batch extends readonly Change[], Result>(
    changes: Batch,
    env: Environment,
    next: (changes: Batch) => Promise<Result>,
  ): Promise<Result> => {
    const ids = idsOf(changes.filter(({ values }) => fields.some((name) => name in values)));
    if (ids.length > 0 && (await isUsed(env, ids))) throw new UserError(message);
    return next(changes);
  };
}

/**
 * A hook that keeps records once they are in use.
 *
 * @param isUsed whether any of these records is
 * @param message what is said to whoever would delete one
 */
export function keepRecords(isUsed: (env: Environment, ids: readonly number[]) => Promise<boolean>, message: string) {
  return async (
    ids: readonly number[],
    env: Environment,
    next: (ids: readonly number[]) => Promise<void>,
  ): Promise<void> => {
    if (await isUsed(env, ids)) throw new UserError(message);
    await next(ids);
  };
}

function idsOf(changes: readonly Change[]): number[] {
  return changes.map(({ id }) => id);
}

function nameOf({ label }: Freeze, { id, name }: FrozenRecord): string {
  return `${label} ${name ?? `#${id}`}`;
}
