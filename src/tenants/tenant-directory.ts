/** Finds the tenant that a request is for, and never another one; opens databases when they are asked for, lets idle ones go. */
import { LRUCache } from "lru-cache";
import { DatabaseUnavailable } from "../database/error-code.ts";
import { MaintenanceError, MissingError } from "../errors.ts";
import { type HostRules, isForeign, parseHost, resolveHost } from "./host.ts";
import type { LiveTenant } from "./live-tenant.ts";
import type { Tenant } from "./tenant.ts";
import type { TenantSource } from "./tenant-source.ts";

/** How requests choose their database. */
export interface TenantRules extends HostRules {
  /** The database of requests whose host names none; null where such requests are refused. */
  readonly defaultDatabase: string | null;
  /** Whether the default database is also that of host names which nobody has configured. */
  readonly foreignHosts: boolean;
  /** Whether the header `X-Database` may name the database. */
  readonly databaseSelector: boolean;
}

/** How many databases a process keeps open, and for how long. */
export interface TenantLimits {
  /** Open at a time; the one that was not asked for longest gives way. */
  readonly mostOpen: number;
  /** Milliseconds after which one that nobody asks for is closed. */
  readonly idle: number;
}

/** The databases that a host stands for. */
interface HostNames {
  /** The one that it names. */
  readonly own: string | null;
  /** The one of requests that name none. */
  readonly fallback: string | null;
}

/** Host headers that are remembered. */
const MOST_HOSTS = 1000;
/** Characters of a host that can be a name: what is longer is not remembered. */
const LONGEST_HOST = 260;
const LIMITS: TenantLimits = { mostOpen: 40, idle: 5 * 60_000 };

/** The tenants of the process. */
export class TenantDirectory {
  readonly #rules: TenantRules;
  readonly #source: TenantSource;
  readonly #limits: TenantLimits;
  readonly #open = new Map<string, LiveTenant>();
  /** `Host` header -> what it stands for. */
  readonly #names = new LRUCache<string, HostNames>({ max: MOST_HOSTS });
  readonly #opening = new Map<string, Promise<LiveTenant | null>>();
  readonly #sweep: NodeJS.Timeout;

  constructor(rules: TenantRules, source: TenantSource, limits: TenantLimits = LIMITS) {
    this.#rules = rules;
    this.#source = source;
    this.#limits = limits;
    this.#sweep = setInterval(() => this.#closeIdle(), limits.idle / 5).unref();
  }

  /**
   * The tenant of a request: by its exact host, else by its name under the base domain, else by the header where that is
   * allowed, else the default one. At once where it is open.
   *
   * @param host the `Host` header
   * @param header the `X-Database` header
   * @throws MissingError when what is named is no database of this server
   * @throws MaintenanceError while its modules are changed
   */
  resolve(host: string | undefined, header: string | undefined): Tenant | Promise<Tenant> {
    const { own, fallback } = this.#namesOf(host ?? "");
    const name = own ?? (this.#rules.databaseSelector ? header : undefined) ?? fallback;
    if (name === null) throw noSuchDatabase();
    return this.#open.get(name)?.current() ?? this.find(name).then((live) => live.current());
  }

  #namesOf(host: string): HostNames {
    const known = this.#names.get(host);
    if (known !== undefined) return known;
    const { defaultDatabase, foreignHosts } = this.#rules;
    const asked = parseHost(host);
    const fallback = foreignHosts || !isForeign(this.#rules, asked) ? defaultDatabase : null;
    const names = { own: resolveHost(this.#rules, asked), fallback };
    if (host.length <= LONGEST_HOST) this.#names.set(host, names);
    return names;
  }

  /**
   * Opens a database, or gives the open one.
   *
   * @throws MissingError when there is none of ours with this name
   */
  async find(name: string): Promise<LiveTenant> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#openNew(name).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    const live = await opening;
    if (live === null) throw noSuchDatabase();
    return live;
  }

  /** Whether clients may see and choose among the names of databases. */
  get hasSelector(): boolean {
    return this.#rules.databaseSelector;
  }

  /** The names of all databases. */
  names(): Promise<readonly string[]> {
    return this.#source.names();
  }

  /** The databases that are open at the moment. */
  get opened(): readonly LiveTenant[] {
    return [...this.#open.values()];
  }

  /** Fails where the database server does not answer. */
  check(): Promise<unknown> {
    return this.#source.check();
  }

  /** Lets statements under way finish and closes all databases. */
  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#open.values()].map((live) => live.close()));
    await this.#source.close();
  }

  async #openNew(name: string): Promise<LiveTenant | null> {
    await this.#makeRoom();
    const live = await this.#openPressed(name);
    if (live !== null) this.#open.set(name, live);
    return live;
  }

  /** Where the server has no connections left, databases that nobody works with give theirs up, the longest unused first. */
  async #openPressed(name: string): Promise<LiveTenant | null> {
    for (;;) {
      try {
        return await this.#source.open(name, () => this.#open.delete(name));
      } catch (error) {
        const oldest = this.#leastUsed();
        if (oldest === undefined || !isExhausted(error)) throw error;
        await this.#close(oldest);
      }
    }
  }

  #leastUsed(): LiveTenant | undefined {
    return [...this.#open.values()].filter(({ busy }) => !busy).sort((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** The number of connections is bounded by the number of databases that are open. */
  async #makeRoom(): Promise<void> {
    if (this.#open.size + this.#opening.size < this.#limits.mostOpen) return;
    const oldest = this.#leastUsed();
    if (oldest === undefined) throw new MaintenanceError("The server works with too many databases at the moment");
    await this.#close(oldest);
  }

  #closeIdle(): void {
    const before = performance.now() - this.#limits.idle;
    for (const live of this.#open.values()) {
      if (live.lastUsed < before && !live.busy) void this.#close(live);
    }
  }

  /** Whoever comes meanwhile finds it closed, and is asked to come again, or opens it anew. */
  async #close(live: LiveTenant): Promise<void> {
    this.#open.delete(live.name);
    await live.close();
  }
}

function isExhausted(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && (error.code === "server_exhausted" || error.code === "pool_exhausted");
}

function noSuchDatabase(): MissingError {
  return new MissingError("there is no such database");
}
