/** What each kind of constraint is in SQL and in words, when two are the same, and which rows stand in its way. */
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { declaredComment } from "./expression.ts";
import type { DataCheck, Operation } from "./operation.ts";
import type { Check, Constraint, ForeignKey, PrimaryKey, Unique } from "./shape.ts";

interface ConstraintKind<Kind> {
  /** What follows `CONSTRAINT name`. */
  readonly define: (constraint: Kind) => string;
  readonly describe: (table: string, constraint: Kind) => string;
  readonly isSame: (left: Kind, right: Kind) => boolean;
  readonly check: (table: string, constraint: Kind) => DataCheck;
}

const keyKind = (sql: string, words: string): ConstraintKind<PrimaryKey | Unique> => ({
  define: ({ columns }) => `${sql} (${quoteAll(columns)})`,
  describe: (table, { columns }) => `${words} ${table} (${columns.join(", ")})`,
  isSame: (left, right) => isSameList(left.columns, right.columns),
  check: (table, { columns }) => uniqueCheck(table, pathOf(table, columns), columns.map(quoteIdentifier)),
});

const foreignKind: ConstraintKind<ForeignKey> = {
  define: ({ columns, references, onDelete, deferrable }) =>
    `FOREIGN KEY (${quoteAll(columns)}) REFERENCES ${quoteIdentifier(references.table)} (${quoteAll(references.columns)})` +
    ` ON DELETE ${onDelete}${deferrable ? " DEFERRABLE INITIALLY IMMEDIATE" : ""}`,
  describe: (table, { columns, references, onDelete, deferrable }) =>
    `foreign key ${table} (${columns.join(", ")}) -> ${references.table} (${references.columns.join(", ")})` +
    `, on delete ${onDelete}${deferrable ? ", deferrable" : ""}`,
  isSame: (left, right) =>
    isSameList(left.columns, right.columns) &&
    left.references.table === right.references.table &&
    isSameList(left.references.columns, right.references.columns) &&
    left.onDelete === right.onDelete &&
    (left.deferrable ?? false) === (right.deferrable ?? false),
  check: (table, { columns, references }) => {
    const own = columns.map((column) => `t.${quoteIdentifier(column)}`);
    const match = references.columns.map((column, at) => `r.${quoteIdentifier(column)} = ${own[at]}`);
    return {
      path: pathOf(table, columns),
      message: `cannot refer to ${references.table}, it has no record for the value in {rows}`,
      count:
        `SELECT count(*) FROM ${quoteIdentifier(table)} AS t WHERE ${own.map((column) => `${column} IS NOT NULL`).join(" AND ")}` +
        ` AND NOT EXISTS (SELECT FROM ${quoteIdentifier(references.table)} AS r WHERE ${match.join(" AND ")})`,
    };
  },
};

const checkKind: ConstraintKind<Check> = {
  define: ({ expression }) => `CHECK (${expression})`,
  describe: (table, { expression }) => `check ${table}: ${expression}`,
  isSame: (left, right) => left.expression === right.expression,
  check: (table, { expression }) => ({
    path: table,
    message: `cannot be added, it is false in {rows}: ${expression}`,
    count: `SELECT count(*) FROM ${quoteIdentifier(table)} WHERE NOT (${expression})`,
  }),
};

const KINDS: { readonly [Kind in Constraint["kind"]]: ConstraintKind<Extract<Constraint, { kind: Kind }>> } = {
  primary: keyKind("PRIMARY KEY", "primary key"),
  unique: keyKind("UNIQUE", "unique"),
  foreign: foreignKind,
  check: checkKind,
};

/** Gives a constraint as it stands in `CREATE TABLE` or after `ADD`. */
export function constraintSql(constraint: Constraint): string {
  return `CONSTRAINT ${quoteIdentifier(constraint.name)} ${kindOf(constraint).define(constraint)}`;
}

/** Tells whether two constraints say the same; names aside. */
export function isSameConstraint(left: Constraint, right: Constraint): boolean {
  return left.kind === right.kind && kindOf(left).isSame(left, right);
}

/** Gives the statement that keeps the declared text of a check, none for other kinds. */
export function declareConstraint(table: string, constraint: Constraint): string[] {
  if (constraint.kind !== "check") return [];
  const comment = quoteLiteral(declaredComment(constraint.expression));
  return [`COMMENT ON CONSTRAINT ${quoteIdentifier(constraint.name)} ON ${quoteIdentifier(table)} IS ${comment}`];
}

/** Adds a constraint, when the rows allow it. @param hasRows whether the table may have any */
export function addConstraint(table: string, constraint: Constraint, hasRows: boolean): Operation {
  const kind = kindOf(constraint);
  return {
    kind: constraint.kind === "foreign" ? "add foreign key" : "add constraint",
    table,
    description: `add ${kind.describe(table, constraint)}`,
    statements: addSql(table, constraint),
    ...(hasRows ? { check: kind.check(table, constraint) } : {}),
  };
}

/** Replaces a constraint by another of the same name, when the rows allow it. */
export function changeConstraint(table: string, from: Constraint, to: Constraint): Operation {
  const kind = kindOf(to);
  return {
    kind: to.kind === "foreign" ? "change foreign key" : "change constraint",
    table,
    description: `change ${kindOf(from).describe(table, from)} => ${kind.describe(table, to)}`,
    statements: [dropSql(table, from), ...addSql(table, to)],
    check: kind.check(table, to),
  };
}

/** Removes a constraint that nothing declares any more. */
export function dropConstraint(table: string, constraint: Constraint): Operation {
  return {
    kind: "drop constraint",
    table,
    description: `drop ${kindOf(constraint).describe(table, constraint)}: no longer declared`,
    statements: [dropSql(table, constraint)],
  };
}

/**
 * Asks for the rows that share their values with another row.
 *
 * @param path what must be unique, for people
 * @param keys the same as SQL expressions over the columns of the table
 * @param where the condition of a partial index
 */
export function uniqueCheck(table: string, path: string, keys: readonly string[], where?: string): DataCheck {
  const conditions = [...keys.map((key) => `${key} IS NOT NULL`), ...(where === undefined ? [] : [`(${where})`])];
  return {
    path,
    message: "cannot be unique, there is the same value in {rows}",
    count:
      `SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ${quoteIdentifier(table)}` +
      ` WHERE ${conditions.join(" AND ")} GROUP BY ${keys.join(", ")} HAVING count(*) > 1) AS d`,
  };
}

/** Looks a constraint's kind up. The compiler cannot follow that the entry fits the constraint it was found by. */
function kindOf(constraint: Constraint): ConstraintKind<Constraint> {
  return KINDS[constraint.kind] as ConstraintKind<Constraint>;
}

function addSql(table: string, constraint: Constraint): string[] {
  return [
    `ALTER TABLE ${quoteIdentifier(table)} ADD ${constraintSql(constraint)}`,
    ...declareConstraint(table, constraint),
  ];
}

function dropSql(table: string, constraint: Constraint): string {
  return `ALTER TABLE ${quoteIdentifier(table)} DROP CONSTRAINT ${quoteIdentifier(constraint.name)}`;
}

function pathOf(table: string, columns: readonly string[]): string {
  return columns.length === 1 ? `${table}.${columns[0]}` : `${table} (${columns.join(", ")})`;
}

function quoteAll(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry, at) => entry === right[at]);
}
