/** Compiles single-record writes: each one statement that writes and gives back what the answer needs. */
import type { Model, StoredField } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import { identifier, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter } from "./compile-filter.ts";
import { compileFields, compileObject } from "./compile-object.ts";
import { compileOwnRow, type OwnRow } from "./compile-row.ts";
import { Frame } from "./frame.ts";
import { type Plan, planOf } from "./plan.ts";
import { fixedSources, resolveFilter } from "./resolve-filter.ts";
import { type Scope, unrestricted } from "./scope.ts";
import type { Selection } from "./selection.ts";
import { parameterSlot } from "./slot.ts";

/** Which record a statement changes, beyond its id. */
export interface WriteGuard {
  /** Rules that the record must pass as it is before the change. */
  readonly rules: readonly Q[];
  /** Whether the request says which version the record must have. */
  readonly versioned: boolean;
}

/** A write of one record, compiled. */
export interface CompiledWrite {
  readonly plan: Plan;
  /**
   * How what is given back is read: the record's row as the text `data`, with the places of id and version in it. Null where it is printed
   * already: as `id`, `version` and the JSON text `data`.
   */
  readonly row: WrittenRow | null;
}

/** The row of a record that a write gives back. */
export type WrittenRow = Pick<OwnRow, "shape" | "places">;

/**
 * Compiles an insert. Parameters: the user's id, then the fields' values.
 *
 * @param fields in the order of the values
 * @param answer what is given back
 */
export function compileInsert(
  scope: Scope,
  model: Model,
  fields: readonly StoredField[],
  answer: Selection,
): CompiledWrite {
  const columns = ["create_uid", "write_uid", ...fields.map(({ column }) => column)].map(identifier);
  const values = [parameter(0, "bigint"), parameter(0, "bigint"), ...fields.map((_, index) => slot(index + 1))];
  const statement = sql`insert into ${identifier(model.table)} as w (${joinOrEmpty(columns, ", ")}) values (${joinOrEmpty(values, ", ")})`;
  return answering(scope, statement, answer);
}

/**
 * Compiles an update. Parameters: the user's id, the record's id, its version where the guard asks for it, then the
 * fields' values. No row comes back where the record is not there, or not as the guard wants it.
 */
export function compileUpdate(
  scope: Scope,
  model: Model,
  fields: readonly StoredField[],
  answer: Selection,
  guard: WriteGuard,
): CompiledWrite {
  const first = guard.versioned ? 3 : 2;
  const changes = [
    sql`write_uid = ${parameter(0, "bigint")}`,
    sql`updated_date = now()`,
    sql`${versionOf(model)} = w.${versionOf(model)} + 1`,
    ...fields.map(({ column }, index) => sql`${identifier(column)} = ${slot(first + index)}`),
  ];
  const where = compileGuard(scope, model, guard, 1);
  const statement = sql`update ${identifier(model.table)} w set ${joinOrEmpty(changes, ", ")} where ${where}`;
  return answering(scope, statement, answer);
}

/** Compiles a delete. Parameters: the record's id, and its version where the guard asks for it. Gives back the id. */
export function compileDelete(scope: Scope, model: Model, guard: WriteGuard): Plan {
  const where = compileGuard(scope, model, guard, 0);
  return planOf(sql`delete from ${identifier(model.table)} w where ${where} returning w.id`);
}

function compileGuard(scope: Scope, model: Model, { rules, versioned }: WriteGuard, idIndex: number): Sql {
  const own = sql`w.id = ${parameter(idIndex, "bigint")}`;
  const version = versioned ? sql` and w.${versionOf(model)} = ${parameter(idIndex + 1, "bigint")}` : sql``;
  if (rules.length === 0) return sql`${own}${version}`;
  const { source } = compilePassing(scope, model, rules, (id) => sql`${id} = ${parameter(idIndex, "bigint")}`);
  return sql`${own}${version} and exists (select 1 from ${source})`;
}

/** Records that pass rules: `FROM ... WHERE ...`, and what the table and its ids are called there. */
interface Passing {
  readonly source: Sql;
  readonly alias: Sql;
  readonly id: Sql;
}

/**
 * Compiles which records pass rules. The rules may look at what the caller may not see.
 *
 * @param own the condition that says which records are meant, of the table's ids and its alias
 */
export function compilePassing(
  scope: Scope,
  model: Model,
  rules: readonly Q[],
  own: (id: Sql, alias: Sql) => Sql,
): Passing {
  const elevated = unrestricted(scope.registry);
  const frame = new Frame(startCompilation(elevated), model);
  const conditions = rules.map(
    (rule) => sql`(${compileFilter(frame, resolveFilter(elevated, model, rule, fixedSources))})`,
  );
  const [alias, id] = [raw(frame.alias), raw(frame.column("id"))];
  const all = joinOrEmpty([own(id, alias), ...conditions], " and ");
  return { source: sql`${frame.source()} where ${all}`, alias, id };
}

/** @param statement the write of a table, which is `w` there */
function answering(scope: Scope, statement: Sql, answer: Selection): CompiledWrite {
  const rendering = "wireExpression";
  const compilation = startCompilation(scope);
  const frame = new Frame(compilation, answer.model, "w");
  const wanted = [frame.column("id"), frame.column(answer.model.versionField)];
  const own = compileOwnRow({ scope, compilation, rendering }, { selection: answer, frame, wanted });
  if (own !== null) {
    const { row, shape, places } = own;
    return { plan: planOf(sql`${statement} returning ${row} as data`), row: { shape, places } };
  }
  const version = sql`w.${versionOf(answer.model)} as version`;
  const object = compileObject(compileFields(scope, frame, answer, rendering));
  return { plan: planOf(sql`${statement} returning w.id, ${version}, ${object}::text as data`), row: null };
}

/** The column that counts the changes of a record. */
export function versionOf(model: Model): Sql {
  return identifier(model.versionField);
}

/** A place for a value that comes with the request. */
export function slot(index: number): Sql {
  return sql`${parameterSlot(index) as never}`;
}

/** The same with the type that the value has. */
export function parameter(index: number, type: string): Sql {
  return sql`${slot(index)}${raw(`::${type}`)}`;
}
