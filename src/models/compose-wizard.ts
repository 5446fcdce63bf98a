/** Composes wizards: their fields with the rules and methods that modules declare, and the methods that they are the form of. */
import { WizardLinesField } from "../fields/wizard-lines.ts";
import type { DraftBehaviour } from "./collect-behaviour.ts";
import type { DraftWizard } from "./collect-wizard.ts";
import type { ComposedMethod, InputShape } from "./composed-method.ts";
import type { Wizard } from "./composed-wizard.ts";
import type { Conflict } from "./conflict.ts";
import type { DraftWorld } from "./draft-path.ts";
import type { ComposedEffect } from "./effect.ts";
import type { DeclaredEffects } from "./resolve-effect.ts";
import { checkShape } from "./resolve-method.ts";
import { sealMap } from "./sealed-map.ts";

/** The shapes of wizards by name: what their values are checked by. */
export type WizardShapes = ReadonlyMap<string, InputShape>;

/**
 * Makes the shapes of all wizards.
 *
 * @param conflicts fields that a wizard cannot have, and rules over fields that it has not, are added to it
 */
export function composeShapes(
  world: DraftWorld,
  wizards: ReadonlyMap<string, DraftWizard>,
  behaviours: ReadonlyMap<string, DraftBehaviour>,
  conflicts: Conflict[],
): WizardShapes {
  return new Map(
    [...wizards.values()].map(({ name, fields }): [string, InputShape] => {
      for (const [field, entry] of fields) {
        const report = (message: string) => conflicts.push({ ...entry, subject: name, message });
        checkShape(world, wizards, new Map([[field, entry.field]]), "field", report);
      }
      const rules = [...(behaviours.get(name)?.validate.values() ?? [])];
      for (const { value, module, file } of rules) {
        const unknown = value.fields.find((field) => !fields.has(field));
        if (unknown === undefined && value.fields.length > 0) continue;
        const message = `validate.${value.name} looks at ${unknown === undefined ? "no field" : `"${unknown}", which is no field`}`;
        conflicts.push({ module, file, subject: name, message });
      }
      const shape = sealMap(new Map([...fields].map(([field, entry]) => [field, entry.field])));
      return [name, Object.freeze({ fields: shape, validate: Object.freeze(rules.map(({ value }) => value)) })];
    }),
  );
}

/** Composes the wizards, once there is no conflict. */
export function composeWizards(
  wizards: ReadonlyMap<string, DraftWizard>,
  shapes: WizardShapes,
  methods: ReadonlyMap<string, ReadonlyMap<string, ComposedMethod>>,
  effects: ReadonlyMap<string, DeclaredEffects>,
): ReadonlyMap<string, Wizard> {
  const users = new Map<string, ComposedMethod[]>([...wizards.keys()].map((name) => [name, []]));
  const use = (name: string, method: ComposedMethod): void => {
    const known = users.get(name) ?? [];
    if (known.includes(method)) return;
    known.push(method);
    useLines(shapes.get(name), method);
  };
  const useLines = (shape: InputShape | undefined, method: ComposedMethod): void => {
    for (const field of shape?.fields.values() ?? []) {
      if (field instanceof WizardLinesField) use(field.wizard, method);
    }
  };
  for (const method of [...methods.values()].flatMap((all) => [...all.values()])) {
    if (method.wizard === null) useLines(method.inputs, method);
    else use(method.wizard, method);
  }
  return sealMap(
    new Map(
      [...wizards.values()].map(({ name, module, options: { label, description = "", view = null } }) => {
        const shape = shapes.get(name) as InputShape;
        const own = methods.get(name) ?? sealMap(new Map<string, ComposedMethod>());
        const usedBy = Object.freeze(users.get(name) ?? []);
        const told = { ...shape, name, label, description, module, view };
        const does = {
          methods: own,
          effects: effects.get(name) ?? sealMap(new Map<string, readonly ComposedEffect[]>()),
          usedBy,
        };
        return [name, Object.freeze({ ...told, ...does })];
      }),
    ),
  );
}
