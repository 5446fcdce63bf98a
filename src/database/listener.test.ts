/** Notifications: heard by every handler, also after the line was down, and not after leaving. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { Database } from "./database.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const notify = (channel: string, payload: string) =>
  test.database.run({ text: "SELECT pg_notify($1, $2)", values: [channel, payload] });

it("hears what is meant for it until it leaves", async () => {
  const heard: (string | null)[] = [];
  const leave = await test.database.listen("Some channel", (payload) => heard.push(payload));
  const others: (string | null)[] = [];
  await test.database.listen("other", (payload) => others.push(payload));
  await notify("Some channel", "one");
  await notify("other", "");
  await expect.poll(() => [heard, others]).toEqual([["one"], [""]]);
  await leave();
  await notify("Some channel", "two");
  await notify("other", "three");
  await expect.poll(() => others).toEqual(["", "three"]);
  expect(heard).toEqual(["one"]);
});

it("hears of a change only once it is committed", async () => {
  const heard: (string | null)[] = [];
  await test.database.listen("commits", (payload) => heard.push(payload));
  const rolledBack = test.database.transaction(async (session) => {
    await session.run({ text: "NOTIFY commits, 'never'", values: [] });
    throw new Error("no");
  });
  await rolledBack.catch(() => undefined);
  await test.database.transaction((session) => session.run({ text: "NOTIFY commits, 'yes'", values: [] }));
  await expect.poll(() => heard).toEqual(["yes"]);
});

it("connects again, says that something may have been missed, and goes on", async () => {
  const heard: (string | null)[] = [];
  await test.database.listen("healing", (payload) => heard.push(payload));
  await test.database.run({
    text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'fullfinity notices'`,
    values: [],
  });
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([null]);
  await notify("healing", "again");
  await expect.poll(() => heard).toEqual([null, "again"]);
});

it("says that the server has no connection left, as statements do", async () => {
  const role = `listener_${test.name}`;
  await test.administer(`CREATE ROLE ${role} LOGIN PASSWORD '${role}' CONNECTION LIMIT 0`);
  const refused = new Database({ connection: { ...test.connection, user: role, password: role } });
  try {
    await expect(refused.listen("any", () => {})).rejects.toMatchObject({ status: 503, code: "server_exhausted" });
  } finally {
    await refused.close();
    await test.administer(`DROP ROLE ${role}`);
  }
});
