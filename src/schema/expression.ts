/**
 * Telling whether two SQL expressions are the same, though PostgreSQL prints them in other words than they were written.
 *
 * `price > 0` comes back as `(price > (0)::numeric)`, and the words change between versions of the server. So:
 * - a default that is a plain literal or a call without arguments is compared by what it says ({@link canonicalDefault});
 *   a change by hand is noticed;
 * - any other default, a check, and an index with expressions keep the text they were declared with in their comment
 *   ({@link declaredComment}), and that is what is read back. Checks and indexes cannot be changed in place, so their comment
 *   lives and dies with them; a default can, and such a change by hand goes unnoticed as long as there is a default.
 */

/** How the comment of an object begins that keeps the text it was declared with. */
export const DECLARED = "declared as: ";

const NUMERIC_TYPE = /^(?:smallint|integer|bigint|real|double precision|numeric(?:\(\d+,\d+\))?)$/;
const TEXT_TYPE = /^(?:text|character varying(?:\(\d+\))?)$/;

const CAST = /::[a-z ]+(?:\(\d+(?:,\d+)?\))?$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const STRING = /^(E?)'((?:[^']|'')*)'$/i;
const KEYWORD = /^(?:current_date|current_timestamp|current_user)$/i;
const CALL = /^[a-z_][a-z0-9_]*\(\)$/;

/**
 * Brings a plain default of a column into one form.
 *
 * @param type the type of the column
 * @param expression as written or as PostgreSQL prints it
 * @returns equal texts for equal defaults; undefined when the default is not a plain one
 */
export function canonicalDefault(type: string, expression: string): string | undefined {
  const text = expression.trim();
  if (CALL.test(text)) return text;
  if (KEYWORD.test(text)) return text.toUpperCase();
  if (type === "boolean") return /^(?:true|false)$/i.test(text) ? text.toLowerCase() : undefined;
  if (NUMERIC_TYPE.test(type)) return canonicalNumber(text);
  if (TEXT_TYPE.test(type)) return canonicalString(text);
  return undefined;
}

/** Tells whether two defaults of a column of this type are the same. */
export function isSameDefault(type: string, left: string | null, right: string | null): boolean {
  if (left === right) return true;
  if (left === null || right === null) return false;
  const canonical = canonicalDefault(type, left);
  return canonical !== undefined && canonical === canonicalDefault(type, right);
}

/** Tells whether an expression is the same for every row, so that it can fill a new column without writing each row. */
export function isConstant(type: string, expression: string): boolean {
  return canonicalDefault(type, expression) !== undefined || STRING.test(expression.trim().replace(CAST, ""));
}

/** Gives the comment that keeps a declared text with the object made from it. */
export function declaredComment(text: string): string {
  return DECLARED + text;
}

/** Reads a declared text back; undefined when the comment is none of ours. */
export function declaredText(comment: string | null): string | undefined {
  return comment?.startsWith(DECLARED) ? comment.slice(DECLARED.length) : undefined;
}

function canonicalNumber(text: string): string | undefined {
  let inner = text.replace(CAST, "");
  inner = /^\((.*)\)$/.exec(inner)?.[1] ?? inner;
  inner = /^'(.*)'$/.exec(inner)?.[1] ?? inner;
  if (!NUMBER.test(inner)) return undefined;
  return Number(inner) === 0 ? inner.replace("-", "") : inner;
}

function canonicalString(text: string): string | undefined {
  const literal = STRING.exec(text.replace(CAST, ""));
  if (literal === null) return undefined;
  const [, escaped, body = ""] = literal;
  const value = body.replaceAll("''", "'");
  if (escaped === "") return `'${value}'`;
  // Only doubled backslashes are read here, which is all that our own quoting writes.
  const pairs = value.replaceAll("\\\\", "");
  return pairs.includes("\\") ? undefined : `'${value.replaceAll("\\\\", "\\")}'`;
}
