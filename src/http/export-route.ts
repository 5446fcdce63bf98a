/** The endpoint that exports records. */
import { Readable } from "node:stream";
import { exportRecords } from "../contract/exporting.ts";
import { exportJobOf } from "../transfer/export/export-job.ts";
import { openExport, prepareExport } from "../transfer/export/open-export.ts";
import { queueJob } from "./job-route.ts";
import { toList } from "./list-text.ts";
import { addDownloadRoute, type RouteContext } from "./route.ts";

/** Counts the ids that are not there for the caller. */
const NOT_FOUND = "x-export-not-found";

/** Binds it. */
export function addExportRoute(context: RouteContext): void {
  addDownloadRoute(context, exportRecords, async (env, { path, query, body }, exchange) => {
    const { fields, order_by } = body;
    const request = { ...body, fields: toList("fields", fields), order_by: toList("order_by", order_by) };
    const prepared = prepareExport(env, path.model, request);
    if (query.job === "true") return queueJob(exportJobOf(path.model, request), exchange);
    const { name, mimetype, notFound, bytes, close } = await openExport(env, prepared);
    const headers = notFound === null ? {} : { [NOT_FOUND]: String(notFound) };
    return { name, mimetype, headers, stream: Readable.from(bytes, { objectMode: false }), close };
  });
}
