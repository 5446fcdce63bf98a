/** Makes records of the entries of data files, and keeps those equal to their file that are not their users'. */
import { ApplicationError } from "../errors.ts";
import { type Model, type ModelField, modelOf } from "../models/model.ts";
import type { Environment } from "../records/environment.ts";
import { parseBytes } from "../records/json-bytes.ts";
import { queryAs } from "../records/read.ts";
import { createRecord, updateRecord } from "../records/write.ts";
import { makeRecord, runMethods } from "./apply-method.ts";
import type { DataEntry } from "./data-file.ts";
import type { IdentifierIndex } from "./data-identifier.ts";
import { InstallError } from "./install-error.ts";
import { isMap } from "./yaml-file.ts";

/** Records that one statement reads. */
const PAGE = 1000;

type Values = Readonly<Record<string, unknown>>;

/** Model -> record id -> its present values. */
type Present = ReadonlyMap<string, ReadonlyMap<number, Values>>;

/**
 * Applies entries in their order.
 *
 * An entry that is new becomes a record. A record whose entry says `apply_once` is left alone from then on, also where it
 * was deleted. Every other record gets the values of its entry where they differ, and is made again where it was deleted.
 *
 * @param env the kernel's environment, within a transaction
 * @param index knows the records of earlier entries, and is told about new ones
 * @throws InstallError naming the file, the entry and the key
 */
export async function applyData(
  env: Environment,
  entries: readonly DataEntry[],
  index: IdentifierIndex,
): Promise<void> {
  const present = await loadPresent(env, entries, index);
  for (const entry of entries) {
    const model = modelOfEntry(env, entry);
    const known = index.get(entry.identifier);
    if (known !== undefined && known.model !== entry.dataType) {
      throw new InstallError([`${entry.place}: data_type is ${entry.dataType}, but the record is a ${known.model}`]);
    }
    if (known !== undefined && entry.applyOnce) continue;
    const values = resolveValues(env, model, entry, index);
    const current = known === undefined ? undefined : present.get(model.name)?.get(known.record);
    if (known === undefined || current === undefined) {
      const id = await inEntry(entry, async () => {
        const made =
          entry.madeBy === null
            ? (await createRecord(env, model.name, values)).id
            : await makeRecord(env, entry, index);
        await runMethods(env, entry, made);
        return made;
      });
      index.add(entry.identifier, { model: model.name, record: id }, entry.applyOnce);
      continue;
    }
    const changed = changedValues(model, values, current);
    if (Object.keys(changed).length > 0) {
      await inEntry(entry, () => updateRecord(env, model.name, known.record, changed));
    }
  }
}

function modelOfEntry(env: Environment, entry: DataEntry): Model {
  const model = env.registry.models.get(entry.dataType);
  if (model === undefined) throw new InstallError([`${entry.place}: data_type ${entry.dataType} is no model`]);
  return model;
}

/** Says in which entry a value was refused. */
async function inEntry<Result>(entry: DataEntry, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // A database that is away says nothing about the entry, and a transaction may be worth another attempt.
    if (!(error instanceof ApplicationError) || error.status >= 500) throw error;
    throw new InstallError([`${entry.place}: ${error.message}`], { cause: error });
  }
}

