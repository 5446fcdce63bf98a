/** Reads the tables of a database from its catalog, in one statement. */
import type { Session } from "../database/session.ts";
import { quoteIdentifier, type Sql, sql } from "../sql/fragment.ts";
import { CHANGE_COUNTING, CHANGE_TRIGGER } from "./change-count.ts";
import { DECLARED, declaredText } from "./expression.ts";
import { HISTORY_TRIGGER } from "./history.ts";
import { searchSupport } from "./search.ts";
import {
  type Column,
  type Constraint,
  type Index,
  type ReferentialAction,
  type SearchSupport,
  type Shape,
  shapeOf,
  type Table,
  tableOf,
} from "./shape.ts";
import { declaredIndex } from "./table-index.ts";

/** What is not of a table stands in every row; without tables there is one row with nothing else. */
interface CatalogRow extends Omit<TableRow, "name"> {
  readonly name: string | null;
  readonly folding: boolean;
  readonly trigrams: SearchSupport["trigrams"];
}

interface TableRow {
  readonly id: number;
  readonly name: string;
  readonly comment: string | null;
  readonly counted: boolean;
  /** The function that keeps the changes. */
  readonly history: string | null;
  readonly columns: readonly ColumnRow[] | null;
  readonly constraints: readonly ConstraintRow[] | null;
  readonly indexes: readonly IndexRow[] | null;
}

interface ColumnRow {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly not_null: boolean;
  /** As declared, with the mark of that, or as printed. */
  readonly default: string | null;
  /** Whether the default is the expression that the column is calculated by. */
  readonly generated: boolean;
  readonly identity: boolean;
}

interface ConstraintRow {
  readonly name: string;
  readonly kind: "p" | "u" | "f" | "c";
  readonly columns: readonly number[] | null;
  readonly target: number;
  readonly target_columns: readonly number[] | null;
  readonly on_delete: string;
  readonly deferrable: boolean;
  /** Of a check: as declared, with the mark of that, or as printed. */
  readonly expression: string | null;
}

interface IndexRow {
  readonly name: string;
  readonly unique: boolean;
  readonly valid: boolean;
  readonly method: string;
  /** Column numbers when the index is valid and nothing but a list of columns, else null. */
  readonly columns: readonly number[] | null;
  /** The printed definition when it is more than that, else null. */
  readonly definition: string | null;
  readonly comment: string | null;
}

const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: "NO ACTION",
  c: "CASCADE",
  d: "SET DEFAULT",
  n: "SET NULL",
  r: "RESTRICT",
};

/**
 * Loads all tables of one schema, whoever made them.
 *
 * @param session where to read; one statement, so the answer is one moment's truth
 * @param schema name of the PostgreSQL schema; one that is not there has no tables
 */
export async function loadShape(session: Session, schema = "public"): Promise<Shape> {
  const answer = await session.rows<CatalogRow>(catalogQuery(schema));
  const rows = answer.filter((row): row is CatalogRow & TableRow => row.name !== null);
  const tables = new Map(rows.map((row) => [row.id, row]));
  const { folding = false, trigrams = "missing" } = answer[0] ?? {};
  return shapeOf(
    rows.map((row) => readTable(row, tables)),
    { folding, trigrams },
  );
}

function readTable(row: TableRow, tables: ReadonlyMap<number, TableRow>): Table {
  return tableOf(row.name, {
    columns: (row.columns ?? []).map(readColumn),
    constraints: (row.constraints ?? []).map((constraint) => readConstraint(constraint, row, tables)),
    indexes: (row.indexes ?? []).map((index) => readIndex(index, row)),
    comment: row.comment ?? undefined,
    counted: row.counted,
    history: row.history === null ? undefined : { name: row.history, body: "" },
  });
}

function readColumn(row: ColumnRow): Column {
  const { name, type, not_null: notNull, identity } = row;
  const expression = declaredText(row.default) ?? row.default;
  return row.generated && expression !== null
    ? { name, type, notNull, default: null, identity, generated: expression }
    : { name, type, notNull, default: expression, identity };
}

function readConstraint(row: ConstraintRow, table: TableRow, tables: ReadonlyMap<number, TableRow>): Constraint {
  return CONSTRAINTS[row.kind](row, table, tables);
}

const CONSTRAINTS: Readonly<
  Record<
    ConstraintRow["kind"],
    (row: ConstraintRow, table: TableRow, tables: ReadonlyMap<number, TableRow>) => Constraint
  >
> = {
  p: (row, table) => ({ kind: "primary", name: row.name, columns: columnNames(table, row.columns) }),
  u: (row, table) => ({ kind: "unique", name: row.name, columns: columnNames(table, row.columns) }),
  c: (row) => ({ kind: "check", name: row.name, expression: declaredText(row.expression) ?? row.expression ?? "" }),
  f: (row, table, tables) => {
    // A table of another schema has no name here: such a key was made by hand, and equals nothing that is declared.
    const target = tables.get(row.target);
    return {
      kind: "foreign",
      name: row.name,
      columns: columnNames(table, row.columns),
      references: {
        table: target?.name ?? "",
        columns: target === undefined ? [] : columnNames(target, row.target_columns),
      },
      onDelete: ACTIONS[row.on_delete] ?? "NO ACTION",
      deferrable: row.deferrable,
    };
  },
};

