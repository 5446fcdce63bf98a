/** What of a registry's records is kept in the change history. */
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import type { HistoryReach, LinkedField, LinkTable, Model, ModelField, StoredField } from "./model.ts";

/** The model whose records are the change history. */
export const HISTORY_MODEL = "ChangeLog";

/**
 * The fields of a model whose changes are kept.
 *
 * @param all whether the whole model is tracked: then its stored fields and the links that it declares are, unless they say no
 */
export function trackedFields(
  all: boolean,
  fields: ReadonlyMap<string, ModelField>,
  linkTables: readonly LinkTable[],
): (StoredField | LinkedField)[] {
  return [...fields.values()].filter((each): each is StoredField | LinkedField => {
    const { kind, module, field } = each;
    if (module === "kernel" || (kind === "linked" && !(field instanceof ManyToManyField))) return false;
    if (kind !== "stored" && kind !== "linked") return false;
    return field.options.track ?? (all && (kind === "stored" || isDeclared(each, linkTables)));
  });
}

/** Whether a relation is the side that brings the table of pairs: the other one would keep the same changes again. */
function isDeclared({ relation: { link } }: LinkedField, linkTables: readonly LinkTable[]): boolean {
  if (link.kind !== "through") return false;
  return linkTables.some(({ table, source }) => table === link.table && source.column === link.source);
}

/** Which writes touch something that is tracked. None do where no module brings the history. */
export function historyReach(models: ReadonlyMap<string, Model>): HistoryReach {
  const all = models.has(HISTORY_MODEL) ? [...models.values()] : [];
  const changes = new Set(all.filter(({ tracked }) => tracked.length > 0).map(({ name }) => name));
  for (const { relation } of all.flatMap(({ tracked }) => linksOf(tracked))) {
    const { link, target } = relation;
    changes.add(target);
    const keeper = all.find(({ table }) => link.kind === "through" && table === link.table);
    if (keeper !== undefined) changes.add(keeper.name);
  }
  const deletions = new Set(changes);
  const reaches = (model: Model): boolean =>
    [...model.fields.values()].some((field) => {
      if (field.kind !== "stored" || !(field.field instanceof ToOneField) || field.relation === null) return false;
      const { target } = field.relation;
      if (deletions.has(target)) return false;
      const { onDelete } = field.field;
      const counts = onDelete === "CASCADE" ? deletions.has(model.name) : model.tracked.includes(field);
      if (onDelete === "RESTRICT" || !counts) return false;
      deletions.add(target);
      return true;
    });
  // What is reached may reach further, so until nothing is found any more.
  while (all.some(reaches));
  return Object.freeze({ changes, deletions });
}

/** Relations whose pairs are tracked. */
export function linksOf(tracked: Model["tracked"]): LinkedField[] {
  return tracked.filter((field) => field.kind === "linked");
}
