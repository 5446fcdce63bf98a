/** Decides what becomes of the records in lists, once it is known what is in them: data to data, nothing is read or written. */
import { ValidationError } from "../errors.ts";
import type { Members } from "./list-member.ts";
import type { Draft, DraftRelation } from "./write-tree.ts";

/** A record that is there by now, and one of its lists that is to be written. */
export interface Holder {
  readonly id: number;
  /** The record has just been created: nothing is in its lists. */
  readonly isNew: boolean;
  readonly relation: DraftRelation;
}

/** A record that goes into a list or out of it. */
export interface Membership {
  readonly owner: number;
  readonly id: number;
  readonly path: string;
}

/** What is to happen, for all holders together. */
export interface RelationPlan {
  readonly deletes: ReadonlySet<number>;
  readonly creates: readonly { readonly owner: number; readonly draft: Draft }[];
  readonly updates: readonly Draft[];
  readonly joins: readonly Membership[];
  readonly leaves: readonly Membership[];
}

const NOBODY: ReadonlySet<number> = new Set();

/**
 * Makes the plan.
 *
 * @param members every record that has to be in a list among them
 * @throws ValidationError for a record that one list brings in and another one deletes
 */
export function planRelation(holders: readonly Holder[], members: Members): RelationPlan {
  const deletes = new Map<number, string>();
  const joins: Membership[] = [];
  const leaves: Membership[] = [];
  for (const { id: owner, relation } of holders) {
    const { path, replaces, states, members: expected, targets } = relation.lines;
    const present = members.get(owner) ?? NOBODY;
    for (const [id, state] of states) {
      const place = expected.get(id) ?? targets.get(id) ?? path;
      if (state === "deleted") deletes.set(id, place);
      else if (state === "linked" && !present.has(id)) joins.push({ owner, id, path: place });
      // What one command has brought in, another one can take out: then it has left wherever it was before.
      else if (state === "removed" && (present.has(id) || targets.has(id))) leaves.push({ owner, id, path: place });
    }
    if (replaces) for (const id of present) if (!states.has(id)) leaves.push({ owner, id, path });
  }
  for (const { id, path } of joins) if (deletes.has(id)) throw twice(path, deletes.get(id));
  return {
    deletes: new Set(deletes.keys()),
    creates: holders.flatMap(({ id: owner, relation }) => relation.creates.map((draft) => ({ owner, draft }))),
    updates: holders.flatMap(({ relation }) => relation.updates),
    joins,
    leaves,
  };
}

/**
 * The lists that records come to and go from where a record can be in one list only: what goes out of one and into another
 * one moves.
 *
 * @returns id -> where it comes to; null where it only goes
 * @throws ValidationError for a record that is to come into two lists
 */
export function planMoves({
  joins,
  leaves,
}: RelationPlan): ReadonlyMap<number, Membership & { readonly joins: boolean }> {
  const moves = new Map<number, Membership & { readonly joins: boolean }>();
  for (const leave of leaves) moves.set(leave.id, { ...leave, joins: false });
  for (const join of joins) {
    const other = moves.get(join.id);
    if (other?.joins === true) throw twice(join.path, other.path);
    moves.set(join.id, { ...join, joins: true });
  }
  return moves;
}

function twice(path: string, other: string | undefined): ValidationError {
  return ValidationError.ofFields([{ path, message: `names a record that ${other} names too, for something else` }]);
}
