/** Runs a checked write level by level: the records themselves, then what their lists bring, then what hangs on those. */
import type { RunningEnvironment } from "../fields/known-model.ts";
import { type LinkedField, type Model, type ModelField, modelOf, type StoredField } from "../models/model.ts";
import { keeperOf } from "../query/path.ts";
import type { SqlValue } from "../sql/value.ts";
import { isTreeField, lockTrees } from "./ancestor.ts";
import { checkTree } from "./check-tree.ts";
import { writeOfCompany } from "./company-value.ts";
import { changePairs, findKept, isOwned, keptFields } from "./link-write.ts";
import { loadMembers } from "./list-member.ts";
import { type Holder, type Membership, planMoves, planRelation, type RelationPlan } from "./relation-plan.ts";
import { checkReferences, type Reference } from "./target.ts";
import type { ChangeRow, WriteRow, WriteRun } from "./write-run.ts";
import { type Draft, inverseOf } from "./write-tree.ts";

/** A record that has been written, with what is still to be written of it. */
export interface WrittenDraft {
  readonly id: number;
  readonly isNew: boolean;
  readonly draft: Draft;
}

/**
 * Before the first statement: looks for what the values refer to, and makes writes of the same trees wait for each other.
 *
 * @param references those that have to be looked for
 */
export async function prepareRun(
  { env }: WriteRun,
  model: Model,
  drafts: readonly Draft[],
  references: readonly Reference[],
): Promise<void> {
  const trees = new Set<Model>();
  addTrees(env.registry.models, model, drafts, trees);
  if (trees.size > 0) await lockTrees(env, trees);
  await checkReferences(env, references);
}

/** The models in whose trees the write may move records. */
function addTrees(models: ReadonlyMap<string, Model>, model: Model, drafts: readonly Draft[], trees: Set<Model>): void {
  const seen = new Set<Draft["columns"]>();
  for (const { id, columns, relations } of drafts) {
    if (id !== null && !seen.has(columns)) {
      seen.add(columns);
      for (const [field, value] of columns) if (value !== null && isTreeField(field)) trees.add(model);
    }
    for (const { field, creates, updates } of relations) {
      const target = models.get(field.relation.target);
      if (target === undefined) continue;
      const inverse = inverseOf(target, field);
      if (inverse !== null && isTreeField(inverse)) trees.add(target);
      addTrees(models, target, creates, trees);
      addTrees(models, target, updates, trees);
    }
  }
}

/**
 * Writes records of one model, with all that their lists bring.
 *
 * @returns the ids of the new records, in their order
 */
export async function runLevel(
  run: WriteRun,
  model: Model,
  creates: readonly (WriteRow & { readonly draft: Draft })[],
  updates: readonly (ChangeRow & { readonly draft: Draft | null })[],
): Promise<readonly number[]> {
  const ids = await run.insert(model, creates);
  await run.update(model, updates);
  await runParts(run, model, [
    ...creates.map(({ draft }, index) => ({ id: ids[index] ?? 0, isNew: true, draft })),
    ...updates.flatMap(({ id, draft }) => (draft === null ? [] : [{ id, isNew: false, draft }])),
  ]);
  return ids;
}

/** Writes what stands in no column of the records: calculated fields with setters, and lists. */
export async function runParts(run: WriteRun, model: Model, written: readonly WrittenDraft[]): Promise<void> {
  await runSetters(run, written);
  run.valued.push(...(await writeOfCompany(run.env, written)));
  const open = new Map<LinkedField, Holder[]>();
  for (const { id, isNew, draft } of written) {
    for (const relation of draft.relations) {
      const holders = open.get(relation.field) ?? [];
      open.set(relation.field, holders);
      holders.push({ id, isNew, relation });
    }
  }
  for (const [field, holders] of open) await runRelation(run, model, field, holders);
}

async function runSetters(run: WriteRun, written: readonly WrittenDraft[]): Promise<void> {
  const open = new Map<ModelField, object[]>();
  for (const { id, draft } of written) {
    for (const [field, value] of draft.setters) {
      const changes = open.get(field) ?? [];
      open.set(field, changes);
      changes.push({ id, value });
    }
  }
  for (const [field, changes] of open) {
    await field.calculation?.setter?.(changes as readonly object[] as readonly never[], run.env as RunningEnvironment);
  }
}

