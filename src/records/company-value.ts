/** Writes what the current company says of records: values of fields of which each company has its own. */
import { type CompanyField, type Model, modelOf } from "../models/model.ts";
import { identifier, raw, sql } from "../sql/fragment.ts";
import type { SqlScalar, SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** A record with what has been given for it. */
interface Written {
  readonly id: number;
  readonly draft: { readonly ofCompany: ReadonlyMap<CompanyField, SqlValue> };
}

/** Writes them, with one statement for each field. The records themselves have been written, so that nobody else changes them now. */
export async function writeOfCompany(
  { env }: { readonly env: BaseEnvironment },
  model: Model,
  written: readonly Written[],
): Promise<void> {
  const open = new Map<CompanyField, Written[]>();
  for (const each of written) {
    for (const field of each.draft.ofCompany.keys()) open.set(field, [...(open.get(field) ?? []), each]);
  }
  for (const [field, records] of open) await writeField(env, model, field, records);
}

async function writeField(
  { registry, session, access, names }: BaseEnvironment,
  model: Model,
  field: CompanyField,
  written: readonly Written[],
): Promise<void> {
  const values = modelOf(registry, field.way.relation.target);
  const [table, column] = [identifier(values.table), identifier(field.value.column)];
  const ids = written.map(({ id }) => id);
  const given = written.map(({ draft }) => (draft.ofCompany.get(field) ?? null) as SqlScalar);
  if (typeof names.cid !== "number") throw new Error(`${model.name}.${field.name} is written for no company`);
  const user = sql`${access.userId}::bigint`;
  await session.run(
    sql`insert into ${table} as v (record_id, company_id, create_uid, write_uid, ${column})
      select g.id, ${names.cid}::bigint, ${user}, ${user}, g.value
      from unnest(${ids}::bigint[], ${given}::${raw(`${field.value.field.parameterType}[]`)}) g(id, value)
      on conflict (record_id, company_id) do update
      set ${column} = excluded.${column}, write_uid = excluded.write_uid, updated_date = now(), version = v.version + 1`,
  );
}
