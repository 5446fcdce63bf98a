/** What each lookup means in SQL, and which family of fields it may be used on. */
import type { ColumnField, LookupFamily } from "../fields/field.ts";
import { hasPrefixIndex } from "../fields/search-index.ts";
import type { Lookup } from "../q/lookup.ts";
import { caselessText, endOfPrefix, infixText } from "../sql/caseless-text.ts";
import { raw, type Sql, sql } from "../sql/fragment.ts";
import type { FoldedText } from "./folded-text.ts";
import { convertOperand, convertOperands } from "./operand.ts";
import { type LiteralSource, literalSlot, type Slot } from "./slot.ts";

/** A condition on one column. */
export interface ColumnTest {
  readonly column: Sql;
  readonly field: ColumnField;
  readonly source: LiteralSource;
  /** The class of the value, which is part of a filter's shape. */
  readonly hasNull: boolean;
  readonly flag: boolean;
  /** The condition as the client wrote it. */
  readonly name: string;
  /** The column's text without case. */
  readonly folded: FoldedText;
  /** Whether lookups that ignore case ignore accents too. */
  readonly ignoreAccents: boolean;
}

type Compile = (test: ColumnTest) => Sql;

/** Lookup -> its SQL. A condition on null is never true, except where the lookup says so. */
const COMPILERS: Readonly<Record<Lookup, Compile>> = {
  eq: (test) => sql`${test.column} = ${single(test)}`,
  // Not "is distinct from": compared with a session name that has no value, eq is never true, so neq always is.
  neq: (test) => sql`(${test.column} = ${single(test)}) is not true`,
  gt: (test) => sql`${ordered(test)} > ${single(test)}`,
  gte: (test) => sql`${ordered(test)} >= ${single(test)}`,
  lt: (test) => sql`${ordered(test)} < ${single(test)}`,
  lte: (test) => sql`${ordered(test)} <= ${single(test)}`,
  between: (test) => sql`${ordered(test)} between ${pairItem(test, 0)} and ${pairItem(test, 1)}`,
  in: isAmong,
  nin: (test) => sql`(${isAmong(test)}) is not true`,
  isnull: (test) => presence(test, test.flag),
  isnotnull: (test) => presence(test, !test.flag),
  contains: (test) => like(test, "%", "%"),
  startswith: (test) => like(test, "", "%"),
  endswith: (test) => like(test, "%", ""),
  icontains: (test) => caselessLike(test, pattern(test, "%", "%")),
  istartswith: (test) => {
    const { kept } = test.folded;
    const isIndexed = kept !== null && hasPrefixIndex(kept.field);
    return isIndexed ? inPrefixRange(test) : caselessLike(test, pattern(test, "", "%"));
  },
  iendswith: (test) => caselessLike(test, pattern(test, "%", "")),
};

const PRESENCE: readonly Lookup[] = ["isnull", "isnotnull"];
const EQUALITY: readonly Lookup[] = [...PRESENCE, "eq", "neq", "in", "nin"];
const ORDERED: readonly Lookup[] = [...EQUALITY, "gt", "gte", "lt", "lte", "between"];
const TEXT: readonly Lookup[] = [
  ...ORDERED,
  ...(["contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"] as const),
];

/** The lookups of each family of fields. */
export const FAMILY_LOOKUPS: Readonly<Record<LookupFamily, readonly Lookup[]>> = {
  none: [],
  presence: PRESENCE,
  equality: EQUALITY,
  ordered: ORDERED,
  text: TEXT,
};

/** Compiles a condition on one column. The lookup is one that the field's family has. */
export function compileLookup(lookup: Lookup, test: ColumnTest): Sql {
  return COMPILERS[lookup](test);
}

function placeholder(slot: Slot, type: string): Sql {
  // The cast gives the parameter its type, so that the statement never depends on what is bound.
  return sql`${slot as never}${raw(`::${type}`)}`;
}

