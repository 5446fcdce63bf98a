/** JSON: any value that JSON can hold. */
import type { FilledCell } from "./cell.ts";
import { jsonOfCell } from "./cell-value.ts";
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonForm,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import { parseText } from "./text-value.ts";

/** Any JSON value but null, which means that there is none. */
export type JsonValue =
  | string
  | number
  | boolean
  | readonly (JsonValue | null)[]
  | { readonly [key: string]: JsonValue | null };

const DEEPEST = 64;

/** Any JSON value, stored as jsonb. */
export class JsonField<Options extends FieldOptions<JsonValue> = FieldOptions<JsonValue>> extends ColumnField<
  Nullable<JsonValue, Options>,
  Nullable<JsonValue, Options>,
  Options
> {
  readonly type = "JSON";
  override readonly lookupFamily = "presence";
  override readonly cellKind = "json";
  readonly columnType = "jsonb";

  parse(value: unknown): string {
    checkJson(value, 0);
    return JSON.stringify(value);
  }

  override validated(value: unknown): unknown {
    return value;
  }

  override get wireJson(): JsonForm {
    return "printed";
  }

  override wireText(value: string): string {
    return value;
  }

  override fromCell(cell: FilledCell): unknown {
    return jsonOfCell(cell);
  }

  describeOptions(): FieldDescription {
    return {};
  }

  readSchema(): JsonSchema {
    return {};
  }

  writeSchema(): JsonSchema {
    return {};
  }
}

/** Refuses what jsonb cannot store or what would cost too much to walk later. */
function checkJson(value: unknown, depth: number): void {
  if (depth > DEEPEST) throw new ValueProblem(`must not be nested deeper than ${DEEPEST} levels`);
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") parseText(value);
  else if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new ValueProblem("must not hold a number too large for JSON");
  } else if (Array.isArray(value)) for (const item of value) checkJson(item, depth + 1);
  else if (isPlainObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      parseText(key);
      checkJson(item, depth + 1);
    }
  } else
    throw new ValueProblem("must hold nothing but what JSON can: text, numbers, true, false, null, lists, objects");
}

/** Dates, maps and the like would turn into something else, or into nothing. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Declares a field that holds any JSON value. */
export function json<const Options extends FieldOptions<JsonValue>>(options?: Options): JsonField<Options> {
  return new JsonField(options ?? ({} as Options));
}
