/** Hashing and checking of passwords: argon2id off the request path, in a queue of bounded length. */
import { hash, verify } from "@node-rs/argon2";
import { TooManyAttemptsError } from "../errors.ts";

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. Algorithm 2 is argon2id. */
const COST = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Hashing at once; each takes one thread of libuv's four, and the data routes need the others. */
const PARALLEL = 2;
/** Waiting for their turn; more are told to come again, so that a flood of sign-ins costs bounded memory. */
const LONGEST_QUEUE = 200;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= PARALLEL) {
    if (waiting.length >= LONGEST_QUEUE) {
      throw new TooManyAttemptsError("too many sign-ins at once, try again in a few seconds", {
        headers: { "retry-after": "5" },
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // The turn passes on directly, so that nobody who arrives meanwhile can take it.
    if (next === undefined) running -= 1;
    else next();
  }
}

/**
 * Hashes a password.
 *
 * @returns the hash in PHC form, with its parameters and salt
 * @throws TooManyAttemptsError when the queue is full
 */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, COST));
}

/** A hash that no password has, so that an unknown user costs the same time as a wrong password. Made out of turn: a full queue must not be its end. */
let unmatchable: Promise<string> | undefined;

/**
 * Checks a password against a stored hash.
 *
 * @param stored the hash, or null where there is none: then the check takes as long, and fails
 * @throws TooManyAttemptsError when the queue is full
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  unmatchable ??= hash(crypto.randomUUID(), COST);
  const reference = stored ?? (await unmatchable);
  const matches = await inTurn(() => verify(reference, password).catch(() => false));
  return matches && stored !== null;
}
