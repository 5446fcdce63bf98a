/** Which fields a caller may see and write: the groups that a field names, and those of the other side of its relation. */
import { type ModelField, modelOf, type Registry } from "../models/model.ts";

/**
 * Whether a member of these groups may see a field.
 *
 * A relation is the same data from both of its ends, so that hiding either end hides the other one too.
 *
 * @param groups identifiers of the groups, implied ones included
 */
export function canSeeField(registry: Registry, field: ModelField, groups: ReadonlySet<string>): boolean {
  return bothSides(registry, field).every((each) => isFor(each.readers, groups));
}

/** Whether a field's groups, and those of its other side, let a member of these groups write what it sees there. */
export function canChangeField(registry: Registry, field: ModelField, groups: ReadonlySet<string>): boolean {
  return bothSides(registry, field).every((each) => isFor(each.writers, groups));
}

function isFor(allowed: readonly string[] | null, groups: ReadonlySet<string>): boolean {
  return allowed === null || allowed.some((each) => groups.has(each));
}

function bothSides(registry: Registry, field: ModelField): ModelField[] {
  return [field, ...otherSides(registry, field)];
}

/** The fields of the other model that stand for the same relation. */
export function otherSides(registry: Registry, { relation, kind }: ModelField): ModelField[] {
  if (relation === null || kind !== "linked") return [];
  const { link, target } = relation;
  const others = [...modelOf(registry, target).fields.values()];
  if (link.kind === "reverse") {
    return others.filter((other) => other.kind === "stored" && other.column === link.column);
  }
  return others.filter(({ relation: back }) => {
    if (back?.link.kind !== "through" || link.kind !== "through") return false;
    return back.link.table === link.table && back.link.source === link.target && back.link.target === link.source;
  });
}
