/** What may be sent to the database, and the face that everything above this folder sends it through. */
import type { Sql } from "../sql/fragment.ts";
import type { SqlValue } from "../sql/value.ts";

/** One SQL statement with its bound values. */
export interface Statement {
  /** SQL with the parameters $1, $2, ... */
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** At most 63 bytes, always for the same text: the statement is parsed and planned once per connection. */
  readonly name?: string;
  /** Takes each row as it comes. The answer has none then, so that nobody holds what is used up at once. */
  readonly onRow?: (row: TextRow) => void;
}

/** A row as PostgreSQL prints it: the text of each column, null where there is no value. */
export type TextRow = readonly (string | null)[];

/** Either form in which a statement may be given. */
export type AnyStatement = Statement | Sql;

/** A place to run statements: the database (each by itself) or a transaction (all or none). */
export interface Session {
  /**
   * Runs one statement and gives its rows.
   *
   * Dates, times and `numeric` arrive as text, `bigint` as a number, `json` parsed, `bytea` as a Buffer.
   *
   * @throws ConstraintViolation when the data breaks a constraint or does not fit a column
   * @throws DatabaseUnavailable when the database cannot answer now
   * @throws DatabaseFault when the statement itself is wrong
   */
  rows<Row extends object>(statement: AnyStatement): Promise<Row[]>;
  /**
   * Runs one statement and gives the number of rows that it touched.
   *
   * @throws as {@link rows} does
   */
  run(statement: AnyStatement): Promise<number>;
}
