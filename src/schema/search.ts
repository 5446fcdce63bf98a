/** What searches in text need of a database beside tables: functions that take away case and accents, trigrams, and indexes. */
import { hasInfixIndex, hasPrefixIndex } from "../fields/search-index.ts";
import type { Model, StoredField } from "../models/model.ts";
import { caselessKey, FOLD_FUNCTIONS, foldFunctions } from "../sql/caseless-text.ts";
import { quoteIdentifier, type Sql, sql } from "../sql/fragment.ts";
import { constraintName } from "./name.ts";
import type { Operation } from "./operation.ts";
import { type Index, type Shape, shapeOf, tableOf } from "./shape.ts";

/** The extension comes with PostgreSQL, and the owner of a database may install it. */
const TRIGRAMS = "pg_trgm";

/** The indexes for searches in a field's text: for how it begins, in the order of the texts, and for what is within it. */
export function searchIndexes(model: Model, { column, field }: StoredField): Index[] {
  const quoted = quoteIdentifier(column);
  const key = caselessKey(quoted, model.ignoreAccents);
  const indexes: Index[] = [];
  if (hasPrefixIndex(field)) {
    const name = constraintName(model.table, [column, "prefix"], "idx");
    indexes.push({ name, unique: false, method: "btree", keys: [key, quoteIdentifier("id")] });
  }
  if (hasInfixIndex(field)) {
    const name = constraintName(model.table, [column, "infix"], "idx");
    indexes.push({ name, unique: false, method: "gin", keys: [`${key} gin_trgm_ops`], trigrams: true });
  }
  return indexes;
}

/** What is wanted without what the server cannot give. */
export function possibleShape(actual: Shape, wanted: Shape): Shape {
  if (actual.search.trigrams !== "missing") return wanted;
  const tables = [...wanted.tables.values()].map((table) => {
    const indexes = [...table.indexes.values()].filter(({ trigrams }) => trigrams !== true);
    if (indexes.length === table.indexes.size) return table;
    const { name, columns, constraints, comment, counted = false, history } = table;
    const parts = { columns: [...columns.values()], constraints: [...constraints.values()], indexes };
    return tableOf(name, { ...parts, comment, counted, history });
  });
  return shapeOf(tables, wanted.search);
}

/** The steps that must come before indexes and statements of searches. */
export function prepareSearch(actual: Shape, desired: Shape): Operation[] {
  const operations: Operation[] = [];
  if (desired.search.folding && !actual.search.folding) {
    operations.push(prepare("prepare comparing texts without case and accents", foldFunctions()));
  }
  const wantsTrigrams = [...desired.tables.values()].some(({ indexes }) =>
    [...indexes.values()].some(({ trigrams }) => trigrams === true),
  );
  if (wantsTrigrams && actual.search.trigrams === "offered") {
    operations.push(
      prepare("prepare searching within texts", [`CREATE EXTENSION IF NOT EXISTS ${TRIGRAMS} SCHEMA public`]),
    );
  }
  return operations;
}

function prepare(description: string, statements: readonly string[]): Operation {
  return { kind: "prepare search", table: "", description, statements };
}

/**
 * Asks the catalog for the search support of a schema: one row with `folding` and `trigrams`.
 *
 * An extension that stands elsewhere than in `public` counts as missing: its operators would not be found.
 */
export function searchSupport(schema: string): Sql {
  return sql`
  SELECT (
    SELECT count(*) = ${FOLD_FUNCTIONS.length}::int FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ${schema} AND p.proname = ANY (${FOLD_FUNCTIONS as never}::text[])
  ) AS folding, CASE
    WHEN EXISTS (SELECT FROM pg_extension e WHERE e.extname = ${TRIGRAMS})
    THEN CASE WHEN EXISTS (
      SELECT FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
      WHERE e.extname = ${TRIGRAMS} AND n.nspname = 'public'
    ) THEN 'present' ELSE 'missing' END
    WHEN has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege('public', 'CREATE') AND EXISTS (
      SELECT FROM pg_available_extension_versions v
      WHERE v.name = ${TRIGRAMS} AND (v.trusted OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
    ) THEN 'offered'
    ELSE 'missing'
  END AS trigrams`;
}
