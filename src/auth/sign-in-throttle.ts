/** Counts failed sign-ins, so that guessing passwords is slow; in memory, bounded, and without a say in who is right. */
import { LRUCache } from "lru-cache";
import { TooManyAttemptsError } from "../errors.ts";
import { peerSubnet } from "./peer-subnet.ts";

/** Who tries. */
export interface Attempt {
  readonly database: string;
  /** As it was typed. */
  readonly email: string;
  /** The address of the socket's other end, or what a trusted proxy says of it; never what anybody else claims. */
  readonly peer: string;
}

/** Failures within one window after which an account is closed for the rest of it. */
export const MOST_PER_ACCOUNT = 10;
/** The same for a network; many people may share one. */
export const MOST_PER_PEER = 100;
/** Length of the window in milliseconds. It begins with the first failure. */
export const WINDOW_MS = 5 * 60_000;
/** Accounts and networks that are counted at a time. */
const MOST_COUNTED = 20_000;
/** Longest address that a person can have; what is longer is no account's. */
const LONGEST_EMAIL = 320;

interface Failures {
  count: number;
  readonly until: number;
}

/** Remembers failures for some minutes. */
export class SignInThrottle {
  readonly #failures = new LRUCache<string, Failures>({ max: MOST_COUNTED });
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Checks that one more attempt is allowed.
   *
   * @throws TooManyAttemptsError that says when to try again
   */
  check(attempt: Attempt): void {
    const waits = limits(attempt).flatMap(({ key, most }) => {
      const found = this.#current(key);
      return found !== undefined && found.count >= most ? [found.until - this.#now()] : [];
    });
    if (waits.length === 0) return;
    const seconds = Math.max(1, Math.ceil(Math.max(...waits) / 1000));
    throw new TooManyAttemptsError(`too many failed sign-ins, try again in ${seconds} seconds`, {
      headers: { "retry-after": String(seconds) },
    });
  }

  /** Notes a failed attempt. */
  fail(attempt: Attempt): void {
    for (const { key } of limits(attempt)) {
      const found = this.#current(key);
      if (found !== undefined) found.count += 1;
      else this.#failures.set(key, { count: 1, until: this.#now() + WINDOW_MS });
    }
  }

  /** Notes that the right password was given: the account's failures are forgiven, those of the network stay. */
  succeed(attempt: Attempt): void {
    this.#failures.delete(accountKey(attempt));
  }

  #current(key: string): Failures | undefined {
    const found = this.#failures.get(key);
    return found !== undefined && found.until > this.#now() ? found : undefined;
  }
}

function limits(attempt: Attempt): { key: string; most: number }[] {
  return [
    { key: accountKey(attempt), most: MOST_PER_ACCOUNT },
    { key: `peer ${peerSubnet(attempt.peer)}`, most: MOST_PER_PEER },
  ];
}

/** Other ways to write the same address count as the same account. */
function accountKey({ database, email }: Attempt): string {
  return `account ${database} ${normaliseEmail(email.slice(0, LONGEST_EMAIL))}`;
}

/** One form for all spellings that people and databases take for the same. */
function normaliseEmail(email: string): string {
  return email.normalize("NFKC").toLowerCase().trim();
}
