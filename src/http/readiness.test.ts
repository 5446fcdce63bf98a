/** Readiness: red without the database and while stopping, and cheap however often it is asked. */
import { expect, test } from "vitest";
import { Readiness } from "./readiness.ts";

test("many questions at the same time, and soon after, ask the database once", async () => {
  let asked = 0;
  let now = 0;
  const readiness = new Readiness(
    async () => {
      asked += 1;
    },
    () => now,
  );
  await Promise.all(Array.from({ length: 50 }, () => readiness.check()));
  now = 999;
  await readiness.check();
  expect(asked).toBe(1);
  now = 1000;
  await readiness.check();
  expect(asked).toBe(2);
});

test("a database that is away is asked again at the next question", async () => {
  let away = true;
  const readiness = new Readiness(async () => {
    if (away) throw new Error("connect ECONNREFUSED 10.0.0.1");
  });
  await expect(readiness.check()).rejects.toThrow("The database is not reachable at the moment");
  away = false;
  await readiness.check();
});

test("stopping is red although the database is there", async () => {
  const readiness = new Readiness(async () => undefined);
  await readiness.check();
  readiness.stop();
  await expect(readiness.check()).rejects.toThrow("stopping");
});
