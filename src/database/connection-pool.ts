/** Lends connections: whole ones to transactions, places in a pipeline to quick reads; waiting is bounded. */
import type { ClientConfig } from "pg";
import type { Cancellation } from "./cancellation.ts";
import { Connection } from "./connection.ts";
import { ConnectionLost, connectionFailure, DatabaseUnavailable, requestCancelled } from "./error-code.ts";

export interface PoolOptions {
  readonly client: ClientConfig;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Milliseconds that a caller waits for a connection before it is refused. */
  readonly waitTimeout: number;
  readonly statementTimeout: number;
  /** Told about connections that broke; never about what a caller hears anyway. */
  readonly onTrouble: (error: unknown) => void;
}

/** Quick reads go to this many connections, so that several share one write and one wake-up of the server. */
const LANES = 4;
/** Reads under way on one connection; a slow one delays at most this many others. */
const DEPTH = 8;
/** A connection whose current statement runs longer than this many milliseconds gets no further ones. */
const STUCK_MS = 10;
/** Connections beyond the first that nobody used for so long are closed, in milliseconds: a process has many databases open. */
const IDLE_MS = 30_000;
/** After a failed attempt, the next one waits so long (milliseconds) while other connections serve. */
const REOPEN_MS = 250;

/** How often waiting callers are looked at, in milliseconds. */
const LOOK_MS = 25;

