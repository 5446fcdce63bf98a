/**
 * Compiles a search by name to one statement: records of which a field is the term come first, then those of which one begins with
 * it, then those that hold it somewhere within. Inside these tiers earlier fields come first, and then the order of the texts.
 *
 * Beginnings stand together in the order of the texts, so the first of them are found at once. Those that hold the term within
 * stand anywhere: of these the records with the lowest ids are taken, which takes no knowledge of all the others.
 */
import { hasInfixIndex } from "../fields/search-index.ts";
import type { Model, StoredField } from "../models/model.ts";
import { caselessText, endOfPrefix } from "../sql/caseless-text.ts";
import { joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter } from "./compile-filter.ts";
import { compileFields, compileObject } from "./compile-object.ts";
import { type Compilation, Frame } from "./frame.ts";
import { type Plan, planOf } from "./plan.ts";
import type { ResolvedFilter } from "./resolve-filter.ts";
import type { Scope } from "./scope.ts";
import { resolveSelection } from "./selection.ts";
import { parameterSlot } from "./slot.ts";

/** A search whose names are all resolved. */
export interface NameSearch {
  readonly model: Model;
  /** What is searched, the most telling first. */
  readonly fields: readonly StoredField[];
  readonly filter: ResolvedFilter | null;
  readonly limit: number;
  readonly term: TermKind;
}

/**
 * How a term is looked up within texts: `indexed` terms in the index of trigrams; those of `letters` beyond ASCII there too, where the
 * database takes them for letters, and elsewhere in all records; `short` ones, which that index does not know, only in the first
 * records that the caller may see, since most of them match; `other` ones in all records.
 */
export type TermKind = "indexed" | "letters" | "short" | "other";

/** Where the parameters of a search stand among the request's. */
export const SEARCH_PARAMETERS = { term: 0, pattern: 1 } as const;

/**
 * Records, by id, that are looked at one by one before the index is asked. The index gives all records that hold a term before the
 * first of them is read, so that a frequent one is found sooner without it.
 */
const FIRST_RECORDS = 400;

/** Visible records, by id, in which a short term is looked for; where all searched fields are indexed, in no others. */
export const MOST_FOR_SHORT = 1000;

/**
 * True, and keeps PostgreSQL from starting more processes for a step, which takes longer than the step itself: what it asks for is
 * known in one process only.
 */
const IN_ONE_PROCESS = "pg_backend_pid() <> 0";

/** Whether trigrams are made of letters beyond ASCII: it is the database's character class that tells what a letter is. */
const KNOWS_LETTERS = "(select datctype not in ('C', 'POSIX') from pg_database where datname = current_database())";

const EXACT = 0;
const BEGINNING = 1;
const WITHIN = 2;

/** A search while it is compiled. */
interface Searching extends NameSearch {
  readonly compilation: Compilation;
}

/**
 * Compiles a search. Its parameters are the term, and the term as a pattern for LIKE.
 *
 * @returns a plan of one row with `data`, the JSON text of the list
 */
export function compileNameSearch(scope: Scope, search: NameSearch): Plan {
  const { model, fields, limit } = search;
  if (fields.length === 0) return planOf(sql`select '[]' as data`);
  const searching: Searching = { ...search, compilation: startCompilation(scope) };
  const beginnings = fields.map((_, place) => sql`(${compileBeginnings(searching, place)})`);
  const steps = [
    sql`input as materialized (${compileInput(model)})`,
    sql`beginnings as materialized (select distinct on (id) * from (${joinOrEmpty(beginnings, " union all ")}) u order by id, tier, place)`,
    ...compileWithin(searching),
  ];
  const all = sql`select * from beginnings union all select * from (select * from within order by id limit ${count(limit)}) w`;
  // Of the last tier the lowest ids are wanted, though it is shown in the order of the texts.
  const unlessWithin = (column: string) => `case when tier < ${WITHIN} then ${column} end`;
  const order = `tier, ${unlessWithin("place")}, ${unlessWithin("key")}, id`;
  const first = sql`select * from (${all}) a order by ${raw(order)} limit ${count(limit)}`;
  const frame = new Frame(searching.compilation, model);
  const selection = resolveSelection(scope, model, ["id", "display_name"]);
  const object = compileObject(compileFields(scope, frame, selection, "wireExpression"));
  const data = sql`coalesce(json_agg(${object} order by r.tier, r.place, r.key, r.id), '[]')::text`;
  const names = sql`${frame.source()} on ${raw(frame.column("id"))} = r.id`;
  return planOf(sql`with ${joinOrEmpty(steps, ", ")} select ${data} as data from (${first}) r join ${names}`);
}

/** Folded once, and hidden from the planner, so that its plan is the same for all terms. */
function compileInput({ ignoreAccents }: Model): Sql {
  const text = caselessText("p.term", ignoreAccents);
  const columns = `${text} as term, ${endOfPrefix(text)} as above, ${caselessText("p.pattern", ignoreAccents)} as pattern`;
  const term = parameterSlot(SEARCH_PARAMETERS.term) as never;
  const pattern = parameterSlot(SEARCH_PARAMETERS.pattern) as never;
  return sql`select ${raw(columns)} from (select ${term}::text as term, ${pattern}::text as pattern) p`;
}

