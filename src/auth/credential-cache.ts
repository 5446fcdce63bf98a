/** The sign-in sessions and API keys that hold, kept until somebody ends one, so that a request costs no look at the database. */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Session } from "../database/session.ts";
import { type ApiKey, isApiKey, loadApiKey } from "./api-key.ts";
import { isSessionAlive } from "./refresh-token.ts";

/** Sessions, and API keys, that are kept at a time. */
const MOST_KEPT = 10_000;

/** Keeps what holds of one database; what does not hold is asked for each time. */
export class CredentialCache {
  readonly #session: Session;
  readonly #canKeep: () => boolean;
  readonly #now: () => number;
  /** Family -> user. */
  readonly #users = new LRUCache<string, number>({ max: MOST_KEPT });
  /** Hash -> key. */
  readonly #keys = new LRUCache<string, ApiKey>({ max: MOST_KEPT });
  /** Goes up whenever something has ended, so that an answer that was under way then is not kept. */
  #ended = 0;

  /**
   * @param canKeep false while the process would not hear that something has ended: then everything is asked for
   * @param now milliseconds since 1970
   */
  constructor(session: Session, canKeep: () => boolean = () => true, now: () => number = Date.now) {
    this.#session = session;
    this.#canKeep = canKeep;
    this.#now = now;
  }

  /** Whether a session of a user has not ended: at once where that is known, else from the database. */
  isAlive(family: string, user: number): boolean | Promise<boolean> {
    return (this.#canKeep() && this.#users.get(family) === user) || this.#askForSession(family, user);
  }

  /** The API key that a token is; null for one that does not hold. */
  apiKey(token: string): ApiKey | null | Promise<ApiKey | null> {
    if (!isApiKey(token)) return null;
    const hash = createHash("sha256").update(token).digest("hex");
    const known = this.#canKeep() ? this.#keys.get(hash) : undefined;
    if (known === undefined) return this.#askForKey(hash);
    return known.expires > this.#now() ? known : null;
  }

  /**
   * Forgets what has ended.
   *
   * @param which a family or the hash of an API key; everything unless given
   */
  forget(which?: string): void {
    this.#ended += 1;
    if (which === undefined) {
      this.#users.clear();
      this.#keys.clear();
    } else {
      this.#users.delete(which);
      this.#keys.delete(which);
    }
  }

  async #askForSession(family: string, user: number): Promise<boolean> {
    const before = this.#ended;
    const alive = await isSessionAlive(this.#session, { family, user });
    if (alive && before === this.#ended && this.#canKeep()) this.#users.set(family, user);
    return alive;
  }

  async #askForKey(hash: string): Promise<ApiKey | null> {
    const before = this.#ended;
    const key = await loadApiKey(this.#session, hash);
    if (key !== null && before === this.#ended && this.#canKeep()) this.#keys.set(hash, key);
    return key;
  }
}
