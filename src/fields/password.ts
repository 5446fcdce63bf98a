/** Password: written by its owner, kept as an argon2id hash, never read or filtered by anybody. */
import { ColumnField, type FieldDescription, type FieldOptions, type JsonSchema, ValueProblem } from "./field.ts";
import { hashPassword } from "./password-hash.ts";
import { parseText } from "./text-value.ts";

/** Bytes beyond this only cost time to hash. */
const LONGEST = 1024;

/** Options of {@link password}. */
export interface PasswordOptions extends FieldOptions<string> {
  /** Shortest password in characters; 8 unless told. */
  readonly minLength?: number;
}

/** A password. */
export class PasswordField<Options extends PasswordOptions = PasswordOptions> extends ColumnField<
  never,
  string | null,
  Options & { readonly clone: false }
> {
  readonly type = "Password";
  override readonly lookupFamily = "none";
  readonly columnType = "text";
  readonly minLength = this.options.minLength ?? 8;

  constructor(options: Options) {
    super({ ...options, clone: false });
  }

  parse(value: unknown): string {
    const text = parseText(value);
    if (Buffer.byteLength(text) > LONGEST) throw new ValueProblem(`must have at most ${LONGEST} bytes`);
    if ([...text].length < this.minLength) throw new ValueProblem(`must have at least ${this.minLength} characters`);
    return text;
  }

  override conceal(value: string): Promise<string> {
    return hashPassword(value);
  }

  describeOptions(): FieldDescription {
    return { write_only: true, min_length: this.minLength };
  }

  readSchema(): JsonSchema {
    return { type: "string", writeOnly: true };
  }

  writeSchema(): JsonSchema {
    return { type: "string", format: "password", writeOnly: true, minLength: this.minLength };
  }
}

/** Declares a password. */
export function password<const Options extends PasswordOptions>(options?: Options): PasswordField<Options> {
  return new PasswordField(options ?? ({} as Options));
}
