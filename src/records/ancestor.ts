/** Keeps trees free of circles: a record may not become its own ancestor. */
import { ValidationError } from "../errors.ts";
import { ToOneField } from "../fields/relation.ts";
import type { Model, ModelField, StoredField } from "../models/model.ts";
import { identifier, sql } from "../sql/fragment.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { joinPath } from "./values.ts";

/** Records of a model whose place in a tree has changed, each with where it stands in the request. */
export interface Moved {
  readonly model: Model;
  readonly field: StoredField;
  readonly paths: Map<number, string>;
}

/** Whether a field puts a record into a tree of its model. */
export function isTreeField({ field }: ModelField): boolean {
  return field instanceof ToOneField && field.options.acyclic === true;
}

/** Makes changes of a tree wait for each other, since two harmless ones at once can close a circle together. */
export async function lockTrees(env: BaseEnvironment, models: Iterable<Model>): Promise<void> {
  const keys = [...new Set([...models].map(({ table }) => `tree ${table}`))].sort();
  for (const key of keys) {
    await env.session.rows({ text: "select pg_advisory_xact_lock(hashtextextended($1, 0))", values: [key] });
  }
}

/**
 * Checks records that have been written.
 *
 * @throws ValidationError at the field of each record that is its own ancestor
 */
export async function checkAncestors(env: BaseEnvironment, { model, field, paths }: Moved): Promise<void> {
  const [table, parent] = [identifier(model.table), identifier(field.column)];
  const found = await env.session.rows<{ id: number }>(
    sql`with recursive ancestor(start, id) as (
      select id, ${parent} from ${table} where id = any(${[...paths.keys()]}::bigint[]) and ${parent} is not null
      union select a.start, t.${parent} from ${table} t join ancestor a on t.id = a.id where t.${parent} is not null
    ) select id from ancestor where id = start`,
  );
  if (found.length === 0) return;
  const message = "a record cannot be its own ancestor";
  throw ValidationError.ofFields(found.map(({ id }) => ({ path: joinPath(paths.get(id) ?? "", field.name), message })));
}
