/** Relations: ManyToOne and OneToOne keep an id in a column; OneToMany and ManyToMany are read through other tables. */
import {
  ColumnField,
  Field,
  type FieldDescription,
  type FieldOptions,
  type JsonSchema,
  type Nullable,
  ValueProblem,
} from "./field.ts";
import type { FieldGroups } from "./field-groups.ts";
import { describeValue } from "./text-value.ts";

/** What happens to a record when the record that it refers to is deleted. */
export type OnDelete = "CASCADE" | "SET NULL" | "SET_NULL" | "RESTRICT";

/** A to-one value as code and clients read it. */
export interface Reference {
  readonly id: number;
  readonly display_name: string;
}

/** How a to-one value may be written. */
export type ReferenceInput = number | { readonly id: number };

/** Options of {@link manyToOne} and {@link oneToOne}. */
export interface ToOneOptions extends FieldOptions<number> {
  /** `SET NULL` unless told, `RESTRICT` where the field is required. */
  readonly onDelete?: OnDelete;
  /** Makes a field of this name on the other model that reads the relation backwards. */
  readonly relatedName?: string;
  /** For a relation of a model to itself: a record may not become its own ancestor. */
  readonly acyclic?: boolean;
  /** Between records of companies: it may lead to a record of another company. */
  readonly otherCompanies?: boolean;
}

/**
 * Checks a record id.
 *
 * @throws ValueProblem unless it is a positive whole number
 */
export function parseId(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw new ValueProblem(`must be a record id, a positive whole number, not ${describeValue(value)}`);
  }
  return value;
}

/** Accepts an id or an object that holds nothing but an id (and the display name that a read gave). */
export function parseReference(value: unknown): number {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return parseId(value);
  const unknown = Object.keys(value).find((key) => key !== "id" && key !== "display_name");
  if (unknown !== undefined) throw new ValueProblem(`takes {"id": ...} only, not ${JSON.stringify(unknown)}`);
  return parseId((value as { id?: unknown }).id);
}

const REFERENCE_SCHEMA: JsonSchema = {
  type: "object",
  properties: { id: { type: "integer", minimum: 1 }, display_name: { type: "string" } },
  required: ["id", "display_name"],
};
const ID_SCHEMA: JsonSchema = { type: "integer", minimum: 1 };
const LINES =
  'The records that it is to hold: ids, or objects (with `id` a record that changes, without a new one). Or commands: `["C", values]`, ' +
  '`["U", id, values]`, `["D", id]`, `["L", id]`, `["X", id]`, `["R", [ids]]`, `["X"]`.';

/** What ManyToOne and OneToOne share: a foreign key. */
export abstract class ToOneField<
  Target extends string = string,
  Options extends ToOneOptions = ToOneOptions,
> extends ColumnField<Nullable<Reference, Options>, Nullable<ReferenceInput, Options>, Options> {
  readonly target: Target;
  readonly columnType = "bigint";

  constructor(target: Target, options: Options) {
    super(options);
    this.target = target;
  }

  /** What the foreign key does on delete, as SQL names it. */
  get onDelete(): "CASCADE" | "SET NULL" | "RESTRICT" {
    const told = this.options.onDelete;
    if (told === undefined) return this.options.required === true ? "RESTRICT" : "SET NULL";
    return told === "SET_NULL" ? "SET NULL" : told;
  }

  parse(value: unknown): number {
    return parseReference(value);
  }

  describeOptions(): FieldDescription {
    const { relatedName } = this.options;
    return {
      related_model: this.target,
      on_delete: this.onDelete,
      ...(relatedName === undefined ? {} : { related_name: relatedName }),
    };
  }

  readSchema(): JsonSchema {
    return REFERENCE_SCHEMA;
  }

  writeSchema(): JsonSchema {
    return { anyOf: [ID_SCHEMA, { type: "object", properties: { id: ID_SCHEMA }, required: ["id"] }] };
  }
}

/** Many records refer to one record of the target. */
export class ManyToOneField<
  Target extends string = string,
  Options extends ToOneOptions = ToOneOptions,
> extends ToOneField<Target, Options> {
  readonly type = "ManyToOne";
}

/** At most one record refers to a record of the target. */
export class OneToOneField<
  Target extends string = string,
  Options extends ToOneOptions = ToOneOptions,
> extends ToOneField<Target, Options> {
  readonly type = "OneToOne";
}

/** Options of {@link oneToMany} and {@link manyToMany}. */
export interface ToManyOptions {
  readonly label?: string;
  readonly description?: string;
  readonly hint?: string;
  readonly readonly?: boolean;
  readonly groups?: FieldGroups;
  readonly clone?: boolean;
  readonly track?: boolean;
}

/** What fields share that have no column in their model's table. */
abstract class ToManyField<Target extends string = string, Options extends ToManyOptions = ToManyOptions> extends Field<
  readonly Reference[],
  readonly ReferenceInput[],
  Options
> {
  readonly target: Target;

  constructor(target: Target, options: Options) {
    super(options);
    this.target = target;
  }

  readSchema(): JsonSchema {
    return { type: "array", items: REFERENCE_SCHEMA };
  }

  writeSchema(): JsonSchema {
    return { type: "array", items: { type: ["integer", "object", "array"] }, maxItems: 10_000, description: LINES };
  }
}

/** The records of the target whose `inverse` field refers to this record. */
export class OneToManyField<
  Target extends string = string,
  Inverse extends string = string,
  Options extends ToManyOptions = ToManyOptions,
> extends ToManyField<Target, Options> {
  readonly type = "OneToMany";
  readonly inverse: Inverse;

  constructor(target: Target, inverse: Inverse, options: Options) {
    super(target, options);
    this.inverse = inverse;
  }

  describeOptions(): FieldDescription {
    return { related_model: this.target, inverse: this.inverse };
  }
}

/** Options of {@link manyToMany}. */
export interface ManyToManyOptions extends ToManyOptions {
  /** Name of the table of links; made from the model and the field when left out. */
  readonly through?: string;
  /** Makes a field of this name on the other model that reads the relation backwards. */
  readonly relatedName?: string;
  /** Between records of companies: it may lead to records of other companies. */
  readonly otherCompanies?: boolean;
}

/** Records of the target that are linked through a table of pairs. */
export class ManyToManyField<
  Target extends string = string,
  Options extends ManyToManyOptions = ManyToManyOptions,
> extends ToManyField<Target, Options> {
  readonly type = "ManyToMany";

  describeOptions(): FieldDescription {
    const { through, relatedName } = this.options;
    return {
      related_model: this.target,
      ...(through === undefined ? {} : { through }),
      ...(relatedName === undefined ? {} : { related_name: relatedName }),
    };
  }
}

export type { ToManyField };
