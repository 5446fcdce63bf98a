/** The endpoints that write records: each is one call into the records layer. */
import {
  createRecord,
  createRecords,
  deleteRecord,
  deleteRecords,
  updateRecord,
  updateRecords,
} from "../contract/writing.ts";
import { ValidationError } from "../errors.ts";
import { createRecord as create, deleteRecord as remove, updateRecord as update } from "../records/write.ts";
import {
  createRecords as createAll,
  deleteRecords as removeAll,
  updateRecords as updateAll,
} from "../records/write-bulk.ts";
import { toList } from "./list-text.ts";
import { addUserRoute, type Exchange, type RouteContext } from "./route.ts";

/** Binds the endpoints that write. */
export function addWriteRoutes(context: RouteContext): void {
  addUserRoute(context, createRecord, async (env, { path, query, body }, { reply }) => {
    const record = await create(env, path.model, body, { fields: toList("fields", query.fields) });
    reply.header("etag", `"${record.version}"`);
    return record.data;
  });
  addUserRoute(context, updateRecord, async (env, { path, query, body }, exchange) => {
    const options = { fields: toList("fields", query.fields), version: parseIfMatch(exchange) };
    const record = await update(env, path.model, path.id, body, options);
    exchange.reply.header("etag", `"${record.version}"`);
    return record.data;
  });
  addUserRoute(context, deleteRecord, async (env, { path }, exchange) => {
    await remove(env, path.model, path.id, { version: parseIfMatch(exchange) });
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

/** The version that `If-Match` asks for; undefined where any will do. */
function parseIfMatch({ request }: Exchange): number | undefined {
  const given = request.headers["if-match"];
  if (given === undefined || given === "*") return undefined;
  const version = /^"([1-9]\d{0,15})"$/.exec(given)?.[1];
  if (version !== undefined && Number.isSafeInteger(Number(version))) return Number(version);
  throw new ValidationError('If-Match: must be the version of the record in quotes, such as "3", or *');
}
