/** One step of a schema change as plain data: what it does in words and in SQL, and what it asks the data first. */

/**
 * All kinds of steps, in the order in which they run: what adds room first, then what may be stopped by data, and
 * foreign keys after all that they can refer to. The first six come from ledgers, whose own order holds.
 */
export const OPERATION_KINDS = [
  "rename table",
  "rename column",
  "convert column",
  "drop column",
  "drop table",
  "run",
  "prepare change count",
  "prepare search",
  "create table",
  "comment table",
  "drop folded columns",
  "add column",
  "widen column",
  "add folded columns",
  "relax column",
  "set default",
  "drop constraint",
  "drop index",
  "require column",
  "add constraint",
  "change constraint",
  "add foreign key",
  "change foreign key",
  "add index",
  "change index",
  "gather statistics",
  "count changes",
  "record history",
] as const;

/**
 * How finely statistics tell of texts that are searched. By default PostgreSQL takes whatever is rarer than one in a hundred for as frequent
 * as that, and would rather walk over the table than use an index. A thousand in place of these take three times as long to gather, and plans
 * are hardly better.
 */
export const SEARCH_STATISTICS = 400;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** A question to the data that must be answered with 0 before a step may run. */
export interface DataCheck {
  /** What would be restricted, such as `product.code`. */
  readonly path: string;
  /** Why it cannot be; `{rows}` stands for the number of rows in the way. */
  readonly message: string;
  /** A query of one number: the rows in the way. */
  readonly count: string;
}

/** One step: what it does in words and in SQL. Steps of a kind with a check come after all that make columns. */
export interface Operation {
  readonly kind: OperationKind;
  readonly table: string;
  /** The column that is new, where one is. */
  readonly column?: string;
  readonly description: string;
  /** Complete statements without parameters, run in this order in one transaction. */
  readonly statements: readonly string[];
  readonly check?: DataCheck;
  /** Loses data, so that somebody has to allow it. */
  readonly destructive?: true;
}
