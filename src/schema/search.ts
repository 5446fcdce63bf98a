/**
 * What searches in text need of a database beside what models declare: functions that take away case and accents, trigrams, columns that
 * keep texts without case, and indexes over these.
 */
import { hasPrefixIndex } from "../fields/search-index.ts";
import type { Model, StoredField } from "../models/model.ts";
import { caselessCall, FOLD_FUNCTIONS, foldFunctions, infixText } from "../sql/caseless-text.ts";
import { quoteIdentifier, type Sql, sql } from "../sql/fragment.ts";
import { constraintName } from "./name.ts";
import type { Operation } from "./operation.ts";
import { type Column, type Index, type Shape, shapeOf, tableOf } from "./shape.ts";

/** The extension comes with PostgreSQL, and the owner of a database may install it. */
const TRIGRAMS = "pg_trgm";

/** The column in which a searched field's text is kept without case: what searches compare would be made anew of each row else. */
export function foldedColumns(model: Model, { column, folded }: StoredField): Column[] {
  if (folded === null) return [];
  const generated = caselessCall(quoteIdentifier(column), model.ignoreAccents);
  return [{ name: folded, type: "text", notNull: false, default: null, identity: false, generated }];
}

/** The indexes for searches in a field's text: for how it begins, in the order of the texts, and for what is within it. */
export function searchIndexes(model: Model, { column, folded, field }: StoredField): Index[] {
  if (folded === null) return [];
  const key = quoteIdentifier(folded);
  const nameOf = (purpose: string) => constraintName(model.table, [column, purpose], "idx");
  const infix: Index = {
    name: nameOf("infix"),
    unique: false,
    method: "gin",
    keys: [`${infixText(key)} gin_trgm_ops`],
    trigrams: true,
  };
  if (!hasPrefixIndex(field)) return [infix];
  return [{ name: nameOf("prefix"), unique: false, method: "btree", keys: [key, quoteIdentifier("id")] }, infix];
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
