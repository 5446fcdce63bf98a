/** Selection: one of a list of named choices. */
import type { FilledCell } from "./cell.ts";
import { textOfCell } from "./cell-value.ts";
import {
  type AnyFieldOptions,
  ColumnField,
  type FieldDescription,
  type FieldOptions,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import { parseText } from "./text-value.ts";

/** The choices: a list of values, or values with the labels that people see. */
export type Choices = readonly string[] | Readonly<Record<string, string>>;
type ChoiceOf<C extends Choices> = C extends readonly (infer Value)[] ? Value & string : keyof C & string;

/** One of a list of named choices, stored as its value. */
export class SelectionField<
  C extends Choices = Choices,
  Options extends AnyFieldOptions = AnyFieldOptions,
> extends ColumnField<Nullable<ChoiceOf<C>, Options>, Nullable<ChoiceOf<C>, Options>, Options> {
  readonly type = "Selection";
  override readonly lookupFamily = "text";
  readonly columnType = "text";
  /** Value -> label. */
  readonly choices: ReadonlyMap<string, string>;

  constructor(choices: Choices | ReadonlyMap<string, string>, options: Options) {
    super(options);
    const entries =
      choices instanceof Map
        ? [...choices]
        : Array.isArray(choices)
          ? choices.map((value: string) => [value, labelOf(value)] as const)
          : Object.entries(choices as Readonly<Record<string, string>>);
    this.choices = new Map(entries);
  }

  parse(value: unknown): string {
    const text = parseText(value);
    if (!this.choices.has(text)) throw new ValueProblem(`must be one of ${[...this.choices.keys()].join(", ")}`);
    return text;
  }

  override parseOperand(value: unknown): string {
    return parseText(value);
  }

  /** A choice by its value, or by its label where only one is called like that. */
  override fromCell(cell: FilledCell): unknown {
    const text = textOfCell(cell);
    if (text === "" || this.choices.has(text)) return text === "" ? null : text;
    const wanted = text.trim().toLowerCase();
    const named = [...this.choices].filter(([, label]) => label.toLowerCase() === wanted);
    const [only] = named;
    return named.length === 1 && only !== undefined ? only[0] : text;
  }

  /** The same field with more choices, as an extension adds them. */
  withChoices(more: Choices): SelectionField {
    const added = new SelectionField(more, {});
    return new SelectionField(new Map([...this.choices, ...added.choices]), this.options);
  }

  describeOptions(): FieldDescription {
    return { choices: [...this.choices].map(([value, label]) => ({ value, label })) };
  }

  readSchema(): JsonSchema {
    return { type: "string", enum: [...this.choices.keys()] };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

/** Makes a label from a name: `in_progress` -> `In progress`. */
export function labelOf(name: string): string {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Declares a choice; labels are made from the values unless an object gives them. */
export function selection<const C extends Choices, const Options extends FieldOptions<ChoiceOf<C>>>(
  choices: C,
  options?: Options,
): SelectionField<C, Options> {
  return new SelectionField<C, Options>(choices, options ?? ({} as Options));
}
