/** Grouping records: from a request to a page of groups with their counts, aggregates and filters, in one statement. */
import { ConstraintViolation } from "../database/error-code.ts";
import { ValidationError } from "../errors.ts";
import { parseFilter } from "../q/parse-filter.ts";
import type { ParsedFilter } from "../q/shape.ts";
import { groupFilterWriter } from "../query/group-filter.ts";
import type { GroupKey } from "../query/group-key.ts";
import { resolveGrouping } from "../query/group-resolution.ts";
import { compileGroups } from "../query/group-statement.ts";
import { resolveModel } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import type { Page } from "./page.ts";
import { checkPage, DEFAULT_LIMIT, LARGEST_PAGE, parseRequestFilter, wrongLimit } from "./read.ts";

/** A request for groups. What is left out has the default of the contract. */
export interface GroupRequest {
  /** Paths to columns, to-one or to-many relations, or dates with a part such as `created_date__month`; null: one group. */
  readonly group_by: readonly string[] | null;
  /** A path, `__` and one of sum, avg, min, max, count, count_distinct. */
  readonly aggregates?: readonly string[] | undefined;
  /** A filter over `count` and aggregates, as text or in its JSON form. */
  readonly having?: unknown;
  /** A filter over the records, as text or in its JSON form. */
  readonly q_filter?: unknown;
  /** Keys, aggregates and `count`; the keys, ascending, when left out. */
  readonly order_by?: readonly string[] | undefined;
  /** 80 when left out, at most 10 000. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** A row of the statement: the number of all groups, and a group unless the page is empty. */
interface GroupRow {
  readonly total: number;
  readonly data: string | null;
  /** `k0`, `k1`, ... */
  readonly [key: `k${number}`]: string | null;
}

/** The groups of a request as the statement gives them. */
interface FoundGroups {
  readonly rows: readonly GroupRow[];
  readonly filter: ParsedFilter | null;
  readonly keys: readonly GroupKey[];
}

/**
 * Reads a page of groups. Each has its keys and aggregates under the names that the request gives them, `count`, and
 * `q_filter`, which selects exactly its records.
 *
 * @returns `total` is the number of groups, whatever the page
 * @throws MissingError for a model that the caller does not know
 * @throws ValidationError naming whatever in the request is unknown or malformed
 */
export async function groupRecords(env: BaseEnvironment, modelName: string, request: GroupRequest): Promise<Page> {
  const { rows, filter, keys } = await findGroups(env, modelName, request);
  const writeFilter = groupFilterWriter(filter?.q ?? null, keys, env.clock.timeZone);
  const groups = rows.flatMap((row) => {
    if (row.data === null) return [];
    const text = writeFilter(keys.map((_, index) => row[`k${index}`] ?? null));
    return [`${row.data.slice(0, -1)}, "q_filter" : ${JSON.stringify(text)}}`];
  });
  return {
    data: Buffer.from(`[${groups.join(", ")}]`),
    total: rows[0]?.total ?? 0,
    totalIsExact: true,
    nextCursor: null,
  };
}

/**
 * Reads groups as {@link groupRecords} does, but for `q_filter`: each one holds the whole filter of the request, which may be long.
 *
 * @returns their JSON text, a list
 */
export async function groupValues(env: BaseEnvironment, modelName: string, request: GroupRequest): Promise<string> {
  const { rows } = await findGroups(env, modelName, request);
  return `[${rows.flatMap(({ data }) => data ?? []).join(", ")}]`;
}

async function findGroups(env: BaseEnvironment, modelName: string, request: GroupRequest): Promise<FoundGroups> {
  const { access } = env;
  const { aggregates = [], order_by: order = [], limit = DEFAULT_LIMIT, offset = 0 } = request;
  const groupBy = request.group_by ?? [];
  checkPage(limit, offset);
  if (limit > LARGEST_PAGE) throw wrongLimit();
  const filter = parseRequestFilter(request.q_filter);
  const having = parseHaving(request.having);
  const hasOffset = offset > 0;
  const shape = JSON.stringify([modelName, groupBy, aggregates, order, limit, hasOffset, filter?.shape, having?.shape]);
  const cached = env.plans.get(`group ${access.registry.serial} ${access.key} ${shape}`, () => {
    const model = resolveModel(access, modelName);
    const parsed = { keys: groupBy, filter: filter?.q ?? null, having: having?.q ?? null };
    const grouping = resolveGrouping(access, model, { ...parsed, aggregates, order, limit, hasOffset });
    return { plan: compileGroups(access, grouping), extra: grouping.keys };
  });
  const literals = [...(filter?.literals ?? []), ...(having?.literals ?? [])];
  const rows = await env
    .run<GroupRow>(cached.plan, cached.known, literals, hasOffset ? [offset] : [])
    .catch(translateOverflow);
  return { rows, filter, keys: cached.extra };
}

/** Errors of this filter must not read as if they were about the filter of the records. */
function parseHaving(given: unknown): ParsedFilter | null {
  if (given === undefined || given === null) return null;
  try {
    return parseFilter(given);
  } catch (error) {
    if (error instanceof ValidationError) throw new ValidationError(`having: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The sum of doubles may be larger than a double can be. */
function translateOverflow(error: unknown): never {
  if (!(error instanceof ConstraintViolation)) throw error;
  throw new ValidationError(`aggregates: ${error.message}`, { cause: error });
}
