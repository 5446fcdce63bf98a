/** Writes what the current company says of records: values of fields of which each company has its own. */
import { type CompanyField, type Model, modelOf } from "../models/model.ts";
import { identifier, raw, sql } from "../sql/fragment.ts";
import type { SqlScalar } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { translateViolation } from "./violation.ts";
import type { Draft } from "./write-tree.ts";

/** Values that a write has given companies. */
export interface NewValues {
  readonly model: Model;
  readonly field: string;
  /** Record of a value -> where the record stands in the request that it is of. */
  readonly paths: ReadonlyMap<number, string>;
}

/** A record with what has been given for it. */
interface Written {
  readonly id: number;
  readonly draft: Pick<Draft, "path" | "ofCompany">;
}

/**
 * Writes them, with one statement for each field. The records themselves have been written, so that nobody else changes them now.
 *
 * @throws ValidationError with the place of a reference to nothing
 */
export async function writeOfCompany(env: BaseEnvironment, written: readonly Written[]): Promise<NewValues[]> {
  const open = new Map<CompanyField, Written[]>();
  for (const each of written) {
    for (const field of each.draft.ofCompany.keys()) {
      const records = open.get(field) ?? [];
      open.set(field, records);
      records.push(each);
    }
  }
  const done: NewValues[] = [];
  for (const [field, records] of open) done.push(await writeField(env, field, records));
  return done;
}

async function writeField(env: BaseEnvironment, field: CompanyField, written: readonly Written[]): Promise<NewValues> {
  const { registry, session, access, names } = env;
  const model = modelOf(registry, field.way.relation.target);
  const [table, column] = [identifier(model.table), identifier(field.value.column)];
  const ids = written.map(({ id }) => id);
  const given = written.map(({ draft }) => (draft.ofCompany.get(field) ?? null) as SqlScalar);
  if (typeof names.cid !== "number") throw new Error(`${model.name}.${field.name} is written for no company`);
  const user = sql`${access.userId}::bigint`;
  const found = session.rows<{ id: number; record: number }>(
    sql`insert into ${table} as v (record_id, company_id, create_uid, write_uid, ${column})
      select g.id, ${names.cid}::bigint, ${user}, ${user}, g.value
      from unnest(${ids}::bigint[], ${given}::${raw(`${field.value.field.parameterType}[]`)}) g(id, value) order by g.id
      on conflict (record_id, company_id) do update
      set ${column} = excluded.${column}, write_uid = excluded.write_uid, updated_date = now(), version = v.version + 1
      returning v.id, v.record_id as record`,
  );
  const rows = written.map(({ draft }, index) => {
    return { path: draft.path, columns: new Map([[field.value, given[index] ?? null]]) };
  });
  const places = new Map(written.map(({ id, draft }) => [id, draft.path]));
  const values = await found.catch((error: unknown) => translateViolation(env, model, error, rows));
  return { model, field: field.name, paths: new Map(values.map(({ id, record }) => [id, places.get(record) ?? ""])) };
}