function single({ field, source, name }: ColumnTest, options: Pick<Slot, "isPattern"> = {}): Sql {
  const slot = literalSlot(source, name, (literal, context) => convertOperand(field, literal, context));
  return placeholder({ ...slot, ...options }, field.parameterType);
}

function pairItem({ field, source, name }: ColumnTest, index: 0 | 1): Sql {
  const slot = literalSlot(source, name, (literal, context) => convertOperands(field, literal, context)[index] ?? null);
  return placeholder(slot, field.parameterType);
}

function isAmong(test: ColumnTest): Sql {
  return test.hasNull ? sql`(${isAny(test)} or ${test.column} is null)` : isAny(test);
}

function isAny({ column, field, source, name }: ColumnTest): Sql {
  const slot = literalSlot(source, name, (literal, context) => convertOperands(field, literal, context));
  return sql`${column} = any(${placeholder(slot, `${field.parameterType}[]`)})`;
}

/** An index for searches holds texts without case; it narrows down what is compared with case then. */
function like(test: ColumnTest, before: string, after: string): Sql {
  const exact = sql`${test.column} like ${pattern(test, before, after)}`;
  return test.folded.kept === null
    ? exact
    : sql`(${exact} and ${caselessLike(test, pattern(test, before, after, plain))})`;
}

/** In the words of the index, where there is one. */
function caselessLike({ folded, ignoreAccents }: ColumnTest, like: Sql): Sql {
  const text = caseless(like, ignoreAccents);
  if (folded.kept === null) return sql`${raw(folded.text)} like ${text}`;
  return sql`(${raw(infixText(folded.text))} like ${wrap(text, infixText)} and ${raw(dear(folded.text))})`;
}

/**
 * True of every text, and nearly free where it is asked, since the first half answers; but PostgreSQL reckons with the second one for
 * each record that it walks over in search of a few. It takes such a walk for cheaper than it is, and would rather walk over all records
 * than take from the index some that are a little less rare than it believes.
 */
function dear(text: string): string {
  return `(octet_length(${text}) >= 0 or to_tsvector('simple'::regconfig, ${text}) is not null)`;
}

/** As good as LIKE with a prefix, and a range that an index can be asked for whatever the prefix is. */
function inPrefixRange(test: ColumnTest): Sql {
  const column = raw(test.folded.text);
  // How many texts begin so depends on the value as much as with a pattern.
  const begin = caseless(single(test, { isPattern: true }), test.ignoreAccents);
  return sql`(${column} >= ${begin} and ${column} < ${wrap(begin, endOfPrefix)})`;
}

function caseless(text: Sql, ignoreAccents: boolean): Sql {
  return wrap(text, (expression) => caselessText(expression, ignoreAccents));
}

/** Puts the words of a text expression around a fragment. */
function wrap(inner: Sql, words: (expression: string) => string): Sql {
  const [before = "", after = ""] = words("\0").split("\0");
  return sql`${raw(before)}${inner}${raw(after)}`;
}

function pattern({ field, source, name }: ColumnTest, before: string, after: string, inner = escaped): Sql {
  const slot = literalSlot(source, name, (literal, context) => {
    const text = convertOperand(field, literal, context);
    return text === null ? null : `${before}${inner(String(text))}${after}`;
  });
  return placeholder({ ...slot, isPattern: true }, "text");
}

/** A text as a pattern that matches nothing but itself. */
export function escaped(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}

/**
 * A pattern that matches a text without case wherever {@link escaped} matches it with case. Only ASCII becomes the same whatever
 * stands beside it: an accent may join the letter before it, or come apart from it.
 */
function plain(text: string): string {
  return escaped(text).replace(/[^\0-\x7f]+/g, "%");
}

/** Text is compared by code point: the same everywhere, whatever the database's collation. */
function ordered({ column, field }: ColumnTest): Sql {
  return field.lookupFamily === "text" ? sql`${column} collate "C"` : column;
}

function presence({ column }: ColumnTest, isNull: boolean): Sql {
  return isNull ? sql`${column} is null` : sql`${column} is not null`;
}