/** Puts record ids where an entry names identifiers. */
function resolveValues(env: Environment, model: Model, entry: DataEntry, index: IdentifierIndex): Values {
  const module = entry.identifier.slice(0, entry.identifier.indexOf("."));
  const refer = (key: string, field: LinkField, name: unknown): number => {
    const words = `an identifier of a ${field.relation.target} record`;
    if (typeof name !== "string") throw new InstallError([`${entry.place}: ${key} must be ${words}`]);
    const known = index.get(name.includes(".") ? name : `${module}.${name}`);
    if (known === undefined || known.model !== field.relation.target) {
      const hint = "an entry refers to what stands before it or belongs to a module that it depends on";
      throw new InstallError([`${entry.place}: ${key}: ${JSON.stringify(name)} is not ${words}; ${hint}`]);
    }
    return known.record;
  };
  const resolveItem = (key: string, field: LinkField, item: unknown): unknown => {
    if (!isMap(item)) return refer(key, field, item);
    // Which of the lines of a later file would be which of the record's cannot be told.
    if (!entry.applyOnce) {
      throw new InstallError([`${entry.place}: ${key}: records within a record go with apply_once: true`]);
    }
    return resolve(modelOf(env.registry, field.relation.target), item, `${key}.`);
  };
  const resolve = (owner: Model, values: Values, prefix: string): Values =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]): [string, unknown] => {
        const key = `${prefix}${name}`;
        const field = owner.fields.get(name);
        if (field === undefined || !isLink(field) || value === null) return [name, value];
        if (!field.relation.many) return [name, refer(key, field, value)];
        if (!Array.isArray(value)) throw new InstallError([`${entry.place}: ${key} must be a list of identifiers`]);
        return [name, value.map((item: unknown, at) => resolveItem(`${key}[${at}]`, field, item))];
      }),
    );
  return resolve(model, entry.values, "");
}

type LinkField = ModelField & { readonly relation: NonNullable<ModelField["relation"]> };

function isLink(field: ModelField): field is LinkField {
  return field.relation !== null;
}

/** Loads the records that are to be kept equal to their entries: those that are gone are missing from it. */
async function loadPresent(env: Environment, entries: readonly DataEntry[], index: IdentifierIndex): Promise<Present> {
  const wanted = new Map<string, { ids: number[]; fields: Set<string> }>();
  for (const entry of entries) {
    const known = index.get(entry.identifier);
    const model = env.registry.models.get(entry.dataType);
    if (known === undefined || entry.applyOnce || model === undefined || known.model !== model.name) continue;
    const want = wanted.get(model.name) ?? { ids: [], fields: new Set(["id"]) };
    wanted.set(model.name, want);
    want.ids.push(known.record);
    for (const name of Object.keys(entry.values)) if (isReadable(model.fields.get(name))) want.fields.add(name);
  }
  const present = new Map<string, Map<number, Values>>();
  for (const [model, { ids, fields }] of wanted) {
    const records = new Map<number, Values>();
    present.set(model, records);
    for (let start = 0; start < ids.length; start += PAGE) {
      const q_filter = { id__in: ids.slice(start, start + PAGE) };
      const request = { fields: [...fields], q_filter, limit: PAGE, count: "none" as const };
      const page = await queryAs(env, model, request, "codeExpression");
      for (const record of parseBytes(page.data) as (Values & { id: number })[]) records.set(record.id, record);
    }
  }
  return present;
}

/** Secrets are written and never read. */
function isReadable(field: ModelField | undefined): boolean {
  return field !== undefined && !(field.kind === "stored" && field.field.lookupFamily === "none");
}

/** The values that a record does not have yet; a doubt counts as a difference, which only costs a write. */
function changedValues(model: Model, values: Values, current: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => {
      const field = model.fields.get(name);
      return field === undefined || !isReadable(field) || !isSame(field, value, current[name]);
    }),
  );
}

function isSame(field: ModelField, wanted: unknown, found: unknown): boolean {
  if (wanted === null || found === null || found === undefined) return wanted === (found ?? null);
  const idOf = (reference: unknown) => (reference as { id: number }).id;
  if (field.relation?.many === true) {
    const ids = (found as unknown[]).map(idOf);
    return (wanted as number[]).length === ids.length && (wanted as number[]).every((id) => ids.includes(id));
  }
  if (field.relation !== null) return wanted === idOf(found);
  if (typeof wanted === "object" || typeof found === "object") return JSON.stringify(wanted) === JSON.stringify(found);
  return String(wanted) === String(found);
}
