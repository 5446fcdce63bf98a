/** Writes calculated values: one statement for all records of a model, which changes only those whose values differ. */
import { repeated } from "../database/repeated.ts";
import type { Session } from "../database/session.ts";
import type { Model, StoredField } from "../models/model.ts";
import { identifier, joinOrEmpty, quoteIdentifier, raw, sql } from "../sql/fragment.ts";
import type { SqlScalar, SqlValue } from "../sql/value.ts";

/** A record with its calculated values, in the order of the fields. */
export interface CalculatedRecord {
  readonly id: number;
  readonly values: readonly SqlValue[];
  /** Whether a change counts as one of the record: not where the same write has changed it already. */
  readonly counts: boolean;
}

/**
 * Writes calculated values.
 *
 * @param userId who has written what they depend on
 * @returns the ids of the records that have changed by it
 */
export async function updateCalculated(
  session: Session,
  model: Model,
  fields: readonly StoredField[],
  records: readonly CalculatedRecord[],
  userId: number | null,
): Promise<number[]> {
  const arrays = [
    sql`${records.map(({ id }) => id)}::bigint[]`,
    sql`${records.map(({ counts }) => counts)}::boolean[]`,
    ...fields.map(({ field }, index) => {
      const values = records.map(({ values }) => (values[index] ?? null) as SqlScalar);
      return sql`${values}::${raw(field.parameterType)}[]`;
    }),
  ];
  const columns = fields.map(({ column }) => identifier(column));
  const version = identifier(model.versionField);
  const changes = columns.map((column, index) => sql`${column} = ${given(index)}`);
  // As code reads them: an amount of 5 and one of 5.00 are equal, and yet not the same.
  const printed = (field: StoredField, column: string) => raw(field.field.codeExpression(column));
  const differences = fields.map(
    (field, index) =>
      sql`${printed(field, `w.${quoteIdentifier(field.column)}`)} is distinct from ${printed(field, `g.v${index}`)}`,
  );
  const names = ["id", "counts", ...fields.map((_, index) => `v${index}`)].map(identifier);
  const update = repeated(
    sql`update ${identifier(model.table)} w set ${joinOrEmpty(changes, ", ")},
      ${version} = w.${version} + g.counts::integer,
      write_uid = case when g.counts then ${userId}::bigint else w.write_uid end,
      updated_date = case when g.counts then now() else w.updated_date end
      from unnest(${joinOrEmpty(arrays, ", ")}) g(${joinOrEmpty(names, ", ")})
      where w.id = g.id and (${joinOrEmpty(differences, " or ")}) returning w.id`,
  );
  return (await session.rows<{ id: number }>(update)).map(({ id }) => id);
}

function given(index: number) {
  return sql`g.${identifier(`v${index}`)}`;
}
