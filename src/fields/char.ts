/** Char and Text: text of limited length on one line, and text of any length. */
import {
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import { parseText } from "./text-value.ts";

/** Options of {@link text}. */
export interface TextOptions extends Omit<FieldOptions<string>, "index"> {
  /** `true` for a b-tree index; `search` for searches that ignore case, at its beginning and within it, too. */
  readonly index?: boolean | "search";
}

/** Options of {@link char}. */
export interface CharOptions extends TextOptions {
  /** Longest text in characters (Unicode code points); 255 unless told. */
  readonly maxLength?: number;
}

const DEFAULT_LENGTH = 255;

/** A text of limited length. */
export class CharField<Options extends CharOptions = CharOptions> extends ColumnField<
  Nullable<string, Options>,
  Nullable<string, Options>,
  Options
> {
  readonly type = "Char";
  override readonly lookupFamily = "text";
  readonly maxLength = this.options.maxLength ?? DEFAULT_LENGTH;
  readonly columnType = `character varying(${this.maxLength})`;

  parse(value: unknown): string {
    const text = parseText(value);
    // A text has at most as many code points as UTF-16 units, so most need no counting.
    if (text.length > this.maxLength && [...text].length > this.maxLength) {
      throw new ValueProblem(`must have at most ${this.maxLength} characters`);
    }
    if (text === "" && this.options.required === true) throw new ValueProblem("must not be empty");
    return text;
  }

  override parseOperand(value: unknown): string {
    return parseText(value);
  }

  override get parameterType(): string {
    return "text";
  }

  describeOptions(): FieldDescription {
    return { max_length: this.maxLength };
  }

  readSchema(): JsonSchema {
    return { type: "string", maxLength: this.maxLength };
  }

  writeSchema(): JsonSchema {
    return { ...this.readSchema(), ...(this.options.required === true ? { minLength: 1 } : {}) };
  }
}

/** A text of any length. */
export class TextField<Options extends TextOptions = TextOptions> extends ColumnField<
  Nullable<string, Options>,
  Nullable<string, Options>,
  Options
> {
  readonly type = "Text";
  override readonly lookupFamily = "text";
  readonly columnType = "text";

  parse(value: unknown): string {
    const text = parseText(value);
    if (text === "" && this.options.required === true) throw new ValueProblem("must not be empty");
    return text;
  }

  override parseOperand(value: unknown): string {
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

/** Declares a text of limited length (`maxLength`, 255 unless told). */
export function char<const Options extends CharOptions>(options?: Options): CharField<Options> {
  return new CharField(options ?? ({} as Options));
}

/** Declares a text of any length. */
export function text<const Options extends TextOptions>(options?: Options): TextField<Options> {
  return new TextField(options ?? ({} as Options));
}
