/**
 * Compiles a search by name to one statement: records of which a field is the term come first, then those of which one begins with
 * it, then those that hold it somewhere within. Inside these tiers earlier fields come first, and then the order of the texts.
 *
 * Beginnings stand together in the order of the texts, so the first of them are found at once. Those that hold the term within
 * stand anywhere: of these the records with the lowest ids are taken, which takes no knowledge of all the others. What is frequent is
 * found by walking over the records, what is rare in the indexes.
 */
import type { Model, StoredField } from "../models/model.ts";
import { caselessText, endOfPrefix, infixText } from "../sql/caseless-text.ts";
import { joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFilter } from "./compile-filter.ts";
import { compileFields, compileObject } from "./compile-object.ts";
import { foldedText } from "./folded-text.ts";
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
export const FIRST_RECORDS = 1000;

/** Further ones that are looked at where there must be enough among them, if they are as the first. */
export const MORE_RECORDS = 10_000;

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
  const pattern = caselessText("p.pattern", ignoreAccents);
  const columns = `${text} as term, ${endOfPrefix(text)} as above, ${pattern} as pattern, ${infixText(pattern)} as infix`;
  const given = (index: number) => parameterSlot(index) as never;
  const { term, pattern: like } = SEARCH_PARAMETERS;
  return sql`select ${raw(columns)} from (select ${given(term)}::text as term, ${given(like)}::text as pattern) p`;
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
  const isIndexed = fields.every(({ folded }) => folded !== null);
  const missing = `${found(["beginnings"])} < ${limit}`;
  if (!isIndexed || term === "other") {
    return [sql`within as materialized (${firstOf(search, compileMatches(search, { when: missing }))})`];
  }
  const tooFew = `${missing} and ${IN_ONE_PROCESS}`;
  if (term === "short") {
    const among: Among = { skipped: 0, count: MOST_FOR_SHORT, visible: true };
    return [sql`within as materialized (${firstOf(search, compileMatches(search, { when: tooFew, among }))})`];
  }
  const walk: Among = { skipped: 0, count: FIRST_RECORDS, visible: false };
  const further: Among = { skipped: FIRST_RECORDS, count: MORE_RECORDS, visible: false };
  // As many again among each thousand.
  const isPromising = `${found(["beginnings"])} + ${found(["walk"])} * ${1 + MORE_RECORDS / FIRST_RECORDS} >= ${limit}`;
  const stillTooFew = `${found(["beginnings", "walk"])} < ${limit} and ${IN_ONE_PROCESS}`;
  const steps = [
    sql`walk as materialized (${firstOf(search, compileMatches(search, { when: tooFew, among: walk }))})`,
    sql`further as materialized (${firstOf(search, compileMatches(search, { when: `${stillTooFew} and ${isPromising}`, among: further }))})`,
  ];
  const before = ["beginnings", "walk", "further"];
  const few = `${found(before)} < ${limit} and ${IN_ONE_PROCESS}`;
  const asked = term === "letters" ? `${few} and ${KNOWS_LETTERS}` : few;
  // In whatever order the table stores them: to find the lowest ids would take all of them. The limit stands outside, since PostgreSQL
  // would leave the index for it: it expects to meet enough of them anywhere.
  steps.push(
    sql`matching as materialized (${compileMatches(search, { when: asked, before, test: inIndex })})`,
    sql`indexed as materialized (select * from matching limit ${count(limit)})`,
  );
  const parts = ["walk", "further", "indexed"].map((name) => raw(`select * from ${name}`));
  if (term === "letters") {
    const scanned = compileMatches(search, { when: `${few} and not ${KNOWS_LETTERS}`, before });
    parts.push(sql`(${firstOf(search, scanned)})`);
  }
  return [...steps, sql`within as (${joinOrEmpty(parts, " union all ")})`];
}

/** How many records steps have found. */
function found(steps: readonly string[]): string {
  return steps.map((step) => `(select count(*) from ${step})`).join(" + ");
}

function firstOf({ limit }: NameSearch, matches: Sql): Sql {
  return sql`${matches} order by id limit ${count(limit)}`;
}

/** Of how many records, by id, those are taken that match: of the first ones of all, or of those that are visible. */
interface Among {
  readonly skipped: number;
  readonly count: number;
  readonly visible: boolean;
}

/** Where records are looked for that hold the term within a field. */
interface Looking {
  /** A condition that does not depend on the record. */
  readonly when: string;
  /** All records where it is left out. */
  readonly among?: Among;
  /** How a text is asked whether it holds the term, if not as it is. */
  readonly test?: (key: string) => string;
  /** The steps whose records are left out; the beginnings at least. */
  readonly before?: readonly string[];
}

/** Whether a text holds the term. */
function inText(key: string): string {
  return `${key} like ${input("pattern")}`;
}

/** The same in the words of the index. */
function inIndex(key: string): string {
  return `${infixText(key)} like ${input("infix")}`;
}

/** Records that hold the term within a field, and have not been found before. */
function compileMatches(search: Searching, { when, among, test = inText, before = ["beginnings"] }: Looking): Sql {
  const frame = new Frame(search.compilation, search.model);
  const id = frame.column("id");
  const keys = keysOf(search, frame);
  const tests = keys.map(inText);
  const known = before.map((step) => `select id from ${step}`).join(" union all ");
  const matches = [raw(`(${keys.map(test).join(" or ")})`), raw(`${id} <> all (array(${known}))`)];
  const first = (values: readonly string[]) =>
    `case ${values.map((value, index) => `when ${tests[index]} then ${value}`).join(" ")} end`;
  const columns = `${id} as id, ${WITHIN} as tier, ${first(keys.map((_, index) => String(index)))} as place, ${first(keys)} as key`;
  const select = raw(`select ${columns} from `);
  if (among === undefined) return sql`${select}${frame.table()}${visible(search, frame, [raw(when), ...matches])}`;
  const alias = raw(frame.alias);
  const portion = sql` order by ${raw(id)} offset ${count(among.skipped)} limit ${count(among.count)}`;
  if (among.visible) {
    const table = sql`(select ${alias}.* from ${frame.table()}${visible(search, frame, [raw(when)])}${portion})`;
    return sql`${select}${table} ${alias} where ${joinOrEmpty(matches, " and ")}`;
  }
  const table = sql`(select ${alias}.* from ${frame.table()} where ${raw(when)}${portion})`;
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

/** The texts of the fields as they are compared. */
function keysOf({ fields }: Searching, frame: Frame): string[] {
  return fields.map((field) => foldedText(frame, field).text);
}

function input(column: "term" | "above" | "pattern" | "infix"): string {
  return `(select ${column} from input)`;
}

function count(number: number): Sql {
  return raw(String(number));
}
