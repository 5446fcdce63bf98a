/** What every field type shares: its options, its wire description and the phantom types that records are inferred from. */
import type { SqlValue } from "../sql/value.ts";
import type { CellForms, CellKind, FilledCell } from "./cell.ts";
import type { FieldGroups } from "./field-groups.ts";

/** A value does not fit a field; the message says what is allowed. The caller adds the path. */
export class ValueProblem extends Error {
  override readonly name = "ValueProblem";
}

/** What a default that is a function may look at. */
export interface DefaultContext {
  readonly now: Date;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly userId: number | null;
  /** The company that the request works in. */
  readonly companyId: number | null;
}

/**
 * What PostgreSQL prints of a value: a text, which JSON has in quotes; JSON as it stands; a number, of which JSON lacks some, such as `NaN`, so
 * that they become texts; or yes or no as one letter.
 */
export type JsonForm = "text" | "printed" | "number" | "boolean";

/** Says what is wrong with a value, or nothing when it is fine. */
export type Validator<Value> = (value: Value) => string | null;

/** Options that every field type takes, whatever its values are. */
export interface AnyFieldOptions {
  /** Shown to people; made from the field's name when left out. */
  readonly label?: string;
  readonly description?: string;
  /** Short help beside the input. */
  readonly hint?: string;
  /** A not-null constraint in the database. */
  readonly required?: boolean;
  /** Clients may read the field, only code may write it. */
  readonly readonly?: boolean;
  /** `true` for a b-tree index; `search`, for text alone, for searches within it too. */
  readonly index?: boolean | "search";
  /** A unique constraint; `ignore_case` compares text in lower case. */
  readonly unique?: boolean | "ignore_case";
  /** Its changes are kept in the change history; `false` leaves it out of the history of a model that is tracked. */
  readonly track?: boolean;
  /** `false` leaves the field out when a record is cloned. */
  readonly clone?: boolean;
  /** Identifiers of the groups that see and write the field, or of both apart: `{ read, write }`; everybody when left out. */
  readonly groups?: FieldGroups;
  /** Each company has a value of its own, empty where it has said nothing: what is read and written is that of the request's company. */
  readonly perCompany?: boolean;
  /** A value, or a function that makes one for each new record. */
  readonly default?: unknown;
  /** Checks beyond those of the type. */
  readonly validators?: readonly Validator<never>[];
  /** The field is calculated, by the function of this name that `implementModel` gives; nobody writes it. */
  readonly calculate?: string;
  /** Paths to what a calculated value depends on: `quantity`, `lines.subtotal`. The function gets exactly these. */
  readonly dependsOn?: readonly string[];
  /** `false`: calculated whenever it is read, instead of kept in a column and brought up to date by every write. */
  readonly stored?: boolean;
  /** Of a calculated field that is not stored: it reads with all rights instead of the reader's. */
  readonly elevated?: boolean;
  /** The function of this name, that `implementModel` gives, takes what is written to a calculated field. */
  readonly setter?: string;
}

/** Options of a field whose values code writes as `Value`. */
export interface FieldOptions<Value> extends AnyFieldOptions {
  /** `true` for a b-tree index. */
  readonly index?: boolean;
  readonly default?: Value | ((context: DefaultContext) => Value | null);
  readonly validators?: readonly Validator<Value>[];
}

/** A JSON Schema, kept as plain data because fields know nothing of the HTTP layer. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Registry options that differ from their default, as the wire names them. */
export type FieldDescription = Readonly<Record<string, unknown>>;

/**
 * A field as a module declares it: frozen data plus everything that its type knows.
 *
 * `Read` and `Write` exist only for the compiler: what code reads from and writes to the field.
 */
export abstract class Field<Read = unknown, Write = unknown, Options extends AnyFieldOptions = AnyFieldOptions> {
  declare readonly read: Read;
  declare readonly write: Write;
  /** The name of the type on the wire, such as `Char`. */
  abstract readonly type: string;
  readonly options: Options & AnyFieldOptions;

  constructor(options: Options) {
    this.options = Object.freeze({ ...options }) as Options & AnyFieldOptions;
  }

  /** Options of this field type beyond the common ones, for the registry endpoint. */
  abstract describeOptions(): FieldDescription;

  /** Schema of a value that an answer holds, without `null`. */
  abstract readSchema(): JsonSchema;