function readIndex(row: IndexRow, table: TableRow): Index {
  const { name, unique, method } = row;
  const declared = row.valid ? declaredIndex(row.comment) : undefined;
  if (declared !== undefined) return { name, unique, method, ...declared };
  // The whole definition as the only key equals nothing that is declared, so the index would be made anew.
  const keys = row.columns === null ? [row.definition ?? ""] : columnNames(table, row.columns).map(quoteIdentifier);
  return { name, unique, method, keys };
}

function columnNames(table: TableRow, numbers: readonly number[] | null): string[] {
  return (numbers ?? []).map((number) => {
    const column = table.columns?.find((candidate) => candidate.number === number);
    if (column === undefined)
      throw new Error(`the catalog names column ${number} of ${table.name}, which is not there`);
    return column.name;
  });
}

function catalogQuery(schema: string): Sql {
  return sql`
WITH tables AS (
  SELECT c.oid, c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
), columns AS (
  SELECT a.attrelid AS id, json_agg(json_build_object(
    'number', a.attnum, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
    'default', CASE WHEN d.oid IS NOT NULL AND starts_with(e.description, ${DECLARED}) THEN e.description
      ELSE pg_get_expr(d.adbin, d.adrelid) END,
    'generated', a.attgenerated <> '', 'identity', a.attidentity <> ''
  ) ORDER BY a.attnum) AS list
  FROM tables t
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_description e ON e.objoid = a.attrelid AND e.classoid = 'pg_class'::regclass AND e.objsubid = a.attnum
  GROUP BY a.attrelid
), constraints AS (
  SELECT o.conrelid AS id, json_agg(json_build_object(
    'name', o.conname, 'kind', o.contype, 'columns', o.conkey, 'target', o.confrelid::bigint, 'target_columns', o.confkey,
    'on_delete', o.confdeltype, 'deferrable', o.condeferrable,
    'expression', CASE WHEN starts_with(e.description, ${DECLARED}) THEN e.description
      ELSE pg_get_expr(o.conbin, o.conrelid) END
  ) ORDER BY o.conname) AS list
  FROM tables t
  JOIN pg_constraint o ON o.conrelid = t.oid AND o.contype IN ('p', 'u', 'f', 'c')
  LEFT JOIN pg_description e ON e.objoid = o.oid AND e.classoid = 'pg_constraint'::regclass AND e.objsubid = 0
  GROUP BY o.conrelid
), indexes AS (
  SELECT i.indrelid AS id, json_agg(json_build_object(
    'name', c.relname, 'unique', i.indisunique, 'valid', i.indisvalid, 'method', m.amname,
    'columns', CASE WHEN p.plain THEN i.indkey::int2[] END,
    'definition', CASE WHEN NOT p.plain THEN pg_get_indexdef(c.oid) END, 'comment', e.description
  ) ORDER BY c.relname) AS list
  FROM tables t
  JOIN pg_index i ON i.indrelid = t.oid
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  CROSS JOIN LATERAL (
    SELECT i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnatts = i.indnkeyatts
      AND 0 = ALL (i.indoption::int2[])
      AND NOT i.indclass::oid[] && ARRAY(SELECT oid FROM pg_opclass WHERE NOT opcdefault) AS plain
  ) p
  LEFT JOIN pg_description e ON e.objoid = c.oid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
  WHERE NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = c.oid AND o.contype IN ('p', 'u', 'x'))
  GROUP BY i.indrelid
)
SELECT t.oid::int8::float8 AS id, t.relname AS name, e.description AS comment,
  EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = ${CHANGE_TRIGGER} AND g.tgenabled = 'A'
    AND obj_description(g.tgfoid, 'pg_proc') = ${CHANGE_COUNTING}) AS counted,
  (SELECT p.proname FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
    WHERE g.tgrelid = t.oid AND g.tgname = ${HISTORY_TRIGGER} AND g.tgenabled IN ('O', 'A')) AS history,
  columns.list AS columns, constraints.list AS constraints, indexes.list AS indexes, support.folding, support.trigrams
FROM (${searchSupport(schema)}) support
LEFT JOIN tables t ON true
LEFT JOIN columns ON columns.id = t.oid
LEFT JOIN constraints ON constraints.id = t.oid
LEFT JOIN indexes ON indexes.id = t.oid
LEFT JOIN pg_description e ON e.objoid = t.oid AND e.classoid = 'pg_class'::regclass AND e.objsubid = 0
ORDER BY t.relname`;
}
