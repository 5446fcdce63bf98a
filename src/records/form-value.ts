/** Brings the values of a request, or those that an effect gives, into a form: names, types and references are checked, nothing else. */
import { type FieldError, ValidationError } from "../errors.ts";
import { type DefaultContext, ValueProblem } from "../fields/field.ts";
import { seriesOf } from "../fields/next-number.ts";
import { parseId } from "../fields/relation.ts";
import {
  type CompanyField,
  type LinkedField,
  type Model,
  type ModelField,
  modelOf,
  type StoredField,
} from "../models/model.ts";
import { canSee } from "../query/path.ts";
import { suggestName } from "../query/suggestion.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { defaultContext } from "./default-context.ts";
import { codeValue, type Form } from "./form.ts";
import { FormRecord } from "./form-record.ts";
import { type LineBudget, MOST_LINES, parseLines } from "./lines.ts";
import { findPassing, noSuchRecord, type Reference } from "./target.ts";
import { type GivenValues, joinPath, MOST_ERRORS } from "./values.ts";
import { inverseOf } from "./write-tree.ts";

/** A reading of values under way. */
interface Reading {
  readonly form: Form;
  readonly errors: FieldError[];
  readonly references: Reference[];
  readonly budget: LineBudget;
}

/**
 * Puts values into a record of the form.
 *
 * @param path where the values stand in the request
 * @throws ValidationError with everything that is unknown or malformed, and references to records that the caller does not see
 */
export async function fillForm(form: Form, record: FormRecord, values: GivenValues, path: string): Promise<void> {
  const reading: Reading = { form, errors: [], references: [], budget: { left: MOST_LINES } };
  await fillRecord(reading, record, values, path);
  if (reading.errors.length === 0) await checkReferences(reading);
  if (reading.errors.length > 0) throw ValidationError.ofFields(reading.errors.slice(0, MOST_ERRORS));
  form.forget();
}

/** Gives a new record the defaults that a create would give it. */
export function fillDefaults(env: BaseEnvironment, record: FormRecord): void {
  const context = defaultContext(env);
  for (const field of record.model.fields.values()) {
    if (field.kind !== "stored" || field.calculation !== null || seriesOf(field.field) !== null) continue;
    const { default: fallback } = field.field.options;
    const value =
      typeof fallback === "function" ? (fallback as (context: DefaultContext) => unknown)(context) : fallback;
    if (value !== undefined && value !== null) record.values.set(field.name, readColumn(field, value));
  }
}

async function fillRecord(reading: Reading, record: FormRecord, values: GivenValues, path: string): Promise<void> {
  const { form, errors } = reading;
  for (const [name, value] of Object.entries(values)) {
    if (errors.length >= MOST_ERRORS) return;
    const place = joinPath(path, name);
    try {
      const field = findShown(form.env, record.model, name);
      if (field.kind === "linked" && field.relation.many) await fillList(reading, record, field, value, place);
      else if (isWritten(form.env, record.model, field)) fillColumn(reading, record, field, value, place);
      else if (field.kind !== "linked" && field.relation === null) record.shown.set(name, value);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      errors.push({ path: place, message: error.message });
    }
  }
}

/** A field that the form may speak of: what is hidden is as unknown as what is not there. */
function findShown({ access }: BaseEnvironment, model: Model, name: string): ModelField {
  const field = model.fields.get(name);
  const isSecret = field?.kind === "stored" && field.field.lookupFamily === "none" && access.canReadField(model, field);
  if (field !== undefined && (isSecret || canSee(access, model, field))) return field;
  const known = [...model.fields.values()].filter((each) => canSee(access, model, each)).map((each) => each.name);
  throw new ValueProblem(`${model.name} has no such field${suggestName(name.slice(0, 64), known)}`);
}

/** Fields that clients do not write are shown to them: what they say of those is not taken for a value. */
function isWritten({ access }: BaseEnvironment, model: Model, field: ModelField): field is StoredField | CompanyField {
  if (field.kind !== "stored" && field.kind !== "company") return false;
  if (field.calculation !== null || field.module === "kernel") return false;
  return field.field.lookupFamily !== "none" && access.canWriteField(model, field);
}

function fillColumn(
  reading: Reading,
  record: FormRecord,
  field: StoredField | CompanyField,
  value: unknown,
  path: string,
): void {
  if (field.name === record.owner?.field) return;
  const read = readColumn(field, value);
  record.values.set(field.name, read);
  if (field.relation !== null && read !== null) {
    const target = modelOf(reading.form.env.registry, field.relation.target);
    reading.references.push({ target, id: read as number, path });
  }
}

/** What is empty may be, as long as the form is being filled in. */
export function readColumn({ field, relation }: StoredField | CompanyField, value: unknown): unknown {
  if (value === null || value === undefined || (value === "" && field.options.required === true)) return null;
  const parsed = field.parse(value);
  return relation === null ? codeValue(field, parsed) : parsed;
}

async function fillList(
  reading: Reading,
  record: FormRecord,
  field: LinkedField,
  value: unknown,
  path: string,
): Promise<void> {
  const { form, errors, budget, references } = reading;
  const target = modelOf(form.env.registry, field.relation.target);
  const inverse = inverseOf(target, field);
  const before = errors.length;
  const lines = parseLines(value, path, true, budget, errors);
  if (lines === null || errors.length > before) return;
  const owner = inverse === null ? null : { field: inverse.name, list: field.name, record };
  const old = lines.replaces || record.id === null ? [] : await storedIds(form, record, field);
  const kept = old.filter((id) => !["removed", "deleted"].includes(lines.states.get(id) ?? "kept"));
  const records = new Map(kept.map((id) => [id, new FormRecord(target, id, owner)]));
  const placed: { readonly place: number; readonly line: FormRecord }[] = [];
  for (const [id, state] of lines.states) {
    const place = lines.targets.get(id) ?? lines.members.get(id) ?? path;
    references.push({ target, id, path: place });
    if (state === "removed" || state === "deleted" || records.has(id)) continue;
    placed.push({ place: placeOf(place), line: new FormRecord(target, id, owner) });
  }
  const byId = new Map([...records, ...placed.map(({ line }) => [line.key, line] as const)]);
  for (const { path: place, id, values } of lines.updates) {
    const line = byId.get(parseId(id));
    if (line !== undefined) await fillRecord(reading, line, values, place);
  }
  for (const { path: place, values } of lines.creates) {
    const line = new FormRecord(target, null, owner);
    fillDefaults(form.env, line);
    await fillRecord(reading, line, values, place);
    placed.push({ place: placeOf(place), line });
  }
  placed.sort((a, b) => a.place - b.place);
  record.values.set(field.name, [...records.values(), ...placed.map(({ line }) => line)]);
}

/** The place of an entry in its list. */
function placeOf(path: string): number {
  return Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);
}

async function storedIds(form: Form, record: FormRecord, { name }: LinkedField): Promise<number[]> {
  const bare = new FormRecord(record.model, record.id, null);
  const [read] = (await form.read(form.env, record.model, [bare], [[name]])) as Record<string, { id: number }[]>[];
  return (read?.[name] ?? []).map(({ id }) => id);
}

async function checkReferences({ form: { env }, references, errors }: Reading): Promise<void> {
  for (const target of new Set(references.map((each) => each.target))) {
    const own = references.filter((each) => each.target === target);
    const ids = [...new Set(own.map(({ id }) => id))];
    const seen = env.access.canRead(target) ? await findPassing(env, target, "read", ids) : new Set<number>();
    for (const { id, path } of own) if (!seen.has(id)) errors.push({ path, message: noSuchRecord(target) });
  }
}
