/** One PostgreSQL database: single statements, transactions that try again after a collision, notifications. */
import type { ClientConfig } from "pg";
import type { Cancellation } from "./cancellation.ts";
import { type ConnectionOptions, clientConfig, pooledConfig } from "./connection-option.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { DatabaseLogger } from "./database-logger.ts";
import {
  ConnectionLost,
  connectionFailure,
  DatabaseUnavailable,
  isCollision,
  isStalePlan,
  isStopped,
  requestCancelled,
  StalePlan,
  translateError,
} from "./error-code.ts";
import { Listener, type NotificationHandler } from "./listener.ts";
import type { AnyStatement, Session, Statement } from "./session.ts";
import { isRead, Sharing } from "./sharing.ts";
import type { Answer } from "./statement-query.ts";
import { Transaction, type TransactionHost, type TransactionOptions } from "./transaction.ts";

export type { AnyStatement, Session, Statement } from "./session.ts";

export interface DatabaseOptions {
  readonly connection: ConnectionOptions;
  /**
   * A pooler in front of the server, which may give each transaction another connection: statements and transactions go
   * through it, and only what outlives a transaction goes to the server itself.
   */
  readonly pooler?: ConnectionOptions | undefined;
  /** Most connections at a time, without the one for notifications. Default 10. */
  readonly maxConnections?: number;
  /** Milliseconds to wait for a free connection, and for the server to accept a new one. Default 5000. */
  readonly waitTimeout?: number;
  /** Milliseconds after which the server stops a statement. Default 30 000. */
  readonly statementTimeout?: number;
  /** False behind a pooler that cannot keep prepared statements: the names of statements are ignored. Default true, false with a pooler. */
  readonly preparedStatements?: boolean;
  readonly logger?: DatabaseLogger;
  /** Told about every statement before it is sent, for counting and tracing. */
  readonly onStatement?: (statement: AnyStatement) => void;
}

/** Further attempts after a transaction collided with others. */
const DEFAULT_RETRIES = 5;
/** Breadth of the random pause before the first further attempt, in milliseconds; it doubles each time. */
const RETRY_PAUSE_MS = 8;

export class Database implements Session {
  readonly connection: ConnectionOptions;
  /** Milliseconds after which the server stops a statement. */
  readonly statementTimeout: number;
  /** Connections at a time, without the one for notifications. */
  readonly maxConnections: number;
  /** For the connection that notifications come over, and session locks are held on. */
  readonly #direct: ClientConfig;
  readonly #preparedStatements: boolean;
  readonly #logger: DatabaseLogger | undefined;
  readonly #onStatement: ((statement: AnyStatement) => void) | undefined;
  readonly #pool: ConnectionPool;
  readonly #sharing = new Sharing();
  readonly #host: TransactionHost;
  #listener: Listener | undefined;
  #retried = 0;

