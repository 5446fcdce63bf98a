/** Ties UI effects to the fields that trigger them and to the paths that they read. */
import type { DraftBehaviour, Sourced } from "./collect-behaviour.ts";
import type { DraftWizard } from "./collect-wizard.ts";
import type { Conflict } from "./conflict.ts";
import { type DraftWorld, draftField } from "./draft-path.ts";
import type { ComposedEffect, EffectDeclaration } from "./effect.ts";
import { resolveReads } from "./resolve-method.ts";
import { sealMap } from "./sealed-map.ts";

/** Field -> its effects, in the order of the modules. */
export type DeclaredEffects = ReadonlyMap<string, readonly ComposedEffect[]>;

/**
 * Resolves the effects of all models and wizards.
 *
 * @param conflicts effects of fields that are not there, and paths that lead nowhere, are added to it
 */
export function resolveEffects(
  world: DraftWorld,
  wizards: ReadonlyMap<string, DraftWizard>,
  behaviours: ReadonlyMap<string, DraftBehaviour>,
  conflicts: Conflict[],
): ReadonlyMap<string, DeclaredEffects> {
  const resolved = new Map<string, DeclaredEffects>();
  const resolve = (
    owner: string,
    hasField: (field: string) => boolean,
    pathsOf: (reads: readonly string[], report: (message: string) => void) => ComposedEffect["paths"],
  ) => {
    const effects = new Map<string, readonly ComposedEffect[]>();
    for (const [field, declared] of behaviours.get(owner)?.effects ?? []) {
      const compose = ({ value: { reads, run }, module, file }: Sourced<EffectDeclaration>): ComposedEffect => {
        const report = (message: string) => conflicts.push({ module, file, subject: `${owner}.${field}`, message });
        if (!hasField(field)) report("has an effect, but is no field");
        return Object.freeze({ module, paths: pathsOf(reads, (message) => report(`its effect ${message}`)), run });
      };
      effects.set(field, Object.freeze(declared.map(compose)));
    }
    resolved.set(owner, sealMap(effects));
  };
  for (const model of world.drafts.values()) {
    const hasField = (field: string) => draftField(model, field) !== undefined;
    resolve(model.name, hasField, (reads, report) => resolveReads(world, model, reads, report));
  }
  // The effect of a wizard gets all of its values, so that it names none.
  for (const { name, fields } of wizards.values())
    resolve(
      name,
      (field) => fields.has(field),
      () => [],
    );
  return resolved;
}
