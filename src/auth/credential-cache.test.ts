/** What is remembered of sessions and API keys: asked for once, and nothing old comes back after an end. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createInstalledDatabase, type InstalledDatabase } from "../../test/support/installed-database.ts";
import type { AnyStatement, Session } from "../database/session.ts";
import { createApiKey, deleteApiKey } from "./api-key.ts";
import { CredentialCache } from "./credential-cache.ts";
import { issueRefreshToken, revokeFamily } from "./refresh-token.ts";

let installed: InstalledDatabase;
let user: number;
let passwordHash: string;
let key: string;
let keyId: number;
/** Statements that the cache under test has sent. */
let asked = 0;
/** Called after the database has answered, and before the cache hears it. */
let beforeAnswer: () => void;
let hears = true;
let now = Date.now();
let cache: CredentialCache;

beforeAll(async () => {
  installed = await createInstalledDatabase();
  const [found] = await installed.database.rows<{ id: number; password: string }>({
    text: `SELECT id, password FROM "user" WHERE email = 'internal@example.com'`,
    values: [],
  });
  user = found?.id ?? 0;
  passwordHash = found?.password ?? "";
});
afterAll(() => installed.drop());

beforeEach(async () => {
  asked = 0;
  beforeAnswer = () => {};
  hears = true;
  now = Date.now();
  const session: Session = {
    rows: async <Row extends object>(statement: AnyStatement) => {
      asked += 1;
      const rows = await installed.database.rows<Row>(statement);
      beforeAnswer();
      return rows;
    },
    run: (statement) => installed.database.run(statement),
  };
  cache = new CredentialCache(
    session,
    () => hears,
    () => now,
  );
  await issueRefreshToken(installed.database, { user, family: "family" }, passwordHash);
  const expires = new Date(now + 60_000).toISOString();
  ({ key, id: keyId } = await createApiKey(installed.database, user, {
    name: "a key",
    expires,
    readOnly: false,
    models: null,
  }));
});

const end = {
  session: () => revokeFamily(installed.database, "family"),
  key: () => deleteApiKey(installed.database, user, keyId),
};
const holds = {
  session: async () => cache.isAlive("family", user),
  key: async () => (await cache.apiKey(key)) !== null,
};

describe.each(["session", "key"] as const)("a %s", (kind) => {
  it("is asked for once", async () => {
    for (let n = 0; n < 3; n += 1) expect(await holds[kind]()).toBe(true);
    expect(asked).toBe(1);
  });

  it("holds until it is forgotten, and then no more", async () => {
    await holds[kind]();
    await end[kind]();
    expect(await holds[kind]()).toBe(true);
    cache.forget();
    expect(await holds[kind]()).toBe(false);
  });

  it("is not kept when something ended while it was asked for", async () => {
    beforeAnswer = () => cache.forget("anything");
    expect(await holds[kind]()).toBe(true);
    beforeAnswer = () => {};
    await end[kind]();
    expect(await holds[kind]()).toBe(false);
  });

  it("is asked for each time while nobody would tell of its end", async () => {
    await holds[kind]();
    hears = false;
    await holds[kind]();
    await end[kind]();
    expect(await holds[kind]()).toBe(false);
    expect(asked).toBe(3);
  });

  it("that does not hold is asked for each time", async () => {
    await end[kind]();
    expect(await holds[kind]()).toBe(false);
    expect(await holds[kind]()).toBe(false);
    expect(asked).toBe(2);
  });
});

it("a session is of one user only", async () => {
  expect(await cache.isAlive("family", user)).toBe(true);
  expect(await cache.isAlive("family", user + 1)).toBe(false);
});

it("what has no key's form is not looked for", async () => {
  for (const token of ["", "ff_", `${key}A`, key.slice(0, -1), `ffr_${key.slice(3)}`]) {
    expect(await cache.apiKey(token)).toBeNull();
  }
  expect(asked).toBe(0);
});

it("a key that is remembered expires all the same", async () => {
  expect(await holds.key()).toBe(true);
  now += 60_001;
  expect(await holds.key()).toBe(false);
});
