/** The steps that create tables and describe them. */
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { columnSql, declareDefault } from "./column.ts";
import { constraintSql, declareConstraint } from "./constraint.ts";
import type { Operation } from "./operation.ts";
import type { Table } from "./shape.ts";

/** Creates a table with its columns and all constraints but foreign keys. */
export function createTable(table: Table): Operation {
  const constraints = [...table.constraints.values()].filter((constraint) => constraint.kind !== "foreign");
  const given = [...table.columns.values()].filter(({ generated }) => generated === undefined);
  const parts = [
    ...[...table.columns.values()].map((column) => columnSql(column, column.notNull)),
    ...constraints.map(constraintSql),
  ];
  return {
    kind: "create table",
    table: table.name,
    description: `create table ${table.name} (${given.length === 1 ? "1 column" : `${given.length} columns`})`,
    statements: [
      `CREATE TABLE ${quoteIdentifier(table.name)} (\n  ${parts.join(",\n  ")}\n)`,
      ...(table.comment === undefined ? [] : [tableComment(table.name, table.comment)]),
      ...[...table.columns.values()].flatMap((column) => declareDefault(table.name, column)),
      ...constraints.flatMap((constraint) => declareConstraint(table.name, constraint)),
    ],
  };
}

/** Changes the comment of a table. */
export function commentTable(table: string, comment: string): Operation {
  return {
    kind: "comment table",
    table,
    description: `comment on table ${table}`,
    statements: [tableComment(table, comment)],
  };
}

function tableComment(table: string, comment: string): string {
  return `COMMENT ON TABLE ${quoteIdentifier(table)} IS ${quoteLiteral(comment)}`;
}
