/** The cache of rights: who is in it, and that nothing old comes back after a change. */
import { expect, test } from "vitest";
import { vaultRegistry } from "../../test/fixtures/vault-registry.ts";
import type { Session } from "../database/session.ts";
import { RightsCache } from "./rights-cache.ts";

/** A session that answers every question for rights when it is told to. */
class SlowSession implements Session {
  readonly asked: ((active: boolean | null) => void)[] = [];

  rows<Row extends object>(): Promise<Row[]> {
    return new Promise((resolve) => {
      this.asked.push((active) => {
        const rights = {
          email: "a@example.com",
          active,
          timezone: "UTC",
          company: null,
          contact: null,
          groups: [`asked ${this.asked.length} times`],
          companies: [],
          models: [],
          rules: [],
        };
        resolve((active === null ? [] : [{ rights }]) as unknown as Row[]);
      });
    });
  }

  run(): Promise<number> {
    throw new Error("rights are only read");
  }
}

function start(): { session: SlowSession; cache: RightsCache } {
  const session = new SlowSession();
  return { session, cache: new RightsCache(vaultRegistry, session) };
}

test("a user is loaded once", async () => {
  const { session, cache } = start();
  const first = cache.get(1);
  session.asked[0]?.(true);
  const caller = await first;
  expect(cache.get(1)).toBe(caller);
  expect(session.asked).toHaveLength(1);
});

test.each([
  ["inactive", false],
  ["unknown", null],
] as const)("a user who is %s is nobody, and is asked for again", async (_name, active) => {
  const { session, cache } = start();
  const first = cache.get(1);
  session.asked[0]?.(active);
  expect(await first).toBeNull();
  cache.get(1);
  expect(session.asked).toHaveLength(2);
});

test("after a change everybody is loaded anew, and a load that was under way is not kept", async () => {
  const { session, cache } = start();
  const old = cache.get(1);
  cache.clear();
  session.asked[0]?.(true);
  await old;
  const fresh = cache.get(1);
  session.asked[1]?.(true);
  expect([...((await fresh)?.access.groups ?? [])]).toEqual(["asked 2 times"]);
});