async function runRelation(run: WriteRun, model: Model, field: LinkedField, holders: readonly Holder[]): Promise<void> {
  const target = modelOf(run.env.registry, field.relation.target);
  const inverse = inverseOf(target, field);
  const lists = holders.map(({ id, isNew, relation: { lines } }) => ({ owner: isNew ? null : id, lines }));
  const plan = planRelation(holders, await loadMembers(run.env, { field, target, inverse }, lists));
  if (inverse !== null) {
    await runLines(run, target, inverse, plan);
    return;
  }
  await run.delete(target, [...plan.deletes]);
  const creates = plan.creates.map(({ draft }) => rowOf(draft));
  const ids = await runLevel(run, target, creates, plan.updates.flatMap(changeOf));
  const created = plan.creates.map(({ owner, draft }, index): Membership => {
    return { owner, id: ids[index] ?? 0, path: draft.path };
  });
  const joins = [...plan.joins, ...created];
  const keeper = keeperOf(run.env.registry, field.relation.link);
  if (keeper === null) await changePairs(run, model, field, joins, plan.leaves);
  else await runKept(run, keeper, field, joins, plan.leaves);
}

/** Writes pairs that are records of a model: they pass under the caller's rights to that model, and get its defaults. */
async function runKept(
  run: WriteRun,
  keeper: Model,
  field: LinkedField,
  joins: readonly Membership[],
  leaves: readonly Membership[],
): Promise<void> {
  await run.delete(keeper, await findKept(run.env, keeper, field, leaves));
  const [source, other] = keptFields(keeper, field);
  const given = joins.map(({ owner, id, path }) => {
    return { path, id: null, values: { [source.name]: owner, [other.name]: id } };
  });
  await runLevel(run, keeper, (await checkTree(run.env, keeper, "create", given)).map(rowOf), []);
}

/** Writes records that refer to the one whose list they stand in. */
async function runLines(run: WriteRun, target: Model, inverse: StoredField, plan: RelationPlan): Promise<void> {
  const deletes = new Set(plan.deletes);
  const moves = new Map(planMoves(plan));
  for (const [id, { joins }] of moves) {
    if (joins || !isOwned(inverse)) continue;
    moves.delete(id);
    deletes.add(id);
  }
  await run.delete(target, [...deletes]);
  const creates = plan.creates.map(({ owner, draft }) => {
    return { ...rowOf(draft), columns: withColumn(draft.columns, inverse, owner) };
  });
  const updates: (ChangeRow & { draft: Draft | null })[] = [];
  for (const row of plan.updates.flatMap(changeOf)) {
    const move = moves.get(row.id);
    moves.delete(row.id);
    updates.push(move === undefined ? row : { ...row, columns: withColumn(row.columns, inverse, ownerOf(move)) });
  }
  updates.push(...(await moveRows(run, target, inverse, [...moves.values()])));
  await runLevel(run, target, creates, updates);
}

/** The changes of records that only come to a list or go from it. Hooks are told of them as of any change. */
async function moveRows(
  run: WriteRun,
  target: Model,
  inverse: StoredField,
  moves: readonly (Membership & { readonly joins: boolean })[],
): Promise<(ChangeRow & { draft: Draft | null })[]> {
  const changes = moves.map((move) => {
    const owner = ownerOf(move);
    return { path: move.path, id: move.id, values: { [inverse.name]: owner }, columns: new Map([[inverse, owner]]) };
  });
  if (target.behaviour.hooks.beforeUpdate === null) return changes.map((change) => ({ ...change, draft: null }));
  return (await checkTree(run.env, target, "write", changes)).flatMap(changeOf);
}

function ownerOf({ owner, joins }: Membership & { readonly joins: boolean }): number | null {
  return joins ? owner : null;
}

function rowOf(draft: Draft): WriteRow & { readonly draft: Draft } {
  return { path: draft.path, columns: draft.columns, values: draft.values, draft };
}

/** Nothing is changed by a change without values. */
export function changeOf(draft: Draft): (ChangeRow & { readonly draft: Draft })[] {
  const { id, columns, ofCompany, setters, relations } = draft;
  if (id === null || columns.size + ofCompany.size + setters.size + relations.length === 0) return [];
  return [{ ...rowOf(draft), id }];
}

function withColumn(columns: Draft["columns"], field: StoredField, value: SqlValue): Draft["columns"] {
  return new Map([...columns, [field, value]]);
}
