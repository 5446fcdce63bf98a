/** Follows paths while a registry is being composed: over the fields of drafts, and the relations found between them. */
import type { Field } from "../fields/field.ts";
import { ToOneField } from "../fields/relation.ts";
import { AUDIT_FIELDS, RECORD_VERSION, VERSION } from "./audit.ts";
import type { DraftModel } from "./collect.ts";
import { columnName } from "./column-name.ts";
import type { LinkResolution } from "./link.ts";
import type { Relation } from "./model.ts";

/** What a composition knows when paths can be followed. */
export interface DraftWorld {
  readonly drafts: ReadonlyMap<string, DraftModel>;
  readonly links: LinkResolution;
}

/** One step of a path: a field of a model, and where it leads. */
export interface DraftStep {
  readonly model: DraftModel;
  readonly name: string;
  readonly field: Field;
  readonly relation: Relation | null;
}

/** A path cannot be followed; the message says why. */
export class PathProblem extends Error {
  override readonly name = "PathProblem";
}

/**
 * Follows a path.
 *
 * @param names its steps; all but the last are relations
 * @returns the steps; null where a relation on the way does not fit itself, which is reported elsewhere
 * @throws PathProblem where there is no such field, or a field on the way is no relation
 */
export function followPath(world: DraftWorld, start: DraftModel, names: readonly string[]): DraftStep[] | null {
  const steps: DraftStep[] = [];
  let model = start;
  for (const [index, name] of names.entries()) {
    const field = draftField(model, name);
    if (field === undefined) throw new PathProblem(`${model.name} has no field "${name}"`);
    const relation = world.links.relations.get(model.name)?.get(name) ?? null;
    steps.push({ model, name, field, relation });
    if (index === names.length - 1) return steps;
    if (relation === null) {
      if ("target" in field) return null;
      throw new PathProblem(`goes on behind ${model.name}.${name}, which is no relation`);
    }
    const target = world.drafts.get(relation.target);
    if (target === undefined) return null;
    model = target;
  }
  throw new PathProblem("is empty");
}

/** A field of a draft, those included that every model has. */
export function draftField(model: DraftModel, name: string): Field | undefined {
  const own = model.fields.get(name)?.field;
  if (own !== undefined) return own;
  if (name === RECORD_VERSION) return model.fields.has(VERSION) ? AUDIT_FIELDS.get(VERSION) : undefined;
  return AUDIT_FIELDS.get(name);
}

/** The fields whose texts make the name of a record. */
export function namingFields({ options, fields }: DraftModel): readonly string[] {
  return options.displayName ?? (fields.has("name") ? ["name"] : []);
}

/** The to-one fields on the other side whose column a step reads backwards. */
export function inverseFields({ drafts, links }: DraftWorld, { relation }: DraftStep): DraftStep[] {
  if (relation?.link.kind !== "reverse") return [];
  const { column } = relation.link;
  const model = drafts.get(relation.target);
  if (model === undefined) return [];
  return [...model.fields].flatMap(([name, { field }]): DraftStep[] =>
    field instanceof ToOneField && columnName(name, field) === column
      ? [{ model, name, field, relation: links.relations.get(model.name)?.get(name) ?? null }]
      : [],
  );
}

/** Whether a step along a relation of a model to itself, in either direction, comes to an end. */
export function isAcyclic(world: DraftWorld, step: DraftStep): boolean {
  const [declared] = step.field instanceof ToOneField ? [step] : inverseFields(world, step);
  return declared?.field instanceof ToOneField && declared.field.options.acyclic === true;
}
