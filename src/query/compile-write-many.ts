/** Compiles writes of any number of records of one model: each one statement, whatever their number. */
import type { LinkedField, Model, StoredField } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import { identifier, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { compilePassing, parameter, slot, versionOf } from "./compile-write.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Scope } from "./scope.ts";

/**
 * Compiles an insert. Parameters: the user's id, how many records, then for each field the list of its values.
 *
 * The rows give `id`. Ids are given out in the order of the lists, so that sorting them puts them in that order.
 */
export function compileInsertMany(model: Model, fields: readonly StoredField[]): Plan {
  const columns = ["create_uid", "write_uid", ...fields.map(({ column }) => column)].map(identifier);
  const user = parameter(0, "bigint");
  const values = [user, user, ...fields.map((_, index) => given(index))];
  const names = joinOrEmpty([...fields.map((_, index) => valueName(index)), raw("n")], ", ");
  const source =
    fields.length === 0
      ? sql`generate_series(1, ${parameter(1, "integer")}) g(n)`
      : sql`unnest(${joinOrEmpty(arrays(fields, 2), ", ")}) with ordinality g(${names})`;
  return planOf(
    sql`insert into ${identifier(model.table)} (${joinOrEmpty(columns, ", ")}) select ${joinOrEmpty(values, ", ")} from ${source} order by g.n returning id`,
  );
}

/**
 * Compiles an update. Parameters: the user's id, the records' ids, then for each field its value, or the list of its values.
 *
 * The rows give the `id` of each record that was changed: of all, or of none where one of them is not there or does not pass the rules.
 *
 * @param uniform whether all records get the same values
 */
export function compileUpdateMany(
  scope: Scope,
  model: Model,
  fields: readonly StoredField[],
  rules: readonly Q[],
  uniform: boolean,
): Plan {
  const changes = [
    sql`write_uid = ${parameter(0, "bigint")}`,
    sql`updated_date = now()`,
    sql`${versionOf(model)} = w.${versionOf(model)} + 1`,
    ...fields.map(({ column }, index) => sql`${identifier(column)} = ${uniform ? slot(index + 2) : given(index)}`),
  ];
  const names = joinOrEmpty([raw("id"), ...fields.map((_, index) => valueName(index))], ", ");
  const lists = joinOrEmpty([parameter(1, "bigint[]"), ...arrays(fields, 2)], ", ");
  const values = uniform ? sql`` : sql` join unnest(${lists}) g(${names}) on g.id = l.id`;
  return planOf(
    sql`with locked as materialized (${lockPassing(scope, model, rules, 1, "no key update")}) update ${identifier(model.table)} w set ${joinOrEmpty(changes, ", ")} from locked l${values} where w.id = l.id and ${allLocked(1)} returning w.id`,
  );
}

/** Compiles a delete. Parameter: the records' ids. Gives the `id` of each that was deleted: all or none, as {@link compileUpdateMany}. */
export function compileDeleteMany(scope: Scope, model: Model, rules: readonly Q[]): Plan {
  return planOf(
    sql`with locked as materialized (${lockPassing(scope, model, rules, 0, "update")}) delete from ${identifier(model.table)} w using locked l where w.id = l.id and ${allLocked(0)} returning w.id`,
  );
}

/** How records that are to be changed are looked for. */
export interface ChangeQuestion {
  /** Those of the operation. */
  readonly rules: readonly Q[];
  /** Whether the request says which version they must have. */
  readonly versioned: boolean;
  /** Fields whose values come along, as `of0`, `of1` and so on. */
  readonly owners: readonly StoredField[];
  /** How they are held from then on; null where they are only looked at. */
  readonly strength: LockStrength | null;
}

/** How records are held: against being changed, against being changed or taken like this, or also against being referred to. */
export type LockStrength = "share" | "no key update" | "update";

/** Compiles the question. Parameters: the records' ids, and the version where that is asked for. Gives the `id` of each that is there. */
export function compileChangeable(
  scope: Scope,
  model: Model,
  { rules, versioned, owners, strength }: ChangeQuestion,
): Plan {
  const version = versioned ? sql` and w.${versionOf(model)} = ${parameter(1, "bigint")}` : sql``;
  const columns = [
    raw("w.id"),
    ...owners.map(({ column }, index) => sql`w.${identifier(column)} as ${raw(`of${index}`)}`),
  ];
  const found = sql`select ${joinOrEmpty(columns, ", ")} from ${identifier(model.table)} w where ${named(scope, model, rules, 0)}${version}`;
  return planOf(strength === null ? found : sql`${found} order by w.id for ${raw(strength)} of w`);
}

/**
 * Compiles a statement that holds what records are part of, as far as it passes rules. Parameters: the records' ids, and those of what they are to be part of. Gives the `id` of
 * each that is held.
 *
 * @param columns those of the records that refer to it
 */
export function compileHeldOwners(
  scope: Scope,
  owner: Model,
  rules: readonly Q[],
  part: Model,
  columns: readonly string[],
): Plan {
  const ids = parameter(0, "bigint[]");
  const referred = columns.map(
    (column) => sql`select ${identifier(column)} from ${identifier(part.table)} where id = any(${ids})`,
  );
  const all = joinOrEmpty([...referred, sql`select unnest(${parameter(1, "bigint[]")})`], " union ");
  const conditions = joinOrEmpty([sql`w.id in (${all})`, ...passing(scope, owner, rules, sql`w.id`)], " and ");
  return planOf(
    sql`select w.id from ${identifier(owner.table)} w where ${conditions} order by w.id for no key update of w`,
  );
}

/** Compiles the question which records pass rules. Parameter: the records' ids. Gives the `id` of each that does. */
export function compilePassingMany(scope: Scope, model: Model, rules: readonly Q[]): Plan {
  const { source, id } = compilePassing(scope, model, rules, (own) => sql`${own} = any(${parameter(0, "bigint[]")})`);
  return planOf(sql`select ${id} as id from ${source}`);
}

/**
 * Compiles the same question about records of several models. Parameters: for each model the records' ids. Gives the `id` of each that
 * passes, and the `place` of its model.
 */
export function compilePassingOfAll(
  scope: Scope,
  models: readonly { readonly model: Model; readonly rules: readonly Q[] }[],
): Plan {
  const parts = models.map(({ model, rules }, place) => {
    const list = parameter(place, "bigint[]");
    const { source, id } = compilePassing(scope, model, rules, (own) => sql`${own} = any(${list})`);
    return sql`select ${raw(`${place}`)} as place, ${id} as id from ${source}`;
  });
  return planOf(joinOrEmpty(parts, " union all "));
}

/** Which records stand in the lists of others. */
export interface LinesQuestion {
  readonly model: Model;
  /** The field that refers to those others. */
  readonly inverse: StoredField;
  readonly rules: readonly Q[];
  /** Whether only records that are named are in question. */
  readonly narrowed: boolean;
}

/**
 * Compiles the question. Parameters: the ids of those others, and, where it is narrowed, the ids of the records in question. Gives pairs of
 * `owner` and `id`.
 */
export function compileLines(scope: Scope, question: LinesQuestion): Plan {
  return planOf(linesOf(scope, question).pairs);
}

/** As {@link compileLines}, and holds the records. */
export function compileHeldLines(scope: Scope, question: LinesQuestion): Plan {
  const { pairs, alias, id } = linesOf(scope, question);
  return planOf(sql`${pairs} order by ${id} for no key update of ${alias}`);
}

function linesOf(
  scope: Scope,
  { model, inverse, rules, narrowed }: LinesQuestion,
): { readonly pairs: Sql; readonly alias: Sql; readonly id: Sql } {
  const { source, id, alias } = compilePassing(scope, model, rules, (own, table) => {
    const owned = sql`${table}.${identifier(inverse.column)} = any(${parameter(0, "bigint[]")})`;
    return narrowed ? sql`${owned} and ${own} = any(${parameter(1, "bigint[]")})` : owned;
  });
  return { pairs: sql`select ${alias}.${identifier(inverse.column)} as owner, ${id} as id from ${source}`, alias, id };
}

/**
 * As {@link compileLines}, for records that are linked by pairs.
 *
 * @param kept the model whose records are the pairs, and its rules
 */
export function compileLinked(
  scope: Scope,
  target: Model,
  field: LinkedField,
  rules: readonly Q[],
  narrowed: boolean,
  kept: { readonly keeper: Model; readonly rules: readonly Q[] } | null,
): Plan {
  const [table, source, other] = pairColumns(field);
  const conditions = [
    sql`p.${source} = any(${parameter(0, "bigint[]")})`,
    ...(narrowed ? [sql`p.${other} = any(${parameter(1, "bigint[]")})`] : []),
    ...passing(scope, target, rules, sql`p.${other}`),
    ...(kept === null ? [] : passing(scope, kept.keeper, kept.rules, sql`p.id`)),
  ];
  return planOf(
    sql`select distinct p.${source} as owner, p.${other} as id from ${table} p where ${joinOrEmpty(conditions, " and ")}`,
  );
}

/** Compiles the question which records keep pairs. Parameters: both ends of the pairs, as two lists. Gives `id`. */
export function compileKept(scope: Scope, keeper: Model, field: LinkedField, rules: readonly Q[]): Plan {
  const [table, source, other] = pairColumns(field);
  const conditions = [
    sql`p.${source} = g.source`,
    sql`p.${other} = g.target`,
    ...passing(scope, keeper, rules, sql`p.id`),
  ];
  const pairs = sql`unnest(${parameter(0, "bigint[]")}, ${parameter(1, "bigint[]")}) g(source, target)`;
  return planOf(sql`select distinct p.id from ${table} p, ${pairs} where ${joinOrEmpty(conditions, " and ")}`);
}

function pairColumns({ name, relation: { link } }: LinkedField): [table: Sql, source: Sql, target: Sql] {
  if (link.kind !== "through") throw new Error(`${name} has no pairs`);
  return [identifier(link.table), identifier(link.source), identifier(link.target)];
}

/** The condition that the record with an id passes rules; none without rules. */
function passing(scope: Scope, model: Model, rules: readonly Q[], wanted: Sql): Sql[] {
  if (rules.length === 0) return [];
  const { source } = compilePassing(scope, model, rules, (own) => sql`${own} = ${wanted}`);
  return [sql`exists (select 1 from ${source})`];
}

/** The records with these ids that pass the rules, held in one order everywhere, so that two writes never wait in a circle. */
function lockPassing(scope: Scope, model: Model, rules: readonly Q[], ids: number, strength: LockStrength): Sql {
  return sql`select w.id from ${identifier(model.table)} w where ${named(scope, model, rules, ids)} order by w.id for ${raw(strength)} of w`;
}

/** The condition that a record of the table `w` is one of those named, and passes the rules. */
function named(scope: Scope, model: Model, rules: readonly Q[], ids: number): Sql {
  const own = sql`w.id = any(${parameter(ids, "bigint[]")})`;
  return joinOrEmpty([own, ...passing(scope, model, rules, sql`w.id`)], " and ");
}

/** Nothing is changed where one is missing: what else may be wrong with the others is not even asked then. */
function allLocked(ids: number): Sql {
  return sql`(select count(*) from locked) = cardinality(${parameter(ids, "bigint[]")})`;
}

function arrays(fields: readonly StoredField[], first: number): Sql[] {
  return fields.map(({ field }, index) => parameter(first + index, `${field.parameterType}[]`));
}

function valueName(index: number): Sql {
  return raw(`v${index}`);
}

function given(index: number): Sql {
  return raw(`g.v${index}`);
}
