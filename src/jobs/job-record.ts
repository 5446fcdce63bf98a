/** The queue in the database: one row for each job, which is its state, its lease and what became of it. */
import type { Session } from "../database/session.ts";
import { MissingError } from "../errors.ts";
import type { FileDescription } from "../fields/binary.ts";
import type { JobOutcome, JobProgress, NewJob } from "./job.ts";
import { JobLost } from "./job.ts";

/** Told with the id of a job that has come or is to be cancelled. */
export const JOBS_CHANNEL = "fullfinity_jobs";
/** Seconds for which whoever works at a job is believed to be alive without being heard of. */
const LEASE = 15;
/** A job that the server has not survived so often is not begun again. */
const MOST_ATTEMPTS = 5;
/** Days for which one can ask what became of a job. */
const KEPT_DAYS = 7;
/** Jobs of one user that may wait or run at a time. */
export const MOST_WAITING = 100;

/** A job as its owner sees it, as the wire has it. */
export interface JobDescription {
  readonly id: number;
  readonly kind: string;
  readonly state: "queued" | "running" | "done" | "failed" | "cancelled";
  readonly done: number;
  readonly total: number | null;
  readonly result: unknown;
  readonly file: Omit<FileDescription, "hash"> | null;
  readonly error: unknown;
  readonly created_date: string;
  readonly started_date: string | null;
  readonly finished_date: string | null;
}

/** A job that this process may work at. */
export interface ClaimedJob extends Omit<NewJob, "input"> {
  readonly id: number;
  readonly attempt: number;
  readonly input: unknown;
  readonly checkpoint: unknown;
}

const moment = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const DESCRIPTION = `json_build_object('id', id, 'kind', kind, 'state', state, 'done', done, 'total', total, 'result', result,
  'file', file - 'hash', 'error', error, 'created_date', ${moment("created_date")}, 'started_date', ${moment("started")},
  'finished_date', ${moment("finished")}) AS job`;

/**
 * Puts a job into the queue; whoever works hears of it with the commit.
 *
 * @returns null where the user has {@link MOST_WAITING} jobs that are not done
 */
export async function insertJob(session: Session, { kind, input, source, caller }: NewJob): Promise<number | null> {
  const [row] = await session.rows<{ id: number }>({
    text: `WITH added AS (
  INSERT INTO job (user_id, kind, input, source, caller, state, done, attempt, create_uid, write_uid)
  SELECT $1, $2, $3, $4, $5, 'queued', 0, 0, $1, $1
  WHERE (SELECT count(*) FROM job WHERE user_id = $1 AND state IN ('queued', 'running')) < ${MOST_WAITING}
  RETURNING id
) SELECT id, pg_notify('${JOBS_CHANNEL}', '') FROM added`,
    values: [
      caller.userId,
      kind,
      JSON.stringify(input),
      source === null ? null : JSON.stringify(source),
      JSON.stringify(caller),
    ],
  });
  return row?.id ?? null;
}

/** Takes the oldest job that waits, or that was left by a process which has ended; null where there is none. */
export async function claimJob(session: Session, kinds: readonly string[]): Promise<ClaimedJob | null> {
  const [row] = await session.rows<{ job: ClaimedJob }>({
    name: "job_claim",
    text: `UPDATE job SET state = 'running', attempt = attempt + 1, lease = now() + interval '${LEASE} seconds',
  started = coalesce(started, now())
WHERE id = (
  SELECT id FROM job WHERE kind = ANY($1) AND (state = 'queued' OR state = 'running' AND lease < now())
  ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
) RETURNING json_build_object('id', id, 'kind', kind, 'attempt', attempt, 'input', input, 'source', source,
  'checkpoint', checkpoint, 'caller', caller) AS job`,
    values: [kinds],
  });
  return row?.job ?? null;
}

/** Whether a job was begun so often without an end that the reason must be the job itself. */
export function isHopeless({ attempt }: ClaimedJob): boolean {
  return attempt > MOST_ATTEMPTS;
}

/**
 * Says that the job is still worked at, and how far it is.
 *
 * @returns false where it is to be given up
 */
export async function beat(session: Session, job: ClaimedJob, { done, total }: JobProgress): Promise<boolean> {
  const [row] = await session.rows<{ cancelled: boolean | null }>({
    name: "job_beat",
    text: `UPDATE job SET lease = now() + interval '${LEASE} seconds', done = coalesce($3::bigint, done), total = coalesce($4::bigint, total)
WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING cancelled`,
    values: [job.id, job.attempt, done ?? null, total ?? null],
  });
  return row !== undefined && row.cancelled !== true;
}

