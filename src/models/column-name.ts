/** The column in which a field is stored. */
import type { ColumnField } from "../fields/field.ts";
import { ToOneField } from "../fields/relation.ts";

/** The column of a field: to-one fields get the ending `_id` unless their name says what it is, as `create_uid` does. */
export function columnName(name: string, field: ColumnField): string {
  return field instanceof ToOneField && !name.endsWith("_uid") ? `${name}_id` : name;
}
