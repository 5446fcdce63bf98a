/** Reads what is in the lists of records, and refuses what has to be in one of them and is not. */
import { MissingError } from "../errors.ts";
import type { LinkedField, Model, StoredField } from "../models/model.ts";
import { compileHeldLines, compileLines, compileLinked } from "../query/compile-write-many.ts";
import { keeperOf } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { GivenLines } from "./lines.ts";
import { planMany, rulesOf } from "./many-plan.ts";

/** A list that is to be written, and the record that holds it. */
export interface HeldLines {
  /** Null for a record that is new: nothing is in its lists. */
  readonly owner: number | null;
  readonly lines: GivenLines;
}

/** A relation to many records, with what it leads to. */
export interface ListRelation {
  readonly field: LinkedField;
  readonly target: Model;
  /** The field of the target that refers to the holders; null where pairs do. */
  readonly inverse: StoredField | null;
}

/** Holder -> the records that are in its list, as far as the caller sees them. */
export type Members = ReadonlyMap<number, ReadonlySet<number>>;

/** What becomes of the records that are read and refer to the holders; pairs are never held. */
const readings = { free: compileLines, held: compileHeldLines } as const;

/**
 * Reads which records are in the lists, as far as it matters for what the lists do, and holds them. What the caller may not see is not
 * among them.
 *
 * @throws MissingError for the first record that has to be in a list and is not, whether it is hidden, elsewhere or nowhere
 */
export async function loadMembers(
  env: BaseEnvironment,
  relation: ListRelation,
  lists: readonly HeldLines[],
): Promise<Members> {
  const open = lists.filter(({ owner, lines }) => owner !== null && (lines.replaces || lines.states.size > 0));
  const isWhole = open.some(({ lines }) => lines.replaces);
  const named = isWhole ? null : open.flatMap(({ lines }) => [...lines.states.keys()]);
  const members = await readMembers(env, relation, "held", open, named);
  refuseStrangers(relation.target, lists, members);
  return members;
}

/**
 * Checks the same before anything is written. Nothing is held, so that the locks of a write stay in their order.
 *
 * @throws MissingError as {@link loadMembers}
 */
export async function checkMembers(
  env: BaseEnvironment,
  relation: ListRelation,
  lists: readonly HeldLines[],
): Promise<void> {
  const open = lists.filter(({ lines }) => lines.members.size > 0);
  const named = open.flatMap(({ lines }) => [...lines.members.keys()]);
  refuseStrangers(relation.target, open, await readMembers(env, relation, "free", open, named));
}

function refuseStrangers(target: Model, lists: readonly HeldLines[], members: Members): void {
  for (const { owner, lines } of lists) {
    const present = owner === null ? undefined : members.get(owner);
    for (const [id, path] of lines.members) {
      if (present?.has(id) === true) continue;
      const message = `${target.name} ${id} does not exist`;
      throw new MissingError(message, { extra: { fields: [{ path, message }] } });
    }
  }
}

/** @param named the records in question; null for all that are in the lists */
async function readMembers(
  env: BaseEnvironment,
  { field, target, inverse }: ListRelation,
  reading: keyof typeof readings,
  lists: readonly HeldLines[],
  named: readonly number[] | null,
): Promise<Members> {
  const owners = lists.flatMap(({ owner }) => owner ?? []);
  if (owners.length === 0) return new Map();
  const narrowed = named !== null;
  const rules = rulesOf(env, target, "read");
  const keeper = keeperOf(env.registry, field.relation.link);
  const kept = keeper === null ? null : { keeper, rules: rulesOf(env, keeper, "read") };
  const shape = ["members", reading, target.name, inverse?.name ?? field.relation.link, narrowed];
  const { plan, known } = planMany(env, shape, () =>
    inverse === null
      ? compileLinked(env.access, target, field, rules, narrowed, kept)
      : readings[reading](env.access, { model: target, inverse, rules, narrowed }),
  );
  const parameters = narrowed ? [owners, [...new Set(named)]] : [owners];
  const rows = await env.run<{ owner: number; id: number }>(plan, known, [], parameters);
  const members = new Map<number, Set<number>>();
  for (const { owner, id } of rows) members.set(owner, (members.get(owner) ?? new Set()).add(id));
  return members;
}
