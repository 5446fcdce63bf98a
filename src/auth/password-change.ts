/** Giving a user another password: the current one is checked first, and all sessions of the user end with it. */
import { ValidationError } from "../errors.ts";
import { verifyPassword } from "../fields/password-hash.ts";
import type { Environment } from "../records/environment.ts";
import { updateRecord } from "../records/write.ts";
import { type Holder, issueRefreshToken, removeRefreshTokens } from "./refresh-token.ts";

/** What somebody asks for. */
export interface PasswordChange {
  /** The user's own environment. */
  readonly env: Environment;
  readonly email: string;
  readonly current: string;
  readonly wanted: string;
}

/** Bytes beyond this are no password, and only cost time to hash. */
export const LONGEST_PASSWORD = 1024;

/** @throws ValidationError naming the member of the request that is too long to be a password */
export function checkPasswordLength(path: string, password: string): void {
  if (Buffer.byteLength(password) <= LONGEST_PASSWORD) return;
  throw ValidationError.ofFields([{ path, message: `must have at most ${LONGEST_PASSWORD} bytes` }]);
}

/**
 * Replaces a password.
 *
 * @param holder the session that goes on, a new one
 * @returns its refresh token; null when the current password is wrong
 * @throws ValidationError for a password that is none
 */
export async function replacePassword(
  { env, current, wanted }: PasswordChange,
  holder: Holder,
): Promise<string | null> {
  checkPasswordLength("current_password", current);
  checkPasswordLength("new_password", wanted);
  if (wanted.includes("\0") || !wanted.isWellFormed()) {
    throw ValidationError.ofFields([{ path: "new_password", message: "must be text without NUL characters" }]);
  }
  const stored = await loadHash(env, holder.user);
  if (!(await verifyPassword(stored, current))) return null;
  return env.elevated().transaction(async (inner) => {
    // The row is locked by this: of two changes at the same moment, the second one has a wrong current password.
    if ((await loadHash(inner, holder.user, "FOR UPDATE")) !== stored) return null;
    await updateRecord(inner, "User", holder.user, { password: wanted });
    await removeRefreshTokens(inner.session, holder.user);
    const hash = await loadHash(inner, holder.user);
    if (hash === null) throw new Error("the new password was not stored");
    return issueRefreshToken(inner.session, holder, hash);
  });
}

async function loadHash(
  { session }: Environment,
  user: number,
  locking: "FOR UPDATE" | "" = "",
): Promise<string | null> {
  const [found] = await session.rows<{ password: string | null }>({
    text: `SELECT password FROM "user" WHERE id = $1 ${locking}`,
    values: [user],
  });
  return found?.password ?? null;
}
