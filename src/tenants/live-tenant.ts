/** A tenant that follows its database: what other processes change there holds here before the next request. */
import { ENDS_CHANNEL } from "../auth/end-notice.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseLogger } from "../database/database-logger.ts";
import type { Replica } from "../database/replica.ts";
import { MaintenanceError } from "../errors.ts";
import type { FileStore } from "../files/file-store.ts";
import {
  type DatabaseState,
  installedModules,
  loadDatabaseState,
  loadRevision,
  REGISTRY_CHANNEL,
} from "../installer/database-state.ts";
import { INSTALL_LOCK, SERVING_LOCK } from "../installer/maintenance.ts";
import type { ModuleLibrary } from "../installer/module-library.ts";
import { agrees, prepareSet } from "../installer/open-database.ts";
import { sweepJobs } from "../jobs/job-record.ts";
import { sweepHistory } from "../records/history.ts";
import { sweepAnswers } from "../records/idempotency.ts";
import { RIGHTS_CHANNEL } from "../records/rights-change.ts";
import { foldChangeCounts } from "../schema/change-count.ts";
import { sweepFiles } from "../transfer/sweep-files.ts";
import { makeTenant, type Tenant } from "./tenant.ts";

/** What a tenant is opened with. */
export interface LiveTenantOptions {
  readonly name: string;
  /** It belongs to the tenant from now on, also where opening fails. */
  readonly database: Database;
  /** Follows the database, and belongs to the tenant with it. */
  readonly replica?: Replica | undefined;
  readonly library: ModuleLibrary;
  readonly files: FileStore;
  readonly logger?: DatabaseLogger | undefined;
  /** Days that entries of the change history are kept; for ever unless given. */
  readonly historyDays?: number | null | undefined;
  /** Called when the database is to be let go for good, because it is renamed or dropped. */
  readonly onLeave?: () => void;
}

/** Milliseconds between two times of tidying up. */
const TIDY_MS = 10 * 60_000;

const CHANGING = "The modules of this database are being changed; try again in a moment";
const MOVING = "This database is being moved; try again in a moment";

/** Milliseconds that a process tries to find out what has become of a database, before its requests are asked to come again. */
const RENEW_PAUSE_MS = 200;

/** Keeps the tenant of one database up to date. */
export class LiveTenant {
  readonly name: string;
  readonly database: Database;
  readonly library: ModuleLibrary;
  readonly #options: LiveTenantOptions;
  readonly #tidying: NodeJS.Timeout;
  #tenant: Tenant;
  #revision: number;
  /** Whether this process holds the lock that keeps others from changing the tables. */
  #holds = true;
  #renewing: Promise<void> | null = null;
  #closed = false;
  /** Notices so far. */
  #notices = 0;
  /** When it was asked for last, in milliseconds of a clock that never goes back. */
  lastUsed = performance.now();

