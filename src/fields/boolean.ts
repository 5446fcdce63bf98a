/** Boolean: yes or no, never unknown. */
import type { FilledCell } from "./cell.ts";
import { booleanOfCell } from "./cell-value.ts";
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonForm,
  type JsonSchema,
  ValueProblem,
} from "./field.ts";
import { describeValue } from "./text-value.ts";

/** Yes or no. The column is never null: what nobody said is the default, and that is `false` unless told. */
export class BooleanField<Options extends FieldOptions<boolean> = FieldOptions<boolean>> extends ColumnField<
  boolean,
  boolean,
  Options & { readonly required: true }
> {
  readonly type = "Boolean";
  readonly columnType = "boolean";
  override readonly cellKind = "boolean";

  constructor(options: Options) {
    super({ default: false, ...options, required: true });
  }

  parse(value: unknown): boolean {
    if (typeof value !== "boolean") throw new ValueProblem(`must be true or false, not ${describeValue(value)}`);
    return value;
  }

  override fromCell(cell: FilledCell): unknown {
    return booleanOfCell(cell);
  }

  override get wireJson(): JsonForm {
    return "boolean";
  }

  /** Printed by itself it would be one letter. */
  override cellExpression(column: string): string {
    return `(${column})::text`;
  }

  describeOptions(): FieldDescription {
    return {};
  }

  readSchema(): JsonSchema {
    return { type: "boolean" };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

/** Declares a yes-or-no field. */
export function boolean<const Options extends FieldOptions<boolean>>(options?: Options): BooleanField<Options> {
  return new BooleanField(options ?? ({} as Options));
}
