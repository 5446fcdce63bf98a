/**
 * Refresh tokens: opaque, kept as hashes only, each good for one successor.
 *
 * A successor is computed from its predecessor, so that tabs which refresh at the same moment all get the very same one
 * although no plain token is stored.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Session } from "../database/session.ts";
import { noticeOf } from "./end-notice.ts";

/** Whom a refresh token speaks for. */
export interface Holder {
  readonly user: number;
  /** All tokens that follow from one sign-in. */
  readonly family: string;
}

/** Days after which a refresh token that was not used is worth nothing. */
const LIFETIME = "30 days";
/** How long a used token still gives its successor; tabs and retries of one client come within seconds. */
const GRACE = "30 seconds";
/** Rows that are removed at one go when somebody signs in. */
const SWEEP = 100;

const TOKEN = /^ffr_[A-Za-z0-9_-]{43}$/;

/** What a token remembers of the password that it was given for: another password, however it came, ends all sessions. */
const STAMP = `encode(sha256(convert_to("user".password, 'UTF8')), 'hex')`;

/**
 * Starts a family.
 *
 * @param passwordHash the stored hash of the password that was checked: meanwhile the user may have another one
 * @returns the token, which is stored nowhere
 */
export async function issueRefreshToken(
  session: Session,
  { user, family }: Holder,
  passwordHash: string,
): Promise<string> {
  const token = format(randomBytes(32));
  await session.run({
    name: "refresh_token_issue",
    text: `INSERT INTO refresh_token (user_id, family, hash, stamp, expires)
VALUES ($1, $2, $3, $4, now() + interval '${LIFETIME}')`,
    values: [user, family, hashOf(token), hashOf(passwordHash)],
  });
  return token;
}

/** Whether a session goes on: none of its tokens is needed for that, but its user, with the password of the sign-in. */
export async function isSessionAlive(session: Session, { user, family }: Holder): Promise<boolean> {
  const found = await session.rows({
    name: "session_alive",
    text: `SELECT 1 FROM refresh_token AS token JOIN "user" ON "user".id = token.user_id
WHERE token.family = $1 AND token.user_id = $2 AND token.expires > now() AND token.stamp = ${STAMP} AND "user".active LIMIT 1`,
    values: [family, user],
  });
  return found.length > 0;
}

/** What has become of a token that was shown. */
export type Rotation =
  | { readonly kind: "rotated"; readonly holder: Holder; readonly successor: string }
  /** Unknown, expired, or of a user who may not sign in. */
  | { readonly kind: "refused" }
  /** Used before, and too long ago for a second tab: somebody has a copy. The family is gone. */
  | { readonly kind: "reused"; readonly holder: Holder };

/**
 * Uses a token up and gives its successor. Any number of calls at the same time give the same one.
 *
 * @param secret the key that successors are computed with
 * @param token as the client sent it
 */
export async function rotateRefreshToken(session: Session, secret: string, token: string): Promise<Rotation> {
  if (!TOKEN.test(token)) return { kind: "refused" };
  const successor = format(createHmac("sha256", secret).update(`refresh:${token}`).digest());
  const [holder] = await session.rows<Holder>({
    name: "refresh_token_rotate",
    text: `WITH shown AS (
  UPDATE refresh_token AS token SET used = coalesce(token.used, now())
  FROM "user" WHERE "user".id = token.user_id AND "user".active
    AND token.hash = $1 AND token.expires > now() AND token.stamp = ${STAMP}
    AND (token.used IS NULL OR token.used > now() - interval '${GRACE}')
  RETURNING token.user_id, token.family, token.stamp
), successor AS (
  INSERT INTO refresh_token (user_id, family, hash, stamp, expires)
  SELECT user_id, family, $2, stamp, now() + interval '${LIFETIME}' FROM shown
  ON CONFLICT (hash) DO NOTHING
)
SELECT user_id AS "user", family FROM shown`,
    values: [hashOf(token), hashOf(successor)],
  });
  if (holder !== undefined) return { kind: "rotated", holder, successor };
  const [thief] = await session.rows<Holder>({
    text: `SELECT user_id AS "user", family FROM refresh_token
WHERE hash = $1 AND used <= now() - interval '${GRACE}'`,
    values: [hashOf(token)],
  });
  if (thief === undefined) return { kind: "refused" };
  await revokeFamily(session, thief.family);
  return { kind: "reused", holder: thief };
}

/**
 * Ends a session: none of its tokens gives a new one any more, and every process is told with the deletion.
 *
 * A rotation that is under way adds a row which the first statement cannot see yet, but which it has waited for.
 */
export async function revokeFamily(session: Session, family: string): Promise<void> {
  const statement = {
    text: `WITH gone AS (DELETE FROM refresh_token WHERE family = $1 RETURNING id)
SELECT count(*) AS count, (SELECT ${noticeOf("$1")}) FROM gone`,
    values: [family],
  };
  while (((await session.rows<{ count: number }>(statement))[0]?.count ?? 0) > 0);
}

/** The session that a refresh token of a user belongs to. */
export async function familyOf(session: Session, user: number, token: string): Promise<string | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [found] = await session.rows<{ family: string }>({
    text: "SELECT family FROM refresh_token WHERE hash = $1 AND user_id = $2",
    values: [hashOf(token), user],
  });
  return found?.family;
}

/** Removes all tokens of a user; whoever gave the user another password has ended the sessions already. */
export async function removeRefreshTokens(session: Session, user: number): Promise<void> {
  await session.run({ text: "DELETE FROM refresh_token WHERE user_id = $1", values: [user] });
}

/** Removes some of the tokens that have expired. */
export async function sweepRefreshTokens(session: Session): Promise<void> {
  await session.run({
    name: "refresh_token_sweep",
    text: `DELETE FROM refresh_token WHERE id IN
(SELECT id FROM refresh_token WHERE expires < now() ORDER BY id LIMIT ${SWEEP} FOR UPDATE SKIP LOCKED)`,
    values: [],
  });
}

function format(bytes: Buffer): string {
  return `ffr_${bytes.toString("base64url")}`;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
