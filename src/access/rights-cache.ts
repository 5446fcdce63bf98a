/** The rights of the users who work at the moment, kept until somebody changes any rights. */
import { LRUCache } from "lru-cache";
import type { Session } from "../database/session.ts";
import type { Registry } from "../models/model.ts";
import type { Access } from "./access.ts";
import { accessOf, loadRights, type Rights } from "./rights.ts";

/** A caller as requests need it. */
export interface Caller {
  readonly rights: Rights;
  readonly access: Access;
}

/** Users whose rights are kept at a time. */
const MOST_USERS = 10_000;
/** Guests in the place of an id; users' ids are positive. */
const GUEST = 0;

/** Keeps the rights of users; everything is forgotten at the first change. */
export class RightsCache {
  readonly #registry: Registry;
  readonly #session: Session;
  readonly #canKeep: () => boolean;
  #callers = newCache();

  /** @param canKeep false while the process would not hear of a change: then rights are loaded for each request */
  constructor(registry: Registry, session: Session, canKeep: () => boolean = () => true) {
    this.#registry = registry;
    this.#session = session;
    this.#canKeep = canKeep;
  }

  /**
   * The caller that a user is: at once where it is known, else from the database.
   *
   * @param userId null for guests
   * @returns null when there is no such user, or an inactive one
   */
  get(userId: number | null): Caller | null | Promise<Caller | null> {
    return (this.#canKeep() ? this.#callers.get(userId ?? GUEST) : undefined) ?? this.#load(userId);
  }

  /** Forgets everything, because some rights have changed. */
  clear(): void {
    // A load that is under way writes to the cache that it started with, so that it cannot bring back what is old.
    this.#callers = newCache();
  }

  async #load(userId: number | null): Promise<Caller | null> {
    const callers = this.#callers;
    const rights = await loadRights(this.#session, this.#registry, userId);
    if (rights === null || !rights.active) return null;
    const caller = { rights, access: accessOf(this.#registry, rights) };
    if (this.#canKeep()) callers.set(userId ?? GUEST, caller);
    return caller;
  }
}

function newCache(): LRUCache<number, Caller> {
  return new LRUCache<number, Caller>({ max: MOST_USERS });
}