/** Records of which one field is the term or begins with it: both stand together in the order of the texts. */
function compileBeginnings(search: Searching, place: number): Sql {
  const frame = new Frame(search.compilation, search.model);
  const key = keysOf(search, frame)[place] ?? "";
  const id = frame.column("id");
  const tier = `case when ${key} = ${input("term")} then ${EXACT} else ${BEGINNING} end`;
  const rows = visible(search, frame, [raw(`${key} >= ${input("term")} and ${key} < ${input("above")}`)]);
  return sql`select ${raw(`${id} as id, ${tier} as tier, ${place} as place, ${key} as key`)} from ${frame.table()}${rows} order by ${raw(`${key}, ${id}`)} limit ${count(search.limit)}`;
}

/** The steps that find the records which hold the term within a field; each is taken only while there are too few. */
function compileWithin(search: Searching): Sql[] {
  const { limit, fields, term } = search;
  const hasIndex = fields.every(({ field }) => hasInfixIndex(field));
  const missing = `(select count(*) from beginnings) < ${limit}`;
  const firstIds = sql` order by id limit ${count(limit)}`;
  if (!hasIndex || term === "other") {
    return [sql`within as materialized (${compileMatches(search, missing)}${firstIds})`];
  }
  const tooFew = `${missing} and ${IN_ONE_PROCESS}`;
  if (term === "short") {
    const among: Among = { count: MOST_FOR_SHORT, visible: true };
    return [sql`within as materialized (${compileMatches(search, tooFew, among)}${firstIds})`];
  }
  const among: Among = { count: FIRST_RECORDS, visible: false };
  const walk = sql`walk as materialized (${compileMatches(search, tooFew, among)}${firstIds})`;
  const stillTooFew = `(select count(*) from beginnings) + (select count(*) from walk) < ${limit} and ${IN_ONE_PROCESS}`;
  // In whatever order the table stores them: to find the lowest ids would take all of them. The first may be those of the walk.
  const byIndex = (when: string) =>
    sql`indexed as materialized (${compileMatches(search, when)} limit ${count(2 * limit)})`;
  const both = raw("select * from walk union select * from indexed");
  if (term === "indexed") return [walk, byIndex(stillTooFew), sql`within as (${both})`];
  const scanned = compileMatches(search, `${stillTooFew} and not ${KNOWS_LETTERS}`);
  return [walk, byIndex(`${stillTooFew} and ${KNOWS_LETTERS}`), sql`within as (${both} union (${scanned}${firstIds}))`];
}

/** Of how many records, by id, those are taken that match: of the first ones of all, or of those that are visible. */
interface Among {
  readonly count: number;
  readonly visible: boolean;
}

/**
 * Records that hold the term within a field, and are not among the beginnings.
 *
 * @param when a condition that does not depend on the record
 * @param among of all records where it is left out
 */
function compileMatches(search: Searching, when: string, among?: Among): Sql {
  const frame = new Frame(search.compilation, search.model);
  const id = frame.column("id");
  const tests = keysOf(search, frame).map((key) => `${key} like ${input("pattern")}`);
  const isNew = `${id} <> all (array(select id from beginnings))`;
  const matches = [raw(`(${tests.join(" or ")})`), raw(isNew)];
  const first = (values: readonly string[]) =>
    `case ${values.map((value, place) => `when ${tests[place]} then ${value}`).join(" ")} end`;
  const keys = keysOf(search, frame);
  const columns = `${id} as id, ${WITHIN} as tier, ${first(keys.map((_, place) => String(place)))} as place, ${first(keys)} as key`;
  const select = raw(`select ${columns} from `);
  if (among === undefined) return sql`${select}${frame.table()}${visible(search, frame, [raw(when), ...matches])}`;
  const alias = raw(frame.alias);
  const firstIds = sql` order by ${raw(id)} limit ${count(among.count)}`;
  if (among.visible) {
    const table = sql`(select ${alias}.* from ${frame.table()}${visible(search, frame, [raw(when)])}${firstIds})`;
    return sql`${select}${table} ${alias} where ${joinOrEmpty(matches, " and ")}`;
  }
  const table = sql`(select * from ${frame.table()} where ${raw(when)}${firstIds})`;
  return sql`${select}${table} ${alias}${visible(search, frame, matches)}`;
}

/** The rest of a question: the joins, and the conditions with the rule of the model and the filter of the request. */
function visible({ model, filter }: Searching, frame: Frame, conditions: readonly Sql[]): Sql {
  const rule = frame.compilation.rule(model, frame.alias);
  const all = [
    ...conditions,
    ...(rule === null ? [] : [rule.condition]),
    ...(filter === null ? [] : [sql`(${compileFilter(frame, filter)})`]),
  ];
  return sql`${frame.joins()}${rule?.joins ?? sql``} where ${joinOrEmpty(all, " and ")}`;
}

/** The texts of the fields as they are compared: in the words of their index, where they have one. */
function keysOf({ fields, model }: Searching, frame: Frame): string[] {
  return fields.map(({ column, field }) => {
    const text = field.lookupFamily === "text" ? frame.column(column) : `${frame.column(column)}::text`;
    return caselessText(text, model.ignoreAccents);
  });
}

function input(column: "term" | "above" | "pattern"): string {
  return `(select ${column} from input)`;
}

function count(number: number): Sql {
  return raw(String(number));
}
