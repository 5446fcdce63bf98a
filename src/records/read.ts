/** Reading records: from a request to the JSON text of the answer, in one statement. */
import { MissingError, ValidationError } from "../errors.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { describeFilter, type ParsedFilter } from "../q/shape.ts";
import { group } from "../q/tree.ts";
import type { Rendering } from "../query/compile-member.ts";
import { compilePage, compileRecord, type PageLayout, type ResolvedRead } from "../query/compile-read.ts";
import { resolveOrder } from "../query/order.ts";
import { resolveModel } from "../query/path.ts";
import type { LevelTexts } from "../query/record-shape.ts";
import { requestSources, resolveFilter } from "../query/resolve-filter.ts";
import { resolveSelection } from "../query/selection.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { completeBytes } from "./calculate.ts";
import { readCursor } from "./cursor.ts";
import { estimateTotal } from "./estimate.ts";
import { type Page, pageParameters, runPage } from "./page.ts";
import type { CachedPlan } from "./plan-cache.ts";
import { printFound, singleOf } from "./record-text.ts";

/** A list request. What is left out has the default of the contract. */
export interface QueryRequest {
  /** Paths; all readable stored fields but binary ones when left out. */
  readonly fields?: readonly string[] | undefined;
  /** A filter as text or in its JSON form. */
  readonly q_filter?: unknown;
  readonly order_by?: readonly string[] | undefined;
  /** 80 when left out, at most 10 000. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** `exact` when left out. */
  readonly count?: "exact" | "estimated" | "none" | undefined;
  /** Continues behind the page that gave it; filter and order must be the same as then, and there is no offset. */
  readonly cursor?: string | undefined;
}

/** A single record. */
export interface RecordText {
  /** The JSON text of the object, in UTF-8. */
  readonly data: Buffer;
  readonly version: number;
}

/** Size of a page unless the request gives one. */
export const DEFAULT_LIMIT = 80;
/** Largest page. */
export const LARGEST_PAGE = 10_000;
const EVERYTHING = describeFilter(group([]));

/**
 * Reads a page of records.
 *
 * @throws MissingError for a model that the caller does not know
 * @throws ValidationError naming whatever in the request is unknown or malformed
 */
export async function queryRecords(env: BaseEnvironment, modelName: string, request: QueryRequest): Promise<Page> {
  const { limit = DEFAULT_LIMIT } = request;
  if (limit > LARGEST_PAGE) throw wrongLimit();
  return queryAs(env, modelName, request, "wireExpression");
}

/** Reads a page as {@link queryRecords} does, however long, with the values printed for clients or exactly, for code. */
export async function queryAs(
  env: BaseEnvironment,
  modelName: string,
  request: QueryRequest,
  rendering: Rendering,
): Promise<Page> {
  const { access } = env;
  const { fields, order_by: order = [], limit = DEFAULT_LIMIT, offset = 0, count = "exact", cursor } = request;
  checkPage(limit, offset);
  const filter = parseRequestFilter(request.q_filter);
  const { shape: matched, literals } = filter ?? EVERYTHING;
  const matching = `${access.registry.serial} ${access.key} ${modelName} ${matched}`;
  const bound = () => JSON.stringify([modelName, access.userId, order, matched, literals]);
  if (cursor !== undefined && offset > 0) throw new ValidationError("cursor: cannot be given together with offset");
  const after = cursor === undefined ? null : readCursor(env.signingKey, bound(), cursor);
  const hasOffset = offset > 0;
  const nulls = after?.map((value) => value === null) ?? null;
  const shape = `${rendering} ${limit} ${hasOffset} ${nulls} ${matching.length} ${matching} ${namesKey(order, fields)}`;
  const compile = (told: ResolvedRead["told"]) =>
    env.plans.get(`page ${told} ${shape}`, () => {
      const model = resolveModel(access, modelName);
      const { plan, layout } = compilePage(access, {
        selection: resolveSelection(access, model, fields ?? null),
        filter: filter === null ? null : resolveFilter(access, model, filter.q, requestSources()),
        order: resolveOrder(access, model, order),
        limit,
        told,
        hasOffset,
        after: nulls,
        rendering,
      });
      return { plan, extra: layout };
    });
  const bind = (told: CachedPlan<PageLayout>) => env.bind(told.plan, literals, pageParameters(offset, after));
  const compiled = compile(count === "exact" ? "total" : "nothing");
  const marked = () => {
    const told = compile("mark");
    return { compiled: told, values: bind(told) };
  };
  const found = await runPage(env, {
    compiled,
    values: bind(compiled),
    marked,
    rendering,
    limit,
    offset: after === null && count !== "none" ? offset : null,
    matching,
    request: bound,
  });
  const page = compiled.plan.incomplete ? { ...found, data: await completeBytes(env, found.data, rendering) } : found;
  if (count !== "estimated" || page.total !== null) return page;
  return { ...page, total: await estimateTotal(env, modelName, filter, matching), totalIsExact: false };
}

