/** The columns in which a field is stored. */
import { createHash } from "node:crypto";
import type { ColumnField } from "../fields/field.ts";
import { ToOneField } from "../fields/relation.ts";
import { isSearched } from "../fields/search-index.ts";

/** The column of a field: to-one fields get the ending `_id` unless their name says what it is, as `create_uid` does. */
export function columnName(name: string, field: ColumnField): string {
  return field instanceof ToOneField && !name.endsWith("_uid") ? `${name}_id` : name;
}

const FOLDED = "__folded";
/** Bytes of the longest name that PostgreSQL keeps. */
const MAX_BYTES = 63;
const HASH_DIGITS = 8;

/**
 * The folded column beside a column: its text without case, which PostgreSQL keeps up to date by itself. No field has such a name, since
 * there are no double underscores in names.
 *
 * @param column of ASCII letters
 * @returns a name of at most 63 bytes that always ends alike
 */
export function foldedName(column: string): string {
  const name = column + FOLDED;
  if (name.length <= MAX_BYTES) return name;
  const hash = createHash("sha256").update(column).digest("hex").slice(0, HASH_DIGITS);
  return `${column.slice(0, MAX_BYTES - FOLDED.length - HASH_DIGITS - 1)}_${hash}${FOLDED}`;
}

/** Whether a column is named as a folded one. */
export function isFoldedName(column: string): boolean {
  return column.endsWith(FOLDED);
}

/** The folded column of a field; null where nobody searches in it. */
export function foldedColumn(name: string, field: ColumnField): string | null {
  return isSearched(field) ? foldedName(columnName(name, field)) : null;
}
