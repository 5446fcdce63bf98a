/** The types that are inferred from declarations: what code reads, writes and filters by. Nothing here exists at run time. */
import type { Field } from "../fields/field.ts";
import type { ModelName } from "../fields/known-model.ts";
import type { Reference, ReferenceInput } from "../fields/relation.ts";

export type Simplify<T> = { [Key in keyof T]: T[Key] } & {};
export type Intersection<Union> = (Union extends unknown ? (item: Union) => void : never) extends (
  item: infer All,
) => void
  ? All
  : never;
/** The fields of a declaration. */
export type DeclaredFields<Declaration> = Declaration extends { readonly fields: infer Fields } ? Fields : never;

/** The fields that extensions add to what has this name. */
export type ExtensionFields<Name extends string> = Intersection<
  {
    [Key in keyof Fullfinity.Extensions]: Fullfinity.Extensions[Key] extends { readonly extends: Name }
      ? DeclaredFields<Fullfinity.Extensions[Key]>
      : never;
  }[keyof Fullfinity.Extensions]
>;

/** [reverse name, owner's name, cardinality] of every relation that names a reverse side on the model. */
type ReverseOf<Name extends ModelName, Owner extends string, Fields> = {
  [Key in keyof Fields]: Fields[Key] extends {
    readonly target: Name;
    readonly type: infer Type;
    readonly options: { readonly relatedName: infer Reverse extends string };
  }
    ? [Reverse, Owner, Type extends "OneToOne" ? "one" : "many"]
    : never;
}[keyof Fields];

type ReversesInModels<Name extends ModelName> = {
  [Owner in ModelName]: ReverseOf<Name, Owner, DeclaredFields<Fullfinity.Models[Owner]>>;
}[ModelName];

type ReversesInExtensions<Name extends ModelName> = {
  [Key in keyof Fullfinity.Extensions]: Fullfinity.Extensions[Key] extends {
    readonly extends: infer Owner extends string;
  }
    ? ReverseOf<Name, Owner, DeclaredFields<Fullfinity.Extensions[Key]>>
    : never;
}[keyof Fullfinity.Extensions];

/** A reverse side as a field: only its types matter. */
type ReverseField<Pair extends [string, string, string]> = (Pair[2] extends "one"
  ? Field<Reference | null, never>
  : Field<readonly Reference[], readonly ReferenceInput[]>) & { readonly target: Pair[1] };

type ReverseFields<Name extends ModelName> = {
  [Pair in ReversesInModels<Name> | ReversesInExtensions<Name> as Pair[0]]: ReverseField<Pair>;
};

/** Fields that every stored model has. */
interface AuditFields {
  readonly id: Field<number, never>;
  readonly display_name: Field<string, never>;
  readonly create_uid: Field<Reference | null, never> & { readonly target: "User" };
  readonly created_date: Field<string, never>;
  readonly write_uid: Field<Reference | null, never> & { readonly target: "User" };
  readonly updated_date: Field<string, never>;
  readonly version: Field<number, never>;
}

/** Nothing that is known adds nothing. */
export type Known<Fields> = unknown extends Fields ? unknown : Fields;

/** Every field of a model: its own, those of extensions, reverse sides and audit fields. */
export type FieldsOf<Name extends ModelName> = Simplify<
  DeclaredFields<Fullfinity.Models[Name]> &
    Known<ExtensionFields<Name>> &
    ReverseFields<Name> &
    Omit<AuditFields, keyof DeclaredFields<Fullfinity.Models[Name]>>
>;

export type ReadOf<Declared> = Declared extends { readonly read: infer Read } ? Read : never;
export type WriteOf<Declared> = Declared extends { readonly write: infer Write } ? Write : never;
export type TargetOf<Declared> = Declared extends { readonly target: infer Target extends ModelName } ? Target : never;
export type OptionsOf<Declared> = Declared extends { readonly options: infer Options } ? Options : never;

/** Fields that can be read at all: not those that hold secrets. */
export type ReadableName<Name extends ModelName> = {
  [Key in keyof FieldsOf<Name>]: [ReadOf<FieldsOf<Name>[Key]>] extends [never] ? never : Key;
}[keyof FieldsOf<Name>];

/** Calculated fields are written by the kernel alone, unless a setter takes what is written to them. */
type IsCalculated<Declared> =
  OptionsOf<Declared> extends { readonly calculate: string }
    ? OptionsOf<Declared> extends { readonly setter: string }
      ? false
      : true
    : false;
/** Fields that have a column or stand for one, so that records can be ordered by them. */
export type OrderableName<Name extends ModelName> = {
  [Key in ReadableName<Name>]: OptionsOf<FieldsOf<Name>[Key]> extends { readonly stored: false } ? never : Key;
}[ReadableName<Name>];

