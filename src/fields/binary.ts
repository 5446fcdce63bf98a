/** Binary and File: bytes inside the record, and the description of a file that is kept elsewhere. */
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
import { describeValue, parseText } from "./text-value.ts";

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Options of {@link binary}. */
export interface BinaryOptions extends FieldOptions<string> {
  /** Largest content in bytes; 5 MiB unless told. */
  readonly maxSize?: number;
}

const DEFAULT_SIZE = 5 * 1024 * 1024;

/** Bytes, written and read as base64. */
export class BinaryField<Options extends BinaryOptions = BinaryOptions> extends ColumnField<
  Nullable<string, Options>,
  Nullable<string, Options>,
  Options
> {
  readonly type = "Binary";
  override readonly lookupFamily = "presence";
  readonly columnType = "bytea";
  readonly maxSize = this.options.maxSize ?? DEFAULT_SIZE;

  parse(value: unknown): Uint8Array {
    if (typeof value !== "string" || value.length % 4 !== 0 || !BASE64.test(value)) {
      throw new ValueProblem(`must be bytes in base64, not ${describeValue(value)}`);
    }
    const bytes = Buffer.from(value, "base64");
    if (bytes.length > this.maxSize) throw new ValueProblem(`must have at most ${this.maxSize} bytes`);
    return bytes;
  }

  /** Megabytes of old pictures serve nobody. */
  override get isRedacted(): boolean {
    return true;
  }

  override wireExpression(column: string): string {
    // encode() breaks lines after 76 characters, as MIME wants it and JSON clients do not.
    return `translate(encode(${column}, 'base64'), E'\\n', '')`;
  }

  override validated(value: unknown): unknown {
    return value;
  }

  override wireText(value: Uint8Array): string {
    return JSON.stringify(Buffer.from(value).toString("base64"));
  }

  describeOptions(): FieldDescription {
    return this.maxSize === DEFAULT_SIZE ? {} : { max_size: this.maxSize };
  }

  readSchema(): JsonSchema {
    return { type: "string", contentEncoding: "base64" };
  }

  writeSchema(): JsonSchema {
    return this.readSchema();
  }
}

/** What is known of a file; its bytes are kept under `hash`. */
export interface FileDescription {
  readonly name: string;
  readonly mimetype: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content in lower-case hexadecimal. */
  readonly hash: string;
}

const FILE_SCHEMA = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 255 },
    mimetype: { type: "string", pattern: "^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$" },
    size: { type: "integer", minimum: 0 },
    hash: { type: "string", pattern: "^[0-9a-f]{64}$" },
  },
  required: ["name", "mimetype", "size", "hash"],
  additionalProperties: false,
} as const;

/** The description of a file: name, type, size and hash. */
export class FileField<
  Options extends FieldOptions<FileDescription> = FieldOptions<FileDescription>,
> extends ColumnField<Nullable<FileDescription, Options>, Nullable<FileDescription, Options>, Options> {
  readonly type = "File";
  override readonly lookupFamily = "presence";
  override readonly cellKind = "json";
  readonly columnType = "jsonb";

  parse(value: unknown): string {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ValueProblem(`must be an object with name, mimetype, size and hash, not ${describeValue(value)}`);
    }
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((key) => !FILE_SCHEMA.required.some((name) => name === key));
    if (unknown !== undefined) throw new ValueProblem(`has no member ${JSON.stringify(unknown)}`);
    const name = parseMember(given, "name");
    // The name is shown and put into headers, never used as a path: what could pass for one is refused.
    if (name === "" || name.length > 255 || /[\\/\p{Cc}]/u.test(name)) {
      throw new ValueProblem("name must be a plain file name of at most 255 characters");
    }
    const mimetype = parseMember(given, "mimetype");
    const hash = parseMember(given, "hash");
    if (!new RegExp(FILE_SCHEMA.properties.mimetype.pattern).test(mimetype) || mimetype.length > 127) {
      throw new ValueProblem("mimetype must be a media type such as application/pdf");
    }
    if (!new RegExp(FILE_SCHEMA.properties.hash.pattern).test(hash)) {
      throw new ValueProblem("hash must be a SHA-256 in lower-case hexadecimal");
    }
    if (typeof given.size !== "number" || !Number.isSafeInteger(given.size) || given.size < 0) {
      throw new ValueProblem("size must be a number of bytes");
    }
    return JSON.stringify({ name, mimetype, size: given.size, hash });
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
    return FILE_SCHEMA;
  }

  writeSchema(): JsonSchema {
    return FILE_SCHEMA;
  }
}

function parseMember(given: Readonly<Record<string, unknown>>, name: string): string {
  try {
    return parseText(given[name]);
  } catch (error) {
    throw error instanceof ValueProblem ? new ValueProblem(`${name} ${error.message}`) : error;
  }
}

/** Declares bytes that are kept in the record itself, for small things such as a logo. */
export function binary<const Options extends BinaryOptions>(options?: Options): BinaryField<Options> {
  return new BinaryField(options ?? ({} as Options));
}

/** Declares the description of a file. */
export function file<const Options extends FieldOptions<FileDescription>>(options?: Options): FileField<Options> {
  return new FileField(options ?? ({} as Options));
}
