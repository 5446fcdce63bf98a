/** One write under way: runs its statements, each for any number of records, and remembers what it has done. */
import { ValidationError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { Model, StoredField } from "../models/model.ts";
import { compileDeleteMany, compileInsertMany, compileUpdateMany } from "../query/compile-write-many.ts";
import type { SqlScalar, SqlValue } from "../sql/value.ts";
import { isTreeField, type Moved } from "./ancestor.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { NewPairs } from "./company-check.ts";
import type { NewValues } from "./company-value.ts";
import { planMany, rulesOf } from "./many-plan.ts";
import { checkPresence } from "./presence.ts";
import { changesRights, deletionChangesRights } from "./rights-change.ts";
import { type Change, Settlement } from "./settlement.ts";
import { noteUnnumbered, type Unnumbered } from "./unnumbered.ts";
import { fieldsOf, type GivenValues } from "./values.ts";
import { refuseChange } from "./version.ts";
import { translateViolation } from "./violation.ts";
import { checkRight } from "./write-tree.ts";

/** One record of a statement. */
export interface WriteRow {
  readonly path: string;
  readonly columns: ReadonlyMap<StoredField, SqlValue>;
  /** What code is told of the change. */
  readonly values: GivenValues;
}

/** One record of an update. */
export type ChangeRow = WriteRow & { readonly id: number };

/** What a write has done to records of one model. */
export interface Written {
  readonly model: Model;
  readonly operation: "create" | "write";
  /** Id -> where the record stands in the request. */
  readonly paths: Map<number, string>;
  readonly fields: Set<string>;
  readonly changes: { readonly id: number; readonly values: GivenValues }[];
}

/** A write that is under way in a transaction. */
export class WriteRun {
  readonly env: BaseEnvironment;
  readonly settlement: Settlement;
  readonly written = new Map<string, Written>();
  readonly deleted = new Map<Model, number[]>();
  readonly moved = new Map<StoredField, Moved>();
  readonly unnumbered = new Map<StoredField, Unnumbered>();
  readonly paired: NewPairs[] = [];
  readonly valued: NewValues[] = [];
  announces = false;

  /** @param env of the transaction, with the rights of the caller */
  constructor(env: BaseEnvironment) {
    this.env = env;
    this.settlement = new Settlement(env);
  }

  /**
   * Creates records.
   *
   * @returns their ids, in the order of the rows
   */
  async insert(model: Model, rows: readonly WriteRow[]): Promise<number[]> {
    if (rows.length === 0) return [];
    checkRight(this.env, model, "create");
    const fields = fieldsOf(
      model,
      rows.map(({ columns }) => columns),
    );
    const { plan, known } = planMany(this.env, ["insert", model.name, namesOf(fields)], () =>
      compileInsertMany(model, fields),
    );
    const parameters = [this.env.access.userId, rows.length, ...fields.map((field) => listOf(rows, field))];
    const found = this.env.run<{ id: number }>(plan, known, [], parameters);
    const ids = (await found.catch((error: unknown) => translateViolation(this.env, model, error, rows)))
      .map(({ id }) => id)
      .sort((a, b) => a - b);
    await this.note({ model, operation: "create", ids, fields: namesOf(fields) }, rows);
    return ids;
  }

  /**
   * Changes records, with one statement for each set of fields.
   *
   * @throws MissingError for the first that the caller may not see, AccessError for one that it may not change
   */
  async update(model: Model, given: readonly ChangeRow[]): Promise<void> {
    if (given.length === 0) return;
    checkRight(this.env, model, "write");
    for (const rows of groupAlike(distinctRows(given))) await this.#updateAlike(model, rows);
  }

  async #updateAlike(model: Model, rows: readonly ChangeRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    const columns = rows[0]?.columns ?? new Map<StoredField, SqlValue>();
    const fields = fieldsOf(model, [columns]);
    const change = { model, operation: "write", ids, fields: namesOf(fields) } as const;
    await this.settlement.before(change);
    const uniform = rows.every((row) => row.columns === columns);
    const rules = rulesOf(this.env, model, "write");
    const { plan, known } = planMany(this.env, ["update", model.name, change.fields, uniform], () =>
      compileUpdateMany(this.env.access, model, fields, rules, uniform),
    );
    const values = fields.map((field) => (uniform ? (columns.get(field) ?? null) : listOf(rows, field)));
    const found = this.env.run<{ id: number }>(plan, known, [], [this.env.access.userId, ids, ...values]);
    const done = await found.catch((error: unknown) => translateViolation(this.env, model, error, rows));
    await this.#checkAll(model, "write", ids, done);
    await this.note(change, rows);
  }

  /**
   * Deletes records.
   *
   * @throws MissingError for the first that the caller may not see, AccessError for one that it may not delete
   * @throws ConflictError where others refer to one of them and must not lose that
   */
  async delete(model: Model, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const { env } = this;
    checkRight(env, model, "delete");
    await this.beforeDelete(model, ids);
    const rules = rulesOf(env, model, "delete");
    const { plan, known } = planMany(env, ["delete", model.name], () => compileDeleteMany(env.access, model, rules));
    const found = env.run<{ id: number }>(plan, known, [], [ids]);
    const done = await found.catch((error: unknown) => translateViolation(env, model, error));
    await this.#checkAll(model, "delete", ids, done);
    this.noteDeleted(model, ids);
  }

  /** What comes before records are deleted. */
  async beforeDelete(model: Model, ids: readonly number[]): Promise<void> {
    await model.behaviour.hooks.beforeDelete?.(ids, this.env as RunningEnvironment);
    await this.settlement.before({ model, operation: "delete", ids, fields: [] });
  }

  /** Remembers records that have been deleted. */
  noteDeleted(model: Model, ids: readonly number[]): void {
    this.deleted.set(model, [...(this.deleted.get(model) ?? []), ...ids]);
    if (deletionChangesRights(this.env.registry, model)) this.announces = true;
  }

  /** Remembers records that have been created or changed by a statement, in the order of the rows. */
  async note(change: Change & { readonly operation: "create" | "write" }, rows: readonly WriteRow[]): Promise<void> {
    const { model, operation, ids, fields } = change;
    const key = `${operation} ${model.name}`;
    const written: Written = this.written.get(key) ?? {
      model,
      operation,
      paths: new Map(),
      fields: new Set(),
      changes: [],
    };
    this.written.set(key, written);
    for (const [index, id] of ids.entries()) {
      const { path = "", values = {}, columns } = rows[index] ?? {};
      written.paths.set(id, path);
      written.changes.push({ id, values });
      // Nothing refers to a new record yet, so it closes no circle.
      if (operation === "write")
        for (const [field, value] of columns ?? []) this.#noteMove(model, field, value, id, path);
    }
    if (operation === "create") noteUnnumbered(this.unnumbered, model, ids, rows);
    for (const name of fields) written.fields.add(name);
    if (changesRights(model)) this.announces = true;
    await this.settlement.after(change);
  }

  #noteMove(model: Model, field: StoredField, value: SqlValue, id: number, path: string): void {
    if (value === null || !isTreeField(field)) return;
    const moved = this.moved.get(field) ?? { model, field, paths: new Map<number, string>() };
    this.moved.set(field, moved);
    moved.paths.set(id, path);
  }

  /** A statement writes all of its records, or none where one of them is not there or not within the rules. */
  async #checkAll(
    model: Model,
    operation: "write" | "delete",
    ids: readonly number[],
    done: readonly { readonly id: number }[],
  ): Promise<void> {
    if (done.length === ids.length) return;
    await checkPresence(this.env, model, operation, ids);
    // Whatever has come into the rules since then was not written.
    await refuseChange(this.env, model, ids[0] ?? 0, undefined);
  }
}

