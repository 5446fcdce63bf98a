/** API keys: what programs show in place of a sign-in. Kept as hashes only, expiring, each with limits of its own. */
import { createHash, randomBytes } from "node:crypto";
import type { Session } from "../database/session.ts";
import { MissingError, UserError } from "../errors.ts";
import { noticeOf } from "./end-notice.ts";

/** A key that holds. */
export interface ApiKey {
  readonly id: number;
  readonly user: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly readOnly: boolean;
  /** Names of the only models that it is for; null for all. */
  readonly models: ReadonlySet<string> | null;
}

/** What its owner says about a new key. */
export interface NewApiKey {
  readonly name: string;
  /** ISO 8601. */
  readonly expires: string;
  readonly readOnly: boolean;
  /** null for all. */
  readonly models: readonly string[] | null;
}

/** A key as its owner sees it, as the wire has it; the key itself is not part of it. */
export interface ApiKeyDescription {
  readonly id: number;
  readonly name: string;
  /** How the key begins. */
  readonly prefix: string;
  readonly created_date: string;
  readonly expires: string;
  readonly read_only: boolean;
  readonly models: readonly string[] | null;
}

/** Keys of one user, expired ones included. */
export const MOST_KEYS = 100;

const KEY = /^ff_[A-Za-z0-9_-]{43}$/;
/** Characters of a key that are kept to know it again: `ff_` and 30 of its 256 bits. */
const SHOWN = 8;

const DESCRIPTION = `json_build_object('id', id, 'name', name, 'prefix', prefix,
  'created_date', to_char(created_date AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'expires', to_char(expires AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'read_only', read_only, 'models', models) AS key`;

/** Whether a bearer token has the form of an API key. */
export function isApiKey(token: string): boolean {
  return KEY.test(token);
}

/**
 * Makes a key.
 *
 * @returns the key, which is stored nowhere, and what is kept of it
 * @throws UserError when the user has as many as anybody may have
 */
export async function createApiKey(
  session: Session,
  user: number,
  { name, expires, readOnly, models }: NewApiKey,
): Promise<ApiKeyDescription & { readonly key: string }> {
  const key = `ff_${randomBytes(32).toString("base64url")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  const list = models === null ? null : JSON.stringify(models);
  const [row] = await session.rows<{ key: ApiKeyDescription }>({
    text: `INSERT INTO api_key (user_id, name, prefix, hash, expires, read_only, models, create_uid, write_uid)
SELECT $1, $2, $3, $4, $5, $6, $7, $1, $1 WHERE (SELECT count(*) FROM api_key WHERE user_id = $1) < ${MOST_KEYS}
RETURNING ${DESCRIPTION}`,
    values: [user, name, key.slice(0, SHOWN), hash, expires, readOnly, list],
  });
  if (row === undefined) throw new UserError(`You have ${MOST_KEYS} API keys already: delete one first`);
  return { key, ...row.key };
}

/** All keys of a user, the oldest first. */
export async function listApiKeys(session: Session, user: number): Promise<ApiKeyDescription[]> {
  const found = await session.rows<{ key: ApiKeyDescription }>({
    text: `SELECT ${DESCRIPTION} FROM api_key WHERE user_id = $1 ORDER BY id`,
    values: [user],
  });
  return found.map(({ key }) => key);
}

/**
 * Ends a key, and tells every process with the deletion.
 *
 * @returns its hash
 * @throws MissingError when the user has no such key
 */
export async function deleteApiKey(session: Session, user: number, id: number): Promise<string> {
  const [gone] = await session.rows<{ hash: string }>({
    text: `WITH gone AS (DELETE FROM api_key WHERE id = $1 AND user_id = $2 RETURNING hash)
SELECT hash, ${noticeOf("hash")} FROM gone`,
    values: [id, user],
  });
  if (gone === undefined) throw new MissingError(`API key ${id} does not exist`);
  return gone.hash;
}

/** The key with this hash, unless it has expired. Whether its user may still sign in is the caller's to check. */
export async function loadApiKey(session: Session, hash: string): Promise<ApiKey | null> {
  const [row] = await session.rows<{
    key: Omit<ApiKey, "models"> & { readonly models: readonly string[] | null };
  }>({
    name: "api_key_by_hash",
    text: `SELECT json_build_object('id', id, 'user', user_id, 'readOnly', read_only, 'models', models,
  'expires', floor(extract(epoch from expires) * 1000)) AS key FROM api_key WHERE hash = $1 AND expires > now()`,
    values: [hash],
  });
  if (row === undefined) return null;
  const { models, ...key } = row.key;
  return { ...key, models: models === null ? null : new Set(models) };
}
