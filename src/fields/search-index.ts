/** Which fields are searched, and with which indexes: declared in one place, since tables and statements must agree about them. */
import { CharField } from "./char.ts";
import type { ColumnField } from "./field.ts";

/** The text must fit into an entry of a b-tree, which has about 2700 bytes, in any script. */
const LONGEST_PREFIX_TEXT = 255;

/** Whether the field's text is kept without case too, with an index for what is within it. */
export function isSearched(field: ColumnField): boolean {
  return field.options.index === "search";
}

/** Whether the field has an index of its texts in their order without case, for how they begin; long texts have none. */
export function hasPrefixIndex(field: ColumnField): boolean {
  return isSearched(field) && field instanceof CharField && field.maxLength <= LONGEST_PREFIX_TEXT;
}
