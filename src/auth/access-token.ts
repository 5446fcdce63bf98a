/** Access tokens: short-lived signed proofs of who somebody is, checked without asking the database. */
import { createSigner, createVerifier, TOKEN_ERROR_CODES } from "fast-jwt";
import { LRUCache } from "lru-cache";
import { AuthenticationError } from "../errors.ts";

/** What an access token says. */
export interface AccessClaims {
  readonly userId: number;
  /** The database that the token is for; every other one refuses it. */
  readonly database: string;
  /** All tokens that follow from one sign-in. */
  readonly family: string;
}

/** A token that has just been made. */
export interface IssuedToken {
  readonly token: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** Seconds that an access token holds. */
const LIFETIME = 15 * 60;
/** Longest token that is looked at, in characters. */
const LONGEST = 8192;
/** Valid tokens that are remembered, so that a client's next request costs no signature check. */
const MOST_REMEMBERED = 10_000;

const ALGORITHM = "HS256";
const AUDIENCE = "fullfinity";
const TYPE = "access";
const REQUIRED = ["sub", "db", "typ", "aud", "fam", "iat", "exp"];
const ID = /^[1-9]\d{0,15}$/;
/** 256 bits in base64url: 43 characters, of which the last holds four bits and so is one of sixteen. */
const SIGNATURE = /\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

interface Remembered extends AccessClaims {
  readonly expires: number;
}

/** Makes and checks access tokens with one secret. */
export class AccessTokens {
  readonly #sign: (claims: Record<string, unknown>) => string;
  readonly #verify: (token: string) => Record<string, unknown>;
  readonly #remembered = new LRUCache<string, Remembered>({ max: MOST_REMEMBERED });
  readonly #now: () => number;

  /**
   * @param secret at least 32 characters
   * @param now milliseconds since 1970
   */
  constructor(secret: string, now: () => number = Date.now) {
    this.#now = now;
    this.#sign = createSigner({ key: secret, algorithm: ALGORITHM });
    // The algorithm is ours: what a token says about itself chooses neither the check nor the key.
    this.#verify = createVerifier({
      key: secret,
      algorithms: [ALGORITHM],
      allowedAud: AUDIENCE,
      requiredClaims: REQUIRED,
      cache: false,
      ignoreExpiration: true, // checked below against our own clock
      ignoreNotBefore: true,
    });
  }

  /** Makes a token. */
  issue({ userId, database, family }: AccessClaims): IssuedToken {
    const issued = Math.floor(this.#now() / 1000);
    const expires = issued + LIFETIME;
    const claims = { sub: String(userId), db: database, typ: TYPE, aud: AUDIENCE, fam: family, iat: issued };
    return { token: this.#sign({ ...claims, exp: expires }), expires };
  }

  /**
   * Checks a token.
   *
   * @param database the database that the request is for
   * @throws AuthenticationError, with one text for expired tokens and one for all others
   */
  verify(token: string, database: string): AccessClaims {
    const claims = this.#remembered.get(token) ?? this.#read(token);
    if (claims.expires * 1000 <= this.#now()) throw new AuthenticationError("the access token has expired");
    if (claims.database !== database) throw invalidToken();
    return claims;
  }

  #read(token: string): Remembered {
    if (token.length > LONGEST || !SIGNATURE.test(token)) throw invalidToken();
    const claims = parseClaims(this.#open(token), this.#now() / 1000);
    if (claims === null) throw invalidToken();
    this.#remembered.set(token, claims);
    return claims;
  }

  #open(token: string): Record<string, unknown> {
    try {
      return this.#verify(token);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (!Object.values<unknown>(TOKEN_ERROR_CODES).includes(code)) throw error;
      throw invalidToken();
    }
  }
}

/** The error for a token that is none of ours, or not for this place; it does not tell which. */
export function invalidToken(): AuthenticationError {
  return new AuthenticationError("the access token is not valid");
}

/** @param now seconds since 1970 */
function parseClaims(claims: Record<string, unknown>, now: number): Remembered | null {
  const { sub, db, typ, aud, fam, iat, exp, nbf = 0 } = claims;
  if (typ !== TYPE || aud !== AUDIENCE || typeof sub !== "string" || !ID.test(sub)) return null;
  if (typeof db !== "string" || typeof fam !== "string") return null;
  if (!Number.isSafeInteger(exp) || !Number.isSafeInteger(iat)) return null;
  if (typeof nbf !== "number" || nbf > now) return null;
  return { userId: Number(sub), database: db, family: fam, expires: exp as number };
}
