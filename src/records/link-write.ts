/** Writes relations that are kept as pairs, and says what becomes of records that leave a list. */

import { ConstraintViolation } from "../database/error-code.ts";
import { repeated } from "../database/repeated.ts";
import { ValidationError } from "../errors.ts";
import { ToOneField } from "../fields/relation.ts";
import { type LinkedField, type Model, modelOf, type StoredField } from "../models/model.ts";
import { compileKept } from "../query/compile-write-many.ts";
import { identifier, sql } from "../sql/fragment.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { planMany, rulesOf } from "./many-plan.ts";
import type { Membership } from "./relation-plan.ts";
import { changesRights } from "./rights-change.ts";
import { noSuchRecord } from "./target.ts";
import type { WriteRun } from "./write-run.ts";

/** Whether what leaves a list is deleted, because it cannot or shall not be without the record that holds the list. */
export function isOwned({ field }: StoredField): boolean {
  return field instanceof ToOneField && (field.options.required === true || field.onDelete === "CASCADE");
}

/** The fields of a model that keeps pairs: those for the record with the list, and for the one in the list. */
export function keptFields(keeper: Model, { name, relation: { link } }: LinkedField): [StoredField, StoredField] {
  if (link.kind !== "through") throw new Error(`${name} has no pairs`);
  const of = (column: string) => {
    const found = [...keeper.fields.values()].find((field) => field.kind === "stored" && field.column === column);
    if (found === undefined) throw new Error(`${keeper.name} has no column ${column}`);
    return found as StoredField;
  };
  return [of(link.source), of(link.target)];
}

/** The records that keep pairs, as far as the caller sees them. */
export async function findKept(
  env: BaseEnvironment,
  keeper: Model,
  field: LinkedField,
  pairs: readonly Membership[],
): Promise<number[]> {
  if (pairs.length === 0) return [];
  const rules = rulesOf(env, keeper, "read");
  const { plan, known } = planMany(env, ["kept", keeper.name, field.relation.link], () =>
    compileKept(env.access, keeper, field, rules),
  );
  const lists = [pairs.map(({ owner }) => owner), pairs.map(({ id }) => id)];
  return (await env.run<{ id: number }>(plan, known, [], lists)).map(({ id }) => id);
}

/**
 * Adds and removes pairs, each kind in one statement.
 *
 * @throws ValidationError with the place of a record that somebody else has deleted meanwhile
 */
export async function changePairs(
  run: WriteRun,
  model: Model,
  field: LinkedField,
  joins: readonly Membership[],
  leaves: readonly Membership[],
): Promise<void> {
  const { link, target } = field.relation;
  if (link.kind !== "through") throw new Error(`${field.name} has no pairs`);
  if (joins.length + leaves.length === 0) return;
  if (changesRights(model, [field])) run.announces = true;
  const { session, registry } = run.env;
  const ids = [...new Set([...joins, ...leaves].map(({ owner }) => owner))];
  const change = { model, operation: "write", ids, fields: [field.name] } as const;
  await run.settlement.before(change);
  const [table, source, other] = [identifier(link.table), identifier(link.source), identifier(link.target)];
  const pairs = (all: readonly Membership[]) =>
    sql`unnest(${all.map(({ owner }) => owner)}::bigint[], ${all.map(({ id }) => id)}::bigint[]) g(source, target)`;
  if (leaves.length > 0) {
    await session.run(
      repeated(
        sql`delete from ${table} p using ${pairs(leaves)} where p.${source} = g.source and p.${other} = g.target`,
      ),
    );
  }
  if (joins.length > 0) {
    run.paired.push({ model, field, joins });
    const insertion = session.run(
      repeated(
        sql`insert into ${table} (${source}, ${other}) select g.source, g.target from ${pairs(joins)}
          where true order by 1, 2 on conflict do nothing`,
      ),
    );
    await insertion.catch((error: unknown) => {
      if (!(error instanceof ConstraintViolation) || error.kind !== "reference") throw error;
      const message = noSuchRecord(modelOf(registry, target));
      throw ValidationError.ofFields([{ path: joins[0]?.path ?? field.name, message }]);
    });
  }
  await run.settlement.after(change);
}
