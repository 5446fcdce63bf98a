/** The endpoints of jobs, and how a request becomes one. */
import type { FastifyRequest } from "fastify";
import { cancelJob, listJobs, readJob, readJobFile } from "../contract/job.ts";
import { UserError } from "../errors.ts";
import type { JobCaller, NewJob } from "../jobs/job.ts";
import {
  cancelJob as cancel,
  insertJob,
  listJobs as list,
  loadJob,
  loadJobFile,
  MOST_WAITING,
} from "../jobs/job-record.ts";
import type { Environment } from "../records/environment.ts";
import { callerOf, tenantOf } from "./caller.ts";
import { addDownloadRoute, addUserRoute, type Exchange, type RouteContext } from "./route.ts";

/** Binds them. */
export function addJobRoutes(context: RouteContext): void {
  addUserRoute(context, listJobs, async ({ session }, _input, { request }) =>
    JSON.stringify({ data: await list(session, userOf(request)) }),
  );
  addUserRoute(context, readJob, async ({ session }, { path: { id } }, { request }) =>
    JSON.stringify(await loadJob(session, userOf(request), id)),
  );
  addUserRoute(context, cancelJob, async ({ session }, { path: { id } }, { request }) =>
    JSON.stringify(await cancel(session, userOf(request), id)),
  );
  addDownloadRoute(context, readJobFile, async ({ session }, { path: { id } }, { request }) => {
    const { hash, name, mimetype } = await loadJobFile(session, userOf(request), id);
    return { name, mimetype, ...(await tenantOf(request).files.read(hash)) };
  });
}

/**
 * Makes a job of a request.
 *
 * @param env where the job is written: never a replica
 * @returns the text of the answer, which has status 202
 * @throws UserError where the user has too many jobs already
 */
export async function queueJob(
  { session }: Environment,
  job: Omit<NewJob, "caller">,
  { request, reply }: Exchange,
): Promise<string> {
  const id = await insertJob(session, { ...job, caller: jobCaller(request) });
  if (id === null) throw new UserError(`You have ${MOST_WAITING} jobs that are not done: wait, or cancel some`);
  reply.code(202).header("location", `/api/jobs/${id}`);
  return JSON.stringify({ message: "Job queued", job_id: id });
}

function jobCaller(request: FastifyRequest): JobCaller {
  const { credential } = callerOf(request);
  const companies = request.headers["x-company-ids"];
  const limits = credential.kind === "key" ? credential.key : { readOnly: false, models: null };
  return {
    userId: userOf(request),
    companies: companies === undefined ? null : String(companies),
    readOnly: limits.readOnly,
    models: limits.models === null ? null : [...limits.models],
  };
}

function userOf(request: FastifyRequest): number {
  const { userId } = callerOf(request).rights;
  if (userId === null) throw new Error("the route lets guests in");
  return userId;
}
