/** The endpoints that read records: each is one call into the records layer. */
import type { FastifyReply } from "fastify";
import { fetchRecord, type ListRequest, queryRecords, queryRecordsByUrl } from "../contract/reading.ts";
import { ValidationError } from "../errors.ts";
import { giveBack, isLent, takeBytes } from "../query/byte-pool.ts";
import type { Environment } from "../records/environment.ts";
import { groupRecords } from "../records/group.ts";
import type { Page } from "../records/page.ts";
import { fetchRecord as fetchOne, queryRecords as queryPage } from "../records/read.ts";
import { checkJsonText } from "./json-text.ts";
import { toList } from "./list-text.ts";
import { addUserRoute, type RouteContext } from "./route.ts";
import { toSendable } from "./short-answer.ts";

const BEFORE_LIST = Buffer.from('{"data":');

/** Binds the endpoints that read. */
export function addReadRoutes(context: RouteContext): void {
  addUserRoute(context, queryRecords, (env, { path, body }, { reply }) => readList(env, path.model, body, reply));
  addUserRoute(context, queryRecordsByUrl, (env, { path, query }, { reply }) => {
    const { q_filter, having } = query;
    const filters = { q_filter: parseFilterText("q_filter", q_filter), having: parseFilterText("having", having) };
    return readList(env, path.model, { ...query, ...filters }, reply);
  });
  addUserRoute(context, fetchRecord, async (env, { path, body }, { reply }) => {
    const { fields, related } = body;
    const request = { fields: toList("fields", fields), related: toList("related", related) };
    const record = await fetchOne(env, path.model, path.id, request);
    reply.header("etag", `"${record.version}"`);
    return sending(reply, record.data);
  });
}

/** A page of records, or of groups where the request asks for groups or aggregates. */
async function readList(
  env: Environment,
  model: string,
  request: ListRequest,
  reply: FastifyReply,
): Promise<Buffer | string> {
  const { group_by, aggregates, count, cursor, fields, having, q_filter, order_by, limit, offset } = request;
  const isGrouped = (group_by !== undefined && group_by !== null) || aggregates !== undefined;
  const order = toList("order_by", order_by);
  if (!isGrouped) {
    if (having !== undefined && having !== null) refuse("having", "is for groups; give group_by or aggregates too");
    const paths = toList("fields", fields);
    const page = await queryPage(env, model, {
      fields: paths,
      q_filter,
      order_by: order,
      limit,
      offset,
      count,
      cursor,
    });
    return sending(reply, printPage(page, count));
  }
  if (fields !== undefined) refuse("fields", "is for records; a group has its keys, count, aggregates and q_filter");
  if (cursor !== undefined) refuse("cursor", "is for records; pages of groups are turned by offset");
  const keys = typeof group_by === "string" ? toList("group_by", group_by) : (group_by ?? null);
  const wanted = { group_by: keys ?? null, aggregates: toList("aggregates", aggregates), having };
  const groups = await groupRecords(env, model, { ...wanted, q_filter, order_by: order, limit, offset });
  return sending(reply, printPage(groups, count));
}

/** An answer that is about to be sent: its memory is given back once the system has taken all of it. */
function sending(reply: FastifyReply, answer: Buffer): Buffer | string {
  if (isLent(answer)) reply.raw.once("finish", () => giveBack(answer));
  return toSendable(answer);
}

function printPage({ data, total, totalIsExact, nextCursor }: Page, count: ListRequest["count"]): Buffer {
  const known = count === "none" ? null : total;
  const exactness = count === "estimated" ? `,"total_is_exact":${totalIsExact}` : "";
  // A cursor is base64url: nothing in it needs to be escaped.
  const next = nextCursor === null ? "" : `,"next_cursor":"${nextCursor}"`;
  const rest = `,"total":${known}${exactness}${next}}`;
  const whole = takeBytes(BEFORE_LIST.length + data.length + rest.length);
  BEFORE_LIST.copy(whole);
  data.copy(whole, BEFORE_LIST.length);
  whole.write(rest, BEFORE_LIST.length + data.length, "latin1");
  giveBack(data);
  return whole;
}

function refuse(path: string, message: string): never {
  throw ValidationError.ofFields([{ path, message }]);
}

/** A filter written into a URL: its JSON form begins with a brace. */
function parseFilterText(path: string, text: string | undefined): unknown {
  if (text?.startsWith("{") !== true) return text;
  checkJsonText(text);
  try {
    return JSON.parse(text);
  } catch {
    throw ValidationError.ofFields([{ path, message: "begins with { but is not valid JSON" }]);
  }
}
