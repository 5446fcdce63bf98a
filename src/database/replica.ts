/** A streaming replica of a database, which answers reads once it has all that had been acknowledged when they came. */
import type { Database } from "./database.ts";
import type { DatabaseLogger } from "./database-logger.ts";

/** Milliseconds that a read waits for the replica before the primary answers it. */
const PATIENCE_MS = 250;
/** Milliseconds for which a replica that has lagged behind or was away is left alone. */
const LEAVE_ALONE_MS = 1000;

/** What is acknowledged is on the primary's disk by then, unless commits do not wait for that. */
const POSITION = {
  name: "wal_position",
  text: `SELECT (CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
  ELSE pg_current_wal_flush_lsn() END)::text AS position`,
  values: [],
};
/** Null on a server that replays nothing: one that is no replica any more says no. */
const REPLAYED = {
  name: "wal_replayed",
  text: "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn AS there",
};

export class Replica {
  readonly database: Database;
  readonly #primary: Database;
  readonly #logger: DatabaseLogger | undefined;
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Promise<boolean> | null = null;
  #leftAloneUntil = 0;

  /** @param database the replica of `primary`; it is closed with this */
  constructor(primary: Database, database: Database, logger?: DatabaseLogger) {
    this.#primary = primary;
    this.database = database;
    this.#logger = logger;
  }

  /**
   * Whether a read that comes now sees on the replica what it would have seen on the primary: all that anybody was told is saved.
   *
   * Waits a moment for it. The primary is asked for its position once for all reads that wait at the same time.
   */
  hasCaughtUp(): Promise<boolean> {
    if (performance.now() < this.#leftAloneUntil) return Promise.resolve(false);
    this.#next ??= this.#lookNext();
    return this.#next;
  }

  /** Replaces all connections as they become free. */
  renew(): void {
    this.database.renew();
  }

  /** Lets statements under way finish and closes all connections. */
  close(): Promise<void> {
    return this.database.close();
  }

  /** A look that is under way may have asked the primary before this read came. */
  async #lookNext(): Promise<boolean> {
    await this.#underWay;
    this.#next = null;
    const look = this.#look().catch((error: unknown) => {
      this.#logger?.warn({ err: error }, "the replica does not answer");
      return false;
    });
    this.#underWay = look;
    const caughtUp = await look;
    if (!caughtUp) this.#leftAloneUntil = performance.now() + LEAVE_ALONE_MS;
    return caughtUp;
  }

  async #look(): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS;
    const [primary] = await this.#primary.rows<{ position: string }>(POSITION);
    if (primary === undefined) return false;
    for (let pause = 1; ; pause *= 2) {
      const [replica] = await this.database.rows<{ there: boolean | null }>({
        ...REPLAYED,
        values: [primary.position],
      });
      if (replica?.there !== false) return replica?.there === true;
      if (performance.now() + pause > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