/** Keeps how far a transaction brings the job. @throws JobLost */
export async function saveCheckpoint(
  session: Session,
  job: ClaimedJob,
  checkpoint: unknown,
  { done, total }: JobProgress,
): Promise<void> {
  const count = await session.run({
    name: "job_checkpoint",
    text: `UPDATE job SET checkpoint = $3, done = coalesce($4::bigint, done), total = coalesce($5::bigint, total),
  lease = now() + interval '${LEASE} seconds'
WHERE id = $1 AND attempt = $2 AND state = 'running' AND cancelled IS NOT TRUE`,
    values: [job.id, job.attempt, JSON.stringify(checkpoint), done ?? null, total ?? null],
  });
  if (count === 0) throw new JobLost(job.id);
}

/** Ends a job well, once: of several who work at it, one. @throws JobLost */
export async function completeJob(
  session: Session,
  job: ClaimedJob,
  { result, file }: JobOutcome,
  { done, total }: JobProgress,
): Promise<void> {
  const count = await session.run({
    name: "job_complete",
    text: `UPDATE job SET state = 'done', result = $3, file = $4, finished = now(), lease = NULL, checkpoint = NULL,
  done = coalesce($5::bigint, done), total = coalesce($6::bigint, total)
WHERE id = $1 AND attempt = $2 AND state = 'running' AND cancelled IS NOT TRUE`,
    values: [job.id, job.attempt, jsonOrNull(result), jsonOrNull(file), done ?? null, total ?? null],
  });
  if (count === 0) throw new JobLost(job.id);
}

/** Ends a job with an error, or as cancelled. @returns whether it has failed by that */
export async function failJob(session: Session, job: ClaimedJob, error: unknown): Promise<boolean> {
  const [row] = await session.rows<{ state: string }>({
    text: `UPDATE job SET state = CASE WHEN cancelled THEN 'cancelled' ELSE 'failed' END,
  error = CASE WHEN cancelled THEN NULL ELSE $3::jsonb END, finished = now(), lease = NULL, checkpoint = NULL
WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING state`,
    values: [job.id, job.attempt, JSON.stringify(error)],
  });
  return row?.state === "failed";
}

/** Puts a job back that this process cannot finish because it is told to stop; that does not count as an attempt. */
export async function releaseJob(session: Session, job: ClaimedJob): Promise<void> {
  await session.rows({
    text: `WITH released AS (
  UPDATE job SET state = CASE WHEN cancelled THEN 'cancelled' ELSE 'queued' END, lease = NULL, attempt = attempt - 1
  WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING id
) SELECT pg_notify('${JOBS_CHANNEL}', '') FROM released`,
    values: [job.id, job.attempt],
  });
}

/** @throws MissingError where the user has no such job */
export async function loadJob(session: Session, userId: number, id: number): Promise<JobDescription> {
  return only(
    id,
    await session.rows({ text: `SELECT ${DESCRIPTION} FROM job WHERE id = $1 AND user_id = $2`, values: [id, userId] }),
  );
}

/** The jobs of a user, the newest first. */
export async function listJobs(session: Session, userId: number): Promise<JobDescription[]> {
  const rows = await session.rows<{ job: JobDescription }>({
    text: `SELECT ${DESCRIPTION} FROM job WHERE user_id = $1 ORDER BY id DESC LIMIT 100`,
    values: [userId],
  });
  return rows.map(({ job }) => job);
}

/** Cancels a job: at once where it waits, as soon as it hears of it where it runs. One that has ended stays as it is. */
export async function cancelJob(session: Session, userId: number, id: number): Promise<JobDescription> {
  const rows = await session.rows<{ job: JobDescription }>({
    text: `WITH told AS (
  UPDATE job SET cancelled = CASE WHEN state IN ('queued', 'running') THEN true ELSE cancelled END,
    finished = CASE WHEN state = 'queued' THEN now() ELSE finished END,
    state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END
  WHERE id = $1 AND user_id = $2 RETURNING *
) SELECT ${DESCRIPTION}, pg_notify('${JOBS_CHANNEL}', id::text) FROM told`,
    values: [id, userId],
  });
  return only(id, rows);
}

/** The file that a job has made. @throws MissingError where the user has no such job, or it has made none */
export async function loadJobFile(session: Session, userId: number, id: number): Promise<FileDescription> {
  const [row] = await session.rows<{ file: FileDescription | null }>({
    text: "SELECT file FROM job WHERE id = $1 AND user_id = $2",
    values: [id, userId],
  });
  if (row === undefined) throw missingJob(id);
  if (row.file === null) throw new MissingError(`Job ${id} has no file`);
  return row.file;
}

/** Forgets jobs that have ended long ago. */
export async function sweepJobs(session: Session): Promise<void> {
  await session.run({ text: `DELETE FROM job WHERE finished < now() - interval '${KEPT_DAYS} days'`, values: [] });
}

/** Also for somebody else's job. */
function missingJob(id: number): MissingError {
  return new MissingError(`Job ${id} does not exist`);
}

function only(id: number, rows: readonly object[]): JobDescription {
  const [row] = rows as readonly { job: JobDescription }[];
  if (row === undefined) throw missingJob(id);
  return row.job;
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
