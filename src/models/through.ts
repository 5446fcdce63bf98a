/** Finds where the pairs of a many-to-many relation are kept: in a table of their own, or in that of a model. */
import { type ManyToManyField, ToOneField } from "../fields/relation.ts";
import type { DraftModel } from "./collect.ts";
import { columnName } from "./column-name.ts";
import { linkTableName, tableNameProblem } from "./naming.ts";

/** A table of pairs, seen from the side that declares the relation. */
export interface Pairs {
  readonly table: string;
  /** The column that holds the declaring record's id. */
  readonly source: string;
  readonly target: string;
  /** False where a model keeps the pairs, so that no table has to be made. */
  readonly owned: boolean;
}

/**
 * Finds the pairs of a many-to-many relation.
 *
 * @returns the table and its columns, or what is wrong with the declaration
 */
export function findPairs(
  drafts: ReadonlyMap<string, DraftModel>,
  owner: DraftModel,
  name: string,
  field: ManyToManyField,
  target: DraftModel,
): Pairs | string {
  const { through } = field.options;
  if (through !== undefined && /^[A-Z]/.test(through)) return findPairsOfModel(drafts, owner, through, target);
  const table = through ?? linkTableName(owner.table, name);
  const problem = through === undefined ? null : tableNameProblem(through);
  if (problem !== null) return problem;
  if (owner === target) return { table, source: "source_id", target: "target_id", owned: true };
  return { table, source: `${owner.table}_id`, target: `${target.table}_id`, owned: true };
}

function findPairsOfModel(
  drafts: ReadonlyMap<string, DraftModel>,
  owner: DraftModel,
  through: string,
  target: DraftModel,
): Pairs | string {
  const model = drafts.get(through);
  if (model === undefined) return `goes through the model "${through}", which no installed module defines`;
  const columnsTo = (wanted: DraftModel) =>
    [...model.fields].flatMap(([name, { field }]) =>
      field instanceof ToOneField && field.target === wanted.name ? [columnName(name, field)] : [],
    );
  if (owner === target) {
    const [source, other, ...more] = columnsTo(owner);
    if (source !== undefined && other !== undefined && more.length === 0) {
      return { table: model.table, source, target: other, owned: false };
    }
    return `needs ${through} to have exactly two to-one fields to ${owner.name}, first that of this side`;
  }
  const [source, ...moreSources] = columnsTo(owner);
  const [other, ...moreTargets] = columnsTo(target);
  if (source === undefined || other === undefined || moreSources.length > 0 || moreTargets.length > 0) {
    return `needs ${through} to have exactly one to-one field to ${owner.name} and one to ${target.name}`;
  }
  return { table: model.table, source, target: other, owned: false };
}