  /** Opens no connection yet: that happens with the first statement. */
  constructor(options: DatabaseOptions) {
    const waitTimeout = options.waitTimeout ?? 5000;
    this.connection = options.connection;
    this.statementTimeout = options.statementTimeout ?? 30_000;
    this.#preparedStatements = options.preparedStatements ?? options.pooler === undefined;
    this.#logger = options.logger;
    this.#onStatement = options.onStatement;
    const limits = { statementTimeout: this.statementTimeout, connectTimeout: waitTimeout };
    this.#direct = clientConfig(options.connection, limits);
    this.maxConnections = options.maxConnections ?? 10;
    const pool = new ConnectionPool({
      client: options.pooler === undefined ? this.#direct : pooledConfig(options.pooler, limits),
      maxConnections: this.maxConnections,
      waitTimeout,
      statementTimeout: this.statementTimeout,
      onTrouble: (error) => this.#logger?.warn({ err: error }, "database connection trouble"),
    });
    this.#pool = pool;
    this.#host = {
      statementTimeout: this.statementTimeout,
      preparedStatements: this.#preparedStatements,
      onStatement: options.onStatement,
      take: (cancellation) => pool.take(false, cancellation),
      giveBack: (connection) => pool.giveBack(connection),
    };
  }

  rows<Row extends object>(statement: AnyStatement): Promise<Row[]> {
    return this.#execute(statement, undefined, rowsOf) as Promise<Row[]>;
  }

  run(statement: AnyStatement): Promise<number> {
    return this.#execute(statement, undefined, countOf);
  }

  /** The same for one request: once that is cancelled, its statements are stopped, and none is begun any more. */
  during(cancellation: Cancellation): Session {
    return {
      rows: <Row extends object>(statement: AnyStatement) =>
        this.#execute(statement, cancellation, rowsOf) as Promise<Row[]>,
      run: (statement) => this.#execute(statement, cancellation, countOf),
    };
  }

  /**
   * Runs `work` in one transaction: all of its changes or none.
   *
   * After a collision with other transactions, or when the connection breaks before the commit, `work` is run again
   * from the start, unless it has called `markExternalEffect`. It must therefore do nothing outside the database that
   * it does not mark or leave to `afterCommit`.
   *
   * @param options `retries`: most further attempts, 5 unless given
   * @throws whatever `work` throws; DatabaseUnavailable `retry` when it still collides after the last attempt
   */
  async transaction<T>(
    work: (session: Transaction) => Promise<T>,
    options: TransactionOptions & { readonly retries?: number } = {},
  ): Promise<T> {
    const retries = options.retries ?? DEFAULT_RETRIES;
    let result: T;
    for (let attempt = 0; ; attempt += 1) {
      const transaction = new Transaction(this.#host, options);
      const { newest } = this.#pool;
      let callbacks: readonly (() => void | Promise<void>)[];
      try {
        result = await work(transaction);
        callbacks = await transaction.commit();
      } catch (error) {
        await transaction.rollback();
        // The work may have dressed the server's error up.
        const reason = transaction.failure ?? error;
        if (attempt >= retries || transaction.hasExternalEffect || !this.#mayWorkNow(reason, attempt, newest)) {
          throw error;
        }
        this.#retried += 1;
        await pause(Math.random() * RETRY_PAUSE_MS * 2 ** attempt);
        continue;
      }
      await this.#runAfterCommit(callbacks);
      return result;
    }
  }

  /**
   * Calls `handler` for each `NOTIFY` on the channel, until the returned function is called.
   *
   * @param handler gets the payload, or null after the line was down: notifications may then have been missed
   * @throws DatabaseUnavailable when the server cannot be reached or has no connection left
   */
  async listen(channel: string, handler: NotificationHandler): Promise<() => Promise<void>> {
    this.#listener ??= new Listener(this.#direct, this.#logger);
    return this.#listener.add(channel, handler).catch((error: unknown) => {
      throw connectionFailure(error, this);
    });
  }

  /**
   * Runs a statement on the connection that notifications come over, for locks that are to last as long as it does.
   *
   * @returns rows as lists of values
   * @throws Error when nothing is listened to yet
   * @throws DatabaseUnavailable when the line breaks
   */
  async onLine(text: string): Promise<readonly unknown[][]> {
    if (this.#listener === undefined) throw new Error("nothing is listened to yet");
    return this.#listener.run(text).catch((error: unknown) => {
      throw connectionFailure(error, this);
    });
  }

  /** Whether notifications arrive at the moment; false before anything listens, and while the line is down. */
  get hears(): boolean {
    return this.#listener?.hears === true;
  }

  /** Replaces all connections as they become free: their prepared statements are of no use any more. */
  renew(): void {
    this.#pool.renew();
  }

  /** How busy the database's connections are, for metrics. */
  describeLoad(): { connections: number; waiting: number; retriedTransactions: number } {
    return { connections: this.#pool.size, waiting: this.#pool.waiting, retriedTransactions: this.#retried };
  }

  /** Lets statements under way finish and closes all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#listener?.close()]);
  }

  /** @param read what is wanted of the answer */
  async #execute<Result>(
    statement: AnyStatement,
    cancellation: Cancellation | undefined,
    read: (answer: Answer) => Result,
  ): Promise<Result> {
    checkWanted(cancellation);
    this.#onStatement?.(statement);
    for (let attempt = 0; ; attempt += 1) {
      const shared = this.#sharing.canShare(statement);
      const lent = this.#pool.take(shared, cancellation);
      const connection = lent instanceof Promise ? await lent : lent;
      const { newest } = this.#pool;
      try {
        checkWanted(cancellation);
        const answer = await connection.send(statement, this.#nameOf(statement), cancellation);
        this.#sharing.learn(statement, answer.elapsed);
        return read(answer);
      } catch (error) {
        const cancelled = cancellation?.cancelled === true;
        if (attempt > 0 || cancelled || !this.#mayRepeat(error, statement, newest)) {
          throw this.#judge(error, statement, cancelled);
        }
      } finally {
        this.#pool.giveBack(connection);
      }
    }
  }

  #nameOf(statement: AnyStatement): string | undefined {
    return this.#preparedStatements ? (statement as Statement).name : undefined;
  }

  /**
   * A single statement is sent again when the server certainly did not run it, or when it only reads.
   *
   * @param newest the newest connection when it was sent: what broke it may have broken the others, and once more is all
   */
  #mayRepeat(error: unknown, statement: AnyStatement, newest: number): boolean {
    if (isStalePlan(error)) {
      this.#pool.renew();
      return true;
    }
    // Rows that have been handed on would come twice.
    const isTaken = (statement as Statement).onRow !== undefined;
    if (error instanceof ConnectionLost && isRead(statement) && !isTaken) {
      this.#pool.renew(newest);
      return true;
    }
    return false;
  }

  #judge(error: unknown, statement: AnyStatement, cancelled: boolean): unknown {
    if (isStopped(error)) {
      this.#sharing.learn(statement, this.statementTimeout);
    }
    return translateError(error, { statementTimeout: this.statementTimeout, cancelled });
  }

  /** Decides whether a transaction that failed is worth another attempt; one that lost its connection gets one. */
  #mayWorkNow(error: unknown, attempt: number, newest: number): boolean {
    if (isCollision(error)) {
      return true;
    }
    if (error instanceof StalePlan) {
      this.#pool.renew();
      return true;
    }
    if (attempt === 0 && error instanceof DatabaseUnavailable && error.code === "unreachable") {
      this.#pool.renew(newest);
      return true;
    }
    return false;
  }

  async #runAfterCommit(callbacks: readonly (() => void | Promise<void>)[]): Promise<void> {
    for (const callback of callbacks) {
      try {
        await callback();
      } catch (error) {
        // The changes are saved; telling the caller otherwise would be wrong.
        this.#logger?.error({ err: error }, "a callback after a commit failed");
      }
    }
  }
}

function rowsOf(answer: Answer): object[] {
  return answer.takeRows();
}

function countOf({ count }: Answer): number {
  return count;
}

function checkWanted(cancellation: Cancellation | undefined): void {
  if (cancellation?.cancelled === true) {
    throw requestCancelled();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