export type WritableName<Fields> = {
  [Key in keyof Fields]: [WriteOf<Fields[Key]>] extends [never]
    ? never
    : IsCalculated<Fields[Key]> extends true
      ? never
      : Key;
}[keyof Fields];
/** Fields that a new record must be given. */
export type MandatoryName<Fields> = {
  [Key in keyof Fields]: OptionsOf<Fields[Key]> extends { readonly required: true }
    ? OptionsOf<Fields[Key]> extends { readonly default: unknown } | { readonly calculate: string }
      ? never
      : Fields[Key] extends { readonly type: "Boolean" }
        ? never
        : Key
    : never;
}[keyof Fields];

/** What a read of the named fields gives; `id` is always there. */
export type RecordOf<Name extends ModelName, Key extends keyof FieldsOf<Name> = keyof FieldsOf<Name>> = Simplify<{
  readonly [Each in Key | "id"]: ReadOf<FieldsOf<Name>[Each & keyof FieldsOf<Name>]>;
}>;

/** A command to a list of records. */
type LineCommand<Target extends ModelName> =
  | readonly ["C", ChangedValues<Target>]
  | readonly ["U", number, ChangedValues<Target>]
  | readonly ["D" | "L" | "X", number]
  | readonly ["R", readonly number[]]
  | readonly ["X"];
/** A list of records as it is written: what it is to hold, or commands. What a new record must have is checked when it is written. */
type LinesInput<Target extends ModelName> =
  | readonly (ReferenceInput | (ChangedValues<Target> & { readonly id?: number }))[]
  | readonly LineCommand<Target>[];
type InputOf<Declared> = [TargetOf<Declared>] extends [never]
  ? WriteOf<Declared>
  : ReadOf<Declared> extends readonly unknown[]
    ? LinesInput<TargetOf<Declared>>
    : WriteOf<Declared>;

/** Values of a new record: required fields without a default must be there. */
export type NewValues<Name extends ModelName> = Simplify<
  { readonly [Key in MandatoryName<FieldsOf<Name>>]: InputOf<FieldsOf<Name>[Key]> } & {
    readonly [Key in Exclude<WritableName<FieldsOf<Name>>, MandatoryName<FieldsOf<Name>>>]?: InputOf<
      FieldsOf<Name>[Key]
    >;
  }
>;

/** Values of a change: any of the writable fields. */
export type ChangedValues<Name extends ModelName> = {
  readonly [Key in WritableName<FieldsOf<Name>>]?: InputOf<FieldsOf<Name>[Key]>;
};

type SingleLookup = "eq" | "neq" | "gt" | "gte" | "lt" | "lte";
type TextLookup = "contains" | "icontains" | "startswith" | "istartswith" | "endswith" | "iendswith";
type LookupName = SingleLookup | TextLookup | "in" | "nin" | "isnull" | "isnotnull" | "between";

type Split<Path extends string> = Path extends `${infer Head}__${infer Rest}` ? [Head, ...Split<Rest>] : [Path];

/** What a field is compared to: an id for relations, else what may be written; secrets are not compared. */
type OperandOf<Declared> = [TargetOf<Declared>] extends [never]
  ? [ReadOf<Declared>] extends [never]
    ? never
    : [WriteOf<Declared>] extends [never]
      ? ReadOf<Declared>
      : WriteOf<Declared>
  : number | null;
type OperandFor<Declared, Lookup> =
  OptionsOf<Declared> extends { readonly stored: false } ? never : LookupOperand<Declared, Lookup>;
type LookupOperand<Declared, Lookup> = Lookup extends "in" | "nin"
  ? readonly OperandOf<Declared>[]
  : Lookup extends "isnull" | "isnotnull"
    ? boolean
    : Lookup extends "between"
      ? readonly [OperandOf<Declared>, OperandOf<Declared>]
      : Lookup extends TextLookup
        ? NonNullable<ReadOf<Declared>> extends string
          ? string
          : never
        : OperandOf<Declared>;

type ConditionValue<Name extends ModelName, Path extends readonly string[]> = Path extends readonly [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? Head extends keyof FieldsOf<Name>
    ? Rest extends []
      ? OperandFor<FieldsOf<Name>[Head], "eq">
      : Rest extends [infer Lookup extends LookupName]
        ? OperandFor<FieldsOf<Name>[Head], Lookup>
        : [TargetOf<FieldsOf<Name>[Head]>] extends [never]
          ? never
          : ConditionValue<TargetOf<FieldsOf<Name>[Head]>, Rest>
    : never
  : never;

/** Checks the conditions of a filter: `path__lookup` -> operand. A wrong name or value makes the member `never`. */
export type Conditions<Name extends ModelName, Given> = {
  readonly [Key in keyof Given]: Key extends string ? ConditionValue<Name, Split<Key>> : never;
};
