/** The endpoint that exports records. */
import { Readable } from "node:stream";
import type { Input } from "../contract/endpoint.ts";
import { exportRecords } from "../contract/exporting.ts";
import type { NewJob } from "../jobs/job.ts";
import type { Environment } from "../records/environment.ts";
import { exportJobOf } from "../transfer/export/export-job.ts";
import { takeExportTurn } from "../transfer/export/export-turn.ts";
import { type OpenExport, openExport, type PreparedExport, prepareExport } from "../transfer/export/open-export.ts";
import { callerOf, tenantOf } from "./caller.ts";
import { answerOnce, idempotencyKey } from "./idempotency.ts";
import { queueJob } from "./job-route.ts";
import { toList } from "./list-text.ts";
import { addDownloadRoute, type Exchange, environmentOf, type RouteContext } from "./route.ts";

/** Counts the ids that are not there for the caller. */
const NOT_FOUND = "x-export-not-found";

/** Binds it. */
export function addExportRoute(context: RouteContext): void {
  addDownloadRoute(context, exportRecords, async (env, input, exchange) => {
    const { path, query, body } = input;
    const { fields, order_by } = body;
    const request = { ...body, fields: toList("fields", fields), order_by: toList("order_by", order_by) };
    const prepared = prepareExport(env, path.model, request);
    if (query.job === "true") return queueExport(context, exportJobOf(path.model, request), input, exchange);
    const { name, mimetype, notFound, bytes, close } = await openInTurn(env, prepared);
    const headers = notFound === null ? {} : { [NOT_FOUND]: String(notFound) };
    return { name, mimetype, headers, stream: Readable.from(bytes, { objectMode: false }), close };
  });
}

/** Opens an export that holds one of the places for exports until it is closed. */
async function openInTurn(env: Environment, prepared: PreparedExport): Promise<OpenExport> {
  const leave = takeExportTurn(env.database);
  try {
    const opened = await openExport(env, prepared);
    return { ...opened, close: () => opened.close().finally(leave) };
  } catch (error) {
    leave();
    throw error;
  }
}

/** Queues an export, once for each `Idempotency-Key`; also for a request that reads from a replica, where nothing can be written. */
function queueExport(
  { authenticator }: RouteContext,
  job: Omit<NewJob, "caller">,
  input: Input<typeof exportRecords>,
  exchange: Exchange,
): Promise<string> {
  const { request } = exchange;
  const env = environmentOf(tenantOf(request), callerOf(request), authenticator);
  const queue = (inner: Environment) => queueJob(inner, job, exchange);
  const key = idempotencyKey(request);
  return key === null ? queue(env) : answerOnce(env, key, input, exchange, queue);
}