interface Waiter {
  readonly shared: boolean;
  readonly deadline: number;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #connections: Connection[] = [];
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #newest = 0;
  #noOpeningBefore = 0;
  #lastFailure: unknown;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #sweep: NodeJS.Timeout;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeIdle(), IDLE_MS / 3).unref();
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#connections.length + this.#opening;
  }

  /** Callers that wait for a connection. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /**
   * Lends a connection; every loan goes back through {@link giveBack}.
   *
   * @param shared true for a place in a pipeline, false for a connection alone
   * @param cancellation ends the waiting
   * @returns at once when one is free, else a promise
   * @throws DatabaseUnavailable when none becomes free in time or the server cannot be reached
   */
  take(shared: boolean, cancellation?: Cancellation): Connection | Promise<Connection> {
    if (this.#closed) {
      return Promise.reject(new DatabaseUnavailable("unreachable", "the server is stopping"));
    }
    // Those who wait because all connections are taken go first.
    if (this.#waiters.length === 0 || this.size < this.#options.maxConnections) {
      const connection = this.#pick(shared);
      if (connection !== undefined) {
        return connection;
      }
    }
    const waiting = this.#wait(shared, cancellation);
    this.#open(shared);
    this.#armTimer();
    return waiting;
  }

  /** Ends a loan. A retired connection is closed once it is free. */
  giveBack(connection: Connection): void {
    connection.exclusive = false;
    connection.loans -= 1;
    if (connection.loans === 0) {
      connection.idleSince = performance.now();
    }
    if (this.#waiters.length > 0 || connection.retired) {
      this.#serve();
    }
  }

  /** The number of the connection opened last; they count up. */
  get newest(): number {
    return this.#newest;
  }

  /**
   * Replaces connections as they become free, for example after tables have changed under prepared statements.
   *
   * @param newest the number of the last one to go, all unless given: after one was found broken, those that were open
   *   by then may be broken too without having told yet
   */
  renew(newest = this.#newest): void {
    for (const connection of this.#connections) {
      connection.retired ||= connection.number <= newest;
    }
    this.#serve();
  }

  /** Refuses new callers, lets statements under way finish, closes everything. */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#sweep);
    clearTimeout(this.#timer);
    this.#rejectAll(new DatabaseUnavailable("unreachable", "the server is stopping"));
    await Promise.all(this.#connections.splice(0).map((connection) => connection.close()));
  }

  #wait(shared: boolean, cancellation: Cancellation | undefined): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(requestCancelled());
      };
      const waiter: Waiter = {
        shared,
        deadline: performance.now() + this.#options.waitTimeout,
        resolve: (connection) => {
          cancellation?.remove(leave);
          resolve(connection);
        },
        reject: (error) => {
          cancellation?.remove(leave);
          reject(error);
        },
      };
      this.#waiters.push(waiter);
      cancellation?.add(leave);
    });
  }

  #pick(shared: boolean): Connection | undefined {
    const connection = shared ? this.#pickLane() : this.#pickIdle();
    if (connection !== undefined) {
      connection.loans += 1;
      connection.exclusive = !shared;
    }
    return connection;
  }

  /** Lanes are taken from the front of the list and whole connections from its end, so that they rarely meet. */
  #pickLane(): Connection | undefined {
    const now = performance.now();
    let best: Connection | undefined;
    let lanes = 0;
    for (const connection of this.#connections) {
      if (connection.exclusive || connection.retired) {
        continue;
      }
      lanes += 1;
      if (connection.loans < (best?.loans ?? DEPTH) && connection.headAge(now) < STUCK_MS) {
        best = connection;
      }
      if (best?.loans === 0 || (best !== undefined && lanes >= LANES)) {
        break;
      }
    }
    if (best !== undefined && best.loans > 0) {
      this.#open(true);
    }
    return best;
  }

  #pickIdle(): Connection | undefined {
    return this.#connections.findLast(({ exclusive, retired, loans }) => !exclusive && !retired && loans === 0);
  }

  #serve(): void {
    this.#closeRetired();
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const connection = this.#pick(waiter.shared);
      if (connection === undefined) {
        this.#open(waiter.shared);
        return;
      }
      this.#waiters.shift();
      waiter.resolve(connection);
    }
  }

  #closeRetired(): void {
    for (let index = this.#connections.length - 1; index >= 0; index -= 1) {
      const connection = this.#connections[index];
      if (connection?.retired && !connection.exclusive && connection.loans === 0) {
        this.#connections.splice(index, 1);
        void connection.close();
      }
    }
  }

  #closeIdle(): void {
    const oldest = performance.now() - IDLE_MS;
    for (const connection of this.#connections.slice(1)) {
      if (!connection.exclusive && connection.loans === 0 && connection.idleSince < oldest) {
        connection.retired = true;
      }
    }
    this.#closeRetired();
  }

  /** Opens one more connection if that is allowed and sensible. */
  #open(shared: boolean): void {
    const now = performance.now();
    if (this.#closed || now < this.#noOpeningBefore || this.size >= this.#options.maxConnections) {
      return;
    }
    // Each of those on the way is for somebody who waits.
    if (this.#opening >= Math.max(1, this.#waiters.length)) {
      return;
    }
    // A place in a pipeline that moves is free sooner than a new connection is there.
    if (shared && this.#opening + this.#countMovingLanes(now) >= LANES) {
      return;
    }
    this.#opening += 1;
    this.#newest += 1;
    Connection.open(this.#options.client, this.#newest, (connection) => this.#drop(connection)).then(
      (connection) => {
        this.#opening -= 1;
        if (this.#closed) {
          void connection.close();
          return;
        }
        this.#connections.push(connection);
        this.#serve();
      },
      (error: unknown) => {
        this.#opening -= 1;
        this.#judgeFailure(error);
      },
    );
  }

  /** Callers wait on while connections are there or on the way, or the server is only full; else they hear it at once. */
  #judgeFailure(error: unknown): void {
    const reason = connectionFailure(error, this.#options);
    this.#lastFailure = error;
    if (this.size > 0 || reason.code === "server_exhausted") {
      this.#noOpeningBefore = performance.now() + REOPEN_MS;
      this.#options.onTrouble(error);
    } else {
      this.#rejectAll(reason);
    }
  }

  #countMovingLanes(now: number): number {
    return this.#connections.filter(
      (connection) => !connection.exclusive && !connection.retired && connection.headAge(now) < STUCK_MS,
    ).length;
  }

  #drop(connection: Connection): void {
    const index = this.#connections.indexOf(connection);
    if (index >= 0) {
      this.#connections.splice(index, 1);
      this.#options.onTrouble(new ConnectionLost("a database connection broke"));
      this.#serve();
    }
  }

  #rejectAll(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) {
      waiter.reject(error);
    }
  }

  /** While somebody waits, looks again from time to time: lanes may have got stuck, a pause after a failure may be over. */
  #armTimer(): void {
    if (this.#timer !== undefined || this.#waiters.length === 0) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#refuseLate();
      this.#serve();
      this.#armTimer();
    }, LOOK_MS);
  }

  /** All wait equally long, so the first in the queue is the first whose time is over. */
  #refuseLate(): void {
    const now = performance.now();
    while ((this.#waiters[0]?.deadline ?? Number.POSITIVE_INFINITY) <= now) {
      this.#waiters.shift()?.reject(
        new DatabaseUnavailable("pool_exhausted", "all database connections are in use; try again", {
          cause: this.#lastFailure,
        }),
      );
    }
  }
}
