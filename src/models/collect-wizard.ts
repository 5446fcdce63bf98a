/** Gathers the wizards of all modules, with the fields that other modules add to them. */
import type { DraftField, DraftModel, ModuleSource } from "./collect.ts";
import type { Conflict } from "./conflict.ts";
import { modelNameProblem } from "./naming.ts";
import type { WizardOptions } from "./wizard.ts";

/** A wizard while its declarations are being gathered. */
export interface DraftWizard {
  readonly name: string;
  readonly module: string;
  readonly file: string;
  readonly options: WizardOptions;
  readonly fields: Map<string, DraftField>;
}

/**
 * Gathers the wizards by name.
 *
 * @param modules dependencies first
 * @param conflicts names that are taken, and extensions of nothing, are added to it
 */
export function collectWizards(
  modules: readonly ModuleSource[],
  models: ReadonlyMap<string, DraftModel>,
  conflicts: Conflict[],
): ReadonlyMap<string, DraftWizard> {
  const drafts = new Map<string, DraftWizard>();
  for (const { identifier: module, wizards = [] } of modules) {
    for (const declared of wizards) {
      const { file } = declared;
      const report = (subject: string, message: string) => conflicts.push({ module, file, subject, message });
      if ("extends" in declared) {
        const draft = drafts.get(declared.extends);
        if (draft === undefined) report(declared.extends, "is extended, but no installed module defines it");
        for (const [name, field] of Object.entries(declared.fields)) {
          const other = draft?.fields.get(name);
          if (other === undefined) draft?.fields.set(name, { field, module, file });
          else report(`${declared.extends}.${name}`, `is already declared by module ${other.module} (${other.file})`);
        }
        continue;
      }
      const { wizard: name, options } = declared;
      const other = models.get(name) ?? drafts.get(name);
      const problem = modelNameProblem(name);
      if (problem !== null) report(name, problem);
      if (other !== undefined) {
        report(name, `is already defined by module ${other.module} (${other.file})`);
        continue;
      }
      const fields = Object.entries(declared.fields).map(([key, field]) => [key, { field, module, file }] as const);
      drafts.set(name, { name, module, file, options, fields: new Map(fields) });
    }
  }
  return drafts;
}
