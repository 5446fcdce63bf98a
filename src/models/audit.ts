/** The fields that every stored model has. */

import { datetime } from "../fields/date.ts";
import { ColumnField, type Field, type FieldDescription, type JsonSchema } from "../fields/field.ts";
import { integer } from "../fields/number.ts";
import { ManyToOneField } from "../fields/relation.ts";
import { parseText } from "../fields/text-value.ts";

/** The name of a record: a text that is put together from other columns when it is read. */
export class DisplayNameField extends ColumnField<string, never> {
  readonly type = "Char";
  override readonly lookupFamily = "text";
  readonly columnType = "text";

  parse(value: unknown): string {
    return parseText(value);
  }

  describeOptions(): FieldDescription {
    return {};
  }

  readSchema(): JsonSchema {
    return { type: "string" };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

export const ID = "id";
export const DISPLAY_NAME = "display_name";
export const VERSION = "version";
/** Where the count of changes is kept in a model whose own `version` means something else, as that of a module. */
export const RECORD_VERSION = "record_version";

/** Audit fields in the order in which they are shown. The users' ids survive the user: they become null. */
export const AUDIT_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  [ID, integer({ label: "ID", readonly: true, required: true, clone: false })],
  [DISPLAY_NAME, new DisplayNameField({ label: "Display name", readonly: true })],
  [
    "create_uid",
    new ManyToOneField("User", { label: "Created by", readonly: true, clone: false, onDelete: "SET NULL" }),
  ],
  ["created_date", datetime({ label: "Created on", readonly: true, required: true, clone: false })],
  [
    "write_uid",
    new ManyToOneField("User", { label: "Changed by", readonly: true, clone: false, onDelete: "SET NULL" }),
  ],
  ["updated_date", datetime({ label: "Changed on", readonly: true, required: true, clone: false })],
  ["version", integer({ label: "Version", readonly: true, required: true, clone: false })],
]);
