/** Searching records by their name, for fields in which people pick one. */
import { ValidationError } from "../errors.ts";
import { ValueProblem } from "../fields/field.ts";
import { parseText } from "../fields/text-value.ts";
import type { Model, StoredField } from "../models/model.ts";
import { foldAccents, foldCase } from "../q/fold.ts";
import { formatQ } from "../q/format.ts";
import { describeFilter, type ParsedFilter } from "../q/shape.ts";
import { and, condition, group, type Q } from "../q/tree.ts";
import { escaped } from "../query/lookup-sql.ts";
import { compileNameSearch, type TermKind } from "../query/name-search.ts";
import { canSee, resolveModel } from "../query/path.ts";
import { requestSources, resolveFilter } from "../query/resolve-filter.ts";
import type { Scope } from "../query/scope.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { textOf } from "./json-bytes.ts";
import { parseRequestFilter, queryRecords } from "./read.ts";

/** A search by name. What is left out has the default of the contract. */
export interface NameSearchRequest {
  /** At most 256 characters; with an empty one the first records are found. */
  readonly term?: string | undefined;
  /** 10 when left out, at most 100. */
  readonly limit?: number | undefined;
  /** Which records may be found: a filter as text or in its JSON form. */
  readonly filter?: unknown;
}

const DEFAULT_LIMIT = 10;
const LARGEST_LIMIT = 100;
const LONGEST_TERM = 256;

/**
 * The least that the index can look up: three letters or figures in a row, of which separators count as such; the beginning of a word behind
 * something else; or two letters and the end of their word. It need not know those beyond ASCII.
 */
const INDEXED = /[a-z0-9 .@_-]{3}|[!-,/:-?[-^`{-~][a-z0-9 .@_-]|[a-z0-9 .@_-]{2}[!-,/:-?[-^`{-~]/;
/** What it can look up where the database takes more than ASCII for letters. */
const LETTERS = /[\p{L}\p{Nd} .@_-]{3}/u;
const SHORT = 2;

/** The field by which records are archived, and what those have there that are not. */
const ACTIVE = "active";
const NOT_ARCHIVED = group([condition([ACTIVE], "eq", true)]);
const EVERYTHING = describeFilter(group([]));

/**
 * Finds records by the fields that their model is searched by, as far as the caller may read these.
 *
 * Case does not matter, nor do accents where the model says so. First come records of which a field is the term, then those of
 * which one begins with it, then those that hold it; within these by field and its text. An empty term gives the first records in
 * the model's order. Records that are archived are found only where the filter itself names `active`.
 *
 * @returns the JSON text of the list of `id` and `display_name`
 * @throws MissingError for a model that the caller does not know
 * @throws ValidationError naming whatever in the request is malformed
 */
export async function searchNames(
  env: BaseEnvironment,
  modelName: string,
  request: NameSearchRequest,
): Promise<string> {
  const { access } = env;
  const { limit = DEFAULT_LIMIT } = request;
  const model = resolveModel(access, modelName);
  const term = parseTerm(request.term ?? "");
  checkLimit(limit);
  const filter = withoutArchived(access, model, parseRequestFilter(request.filter));
  if (term === "") {
    const q_filter = filter === null ? null : formatQ(filter.q);
    const request = { fields: ["id", "display_name"], q_filter, limit, count: "none" } as const;
    return textOf((await queryRecords(env, modelName, request)).data);
  }
  const kind = kindOf(model, term);
  const shape = JSON.stringify([modelName, limit, kind, filter?.shape]);
  const { plan, known } = env.plans.get(`names ${access.registry.serial} ${access.key} ${shape}`, () => {
    const resolved = filter === null ? null : resolveFilter(access, model, filter.q, requestSources());
    const search = { model, fields: searchedFields(access, model), filter: resolved, limit, term: kind };
    return { plan: compileNameSearch(access, search), extra: null };
  });
  const parameters = [term, `%${escaped(term)}%`];
  const [row] = await env.run<{ data: string }>(plan, known, (filter ?? EVERYTHING).literals, parameters);
  if (row === undefined) throw new Error("a search statement gave no row");
  return row.data;
}

/** The filter with the condition that leaves archived records out, where the model has such and the filter does not speak of them. */
function withoutArchived(scope: Scope, model: Model, filter: ParsedFilter | null): ParsedFilter | null {
  const active = model.fields.get(ACTIVE);
  if (active?.field.type !== "Boolean" || !canSee(scope, model, active)) return filter;
  if (filter !== null && names(filter.q, ACTIVE)) return filter;
  return describeFilter(filter === null ? NOT_ARCHIVED : and([filter.q, NOT_ARCHIVED]));
}

/** Whether a condition is about the records' own field of this name. */
function names(q: Q, field: string): boolean {
  if (q.kind === "group") return q.conditions.some(({ path }) => path.length === 1 && path[0] === field);
  if (q.kind === "not") return names(q.item, field);
  return q.items.some((item) => names(item, field));
}

function searchedFields(scope: Scope, model: Model): StoredField[] {
  return model.search.filter((field) => canSee(scope, model, field));
}

function kindOf({ ignoreAccents }: Model, term: string): TermKind {
  const folded = (ignoreAccents ? foldAccents : foldCase)(term);
  if ([...folded].length <= SHORT) return "short";
  if (INDEXED.test(folded)) return "indexed";
  return LETTERS.test(folded) ? "letters" : "other";
}

function parseTerm(given: unknown): string {
  try {
    const term = parseText(given);
    if (term.length > LONGEST_TERM && [...term].length > LONGEST_TERM) {
      throw new ValueProblem(`must have at most ${LONGEST_TERM} characters`);
    }
    return term;
  } catch (error) {
    if (error instanceof ValueProblem) throw new ValidationError(`term: ${error.message}`);
    throw error;
  }
}

function checkLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 0 && limit <= LARGEST_LIMIT) return;
  throw new ValidationError(`limit: must be a whole number from 0 to ${LARGEST_LIMIT}`);
}
