/** First step of a composition: gathers definitions and extensions by model, and reports what stands there twice. */
import type { Field } from "../fields/field.ts";
import { SelectionField } from "../fields/selection.ts";
import type { Conflict } from "./conflict.ts";
import type { ModelDefinition, ModelExtension, ModelOptions, ModuleDefinition } from "./definition.ts";
import { tableName } from "./naming.ts";

/** A module with the name it is installed under. */
export interface ModuleSource extends ModuleDefinition {
  readonly identifier: string;
  /** Identifiers of the groups that its data files bring; left out where nobody has read those. */
  readonly groups?: readonly string[];
}

/** A field with where it comes from. */
export interface DraftField {
  readonly field: Field;
  readonly module: string;
  readonly file: string;
}

/** A model while its declarations are being gathered. */
export interface DraftModel {
  readonly name: string;
  readonly module: string;
  readonly file: string;
  readonly table: string;
  readonly options: ModelOptions;
  readonly fields: Map<string, DraftField>;
}

/**
 * Gathers the declarations of all modules by model.
 *
 * @param modules dependencies first; an extension is applied in this order
 * @param conflicts what stands there twice or extends nothing is added to it
 */
export function collectDeclarations(modules: readonly ModuleSource[], conflicts: Conflict[]): Map<string, DraftModel> {
  const drafts = new Map<string, DraftModel>();
  for (const module of modules)
    for (const definition of module.models) collectModel(drafts, module, definition, conflicts);
  for (const module of modules) {
    for (const extension of module.extensions) collectExtension(drafts, module, extension, conflicts);
  }
  const tables = new Map<string, DraftModel>();
  for (const draft of drafts.values()) {
    const other = tables.get(draft.table);
    if (other !== undefined) {
      conflicts.push({ ...draft, subject: draft.name, message: `table "${draft.table}" belongs to ${other.name}` });
    }
    tables.set(draft.table, draft);
  }
  return drafts;
}

function collectModel(
  drafts: Map<string, DraftModel>,
  module: ModuleSource,
  definition: ModelDefinition,
  conflicts: Conflict[],
): void {
  const { model, file, options } = definition;
  const other = drafts.get(model);
  if (other !== undefined) {
    const message = `is already defined by module ${other.module} (${other.file}); use extendModel`;
    conflicts.push({ module: module.identifier, file, subject: model, message });
    return;
  }
  const fields = new Map(
    Object.entries(definition.fields).map(([name, field]) => [name, { field, module: module.identifier, file }]),
  );
  const table = options.table ?? tableName(model);
  drafts.set(model, { name: model, module: module.identifier, file, table, options, fields });
}

function collectExtension(
  drafts: Map<string, DraftModel>,
  module: ModuleSource,
  extension: ModelExtension,
  conflicts: Conflict[],
): void {
  const origin = { module: module.identifier, file: extension.file };
  const draft = drafts.get(extension.extends);
  if (draft === undefined) {
    conflicts.push({
      ...origin,
      subject: extension.extends,
      message: "is extended, but no installed module defines it",
    });
    return;
  }
  for (const [name, field] of Object.entries(extension.fields)) {
    const other = draft.fields.get(name);
    const subject = `${draft.name}.${name}`;
    if (other !== undefined) {
      conflicts.push({ ...origin, subject, message: `is already declared by module ${other.module} (${other.file})` });
    } else draft.fields.set(name, { field, ...origin });
  }
  for (const [name, choices] of Object.entries(extension.choices)) {
    const subject = `${draft.name}.${name}`;
    const entry = draft.fields.get(name);
    if (entry === undefined || !(entry.field instanceof SelectionField)) {
      conflicts.push({ ...origin, subject, message: "gets more choices, but is no Selection field" });
    } else draft.fields.set(name, { ...entry, field: entry.field.withChoices(choices) });
  }
}
