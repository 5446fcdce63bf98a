/** A request that meets a transaction which is not through yet. */
import { expect, vi } from "vitest";
import type { Database } from "../../src/database/database.ts";
import type { Session, Statement } from "../../src/database/session.ts";
import type { TestServer } from "./server.ts";

/** What is sent. */
export type Request = readonly [method: string, path: string, body?: object];

const WAIT_MS = 20_000;
const WAITING = {
  text: "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  values: [],
};

/**
 * Sends a request while a transaction is under way, and commits that once the request waits for it.
 *
 * @param statement what the transaction does before the request is sent
 * @param then what it does when the request waits
 * @returns status and detail of the answer, and what `then` gave
 */
export async function meanwhile<Result = void>(
  { database: { database }, call }: TestServer,
  statement: Statement,
  request: Request,
  then: (session: Session) => Promise<Result> = async () => undefined as Result,
): Promise<{ readonly answer: string; readonly result: Result }> {
  const { sent, result } = await database.transaction(async (session) => {
    await session.run(statement);
    const sent = call(...request);
    await untilWaiting(database);
    return { sent, result: await then(session) };
  });
  const { status, json } = await sent;
  return { answer: `${status} ${json.detail}`, result };
}

/** Waits until one statement of a database waits for another transaction. */
export async function untilWaiting(database: Database): Promise<void> {
  await vi.waitFor(async () => expect(await database.rows(WAITING)).toHaveLength(1), { timeout: WAIT_MS });
}
