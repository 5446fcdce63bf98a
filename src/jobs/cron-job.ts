/** Scheduled work: what is due becomes a job, once however many processes look, and runs in the name of its user. */
import type { Database } from "../database/database.ts";
import type { Session } from "../database/session.ts";
import { UserError } from "../errors.ts";
import { nextCronTime } from "../fields/cron-expression.ts";
import type { JsonValue } from "../fields/json.ts";
import type { BaseEnvironment } from "../records/base-environment.ts";
import { executeMethod } from "../records/method.ts";
import type { GivenValues } from "../records/values.ts";
import type { JobHandler } from "./job.ts";
import { insertJob, MOST_WAITING } from "./job-record.ts";

const KIND = "cron";

/** Scheduled work that one look puts into the queue; the next look goes on. */
const MOST_DUE = 100;

/** What a job of scheduled work is made of. */
interface CronInput {
  readonly cron_job: number;
}

interface DueRow {
  readonly id: number;
  readonly user_id: number;
  readonly schedule: string;
  readonly timezone: string;
}

/** Work that has not ended yet is not begun a second time. */
const IS_IDLE = `NOT EXISTS (SELECT FROM job j
  WHERE j.kind = '${KIND}' AND j.state IN ('queued', 'running') AND j.input->>'cron_job' = c.id::text)`;

const IS_DUE = { name: "cron_is_due", text: "SELECT id FROM cron_job WHERE active AND next_run <= $1 LIMIT 1" };

/**
 * Puts what is due into the queue, and says when it is due again: after now, so that what was missed is caught up with once.
 *
 * @param now by the clock that schedules go by
 */
export async function queueDueWork(database: Database, now: Date): Promise<void> {
  const values = [now.toISOString()];
  if ((await database.rows({ ...IS_DUE, values })).length === 0) return;
  await database.transaction(async (session) => {
    // Another process that is at a row, or was meanwhile, keeps it from being due here.
    const due = await session.rows<DueRow>({
      text: `SELECT id, user_id, schedule, timezone FROM cron_job c WHERE active AND next_run <= $1 AND ${IS_IDLE}
ORDER BY next_run, id LIMIT ${MOST_DUE} FOR NO KEY UPDATE SKIP LOCKED`,
      values,
    });
    for (const { id, user_id, schedule, timezone } of due) {
      if ((await queue(session, id, user_id)) === null) continue;
      const next = nextCronTime(schedule, timezone, now);
      const moment = next === null ? null : next.toISOString();
      await session.run({ text: "UPDATE cron_job SET next_run = $2 WHERE id = $1", values: [id, moment] });
    }
  });
}

/** When something is due next, in milliseconds since 1970; null where nothing is scheduled. */
export async function loadNextDue(session: Session): Promise<number | null> {
  const [row] = await session.rows<{ due: string | null }>({
    text: "SELECT min(next_run) AS due FROM cron_job WHERE active",
    values: [],
  });
  return row?.due == null ? null : Date.parse(row.due);
}

/**
 * Puts scheduled work into the queue now, whatever its schedule says, which goes on as before.
 *
 * @param env of a transaction
 * @throws UserError where some of it has not ended yet, or its user has too many jobs
 */
export async function runScheduledNow(env: BaseEnvironment, ids: readonly number[]): Promise<void> {
  const found = await env.session.rows<{ id: number; user_id: number; name: string; idle: boolean }>({
    text: `SELECT id, user_id, name, ${IS_IDLE} AS idle FROM cron_job c WHERE id = ANY($1::bigint[]) ORDER BY id`,
    values: [[...ids]],
  });
  for (const { id, user_id, name, idle } of found) {
    if (!idle) throw new UserError(`${JSON.stringify(name)} has not ended yet`);
    if ((await queue(env.session, id, user_id)) === null) {
      throw new UserError(`The user of ${JSON.stringify(name)} has ${MOST_WAITING} jobs that are not done`);
    }
  }
}

/** Has nothing run by itself any more, neither what is scheduled nor what waits, until somebody wants it to. */
export async function suspendWork(database: Database): Promise<void> {
  await database.run({
    text: `UPDATE job SET state = 'cancelled', finished = now(), lease = NULL WHERE state IN ('queued', 'running')`,
    values: [],
  });
  // A database of an earlier version has no schedules yet.
  const [found] = await database.rows<{ there: boolean }>({
    text: "SELECT to_regclass('cron_job') IS NOT NULL AS there",
    values: [],
  });
  if (found?.there !== true) return;
  await database.run({ text: "UPDATE cron_job SET active = false, next_run = NULL WHERE active", values: [] });
}

/** Calls the method of scheduled work; what it does, and that it is done, is one commit. */
export const cronHandler: JobHandler = {
  kind: KIND,

  async run({ input, env, finish }) {
    const id = idOf(input);
    const [work] = await env.session.rows<{ model: string; method: string; inputs: GivenValues | null }>({
      text: "SELECT model, method, inputs FROM cron_job WHERE id = $1",
      values: [id],
    });
    if (work === undefined) return { result: null };
    await env.transaction(async (inner) => {
      const result = await executeMethod(inner, work.model, work.method, { inputs: work.inputs ?? {} });
      await saveRun(inner.session, id, null);
      await finish(inner, { result: result as JsonValue });
    });
    return null;
  },

  failed: (session, input, message) => saveRun(session, idOf(input), message),
};

/** @returns the id of the job; null where the user has too many */
function queue(session: Session, id: number, userId: number): Promise<number | null> {
  const input: JsonValue = { cron_job: id };
  const caller = { userId, companies: null, readOnly: false, models: null };
  return insertJob(session, { kind: KIND, input, source: null, caller });
}

async function saveRun(session: Session, id: number, error: string | null): Promise<void> {
  await session.run({
    text: "UPDATE cron_job SET last_run = now(), last_error = $2 WHERE id = $1",
    values: [id, error],
  });
}

function idOf(input: unknown): number {
  return (input as CronInput).cron_job;
}
