/** Opens databases that nobody asks for when scheduled work is due in them. */
import type { DatabaseLogger } from "../database/database-logger.ts";
import type { TenantDirectory } from "./tenant-directory.ts";

/** What is watched, and how. */
export interface ScheduleWatchParts {
  readonly tenants: Pick<TenantDirectory, "names" | "find" | "opened">;
  /** When something is due in a database, in milliseconds since 1970; null where nothing is scheduled. */
  readonly loadNextDue: (name: string) => Promise<number | null>;
  /** That of the machine unless given. */
  readonly clock?: () => number;
  readonly logger?: DatabaseLogger | undefined;
}

/** Milliseconds between two looks at what is known to be due. */
const LOOK_MS = 15_000;
/** What a closed database has said holds for so many milliseconds: another process may have changed it meanwhile. */
const REMEMBER_MS = 10 * 60_000;

/** Watches the databases that are not open in this process; those that are look after themselves. */
export class ScheduleWatch {
  readonly #parts: ScheduleWatchParts;
  /** Name -> when it is to be asked again. */
  readonly #askAgain = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  /** Looks from time to time from now on. */
  constructor(parts: ScheduleWatchParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Looks now, after a look that is under way; never fails. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#lookAll())
      .catch((error: unknown) => this.#parts.logger?.warn({ err: error }, "cannot look for scheduled work"));
    return this.#looking;
  }

  /** Ends after the database that is being looked at. */
  stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    return this.#looking;
  }

  async #lookAll(): Promise<void> {
    const { tenants, logger } = this.#parts;
    for (const name of this.#stopped ? [] : await tenants.names()) {
      if (this.#stopped) return;
      if (tenants.opened.some((live) => live.name === name)) {
        this.#askAgain.delete(name);
        continue;
      }
      await this.#lookAt(name).catch((error: unknown) =>
        logger?.warn({ err: error, database: name }, "cannot look for scheduled work"),
      );
    }
  }

  async #lookAt(name: string): Promise<void> {
    const { tenants, loadNextDue, clock = Date.now } = this.#parts;
    const now = clock();
    if (now < (this.#askAgain.get(name) ?? 0)) return;
    this.#askAgain.set(name, now + REMEMBER_MS);
    const due = await loadNextDue(name);
    // Once it is open, its jobs begin at once.
    if (due !== null && due <= now) await tenants.find(name);
    else if (due !== null) this.#askAgain.set(name, Math.min(due, now + REMEMBER_MS));
  }
}
