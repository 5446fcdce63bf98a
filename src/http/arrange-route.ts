/** The endpoints that copy records and change their order: each is one call into the records layer. */
import { cloneRecord, resequenceRecords } from "../contract/arranging.ts";
import { cloneRecord as clone } from "../records/clone.ts";
import { resequence } from "../records/resequence.ts";
import { toList } from "./list-text.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** Binds the endpoints that copy and arrange. */
export function addArrangeRoutes(context: RouteContext): void {
  addUserRoute(context, cloneRecord, async (env, { path, query, body }, { reply }) => {
    const { id, values } = body;
    const record = await clone(env, path.model, id, values ?? {}, { fields: toList("fields", query.fields) });
    reply.header("etag", `"${record.version}"`);
    return record.data;
  });
  addUserRoute(context, resequenceRecords, async (env, { path, body }) => {
    const { dropped_column_id: dropped, after_column_id: after, sequence_field: field, filter } = body;
    const data = await resequence(env, path.model, { dropped, after, field, filter });
    return JSON.stringify({ message: "Resequenced", data });
  });
}
