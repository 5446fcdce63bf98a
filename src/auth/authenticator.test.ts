/** Signing in and refreshing on a real database: who gets in, what the others are told, and what reuse leads to. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createInstalledDatabase, type InstalledDatabase } from "../../test/support/installed-database.ts";
import { ApplicationError } from "../errors.ts";
import * as passwordHash from "../fields/password-hash.ts";
import { Authenticator, type SignInPlace, type TokenPair } from "./authenticator.ts";
import { revokeFamily } from "./refresh-token.ts";
import { MOST_PER_ACCOUNT } from "./sign-in-throttle.ts";

const secret = "0123456789abcdef0123456789abcdef";
const peer = "192.0.2.1";
let installed: InstalledDatabase;
let place: SignInPlace;
let authenticator: Authenticator;
const warnings: object[] = [];
const forgotten: (string | undefined)[] = [];

beforeAll(async () => {
  installed = await createInstalledDatabase();
  place = {
    name: "main",
    database: installed.database,
    credentials: { forget: (which) => void forgotten.push(which) },
  };
  await run(`INSERT INTO "user" (name, email, active, language, timezone)
    VALUES ('Without', 'passwordless@example.com', true, 'en', 'UTC')`);
  await run(`INSERT INTO "user" (name, email, active, language, timezone, password)
    SELECT 'Away', 'inactive@example.com', false, 'en', 'UTC', password FROM "user" WHERE email = 'admin@example.com'`);
});

afterAll(() => installed.drop());

beforeEach(() => {
  vi.restoreAllMocks();
  warnings.length = 0;
  forgotten.length = 0;
  const logger = { warn: (details: object) => void warnings.push(details) };
  authenticator = new Authenticator({ secret, logger });
});

const run = (text: string, values: (string | number)[] = []) => installed.database.run({ text, values });
const signIn = () => authenticator.signIn(place, "admin@example.com", "admin", peer);
const countTokens = async (): Promise<number> =>
  (await installed.database.rows({ text: "SELECT 1 FROM refresh_token", values: [] })).length;

/** What a refused call is answered with. */
async function refusal(call: Promise<unknown>): Promise<{ status: number; name: string; detail: string }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApplicationError);
  const { status, name, message } = error as ApplicationError;
  return { status, name, detail: message };
}