  private constructor(options: LiveTenantOptions, opened: { tenant: Tenant; revision: number }) {
    this.name = options.name;
    this.database = options.database;
    this.library = options.library;
    this.#options = options;
    this.#tenant = opened.tenant;
    this.#revision = opened.revision;
    this.#tidying = setInterval(() => {
      void tidy(options);
      this.#sweepFiles();
    }, TIDY_MS).unref();
    void tidy(options);
  }

  /**
   * Opens a database in which modules are installed.
   *
   * @returns null where there is nothing in it
   * @throws MaintenanceError while its modules are changed
   */
  static async open(options: LiveTenantOptions): Promise<LiveTenant | null> {
    const { database } = options;
    try {
      let live: LiveTenant | null = null;
      const missed: (string | null)[] = [];
      await database.listen(REGISTRY_CHANNEL, (notice) => (live === null ? missed.push(notice) : live.#hear(notice)));
      // Called without a payload after the line was down: then something may have been missed, and all is forgotten too.
      await database.listen(RIGHTS_CHANNEL, () => live?.forget());
      await database.listen(ENDS_CHANNEL, (ended) => live?.forgetSession(ended ?? undefined));
      const opened = await openState(options);
      if (opened !== null) {
        live = new LiveTenant(options, opened);
        await opened.tenant.jobs.start();
        for (const notice of missed) live.#hear(notice);
        return live;
      }
    } catch (error) {
      await closeAll(options);
      throw error;
    }
    await closeAll(options);
    return null;
  }

  /**
   * The tenant of now: at once while this process would hear of changes, else after a look at the database.
   *
   * @throws MaintenanceError while modules are changed
   */
  current(): Tenant | Promise<Tenant> {
    this.lastUsed = performance.now();
    if (this.#tenant.gate.isClosed) throw new MaintenanceError(CHANGING);
    return this.#holds && this.database.hears ? this.#tenant : this.#verified();
  }

  /** Somebody's rights have changed. */
  forget(): void {
    this.#tenant.rightsChanged();
  }

  /** A session has ended; all may have where none is named. */
  forgetSession(ended: string | undefined): void {
    this.#tenant.credentials.forget(ended);
  }

  /** How many requests and jobs are under way in this process. */
  get load(): { requests: number; jobs: number } {
    return { requests: this.#tenant.gate.inside, jobs: this.#tenant.jobs.running };
  }

  /** Whether anything is under way, work on the tenant itself included. */
  get busy(): boolean {
    const { requests, jobs } = this.load;
    return requests > 0 || jobs > 0 || this.#renewing !== null;
  }

  /** Resolves when a change that this process has heard of is through. */
  async settled(): Promise<void> {
    await this.#renewing;
  }

  /** Lets nobody in any more, lets requests under way finish, and closes the database. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#tidying);
    this.#tenant.gate.close(MOVING);
    await this.#tenant.jobs.stop();
    await closeAll(this.#options);
  }

  #sweepFiles(): void {
    const { registry, files, gate } = this.#tenant;
    if (gate.isClosed) return;
    const leave = gate.enter();
    sweepFiles(this.database, registry, files, Date.now())
      .catch((error: unknown) => this.#options.logger?.warn({ err: error }, "cannot sweep files"))
      .finally(leave);
  }

  #hear(notice: string | null): void {
    if (this.#closed) return;
    if (notice === "leave") {
      void this.#leave();
      return;
    }
    // A line that was down has lost its lock; one that carries a notice has to give it up.
    if (notice === null) this.#holds = false;
    this.#notices += 1;
    this.#renewing ??= this.#renewAll(notice === null).finally(() => {
      this.#renewing = null;
    });
  }

  /** A notice that comes while an earlier one is seen to has to be seen to as well: somebody waits for that. */
  async #renewAll(mayStay: boolean): Promise<void> {
    for (let seen = 0; seen !== this.#notices; ) {
      const stay = mayStay && seen === 0;
      seen = this.#notices;
      await this.#renew(stay);
    }
  }

  async #leave(): Promise<void> {
    this.#tenant.gate.close(MOVING);
    await this.#tenant.gate.emptied();
    this.#options.onLeave?.();
    await this.close();
  }

  /** @param mayStay whether nothing may have changed, so that requests under way need not be waited for */
  async #renew(mayStay: boolean): Promise<void> {
    while (!this.#closed) {
      try {
        if (mayStay && (await this.#resume())) return;
        await this.#letGo();
        const opened = await this.#takeUp();
        if (this.#closed) return;
        this.#renewConnections();
        this.#tenant = opened.tenant;
        this.#revision = opened.revision;
        this.#holds = true;
        await opened.tenant.jobs.start();
        return;
      } catch {
        // The line broke, or the database is away: the next look tells.
        this.#holds = false;
        await new Promise((resolve) => setTimeout(resolve, RENEW_PAUSE_MS).unref());
      }
    }
  }

  /** Takes the lock again after the line was down, where nothing has happened meanwhile. */
  async #resume(): Promise<boolean> {
    if (!(await admit(this.database)) || (await loadRevision(this.database)) !== this.#revision) return false;
    this.#holds = true;
    return true;
  }

  async #letGo(): Promise<void> {
    this.#tenant.gate.close(CHANGING);
    await Promise.all([this.#tenant.gate.emptied(), this.#tenant.jobs.stop()]);
    if (this.#holds) await this.database.onLine(`SELECT pg_advisory_unlock_shared(${SERVING_LOCK})`);
    this.#holds = false;
  }

  /** Waits for the end of the change, and looks at what has become of the database. */
  async #takeUp(): Promise<{ tenant: Tenant; revision: number }> {
    await this.database.onLine(`SELECT pg_advisory_lock_shared(${INSTALL_LOCK})`);
    await this.database.onLine(`SELECT pg_advisory_lock_shared(${SERVING_LOCK})`);
    await this.database.onLine(`SELECT pg_advisory_unlock_shared(${INSTALL_LOCK})`);
    const state = await loadDatabaseState(this.database);
    if (state === null) throw new Error("there are no modules in the database any more");
    return stateOf(this.#options, state);
  }

  /** While nothing is heard, the database says with each request whether the registry still holds. */
  async #verified(): Promise<Tenant> {
    const tenant = this.#tenant;
    const [row] = await this.database.rows<{ revision: number; quiet: boolean }>({
      text: `SELECT revision, pg_try_advisory_xact_lock_shared(${INSTALL_LOCK}) AS quiet FROM registry_state`,
      values: [],
    });
    if (row?.quiet === true && row.revision === this.#revision && !tenant.gate.isClosed) return tenant;
    if (row?.quiet === true && row.revision !== this.#revision && this.#renewing === null) await this.#replace();
    throw new MaintenanceError(CHANGING);
  }

  /** Another revision was found without having heard of it. */
  async #replace(): Promise<void> {
    const state = await loadDatabaseState(this.database);
    if (state === null) return;
    this.#tenant.gate.close(CHANGING);
    await this.#tenant.jobs.stop();
    const { tenant, revision } = stateOf(this.#options, state);
    await tenant.jobs.start();
    this.#tenant = tenant;
    this.#revision = revision;
    this.#renewConnections();
  }

  /** Statements that were prepared for the old tables are of no use any more. */
  #renewConnections(): void {
    this.database.renew();
    this.#options.replica?.renew();
  }
}

async function closeAll({ database, replica }: Pick<LiveTenantOptions, "database" | "replica">): Promise<void> {
  await Promise.all([database.close(), replica?.close()]);
}

/** Takes the lock of those who serve, unless somebody is changing the database. @returns whether it was taken */
async function admit(database: Database): Promise<boolean> {
  const [[quiet] = []] = await database.onLine(`SELECT pg_try_advisory_lock_shared(${INSTALL_LOCK})`);
  if (quiet !== true) return false;
  const [[taken] = []] = await database.onLine(`SELECT pg_try_advisory_lock_shared(${SERVING_LOCK})`);
  await database.onLine(`SELECT pg_advisory_unlock_shared(${INSTALL_LOCK})`);
  return taken === true;
}

async function openState(options: LiveTenantOptions) {
  const { database, library } = options;
  for (let attempt = 0; ; attempt += 1) {
    if (!(await admit(database))) throw new MaintenanceError(CHANGING);
    const state = await loadDatabaseState(database);
    if (state === null) return null;
    const set = library.compose(installedModules(state));
    if (attempt > 0 || agrees(state, set)) return stateOf(options, state);
    // The program is newer than the database: whoever comes first brings it up to date.
    await database.onLine(`SELECT pg_advisory_unlock_shared(${SERVING_LOCK})`);
    await prepareSet(database, set, { demo: false, adminPassword: null, onProgress: () => {} });
  }
}

function stateOf(options: LiveTenantOptions, state: DatabaseState) {
  const { registry } = options.library.compose(installedModules(state));
  return { tenant: makeTenant({ ...options, registry }), revision: state.revision };
}

/** Removes what is not needed any more, on one connection. Nothing waits for it, and what is in the way now will not be next time. */
async function tidy({ database, historyDays }: LiveTenantOptions): Promise<void> {
  for (const work of [foldChangeCounts, sweepAnswers, sweepJobs]) await work(database).catch(() => {});
  if (typeof historyDays === "number") await sweepHistory(database, historyDays).catch(() => {});
}
