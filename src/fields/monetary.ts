/** Monetary: an exact amount, rounded half away from zero. */
import type { SqlValue } from "../sql/value.ts";
import type { CellForms, FilledCell } from "./cell.ts";
import { numberOfCell } from "./cell-value.ts";
import { parseDecimal } from "./decimal-value.ts";
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonForm,
  type JsonSchema,
  type Nullable,
} from "./field.ts";

/** Options of {@link monetary}. */
export interface MonetaryOptions extends FieldOptions<number | string> {
  /** Digits after the point; 2 unless told. With a currency: those of amounts that have none. */
  readonly decimals?: number;
  /** Path to the currency of an amount, over to-one relations: `currency`, `order.currency`. Its decimals are those of the amount. */
  readonly currency?: string;
}

const DEFAULT_DECIMALS = 2;
/** What a currency's field for its digits after the point is called. */
const CURRENCY_DECIMALS = "decimal_places";

/** An amount of money. Code reads it as text, because a double cannot hold it. */
export class MonetaryField<Options extends MonetaryOptions = MonetaryOptions> extends ColumnField<
  Nullable<string, Options>,
  Nullable<number | string, Options>,
  Options
> {
  readonly type = "Monetary";
  override readonly lookupFamily = "ordered";
  override readonly cellKind = "number";
  readonly columnType = "numeric";
  readonly decimals = this.options.decimals ?? DEFAULT_DECIMALS;
  readonly #currency = this.options.currency?.split(/\.|__/) ?? null;

  parse(value: unknown): string {
    const rounded = parseDecimal(value, this.decimals);
    // The currency may have more digits. It is known when the record is there, and an amount is rounded once.
    return this.#currency === null ? rounded : parseDecimal(value, null);
  }

  override get settledBy(): readonly string[] {
    return this.#currency === null ? [] : [...this.#currency, CURRENCY_DECIMALS];
  }

  override settle(value: SqlValue, record: object): SqlValue {
    if (this.#currency === null) return value;
    const decimals = this.settledBy.reduce<unknown>(
      (at, name) => (at as Readonly<Record<string, unknown>> | null)?.[name] ?? null,
      record,
    );
    return parseDecimal(value, typeof decimals === "number" ? decimals : this.decimals);
  }

  override parseOperand(value: unknown): string {
    return parseDecimal(value, null);
  }

  override codeExpression(column: string): string {
    return `${column}::text`;
  }

  override get wireJson(): JsonForm {
    return "number";
  }

  override get codeJson(): JsonForm {
    return "text";
  }

  override wireText(value: string): string {
    return value;
  }

  override codeText(value: string): string {
    return JSON.stringify(value);
  }

  override fromCell(cell: FilledCell, forms: CellForms): unknown {
    return numberOfCell(cell, forms);
  }

  describeOptions(): FieldDescription {
    const { currency } = this.options;
    return {
      ...(this.decimals === DEFAULT_DECIMALS ? {} : { decimals: this.decimals }),
      ...(currency === undefined ? {} : { currency }),
    };
  }

  readSchema(): JsonSchema {
    return { type: "number" };
  }

  writeSchema(): JsonSchema {
    return { type: ["number", "string"] };
  }
}

/** Declares an amount of money with the decimals of its `currency`, or with `decimals` digits after the point (2 unless told). */
export function monetary<const Options extends MonetaryOptions>(options?: Options): MonetaryField<Options> {
  return new MonetaryField(options ?? ({} as Options));
}
