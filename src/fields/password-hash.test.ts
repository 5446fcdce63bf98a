/** The queue of passwords that are hashed: a flood is told to come again, and does nobody harm who comes later. */
import { expect, it } from "vitest";
import { hashPassword, verifyPassword } from "./password-hash.ts";

it("is of bounded length, also before the first check", { timeout: 60_000 }, async () => {
  const flood = Array.from({ length: 205 }, (_, index) => hashPassword(`password ${index}`));
  // Of an unknown user, while nothing has been checked yet and the queue is full.
  const unknown = verifyPassword(null, "x");
  const refused = (await Promise.allSettled([...flood, unknown])).filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThanOrEqual(3);
  for (const each of refused) expect(each).toMatchObject({ reason: { status: 429, headers: { "retry-after": "5" } } });
  expect(await verifyPassword(null, "x")).toBe(false);
  expect(await verifyPassword(await hashPassword("right"), "right")).toBe(true);
});
