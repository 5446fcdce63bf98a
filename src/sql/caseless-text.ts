/**
 * Text without case, and without accents where a model asks for it, as SQL. Tables, indexes and statements must say it in the same
 * words, and they are several folders' work, so the words are here. `src/q/fold.ts` does the same in memory.
 *
 * The functions are made with the tables. What they give is kept in columns, so a change of what they do needs a new number.
 */
import { quoteLiteral } from "./fragment.ts";

/** The function that takes away case. */
const FOLD_CASE = "fullfinity_fold_case_1";
/** The function that takes away case and accents. */
const FOLD_ACCENTS = "fullfinity_fold_accents_1";

/** All functions that folding needs. */
export const FOLD_FUNCTIONS: readonly string[] = [FOLD_CASE, FOLD_ACCENTS];

/** Letters that are no letter with an accent to Unicode, but to people; both texts are as long. */
const LETTERS = { from: "ςøđðłħŧıŋ", to: "σoddlhtin" } as const;
const PAIRS = { ß: "ss", æ: "ae", œ: "oe", þ: "th", ĳ: "ij" } as const;

/**
 * A text without case: two texts are equal but for case where these are equal.
 *
 * @param expression a text in SQL
 * @param ignoreAccents whether accents are taken away too
 * @returns an expression of collation "C", which compares by code point
 */
export function caselessText(expression: string, ignoreAccents: boolean): string {
  return `${caselessCall(expression, ignoreAccents)} collate "C"`;
}

/** The same without the collation, for a column that has it. */
export function caselessCall(expression: string, ignoreAccents: boolean): string {
  return `${ignoreAccents ? FOLD_ACCENTS : FOLD_CASE}(${expression})`;
}

/**
 * What stands between words, and a letter for each. Trigrams are made of letters and figures alone; with these they tell what stands
 * on both sides of a space, too. A text without case has no capitals, so that two texts are equal after the exchange where they were
 * before. Trigrams take a capital for its small letter: the rarest ones make the fewest false hits.
 */
const SEPARATORS = { from: " -.@_", to: "QJXZW" } as const;

/**
 * A text without case in the form in which the index of trigrams has it.
 *
 * @param folded a text without case, or a pattern for LIKE of one: wildcards are none of the separators, but for `_`, and that stands
 *   in our patterns for itself, behind a backslash that makes no difference to a letter
 */
export function infixText(folded: string): string {
  return `translate(${folded}, ${quoteLiteral(SEPARATORS.from)}, ${quoteLiteral(SEPARATORS.to)})`;
}

/**
 * The end of the range of all texts that begin with a text: they are not before that text, and before this one.
 *
 * PostgreSQL finds the range of a prefix by itself only when it plans for one value.
 *
 * @param expression a text in SQL
 */
export function endOfPrefix(expression: string): string {
  // The largest code point is no character; nobody writes a row of it.
  return `(${expression} || repeat(U&'\\+10FFFF', 8))`;
}

/** The statements that make the functions where they are not there. */
export function foldFunctions(): string[] {
  const lower = `lower(value COLLATE "und-x-icu")`;
  const bare = `regexp_replace(normalize(${lower}, NFD) COLLATE "C", U&'[\\0300-\\036F]', '', 'g')`;
  const single = `translate(normalize(${bare}, NFC), ${quoteLiteral(LETTERS.from)}, ${quoteLiteral(LETTERS.to)})`;
  const plain = Object.entries(PAIRS).reduce(
    (inner, [letter, pair]) => `replace(${inner}, ${quoteLiteral(letter)}, ${quoteLiteral(pair)})`,
    single,
  );
  return [foldFunction(FOLD_CASE, `translate(${lower}, 'ς', 'σ')`), foldFunction(FOLD_ACCENTS, plain)];
}

/** Most texts are of ASCII alone, and for those it is quick. The planner puts the body in the place of the call. */
function foldFunction(name: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C") ELSE ${body} COLLATE "C" END`;
}
