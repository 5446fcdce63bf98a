/** The endpoints that write records: each is one call into the records layer. */
import {
  createRecord,
  createRecords,
  deleteRecord,
  deleteRecords,
  updateRecord,
  updateRecords,
} from "../contract/writing.ts";
import { createRecord as create, deleteRecord as remove, updateRecord as update } from "../records/write.ts";
import {
  createRecords as createAll,
  deleteRecords as removeAll,
  updateRecords as updateAll,
} from "../records/write-bulk.ts";
import { parseIfMatch } from "./if-match.ts";
import { toList } from "./list-text.ts";
import { addUserRoute, type RouteContext } from "./route.ts";
import { toSendable } from "./short-answer.ts";

/** Binds the endpoints that write. */
export function addWriteRoutes(context: RouteContext): void {
  addUserRoute(context, createRecord, async (env, { path, query, body }, { reply }) => {
    const record = await create(env, path.model, body, { fields: toList("fields", query.fields) });
    reply.header("etag", `"${record.version}"`);
    return toSendable(record.data);
  });
  addUserRoute(context, updateRecord, async (env, { path, query, body }, exchange) => {
    const options = { fields: toList("fields", query.fields), version: parseIfMatch(exchange.request) };
    const record = await update(env, path.model, path.id, body, options);
    exchange.reply.header("etag", `"${record.version}"`);
    return toSendable(record.data);
  });
  addUserRoute(context, deleteRecord, async (env, { path }, exchange) => {
    await remove(env, path.model, path.id, { version: parseIfMatch(exchange.request) });
    return `{"id":${path.id},"deleted":true}`;
  });
  addUserRoute(context, createRecords, async (env, { path, body }) =>
    answerOf(await createAll(env, path.model, body.records)),
  );
  addUserRoute(context, updateRecords, async (env, { path, body }) =>
    answerOf(await updateAll(env, path.model, body.ids, body.values)),
  );
  addUserRoute(context, deleteRecords, async (env, { path, body }) =>
    answerOf(await removeAll(env, path.model, body.ids)),
  );
}

function answerOf(ids: readonly number[]): string {
  return JSON.stringify({ ids, count: ids.length });
}