  /** Schema of a value that a request may hold, without `null`. */
  abstract writeSchema(): JsonSchema;
}

/** Field name -> field, as declared. */
export type FieldMap = Readonly<Record<string, Field>>;

/** The family of lookups that a field's column can be filtered by; `none` means not filterable. */
export type LookupFamily = "none" | "presence" | "equality" | "ordered" | "text";

/** A field that is stored in one column of its model's table. */
export abstract class ColumnField<
  Read = unknown,
  Write = unknown,
  Options extends AnyFieldOptions = AnyFieldOptions,
> extends Field<Read, Write, Options> {
  /** The column's type exactly as PostgreSQL's `format_type` prints it. */
  abstract readonly columnType: string;
  readonly lookupFamily: LookupFamily = "equality";
  /** What its values are in the cells of a table. */
  readonly cellKind: CellKind = "text";
  /** Set where date expressions such as `D("today")` make sense. */
  readonly temporal: "date" | "datetime" | null = null;

  /**
   * Checks a value and converts it to what is bound.
   *
   * @param value what a client or a data file gave, never null
   * @throws ValueProblem with what is allowed
   */
  abstract parse(value: unknown): SqlValue;

  /**
   * What a cell of a file says, as {@link parse} takes it; null where it says nothing.
   *
   * @throws ValueProblem where it is in no clear form
   */
  fromCell(cell: FilledCell, _forms: CellForms): unknown {
    return String(cell);
  }

  /** Like {@link parse}, for a filter's operand: length limits and rounding do not apply there. */
  parseOperand(value: unknown): SqlValue {
    return this.parse(value);
  }

  /**
   * What validators look at: the parsed value, unless that is only the stored form of what the author declared.
   *
   * @param value as it was given to {@link parse}
   * @param parsed what that made of it
   */
  validated(_value: unknown, parsed: SqlValue): unknown {
    return parsed;
  }

  /**
   * Turns the parsed value into what is stored, where that takes time, such as hashing.
   * The absence of the method means that both are the same.
   */
  conceal?(value: SqlValue): Promise<SqlValue>;

  /** How the column is printed in JSON, with `column` standing for the qualified column. */
  wireExpression(column: string): string {
    return column;
  }

  /** How code reads the column: exact, so decimals come as text. */
  codeExpression(column: string): string {
    return this.wireExpression(column);
  }

  /** What PostgreSQL prints of {@link wireExpression}. */
  get wireJson(): JsonForm {
    return "text";
  }

  /** The same for {@link codeExpression}. */
  get codeJson(): JsonForm {
    return this.wireJson;
  }

  /** What PostgreSQL prints of this is the text of the column in a cell of a table. */
  cellExpression(column: string): string {
    return this.codeExpression(column);
  }

  /**
   * The JSON text of a parsed value that was calculated and never stored, as {@link wireExpression} prints a column.
   *
   * @param value what {@link parse} gave
   */
  wireText(value: SqlValue): string {
    return JSON.stringify(value);
  }

  /** Like {@link wireText}, as {@link codeExpression} prints a column. */
  codeText(value: SqlValue): string {
    return this.wireText(value);
  }

  /** The path, split, to what the final form of a value depends on; empty where that is the parsed value itself. */
  get settledBy(): readonly string[] {
    return [];
  }

  /**
   * The final form of a parsed value, once the record that it belongs to is known.
   *
   * @param record holds what {@link settledBy} leads to; a relation on the way may be empty
   */
  settle(value: SqlValue, _record: object): SqlValue {
    return value;
  }

  /** Whether the change history keeps that a value has changed, and not the value itself. */
  get isRedacted(): boolean {
    return this.lookupFamily === "none";
  }

  /** The type that a bound parameter is cast to. */
  get parameterType(): string {
    return this.columnType;
  }
}

/**
 * Runs a field's validators.
 *
 * @param value as {@link ColumnField.validated} gives it
 * @throws ValueProblem with the message of the first that is not content
 */
export function checkValidators(field: ColumnField, value: unknown): void {
  for (const validate of (field.options.validators ?? []) as readonly Validator<unknown>[]) {
    const message = validate(value);
    if (message !== null) throw new ValueProblem(message);
  }
}

/** `null` joins the type unless the options say `required: true`. */
export type Nullable<Value, Options> = Options extends { readonly required: true } ? Value : Value | null;
