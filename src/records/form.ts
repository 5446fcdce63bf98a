/**
 * A form: a record as somebody is filling it in. Unsaved values and lines stand before what is stored, and calculated fields are
 * what a save would make of them.
 */
import { DatabaseFault } from "../database/error-code.ts";
import { ApplicationError } from "../errors.ts";
import type { ColumnField } from "../fields/field.ts";
import type { Calculation } from "../models/behaviour.ts";
import { fieldOf, type LinkedField, type Model, type ModelField, modelOf } from "../models/model.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { loadBatch, parseCalculated, runCalculation } from "./calculate.ts";
import { FormRecord } from "./form-record.ts";
import { inverseOf } from "./write-tree.ts";

type Path = readonly string[];
type Loaded = Readonly<Record<string, unknown>>;

/** A calculated field that a form shows. */
export type CalculatedModelField = ModelField & { readonly field: ColumnField; readonly calculation: Calculation };

/** A form under way. */
export class Form {
  readonly env: BaseEnvironment;
  /** Calculated values as they are now; forgotten with each change. */
  #calculated = new Map<FormRecord, Map<string, SqlValue>>();

  /** @param env of a transaction, with the rights of the caller */
  constructor(env: BaseEnvironment) {
    this.env = env;
  }

  /** Says that a value has changed, so that what is calculated of it is calculated again. */
  forget(): void {
    this.#calculated = new Map();
  }

  /**
   * Reads records of one model, each with exactly what the paths lead to.
   *
   * @param env decides what is seen behind relations
   */
  async read(
    env: BaseEnvironment,
    model: Model,
    records: readonly FormRecord[],
    paths: readonly Path[],
  ): Promise<object[]> {
    const plain = records.filter((record) => record.isPlain);
    const stored = await load(env, model, idsOf(plain), paths);
    const open = records.filter((record) => !record.isPlain);
    const made = new Map(open.map((record) => [record, { id: record.key } as Record<string, unknown>]));
    const wanted: Path[] = [];
    for (const [head, rests] of groupByHead(paths)) {
      if (head === "id") continue;
      const field = fieldOf(model, head);
      const read = await this.#readField(env, model, open, field, rests);
      for (const [record, value] of read) (made.get(record) as Record<string, unknown>)[head] = value;
      if (read.size < open.length)
        wanted.push(...(rests.length === 0 ? [[head]] : rests.map((rest) => [head, ...rest])));
    }
    const rows = wanted.length === 0 ? new Map<number, Loaded>() : await load(env, model, idsOf(open), wanted);
    for (const [record, object] of made) {
      for (const head of new Set(wanted.map(([name = ""]) => name))) {
        if (!Object.hasOwn(object, head)) object[head] = rows.get(record.id ?? 0)?.[head] ?? null;
      }
    }
    return records.map((record) => made.get(record) ?? stored.get(record.id ?? 0) ?? { id: record.key });
  }

