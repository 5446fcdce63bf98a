/** Signing in and staying signed in: e-mail and password or a refresh token against a new pair of tokens. */
import { randomUUID } from "node:crypto";
import type { DatabaseLogger } from "../database/database-logger.ts";
import type { Session } from "../database/session.ts";
import { AuthenticationError, ValidationError } from "../errors.ts";
import { verifyPassword } from "../fields/password-hash.ts";
import { type AccessClaims, AccessTokens } from "./access-token.ts";
import type { CredentialCache } from "./credential-cache.ts";
import { checkPasswordLength, type PasswordChange, replacePassword } from "./password-change.ts";
import {
  familyOf,
  type Holder,
  issueRefreshToken,
  revokeFamily,
  rotateRefreshToken,
  sweepRefreshTokens,
} from "./refresh-token.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";

/** The database that somebody signs in to. */
export interface SignInPlace {
  readonly name: string;
  readonly database: Session;
  /** What this process remembers of sessions; others are told by the database. */
  readonly credentials: Pick<CredentialCache, "forget">;
}

/** What a client gets, as the wire has it. */
export interface TokenPair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: "bearer";
  /** When the access token expires, such as `2026-01-01 12:00:00 UTC`. */
  readonly expires_at: string;
}

/** Settings of an {@link Authenticator}. */
export interface AuthenticatorOptions {
  /** Signs all tokens; at least 32 characters. */
  readonly secret: string;
  readonly logger?: Pick<DatabaseLogger, "warn">;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Account {
  readonly id: number;
  readonly password: string | null;
  readonly active: boolean;
}

/** Gives and checks tokens for all databases of the process. */
export class Authenticator {
  readonly #secret: string;
  readonly #logger: Pick<DatabaseLogger, "warn"> | undefined;
  readonly #tokens: AccessTokens;
  readonly #throttle: SignInThrottle;

  constructor(options: AuthenticatorOptions) {
    this.#secret = options.secret;
    this.#logger = options.logger;
    this.#tokens = new AccessTokens(options.secret, options.now);
    this.#throttle = new SignInThrottle(options.now);
  }

  /** The key that the cursors of a database are signed with, alike in every process that has the same secret. */
  cursorKey(database: string): string {
    return `cursor ${database} ${this.#secret}`;
  }

  /**
   * Signs somebody in.
   *
   * @param peer the address of the socket's other end
   * @throws AuthenticationError, the same in words and time whether the address, the password or the user's state is wrong
   * @throws ValidationError for a password that is too long to be one
   * @throws TooManyAttemptsError after too many failures, or while too many others sign in
   */
  async signIn(place: SignInPlace, email: string, password: string, peer: string): Promise<TokenPair> {
    checkPasswordLength("password", password);
    const attempt = { database: place.name, email, peer };
    this.#throttle.check(attempt);
    const account = await loadAccount(place.database, email);
    const matches = await verifyPassword(account?.active === true ? account.password : null, password);
    // Guesses that were sent all at once have passed the first check together: the failed ones among them count now.
    this.#throttle.check(attempt);
    if (account === undefined || account.password === null || !matches) {
      this.#throttle.fail(attempt);
      throw new AuthenticationError("wrong e-mail address or password");
    }
    this.#throttle.succeed(attempt);
    const holder = { user: account.id, family: randomUUID() };
    await sweepRefreshTokens(place.database);
    return this.#pair(place, holder, await issueRefreshToken(place.database, holder, account.password));
  }

  /**
   * Uses up a refresh token.
   *
   * @throws AuthenticationError when it is not valid any more; one that was used long before ends its whole family
   */
  async refresh(place: SignInPlace, refreshToken: string): Promise<TokenPair> {
    const rotation = await rotateRefreshToken(place.database, this.#secret, refreshToken);
    if (rotation.kind === "rotated") return this.#pair(place, rotation.holder, rotation.successor);
    if (rotation.kind === "reused") {
      place.credentials.forget(rotation.holder.family);
      const details = { database: place.name, user: rotation.holder.user };
      this.#logger?.warn(details, "a used refresh token was shown again; its session has been ended");
    }
    throw new AuthenticationError("the refresh token is not valid");
  }

  /**
   * Ends sessions of a user: none of their tokens is good for anything any more.
   *
   * @param holder the session whose access token was shown
   * @param refreshToken of the same user; its session, should it be another one, ends too
   */
  async signOut(place: SignInPlace, { user, family }: Holder, refreshToken: string | undefined): Promise<void> {
    const other = refreshToken === undefined ? undefined : await familyOf(place.database, user, refreshToken);
    for (const each of new Set([family, other ?? family])) {
      await revokeFamily(place.database, each);
      place.credentials.forget(each);
    }
  }

  /**
   * Gives a user another password, which ends all sessions, and begins a new one.
   *
   * @param peer the address of the client
   * @throws ValidationError for a wrong current password, and for a new one that is none
   * @throws TooManyAttemptsError after too many wrong ones
   */
  async changePassword(place: SignInPlace, change: PasswordChange, peer: string): Promise<TokenPair> {
    const user = change.env.access.userId;
    if (user === null) throw new Error("the kernel has no password");
    const attempt = { database: place.name, email: change.email, peer };
    this.#throttle.check(attempt);
    const holder = { user, family: randomUUID() };
    const token = await replacePassword(change, holder);
    // Guesses that were sent all at once have passed the first check together.
    this.#throttle.check(attempt);
    if (token === null) {
      this.#throttle.fail(attempt);
      throw ValidationError.ofFields([{ path: "current_password", message: "is not your password" }]);
    }
    place.credentials.forget();
    return this.#pair(place, holder, token);
  }

  /**
   * Checks a bearer token; the database is not asked, so whether the session goes on is the caller's to check.
   *
   * @param databaseName the database that the request is for
   * @throws AuthenticationError
   */
  verifyAccessToken(token: string, databaseName: string): AccessClaims {
    return this.#tokens.verify(token, databaseName);
  }

  #pair(place: SignInPlace, { user, family }: Holder, refreshToken: string): TokenPair {
    const { token, expires } = this.#tokens.issue({ userId: user, database: place.name, family });
    const [date, time] = new Date(expires * 1000).toISOString().split(/[T.]/);
    return {
      access_token: token,
      refresh_token: refreshToken,
      token_type: "bearer",
      expires_at: `${date} ${time} UTC`,
    };
  }
}

async function loadAccount(database: Session, email: string): Promise<Account | undefined> {
  // The database cannot even take such a text, so nobody has it as an address.
  if (email.includes("\0") || !email.isWellFormed()) return undefined;
  const [account] = await database.rows<Account>({
    name: "account_by_email",
    text: `SELECT id, password, active FROM "user" WHERE lower(email) = lower($1)`,
    values: [email],
  });
  return account;
}
