/** Checks the groups that declarations name: one that no module brings would lock everybody out without a word. */
import { readersOf, writersOf } from "../fields/field-groups.ts";
import type { DraftModel, ModuleSource } from "./collect.ts";
import type { DraftBehaviour } from "./collect-behaviour.ts";
import type { DraftWizard } from "./collect-wizard.ts";
import type { Conflict } from "./conflict.ts";

/**
 * Checks the groups of fields, inputs and methods, where the data of all modules has been read.
 *
 * @param conflicts groups that no module brings are added to it
 */
export function checkGroups(
  modules: readonly ModuleSource[],
  drafts: Iterable<DraftModel | DraftWizard>,
  behaviours: ReadonlyMap<string, DraftBehaviour>,
  conflicts: Conflict[],
): void {
  if (modules.some(({ groups }) => groups === undefined)) return;
  const known = new Set(modules.flatMap(({ groups = [] }) => groups));
  const check = (place: Omit<Conflict, "message">, named: readonly string[]): void => {
    for (const group of new Set(named)) {
      if (known.has(group)) continue;
      const message = `is for the group "${group}", which no installed module brings in its data`;
      conflicts.push({ ...place, message });
    }
  };
  for (const { name, fields } of drafts) {
    for (const [field, { field: declared, module, file }] of fields) {
      check({ module, file, subject: `${name}.${field}` }, groupsOf(declared.options));
    }
  }
  for (const [name, { methods }] of behaviours) {
    for (const [method, declared] of methods) {
      for (const { value, module, file } of declared) {
        const groups = value.kind === "method" ? (value.options.groups ?? []) : [];
        const inputs = Object.values(value.options.inputs ?? {}).flatMap(({ options }) => groupsOf(options));
        check({ module, file, subject: `${name}.${method}()` }, [...groups, ...inputs]);
      }
    }
  }
}

function groupsOf(options: Parameters<typeof readersOf>[0]): readonly string[] {
  return [...(readersOf(options) ?? []), ...(writersOf(options) ?? [])];
}
