/** Access tokens: what is accepted, and the many things that are not. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { AuthenticationError } from "../errors.ts";
import { AccessTokens } from "./access-token.ts";

const secret = "0123456789abcdef0123456789abcdef";
const now = Date.parse("2026-01-01T12:00:00Z");
const seconds = now / 1000;
const tokens = new AccessTokens(secret, () => now);
const claims = { userId: 7, database: "main", family: "f" };
const body = {
  sub: "7",
  db: "main",
  typ: "access",
  aud: "fullfinity",
  fam: "f",
  iat: seconds,
  exp: seconds + 60,
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with a right signature, whatever it says. */
function forge(payload: unknown, header: unknown = { alg: "HS256", typ: "JWT" }, key = secret): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
}

/** The text of the refusal, or undefined. */
function refusal(token: string, database = "main"): string | undefined {
  try {
    new AccessTokens(secret, () => now).verify(token, database);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(AuthenticationError);
    return (error as Error).message;
  }
}

it("gives back what was put in", () => {
  const { token, expires } = tokens.issue(claims);
  expect(expires).toBe(seconds + 900);
  for (const _again of [1, 2]) expect(tokens.verify(token, "main")).toMatchObject(claims);
  expect(refusal(forge(body))).toBeUndefined();
});

describe("refuses", () => {
  const [head, payload, signature = ""] = forge(body).split(".");
  const { exp: _exp, ...endless } = body;
  const rows: [what: string, token: string][] = [
    ["nothing", ""],
    ["a word", "token"],
    ["dots", ".."],
    ["a refresh token", `ffr_${"a".repeat(43)}`],
    ["no signature", `${head}.${payload}.`],
    ["a cut signature", `${head}.${payload}.${signature.slice(0, 20)}`],
    ["a signature of another spelling", `${head}.${payload}.${signature.slice(0, -1)}${other(signature)}`],
    ["a changed payload", `${head}.${encode({ ...body, sub: "1" })}.${signature}`],
    ["another key", forge(body, { alg: "HS256" }, "another key that is long enough ........")],
    ["alg none", `${encode({ alg: "none" })}.${payload}.`],
    ["alg none with a signature", forge(body, { alg: "none", typ: "JWT" })],
    ["alg None", forge(body, { alg: "None" })],
    ["no alg", forge(body, { typ: "JWT" })],
    ["HS512 by name", forge(body, { alg: "HS512", typ: "JWT" })],
    ["RS256 by name", forge(body, { alg: "RS256", typ: "JWT" })],
    ["a critical header", forge(body, { alg: "HS256", crit: ["b64"], b64: false })],
    ["no expiry", forge(endless)],
    ["expiry as text", forge({ ...body, exp: String(body.exp) })],
    ["expiry null", forge({ ...body, exp: null })],
    ["expiry as a fraction", forge({ ...body, exp: body.exp + 0.5 })],
    ["not yet valid", forge({ ...body, nbf: seconds + 10 })],
    ["nbf as text", forge({ ...body, nbf: "0" })],
    ["another audience", forge({ ...body, aud: "elsewhere" })],
    ["several audiences", forge({ ...body, aud: ["fullfinity", "elsewhere"] })],
    ["another type", forge({ ...body, typ: "refresh" })],
    ["another database", forge({ ...body, db: "acme" })],
    ["a database in capitals", forge({ ...body, db: "MAIN" })],
    ["no database", forge({ ...body, db: null })],
    ["user 0", forge({ ...body, sub: "0" })],
    ["a user as a number", forge({ ...body, sub: 7 })],
    ["a user as a word", forge({ ...body, sub: "admin" })],
    ["a list for a payload", forge([body])],
    ["null for a payload", forge(null)],
    ["2 MB", forge({ ...body, pad: "x".repeat(2_000_000) })],
  ];
  it.each(rows)("%s", (_what, token) => {
    expect(refusal(token)).toBe("the access token is not valid");
  });

  const headers: [what: string, header: object][] = [
    ["a path as key id", { kid: "../../dev/null" }],
    ["a key address", { jku: "http://127.0.0.1:1/keys" }],
    ["a key of its own", { jwk: { kty: "oct", k: "AAAA" } }],
  ];
  it.each(headers)("the choice of a key: %s", (_what, header) => {
    const key = "key of the forger, long enough for HMAC";
    expect(refusal(forge(body, { alg: "HS256", typ: "JWT", ...header }, key))).toBe("the access token is not valid");
  });

  it("what has expired", () => {
    expect(refusal(forge({ ...body, exp: seconds }))).toBe("the access token has expired");
    expect(refusal(forge({ ...body, exp: seconds + 1 }))).toBeUndefined();
  });

  it("what it remembers, once that has expired or for another database", () => {
    let clock = now;
    const remembering = new AccessTokens(secret, () => clock);
    const { token } = remembering.issue(claims);
    remembering.verify(token, "main");
    expect(() => remembering.verify(token, "acme")).toThrow("the access token is not valid");
    clock += 900_000;
    expect(() => remembering.verify(token, "main")).toThrow("the access token has expired");
  });
});

/** The last character of a signature with other filling bits, which decode to the same bytes. */
function other(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1);
}