  /** The values of a calculated field, as they would be stored. */
  async calculate(
    model: Model,
    records: readonly FormRecord[],
    field: CalculatedModelField,
  ): Promise<ReadonlyMap<FormRecord, SqlValue>> {
    const { name, calculation } = field;
    const missing = records.filter((record) => this.#calculated.get(record)?.has(name) !== true);
    const { stored, elevated, paths } = calculation;
    const env = stored || elevated ? this.env.elevated() : this.env;
    const objects = await this.read(env, model, missing, paths);
    for (const [index, value] of (await calculateUnfinished(env, model, field, objects)).entries()) {
      const record = missing[index] as FormRecord;
      const known = this.#calculated.get(record) ?? new Map<string, SqlValue>();
      this.#calculated.set(record, known.set(name, value));
    }
    return new Map(records.map((record) => [record, this.#calculated.get(record)?.get(name) ?? null]));
  }

  /** The records of a list as the form has them; null where they are as stored. */
  async lines(record: FormRecord, field: LinkedField): Promise<readonly FormRecord[] | null> {
    const own = record.values.get(field.name);
    if (own !== undefined) return own as readonly FormRecord[];
    if (record.id === null) return [];
    const inverse = inverseOf(modelOf(this.env.registry, field.relation.target), field);
    if (inverse === null) return null;
    const known = record.lines.get(field.name);
    if (known !== undefined) return known;
    const rows = await load(this.env, record.model, [record.id], [[field.name]]);
    const found = (rows.get(record.id)?.[field.name] ?? []) as readonly { readonly id: number }[];
    const target = modelOf(this.env.registry, field.relation.target);
    const owner = { field: inverse.name, list: field.name, record };
    const lines = found.map(({ id }) => new FormRecord(target, id, owner));
    record.lines.set(field.name, lines);
    return lines;
  }

  /** What the form itself has of a field; a record that is missing has it as stored. */
  async #readField(
    env: BaseEnvironment,
    model: Model,
    open: readonly FormRecord[],
    field: ModelField,
    rests: readonly Path[],
  ): Promise<Map<FormRecord, unknown>> {
    if (field.kind === "naming") return this.#readNames(env, model, open);
    if (field.calculation !== null) {
      const calculated = field as CalculatedModelField;
      const values = await this.calculate(model, open, calculated);
      if (field.relation === null) return mapValues(values, (value) => codeValue(calculated.field, value));
      return this.#readTargets(env, field.relation.target, values as ReadonlyMap<FormRecord, number | null>, rests);
    }
    if (field.relation === null) {
      const known = open.filter((record) => record.values.has(field.name) || record.id === null);
      return new Map(known.map((record) => [record, record.values.get(field.name) ?? null]));
    }
    if (field.kind === "linked" && field.relation.many) return this.#readLists(env, open, field, rests);
    return this.#readReference(env, open, field, rests);
  }

  async #readReference(
    env: BaseEnvironment,
    open: readonly FormRecord[],
    { name, relation }: ModelField,
    rests: readonly Path[],
  ): Promise<Map<FormRecord, unknown>> {
    const read = new Map<FormRecord, unknown>();
    const owned = open.filter(({ owner }) => owner?.field === name);
    const owners = [...new Set(owned.map(({ owner }) => owner?.record as FormRecord))];
    const target = modelOf(this.env.registry, relation?.target ?? "");
    const objects = await this.read(env, target, owners, rests);
    for (const record of owned) read.set(record, objects[owners.indexOf(record.owner?.record as FormRecord)]);
    const known = open.filter((record) => !read.has(record) && (record.values.has(name) || record.id === null));
    const ids = new Map(known.map((record) => [record, (record.values.get(name) ?? null) as number | null]));
    for (const [record, value] of await this.#readTargets(env, target.name, ids, rests)) read.set(record, value);
    return read;
  }

  async #readTargets(
    env: BaseEnvironment,
    target: string,
    ids: ReadonlyMap<FormRecord, number | null>,
    rests: readonly Path[],
  ): Promise<Map<FormRecord, unknown>> {
    const wanted = [...new Set([...ids.values()].filter((id) => id !== null))];
    const rows = await load(env, modelOf(this.env.registry, target), wanted, rests);
    return mapValues(ids, (id) => (id === null ? null : (rows.get(id) ?? null)));
  }

  async #readLists(
    env: BaseEnvironment,
    open: readonly FormRecord[],
    field: LinkedField,
    rests: readonly Path[],
  ): Promise<Map<FormRecord, unknown>> {
    const lists = new Map<FormRecord, readonly FormRecord[]>();
    for (const record of open) {
      const lines = await this.lines(record, field);
      if (lines !== null) lists.set(record, lines);
    }
    const all = [...lists.values()].flat();
    const objects = await this.read(env, modelOf(this.env.registry, field.relation.target), all, rests);
    let next = 0;
    return mapValues(lists, (lines) => {
      next += lines.length;
      return objects.slice(next - lines.length, next);
    });
  }

  async #readNames(env: BaseEnvironment, model: Model, open: readonly FormRecord[]): Promise<Map<FormRecord, unknown>> {
    const names = model.displayName.map(({ name }) => name);
    const objects = (await this.read(
      env,
      model,
      open,
      names.map((name) => [name]),
    )) as Loaded[];
    return new Map(
      open.map((record, index) => {
        const texts = names.map((name) => objects[index]?.[name]).filter((text) => text !== null && text !== "");
        return [record, texts.length === 0 ? `#${record.key}` : texts.join(" ")];
      }),
    );
  }
}

/** A value as code reads it. */
export function codeValue(field: ColumnField, value: SqlValue): unknown {
  return value === null ? null : JSON.parse(field.codeText(value));
}

function mapValues<Key, Value, Result>(map: ReadonlyMap<Key, Value>, make: (value: Value) => Result): Map<Key, Result> {
  return new Map([...map].map(([key, value]) => [key, make(value)]));
}

function idsOf(records: readonly FormRecord[]): number[] {
  return [...new Set(records.map(({ id }) => id).filter((id) => id !== null))];
}

function groupByHead(paths: readonly Path[]): Map<string, Path[]> {
  const groups = new Map<string, Path[]>();
  for (const [head = "", ...rest] of paths) {
    const rests = groups.get(head) ?? [];
    groups.set(head, rest.length === 0 ? rests : [...rests, rest]);
  }
  return groups;
}

async function load(
  env: BaseEnvironment,
  model: Model,
  ids: readonly number[],
  paths: readonly Path[],
): Promise<Map<number, Loaded>> {
  if (ids.length === 0) return new Map();
  const rows = await loadBatch(env, model, ids, [paths]);
  return new Map([...rows].map(([id, [row]]) => [id, row as Loaded]));
}

/** A form may not have yet what a calculation relies on: then there is no value yet. */
async function calculateUnfinished(
  env: BaseEnvironment,
  model: Model,
  { name, field, calculation }: CalculatedModelField,
  objects: readonly object[],
): Promise<SqlValue[]> {
  try {
    const values = await runCalculation(env, model, name, calculation.calculate, objects);
    return values.map((value, index) =>
      value === null || value === undefined ? null : parseCalculated(name, field, value, objects[index] as object),
    );
  } catch (error) {
    const isTheirs = error instanceof ApplicationError && error.status === 400;
    if ((error instanceof ApplicationError && !isTheirs) || error instanceof DatabaseFault) throw error;
    if (objects.length === 1) return [null];
    const single = objects.map((object) =>
      calculateUnfinished(env, model, { name, field, calculation } as never, [object]),
    );
    return (await Promise.all(single)).flat();
  }
}