/**
 * Reads one record.
 *
 * @param request `fields` are paths, `related` relations whose records come with all their default fields
 * @throws MissingError for an unknown model, and for a record that is not there for this caller
 * @throws ValidationError naming an unknown field
 */
export function fetchRecord(
  env: BaseEnvironment,
  modelName: string,
  id: number,
  request: { readonly fields?: readonly string[] | undefined; readonly related?: readonly string[] | undefined } = {},
): Promise<RecordText> {
  return fetchAs(env, modelName, id, request, "wireExpression");
}

/** Reads one record as {@link fetchRecord} does, printed for clients or exactly, for code. */
export async function fetchAs(
  env: BaseEnvironment,
  modelName: string,
  id: number,
  request: { readonly fields?: readonly string[] | undefined; readonly related?: readonly string[] | undefined },
  rendering: Rendering,
): Promise<RecordText> {
  const { access } = env;
  const { fields, related = [] } = request;
  const names = `${modelName.length} ${modelName} ${namesKey(related, fields)}`;
  const { plan, known, extra } = env.plans.get(
    `record ${access.registry.serial} ${access.key} ${rendering} ${names}`,
    () => {
      const model = resolveModel(access, modelName);
      // Relations alone do not narrow the record's own fields.
      const compiled = compileRecord(access, resolveSelection(access, model, fields ?? null, related), rendering);
      return { plan: compiled.plan, extra: compiled };
    },
  );
  const { shape, version } = extra;
  const [row] = await env.run<LevelTexts>(plan, known, [], [id]);
  const printing = { shape, limit: 1, columns: [version] };
  const printed = row === undefined ? null : singleOf(printFound(row, printing, rendering));
  if (printed === null) throw missingRecord(modelName, id);
  const { data, values } = printed;
  return {
    data: plan.incomplete ? await completeBytes(env, data, rendering) : data,
    version: Number(values[0]),
  };
}

/**
 * Two lists of names as a part of a key, the second left out or not. Names that are known have no line breaks, so no others, of which as many
 * are counted, make the same text.
 */
function namesKey(first: readonly string[], second: readonly string[] | undefined): string {
  const all = second === undefined ? first : first.concat(second);
  return `${first.length} ${second?.length} ${all.join("\n")}`;
}

/** The error for a record that is not there, or not for this caller: both read the same. */
export function missingRecord(modelName: string, id: number): MissingError {
  return new MissingError(`${modelName} ${id} does not exist`);
}

/** The filter of a request, or null where it has none. */
export function parseRequestFilter(given: unknown): ParsedFilter | null {
  return given === undefined || given === null ? null : parseFilter(given);
}

/** @throws ValidationError where a limit or offset is no number of records */
export function checkPage(limit: number, offset: number): void {
  if (!Number.isSafeInteger(limit) || limit < 0) throw wrongLimit();
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new ValidationError("offset: must be a whole number, 0 or more");
}

/** The error for a limit that is none, or too large for an answer. */
export function wrongLimit(): ValidationError {
  return new ValidationError(`limit: must be a whole number from 0 to ${LARGEST_PAGE}`);
}
