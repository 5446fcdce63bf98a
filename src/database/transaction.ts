/** One transaction: begins with its first statement, can nest savepoints, and remembers what must follow the commit. */
import type { Cancellation } from "./cancellation.ts";
import type { Connection } from "./connection.ts";
import { ConnectionLost, DatabaseUnavailable, requestCancelled, translateError } from "./error-code.ts";
import type { AnyStatement, Session, Statement } from "./session.ts";
import type { Answer } from "./statement-query.ts";

export interface TransactionOptions {
  /** The server refuses every change. */
  readonly readOnly?: boolean;
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  /** Stops the statement under way and rolls back, for example when the client has gone. */
  readonly cancellation?: Cancellation | undefined;
}

/** What a transaction needs from the database that it runs on. */
export interface TransactionHost {
  readonly statementTimeout: number;
  readonly preparedStatements: boolean;
  readonly onStatement: ((statement: AnyStatement) => void) | undefined;
  take(cancellation: Cancellation | undefined): Connection | Promise<Connection>;
  giveBack(connection: Connection): void;
}

const COMMIT: Statement = { text: "COMMIT", values: [] };
const ROLLBACK: Statement = { text: "ROLLBACK", values: [] };

export class Transaction implements Session {
  readonly #host: TransactionHost;
  readonly #begin: Statement;
  readonly #cancellation: Cancellation | undefined;
  /** Committing cannot fail in a way that matters, so nobody has to wait for it. */
  readonly #nothingToSave: boolean;
  /** Set with the first statement: until then no connection is taken. */
  #connection: Promise<Connection> | undefined;
  #begun: Promise<unknown> | undefined;
  #afterCommit: (() => void | Promise<void>)[] = [];
  /** The error that made the server refuse all further statements, until a savepoint is rolled back to. */
  #failure: unknown;
  #savepoints = 0;
  #externalEffect = false;
  #ended = false;

  constructor(host: TransactionHost, options: TransactionOptions) {
    this.#host = host;
    this.#cancellation = options.cancellation;
    this.#nothingToSave = options.readOnly === true && options.isolation !== "serializable";
    const isolation = options.isolation === undefined ? "" : ` ISOLATION LEVEL ${options.isolation.toUpperCase()}`;
    this.#begin = { text: `BEGIN${isolation}${options.readOnly === true ? " READ ONLY" : ""}`, values: [] };
  }

  async rows<Row extends object>(statement: AnyStatement): Promise<Row[]> {
    return (await this.#execute(statement)).takeRows() as Row[];
  }

  async run(statement: AnyStatement): Promise<number> {
    return (await this.#execute(statement)).count;
  }

  /**
   * Runs `work` so that its changes can fail alone: an error undoes them and leaves the rest of the transaction usable.
   *
   * Savepoints of one transaction nest; they must not overlap in time.
   *
   * @throws whatever `work` throws
   */
  async savepoint<T>(work: (session: Transaction) => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    this.#savepoints += 1;
    const name = `s${this.#savepoints}`;
    const callbacks = this.#afterCommit.length;
    this.#follow(`SAVEPOINT ${name}`);
    try {
      const result = await work(this);
      if (this.#failure !== undefined) {
        throw this.#failure;
      }
      this.#follow(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      this.#afterCommit.length = callbacks;
      this.#failure = undefined;
      this.#follow(`ROLLBACK TO SAVEPOINT ${name}`);
      this.#follow(`RELEASE SAVEPOINT ${name}`);
      throw error;
    } finally {
      this.#savepoints -= 1;
    }
  }

  /** Registers what is to happen once the changes are there for good; never called after a rollback. */
  afterCommit(callback: () => void | Promise<void>): void {
    this.#afterCommit.push(callback);
  }

  /** Says that something outside the database has happened, so that the work must not be run a second time. */
  markExternalEffect(): void {
    this.#externalEffect = true;
  }

  get hasExternalEffect(): boolean {
    return this.#externalEffect;
  }

  /** The error after which nothing of this transaction can be committed. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Makes the changes permanent and ends the transaction.
   *
   * @returns the callbacks that are to follow
   * @throws DatabaseUnavailable `unknown_outcome` when the line broke while committing
   */
  async commit(): Promise<readonly (() => void | Promise<void>)[]> {
    if (this.#failure !== undefined) {
      throw this.#failure; // the work has swallowed it
    }
    const connection = await this.#connection;
    this.#ended = true;
    if (connection === undefined) {
      return this.#afterCommit;
    }
    if (this.#nothingToSave) {
      void this.#end(connection, COMMIT);
      return this.#afterCommit;
    }
    try {
      const { command } = await connection.send(COMMIT, undefined);
      if (command !== "COMMIT") {
        throw this.#failure ?? new Error("a statement of the transaction has failed unnoticed; nothing was saved");
      }
    } catch (error) {
      throw error instanceof ConnectionLost
        ? new DatabaseUnavailable(
            "unknown_outcome",
            "the database connection was lost while saving: check whether the change was made before sending it again",
            { cause: error },
          )
        : translateError(error, this.#host);
    }
    this.#leave(connection);
    return this.#afterCommit;
  }

  /** Undoes everything and hands the connection back clean, or destroys it. Never throws. */
  async rollback(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    this.#ended = true;
    if (connection !== undefined) {
      await this.#end(connection, ROLLBACK);
    }
  }

  async #end(connection: Connection, command: Statement): Promise<void> {
    try {
      await connection.send(command, undefined);
    } catch {
      connection.destroy();
    }
    this.#leave(connection);
  }

  #leave(connection: Connection): void {
    if (connection.inTransaction) {
      connection.destroy();
    }
    this.#connection = undefined;
    this.#host.giveBack(connection);
  }

  /** Sends a statement that cannot fail by itself together with the one after it. */
  #follow(text: string): void {
    this.#execute({ text, values: [] }).catch(() => undefined); // kept as the failure
  }

  async #execute(statement: AnyStatement): Promise<Answer> {
    if (this.#ended) {
      throw new Error("the transaction has ended; a session must not be kept beyond its work");
    }
    try {
      this.#checkWanted();
      this.#host.onStatement?.(statement);
      this.#connection ??= this.#start();
      const connection = await this.#connection;
      this.#checkWanted();
      const name = this.#host.preparedStatements ? (statement as Statement).name : undefined;
      const answer = connection.send(statement, name, this.#cancellation);
      return this.#begun === undefined ? await answer : await this.#afterBegin(answer, this.#begun);
    } catch (error) {
      // What follows a failure is only told that the transaction has failed: report the first error instead.
      const { statementTimeout } = this.#host;
      this.#failure ??= translateError(error, { statementTimeout, cancelled: this.#isCancelled });
      throw this.#failure;
    }
  }

  async #start(): Promise<Connection> {
    this.#checkWanted();
    const connection = await this.#host.take(this.#cancellation);
    // Not awaited: BEGIN and the first statement leave together.
    connection.gather();
    this.#begun = connection.send(this.#begin, undefined);
    this.#begun.catch(() => undefined);
    return connection;
  }

  /** A statement that ran although BEGIN failed was not part of a transaction: that must not pass unnoticed. */
  async #afterBegin(answer: Promise<Answer>, begun: Promise<unknown>): Promise<Answer> {
    const [result] = await Promise.all([answer, begun]);
    this.#begun = undefined;
    return result;
  }

  #checkWanted(): void {
    if (this.#isCancelled) {
      throw requestCancelled();
    }
  }

  get #isCancelled(): boolean {
    return this.#cancellation?.cancelled === true;
  }
}