/** Begins a write in a transaction: from here on its changes are signed. */
export function beginRun(env: BaseEnvironment): WriteRun {
  env.signChanges();
  return new WriteRun(env);
}

function namesOf(fields: readonly StoredField[]): string[] {
  return fields.map(({ name }) => name);
}

function listOf(rows: readonly WriteRow[], field: StoredField): SqlScalar[] {
  return rows.map(({ columns }) => (columns.get(field) ?? null) as SqlScalar);
}

/** The same change of a record that stands in several lists is one; two different ones are a mistake. */
function distinctRows(rows: readonly ChangeRow[]): ChangeRow[] {
  const known = new Map<number, ChangeRow>();
  for (const row of rows) {
    const other = known.get(row.id);
    if (other === undefined) known.set(row.id, row);
    else if (other.values !== row.values) {
      const message = `changes a record that ${other.path === "" ? "the request" : other.path} changes too`;
      throw ValidationError.ofFields([{ path: row.path, message }]);
    }
  }
  return [...known.values()];
}

/** The rows that change the same fields, together. */
function groupAlike(rows: readonly ChangeRow[]): Iterable<readonly ChangeRow[]> {
  const keys = new Map<WriteRow["columns"], string>();
  const groups = new Map<string, ChangeRow[]>();
  for (const row of rows) {
    const key =
      keys.get(row.columns) ??
      namesOf([...row.columns.keys()])
        .sort()
        .join();
    keys.set(row.columns, key);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(row);
  }
  return groups.values();
}