describe("signing in", () => {
  it.each(["admin@example.com", "ADMIN@Example.COM"])("as %s", async (email) => {
    const pair = await authenticator.signIn(place, email, "admin", peer);
    expect(pair.token_type).toBe("bearer");
    expect(pair.refresh_token).toMatch(/^ffr_[\w-]{43}$/);
    const { userId } = authenticator.verifyAccessToken(pair.access_token, "main");
    const [user] = await installed.database.rows<{ email: string }>({
      text: 'SELECT email FROM "user" WHERE id = $1',
      values: [userId],
    });
    expect(user?.email).toBe("admin@example.com");
    const left = Date.parse(pair.expires_at.replace(" UTC", "Z").replace(" ", "T")) - Date.now();
    expect(pair.expires_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(left).toBeGreaterThan(10 * 60_000);
    expect(left).toBeLessThanOrEqual(15 * 60_000);
  });

  const wrong: [who: string, email: string, password: string][] = [
    ["a wrong password", "admin@example.com", "Admin"],
    ["an empty password", "admin@example.com", ""],
    ["a password with a NUL", "admin@example.com", "admin\0"],
    ["an unknown address", "nobody@example.com", "admin"],
    ["a user without a password", "passwordless@example.com", ""],
    ["an inactive user", "inactive@example.com", "admin"],
    ["an address with a NUL", "admin@example.com\0", "admin"],
    ["half a character", "admin\ud800@example.com", "admin"],
    ["a pattern", "%@example.com", "admin"],
    ["SQL", "' OR true --", "admin"],
    ["a very long address", `${"a".repeat(100_000)}@example.com`, "admin"],
  ];
  it.each(wrong)("is refused in the same words and with one check of a hash: %s", async (_who, email, password) => {
    const verify = vi.spyOn(passwordHash, "verifyPassword");
    expect(await refusal(authenticator.signIn(place, email, password, peer))).toEqual({
      status: 401,
      name: "AuthenticationError",
      detail: "wrong e-mail address or password",
    });
    expect(verify).toHaveBeenCalledTimes(1);
  });

  it("does not hash what is too long for a password", async () => {
    const verify = vi.spyOn(passwordHash, "verifyPassword");
    const { status, detail } = await refusal(authenticator.signIn(place, "admin@example.com", "ä".repeat(513), peer));
    expect({ status, detail }).toEqual({ status: 400, detail: "password: must have at most 1024 bytes" });
    expect(verify).not.toHaveBeenCalled();
  });

  it("is closed after too many failures, for the right password too, and hashes nothing then", async () => {
    for (let n = 0; n < MOST_PER_ACCOUNT; n++) {
      expect((await refusal(authenticator.signIn(place, "Admin@example.com", "x", `192.0.2.${n}`))).status).toBe(401);
    }
    const verify = vi.spyOn(passwordHash, "verifyPassword");
    expect((await refusal(signIn())).status).toBe(429);
    expect(verify).not.toHaveBeenCalled();
    await authenticator.signIn(place, "demo@example.com", "demo-demo", peer);
  });

  it("gives no more guesses to those who send them all at once", async () => {
    const guesses = Array.from({ length: 30 }, (_, n) => (n === 29 ? "admin" : `guess ${n}`));
    const answers = await Promise.all(
      guesses.map((guess) => refusal(authenticator.signIn(place, "admin@example.com", guess, peer))),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(MOST_PER_ACCOUNT);
    expect(answers.at(-1)?.status).toBe(429);
  });

  it("forgets failures with a success", async () => {
    for (let n = 1; n < 2 * MOST_PER_ACCOUNT; n++) {
      if (n % MOST_PER_ACCOUNT === 0) await signIn();
      else await refusal(authenticator.signIn(place, "admin@example.com", "x", peer));
    }
    await signIn();
  });

  it("removes tokens that have expired", async () => {
    const { refresh_token } = await signIn();
    await run("UPDATE refresh_token SET expires = now() - interval '1 second'");
    await signIn();
    expect(await countTokens()).toBe(1);
    expect((await refusal(authenticator.refresh(place, refresh_token))).status).toBe(401);
  });
});

describe("refreshing", () => {
  const invalid = { status: 401, name: "AuthenticationError", detail: "the refresh token is not valid" };
  /** Puts the use of all tokens into the past. */
  const age = (time: string) => run("UPDATE refresh_token SET used = used - $1::interval", [time]);
  let first: TokenPair;

  beforeEach(async () => {
    await run("DELETE FROM refresh_token");
    first = await signIn();
  });

  it("gives a new pair for the same user and session", async () => {
    const second = await authenticator.refresh(place, first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const [before, after] = [first, second].map((pair) => authenticator.verifyAccessToken(pair.access_token, "main"));
    expect(after).toMatchObject({ userId: before?.userId, family: before?.family });
    await authenticator.refresh(place, second.refresh_token);
  });

  it("keeps no token in plain text", async () => {
    await authenticator.refresh(place, first.refresh_token);
    const rows = await installed.database.rows({ text: "SELECT * FROM refresh_token", values: [] });
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toContain(first.refresh_token.slice(4));
  });

  it("gives ten at once the same successor, and again for some seconds", async () => {
    const pairs = await Promise.all(
      Array.from({ length: 10 }, () => authenticator.refresh(place, first.refresh_token)),
    );
    expect(new Set(pairs.map((pair) => pair.refresh_token)).size).toBe(1);
    await authenticator.refresh(place, pairs[0]?.refresh_token ?? "");
    await age("25 seconds");
    const again = await authenticator.refresh(place, first.refresh_token);
    expect(again.refresh_token).toBe(pairs[0]?.refresh_token);
    expect(await countTokens()).toBe(3);
  });

  it("ends the session when a used token comes back later", async () => {
    const other = await signIn();
    const second = await authenticator.refresh(place, first.refresh_token);
    await age("31 seconds");
    expect(await refusal(authenticator.refresh(place, first.refresh_token))).toEqual(invalid);
    expect(warnings).toEqual([expect.objectContaining({ database: "main" })]);
    expect(forgotten).toEqual([authenticator.verifyAccessToken(first.access_token, "main").family]);
    expect(await refusal(authenticator.refresh(place, second.refresh_token))).toEqual(invalid);
    await authenticator.refresh(place, other.refresh_token);
  });

  it("leaves nothing behind when a session ends while it is refreshed", async () => {
    const { family } = authenticator.verifyAccessToken(first.access_token, "main");
    let revoking: Promise<void> | undefined;
    await installed.database.transaction(async (session) => {
      await authenticator.refresh({ ...place, database: session }, first.refresh_token);
      revoking = revokeFamily(installed.database, family);
      // It waits for the row that this transaction has changed, and cannot see the one that it has added.
      const waiting = {
        text: "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        values: [],
      };
      await vi.waitFor(async () => expect(await session.rows(waiting)).toHaveLength(1));
    });
    await revoking;
    expect(await countTokens()).toBe(0);
  });

  const refused: [what: string, token: () => string][] = [
    ["an access token", () => first.access_token],
    ["an unknown token", () => `ffr_${"A".repeat(43)}`],
    ["nothing", () => ""],
    ["a long text", () => "x".repeat(1_000_000)],
    ["a token with a NUL", () => `${first.refresh_token}\0`],
    ["the stored hash", () => "0".repeat(64)],
  ];
  it.each(refused)("is refused with %s", async (_what, token) => {
    expect(await refusal(authenticator.refresh(place, token()))).toEqual(invalid);
    await authenticator.refresh(place, first.refresh_token);
  });

  it("is refused to whoever has been disabled", async () => {
    const pair = await authenticator.signIn(place, "internal@example.com", "demo-demo", peer);
    await run(`UPDATE "user" SET active = false WHERE email = 'internal@example.com'`);
    expect(await refusal(authenticator.refresh(place, pair.refresh_token))).toEqual(invalid);
  });

  it("is refused after the password has changed, whichever way", async () => {
    const pair = await authenticator.signIn(place, "portal@example.com", "demo-demo", peer);
    await run(`UPDATE "user" SET password = 'x' WHERE email = 'portal@example.com'`);
    expect(await refusal(authenticator.refresh(place, pair.refresh_token))).toEqual(invalid);
  });

  it("is refused as a bearer token", async () => {
    expect(() => authenticator.verifyAccessToken(first.refresh_token, "main")).toThrow("the access token is not valid");
  });
});
