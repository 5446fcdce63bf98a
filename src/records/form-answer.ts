/** Tells what of a form has changed: what effects have given other values, and what is calculated of those. */
import type { ColumnField } from "../fields/field.ts";
import { type LinkedField, type Model, type ModelField, modelOf } from "../models/model.ts";
import { canSee } from "../query/path.ts";
import type { SqlValue } from "../sql/value.ts";
import { type CalculatedModelField, codeValue, type Form } from "./form.ts";
import { FormRecord } from "./form-record.ts";
import { fillDefaults } from "./form-value.ts";

/** Members of an answer: the name of a field, and its value as JSON text. */
type Members = (readonly [name: string, text: string])[];

/**
 * Describes what has changed, as far as the caller may read it.
 *
 * A relation is its id alone; a list is there whole, in its order, each line with its id where it has one and what has changed of it.
 */
export async function describeChanges(form: Form, record: FormRecord): Promise<Members> {
  const { model } = record;
  const visible = [...model.fields.values()].filter((field) => canSee(form.env.access, model, field));
  const due = visible.filter((field): field is CalculatedModelField => isAffected(form, record, field));
  // First, since calculating may look at lines that nobody has looked at yet.
  const calculated = await describeCalculated(form, record, due);
  const members: Members = [];
  for (const field of visible) {
    if (field.calculation !== null) continue;
    if (field.kind === "linked" && field.relation.many) members.push(...(await describeList(form, record, field)));
    else if (record.changed.has(field.name) && (await hasChanged(form, record, field))) {
      members.push([field.name, printValue(field, record.values.get(field.name))]);
    }
  }
  return [...members, ...calculated];
}

/** What has been changed there and back again has not changed. */
async function hasChanged(form: Form, record: FormRecord, { name }: ModelField): Promise<boolean> {
  const [now] = (await form.read(form.env, record.model, [record], [[name]])) as Record<string, unknown>[];
  return JSON.stringify(now?.[name]) !== JSON.stringify(record.changed.get(name));
}

async function describeList(form: Form, record: FormRecord, field: LinkedField): Promise<Members> {
  const lines = (record.values.get(field.name) ?? record.lines.get(field.name)) as readonly FormRecord[] | undefined;
  if (lines === undefined) return [];
  const target = modelOf(form.env.registry, field.relation.target);
  const described: string[] = [];
  let differs = record.changed.has(field.name);
  for (const line of lines) {
    const members = line.isPlain ? [] : await describeChanges(form, line);
    if (record.changed.has(field.name)) members.unshift(...givenMembers(form, target, line, members));
    if (members.length > 0) differs = true;
    const id: Members = line.id === null ? [] : [["id", String(line.id)]];
    described.push(`{${[...id, ...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`);
  }
  return differs ? [[field.name, `[${described.join(",")}]`]] : [];
}

/** All that is known of a line which an effect has made, since the client does not have it yet. */
function givenMembers(form: Form, target: Model, line: FormRecord, known: Members): Members {
  const names = new Set(known.map(([name]) => name));
  return [...line.values].flatMap(([name, value]): Members => {
    const field = target.fields.get(name);
    if (field === undefined || field.kind === "linked" || names.has(name)) return [];
    return canSee(form.env.access, target, field) ? [[name, printValue(field, value)]] : [];
  });
}

/** Whether a calculated field may be another than what is stored: one of its paths begins at something unsaved. */
function isAffected(form: Form, record: FormRecord, { calculation }: ModelField): boolean {
  if (calculation === null) return false;
  const seen = new Set<string>();
  const affects = (name: string): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    if (record.values.has(name) || record.lines.has(name)) return true;
    if (record.owner?.field === name) return true;
    const other = record.model.fields.get(name);
    if (other?.kind === "naming") return record.model.displayName.some((each) => affects(each.name));
    return other?.calculation?.paths.some(([head = ""]) => affects(head)) === true;
  };
  const { registry } = form.env;
  return calculation.paths.some(([head = "", next]) => {
    if (affects(head)) return true;
    // Lines as they are stored may be calculated of what is not.
    const target = record.model.fields.get(head)?.relation?.target;
    return (
      next !== undefined && target !== undefined && registry.models.get(target)?.fields.get(next)?.calculation != null
    );
  });
}

async function describeCalculated(
  form: Form,
  record: FormRecord,
  fields: readonly CalculatedModelField[],
): Promise<Members> {
  if (fields.length === 0) return [];
  const before = await valuesBefore(form, record, fields);
  const members: Members = [];
  for (const field of fields) {
    const value = (await form.calculate(record.model, [record], field)).get(record) ?? null;
    const known = record.shown.has(field.name)
      ? shownText(field.field, record.shown.get(field.name))
      : (before.get(field.name) ?? "null");
    const text = JSON.stringify(codeOf(field, value));
    if (text !== known) members.push([field.name, printParsed(field, value)]);
  }
  return members;
}

/** What was there before the form: what is stored, or what a new record is without anything given. */
async function valuesBefore(
  form: Form,
  { model, id, owner }: FormRecord,
  fields: readonly CalculatedModelField[],
): Promise<Map<string, string>> {
  const bare = new FormRecord(model, id, id === null ? owner : null);
  if (id === null) fillDefaults(form.env, bare);
  if (id !== null) {
    const paths = fields.map(({ name }) => [name]);
    const [row] = (await form.read(form.env, model, [bare], paths)) as Record<string, unknown>[];
    return new Map(fields.map(({ name }) => [name, JSON.stringify(idOf(row?.[name]))]));
  }
  const values = new Map<string, string>();
  for (const field of fields) {
    const value = (await form.calculate(model, [bare], field)).get(bare) ?? null;
    values.set(field.name, JSON.stringify(codeOf(field, value)));
  }
  return values;
}

function idOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "id" in value ? value.id : (value ?? null);
}

function codeOf(field: CalculatedModelField, value: SqlValue): unknown {
  return field.relation === null ? codeValue(field.field, value) : value;
}

/** What the client says that it shows, in the form that code compares. */
function shownText(field: ColumnField, value: unknown): string {
  try {
    return value === null ? "null" : field.codeText(field.parse(value));
  } catch {
    return "undefined";
  }
}

function printValue(field: ModelField, value: unknown): string {
  if (value === null || value === undefined) return "null";
  return printParsed(field, field.relation === null ? (field.field as ColumnField).parse(value) : (value as SqlValue));
}

/** A value in its final form, such as an amount with the decimals of its currency. */
function printParsed({ field, relation }: ModelField, value: SqlValue): string {
  if (value === null) return "null";
  return relation === null ? (field as ColumnField).wireText(value) : String(value);
}
