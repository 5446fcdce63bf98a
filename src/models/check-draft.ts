/** Third step of a composition: everything about one model that is wrong by itself. */
import { ColumnField, checkValidators, type Field, ValueProblem } from "../fields/field.ts";
import { groupsProblem } from "../fields/field-groups.ts";
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import { AUDIT_FIELDS, DISPLAY_NAME, RECORD_VERSION, VERSION } from "./audit.ts";
import type { DraftModel } from "./collect.ts";
import { columnName } from "./column-name.ts";
import type { Conflict } from "./conflict.ts";
import { fieldNameProblem, modelNameProblem, tableNameProblem } from "./naming.ts";

const NAMEABLE = new Set(["Char", "Text", "Selection", "Integer", "Date"]);

/**
 * Checks one model's names, columns, defaults and the fields that its options mention.
 *
 * @param conflicts what is wrong is added to it
 */
export function checkDraft(draft: DraftModel, conflicts: Conflict[]): void {
  const reportModel = (message: string) =>
    conflicts.push({ module: draft.module, file: draft.file, subject: draft.name, message });
  for (const problem of [modelNameProblem(draft.name), tableNameProblem(draft.table)]) {
    if (problem !== null) reportModel(problem);
  }
  checkFields(draft, conflicts);
  checkOptions(draft, reportModel);
}

function checkOptions(draft: DraftModel, reportModel: (message: string) => void): void {
  const isStored = (name: string) => {
    const field = draft.fields.get(name)?.field;
    if (field === undefined) return AUDIT_FIELDS.has(name) && name !== DISPLAY_NAME;
    return field instanceof ColumnField && field.options.stored !== false;
  };
  const { displayName = [], order = [], search = [], unique = [], checks = [], follows } = draft.options;
  for (const [part, name] of Object.entries<string>({ ...follows })) {
    if (!isStored(name)) reportModel(`follows.${part} takes a stored field, not "${name}"`);
  }
  for (const name of [...displayName, ...search]) {
    const field = draft.fields.get(name)?.field;
    if (!(field instanceof ColumnField) || !NAMEABLE.has(field.type) || field.options.stored === false) {
      reportModel(`displayName and search take fields of type ${[...NAMEABLE].join(", ")}, not "${name}"`);
    }
  }
  for (const step of order) {
    const name = /^(\S+) (?:ASC|DESC)$/.exec(step)?.[1];
    if (name === undefined || !isStored(name)) {
      reportModel(`order takes stored fields and ASC or DESC, not "${step}"`);
    }
  }
  for (const { fields } of unique) {
    if (fields.length === 0) reportModel("unique takes at least one field");
    for (const name of fields) if (!isStored(name)) reportModel(`unique takes stored fields, not "${name}"`);
  }
  const checkNames = new Set<string>();
  for (const check of checks) {
    if (checkNames.has(check.name)) reportModel(`has two checks of the name "${check.name}"`);
    checkNames.add(check.name);
    if (!isStored(check.field))
      reportModel(`check "${check.name}" is shown at "${check.field}", which is no stored field`);
  }
}

function checkFields(draft: DraftModel, conflicts: Conflict[]): void {
  const columns = new Map<string, string>(
    [...AUDIT_FIELDS.keys()].filter((name) => name !== VERSION).map((name) => [name, name]),
  );
  for (const [name, entry] of draft.fields) {
    const report = (message: string) =>
      conflicts.push({ module: entry.module, file: entry.file, subject: `${draft.name}.${name}`, message });
    const problem = fieldNameProblem(name);
    if (problem !== null) report(problem);
    if (name === RECORD_VERSION || (AUDIT_FIELDS.has(name) && name !== VERSION)) {
      report("every model has this field already");
      continue;
    }
    const { field } = entry;
    const wrongGroups = groupsProblem(field.options);
    if (wrongGroups !== null) report(wrongGroups);
    if (field.options.track === true) checkTrack(field, report);
    if (!(field instanceof ColumnField) || field.options.stored === false) continue;
    const column = columnName(name, field);
    const other = columns.get(column);
    if (other !== undefined) report(`its column "${column}" is also that of the field "${other}"`);
    columns.set(column, name);
    if (field instanceof ToOneField && field.options.acyclic === true && field.target !== draft.name) {
      report("acyclic is for a relation of a model to itself");
    }
    if (field instanceof ToOneField && field.options.required === true && field.onDelete === "SET NULL") {
      report("is required, so that on delete it cannot be set to null; use CASCADE or RESTRICT");
    }
    const message = defaultProblem(field);
    if (message !== null) report(message);
  }
}

function checkTrack(field: Field, report: (message: string) => void): void {
  if (field.options.stored === false) report("is not stored, so that it has no history");
  else if (!(field instanceof ColumnField || field instanceof ManyToManyField)) {
    report("is kept by the records on the other side: track their model");
  }
}

/** Says what is wrong with the default of a field, or null. */
export function defaultProblem(field: Field): string | null {
  const value = field.options.default;
  if (!(field instanceof ColumnField) || value === undefined || value === null || typeof value === "function")
    return null;
  try {
    checkValidators(field, field.validated(value, field.parse(value)));
    return null;
  } catch (error) {
    if (error instanceof ValueProblem) return `its default ${error.message}`;
    throw error;
  }
}
