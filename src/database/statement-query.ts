/** The driver's query object without what we do not need: no copy of the settings, no event per row. */
import pg from "pg";
import type { AnyStatement, Statement, TextRow } from "./session.ts";

/** How the rows of a prepared statement are read: what the driver makes of the server's description. */
export interface RowShape {
  readonly fields: unknown;
  readonly _parsers: unknown;
  readonly _prebuiltEmptyResultObject: unknown;
}

/** The members of the driver's query that its type declarations leave out. */
interface DriverResult extends RowShape {
  rows: object[];
  rowCount: number | null;
  command: string | null;
  parseRow(fields: TextRow): object;
}

/** The part of the driver's connection that sends the messages of a statement. */
interface DriverConnection {
  _send(message: Buffer): void;
  /** Asks what the rows of a statement are like. */
  describe(portal: object): void;
  /** Sends the last message of a statement. */
  sync(): void;
}

/** Connections that send a statement that is known already, by the ones that they send over. */
const concise = new WeakMap<DriverConnection, DriverConnection>();

/** Asks nothing about rows, and sends all messages of a statement at once: each by itself costs as much in the driver and the engine. */
function concisely(connection: DriverConnection): DriverConnection {
  const known = concise.get(connection);
  if (known !== undefined) return known;
  let messages: Buffer[] = [];
  const made: DriverConnection = Object.create(connection, {
    describe: { value: () => {} },
    _send: { value: (message: Buffer) => messages.push(message) },
    sync: {
      value: () => {
        connection.sync.call(made);
        const all = Buffer.concat(messages);
        messages = [];
        connection._send(all);
      },
    },
  });
  concise.set(connection, made);
  return made;
}

interface DriverQuery {
  text: string;
  values: readonly unknown[];
  name: string | undefined;
  queryMode: string;
  callback: (error: Error | null | undefined) => void;
  _result: DriverResult;
  _canceledDueToError: unknown;
  prepare(connection: DriverConnection): void;
}

/** One statement on its way, and its result once the server has answered. */
export class Answer extends (pg.Query as unknown as new (text: string) => pg.Query & DriverQuery) {
  /** Milliseconds that the server spent on it, waiting behind others not included. */
  elapsed = 0;
  /** True when nobody waits for it any more. */
  unwanted = false;
  readonly #shape: RowShape | undefined;
  readonly #onRow: Statement["onRow"];

  /**
   * @param shape what the rows of the statement were like before on the same connection, where it is prepared there; the server
   *   refuses to run it once that does not hold any more
   * @param done called exactly once, with the error or without
   */
  constructor(
    statement: AnyStatement,
    name: string | undefined,
    shape: RowShape | undefined,
    done: (error: Error | undefined) => void,
  ) {
    super(statement.text);
    this.#shape = shape;
    this.#onRow = (statement as Statement).onRow;
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

  /** What the rows are like, once the statement has been answered. */
  get shape(): RowShape {
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
    return { fields, _parsers, _prebuiltEmptyResultObject };
  }

  /** Sends the statement; a known one at once, and without asking for the description that the server has given already. */
  override prepare(connection: DriverConnection): void {
    if (this.#shape === undefined) {
      super.prepare(connection);
      return;
    }
    Object.assign(this._result, this.#shape);
    super.prepare(concisely(connection));
  }

  /**
   * Hands the rows over, once. Answers stay reachable until all memory is tidied up, and what they held would be copied there by each small
   * tidying before: the texts of large answers were an eighth of a request's processor time.
   */
  takeRows(): object[] {
    const { rows } = this._result;
    this._result.rows = [];
    return rows;
  }

  /** Collects a row, or hands it on; one that cannot be read fails the statement when the server has finished it. */
  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    if (this._canceledDueToError) {
      return;
    }
    try {
      if (this.#onRow === undefined) this._result.rows.push(this._result.parseRow(fields));
      else this.#onRow(fields);
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
