/** The driver's query object without what we do not need: no copy of the settings, no event per row. */
import pg from "pg";
import type { AnyStatement } from "./session.ts";

/** The members of the driver's query that its type declarations leave out. */
interface DriverResult {
  rows: object[];
  rowCount: number | null;
  command: string | null;
  parseRow(fields: unknown): object;
}

interface DriverQuery {
  text: string;
  values: readonly unknown[];
  name: string | undefined;
  queryMode: string;
  callback: (error: Error | null | undefined) => void;
  _result: DriverResult;
  _canceledDueToError: unknown;
}

/** One statement on its way, and its result once the server has answered. */
export class Answer extends (pg.Query as unknown as new (text: string) => pg.Query & DriverQuery) {
  /** Milliseconds that the server spent on it, waiting behind others not included. */
  elapsed = 0;
  /** True when nobody waits for it any more. */
  unwanted = false;

  /**
   * @param done called exactly once, with the error or without
   */
  constructor(statement: AnyStatement, name: string | undefined, done: (error: Error | undefined) => void) {
    super(statement.text);
    this.values = statement.values;
    this.name = name;
    // The simple protocol would run several statements separated by semicolons.
    this.queryMode = "extended";
    let open = true;
    this.callback = (error) => {
      if (open) {
        open = false;
        done(error ?? undefined);
      }
    };
  }

  /** The rows; the driver's own `rows` means something else. */
  get found(): object[] {
    return this._result.rows;
  }

  /** Collects a row; one that cannot be read fails the statement when the server has finished it. */
  handleDataRow(message: { readonly fields: unknown }): void {
    if (this._canceledDueToError) {
      return;
    }
    try {
      this._result.rows.push(this._result.parseRow(message.fields));
    } catch (error) {
      this._canceledDueToError = error;
    }
  }

  /** Rows given or touched. */
  get count(): number {
    return this._result.rowCount ?? 0;
  }

  /** The word with which the server reports what it did, such as `COMMIT`. */
  get command(): string | null {
    return this._result.command;
  }
}
