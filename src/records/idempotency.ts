/**
 * Requests that take effect once, however often they are sent: what was answered is kept in the transaction of the request
 * itself, so that there is an answer exactly where there is an effect.
 */
import { createHash } from "node:crypto";
import { ConflictError, ValidationError } from "../errors.ts";
import type { BaseEnvironment } from "./base-environment.ts";

/** What a client is answered. */
export interface KeptAnswer {
  /** JSON text. */
  readonly text: string;
  readonly status: number;
  readonly etag: string | null;
  readonly location: string | null;
}

/** A request that carries a key. */
export interface KeyedRequest {
  /** The client's own name for the request: 1 to 255 visible ASCII characters. */
  readonly key: string;
  /** Everything that makes the request what it is. */
  readonly content: string;
}

/** Answers are kept for so long at least. */
const LIFETIME = "24 hours";
/** Answers that are removed at one go. */
const SWEEP = 1000;

/**
 * Does a request's work, unless it has been done before: then the answer of that time is given again.
 *
 * @param work runs in the transaction that keeps its answer; when it fails nothing is kept, and the key stays free
 * @throws ConflictError while the same request is still under way
 * @throws ValidationError when the key was used for another request
 */
export function runOnce<Env extends BaseEnvironment>(
  env: Env,
  { key, content }: KeyedRequest,
  work: (env: Env) => Promise<KeptAnswer>,
): Promise<KeptAnswer & { readonly replayed: boolean }> {
  const user = env.access.userId;
  const hash = hashOf(`${user} ${key}`);
  const request = hashOf(content);
  return env.transaction(async (inner) => {
    const { session } = inner;
    const [lock] = await session.rows<{ free: boolean }>({
      name: "idempotency_lock",
      text: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1)) AS free",
      values: [hash],
    });
    if (lock?.free !== true) throw new ConflictError("a request with this Idempotency-Key is still under way");
    // A statement of its own, so that it sees what the last holder of the lock has committed.
    const [kept] = await session.rows<KeptAnswer & { request: string }>({
      name: "idempotency_find",
      text: "SELECT request, answer AS text, coalesce(status, 200) AS status, etag, location FROM idempotency_key WHERE hash = $1",
      values: [hash],
    });
    if (kept !== undefined) {
      if (kept.request !== request) {
        throw new ValidationError("Idempotency-Key: was used for another request; give each request a key of its own");
      }
      const { text, status, etag, location } = kept;
      return { text, status, etag, location, replayed: true };
    }
    const { text, status, etag, location } = await work(inner);
    await session.run({
      name: "idempotency_keep",
      text: `INSERT INTO idempotency_key (user_id, hash, request, answer, status, etag, location, used)
VALUES ($1, $2, $3, $4, $5, $6, $7, now())`,
      values: [user, hash, request, text, status, etag, location],
    });
    return { text, status, etag, location, replayed: false };
  });
}

/** Forgets some of the answers that nobody will ask for any more. */
export async function sweepAnswers(session: BaseEnvironment["session"]): Promise<void> {
  await session.run({
    text: `DELETE FROM idempotency_key WHERE id IN (
  SELECT id FROM idempotency_key WHERE used < now() - interval '${LIFETIME}' ORDER BY used LIMIT ${SWEEP} FOR UPDATE SKIP LOCKED
)`,
    values: [],
  });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
