/** Integer and Float: whole numbers and measured quantities. */
import type { CellForms, FilledCell } from "./cell.ts";
import { integerOfCell, numberOfCell } from "./cell-value.ts";
import { parseDecimal, parseNumeral } from "./decimal-value.ts";
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonForm,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import { describeValue } from "./text-value.ts";

/** Options of {@link integer}. */
export interface IntegerOptions extends FieldOptions<number> {
  /** The field holds the record's place among its siblings; only such fields can be resequenced. */
  readonly sequence?: boolean;
}

/** A whole number that JavaScript can hold exactly: within ±(2^53 - 1). */
export class IntegerField<Options extends IntegerOptions = IntegerOptions> extends ColumnField<
  Nullable<number, Options>,
  Nullable<number, Options>,
  Options
> {
  readonly type = "Integer";
  override readonly lookupFamily = "ordered";
  override readonly cellKind = "number";
  readonly columnType = "bigint";

  parse(value: unknown): number {
    if (typeof value !== "number") throw new ValueProblem(`must be a whole number, not ${describeValue(value)}`);
    if (!Number.isSafeInteger(value)) {
      throw new ValueProblem("must be a whole number between -9007199254740991 and 9007199254740991");
    }
    return value === 0 ? 0 : value;
  }

  override get wireJson(): JsonForm {
    return "printed";
  }

  override fromCell(cell: FilledCell, forms: CellForms): unknown {
    return integerOfCell(cell, forms);
  }

  describeOptions(): FieldDescription {
    return this.options.sequence === true ? { sequence: true } : {};
  }

  readSchema(): JsonSchema {
    return { type: "integer" };
  }

  writeSchema(): JsonSchema {
    return { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
  }
}

/** Options of {@link float}. */
export interface FloatOptions extends FieldOptions<number | string> {
  /** Digits after the point. With it the number is an exact decimal; without it a double. */
  readonly precision?: number;
}

/** A quantity: an exact decimal where `precision` is given, else a double. */
export class FloatField<Options extends FloatOptions = FloatOptions> extends ColumnField<
  Nullable<Options extends { readonly precision: number } ? string : number, Options>,
  Nullable<number | string, Options>,
  Options
> {
  readonly type = "Float";
  override readonly lookupFamily = "ordered";
  override readonly cellKind = "number";
  readonly columnType = this.options.precision === undefined ? "double precision" : "numeric";

  parse(value: unknown): number | string {
    const { precision } = this.options;
    if (precision !== undefined) return parseDecimal(value, precision);
    const number = typeof value === "string" ? parseNumeral(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) {
      throw new ValueProblem(`must be a number, not ${describeValue(value)}`);
    }
    return number === 0 ? 0 : number;
  }

  override parseOperand(value: unknown): number | string {
    return this.options.precision === undefined ? this.parse(value) : parseDecimal(value, null);
  }

  override codeExpression(column: string): string {
    return this.options.precision === undefined ? column : `${column}::text`;
  }

  override get wireJson(): JsonForm {
    return "number";
  }

  override get codeJson(): JsonForm {
    return this.options.precision === undefined ? "number" : "text";
  }

  override wireText(value: number | string): string {
    return String(value);
  }

  override codeText(value: number | string): string {
    return JSON.stringify(value);
  }

  override fromCell(cell: FilledCell, forms: CellForms): unknown {
    return numberOfCell(cell, forms);
  }

  describeOptions(): FieldDescription {
    return this.options.precision === undefined ? {} : { precision: this.options.precision };
  }

  readSchema(): JsonSchema {
    return { type: "number" };
  }

  writeSchema(): JsonSchema {
    return { type: ["number", "string"] };
  }
}

/** Declares a whole number. */
export function integer<const Options extends IntegerOptions>(options?: Options): IntegerField<Options> {
  return new IntegerField(options ?? ({} as Options));
}

/** Declares a quantity; `precision` is the number of digits after the point. */
export function float<const Options extends FloatOptions>(options?: Options): FloatField<Options> {
  return new FloatField(options ?? ({} as Options));
}
