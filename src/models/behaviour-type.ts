/** The types of functions over records, inferred from the fields that name them. Nothing here exists at run time. */
import type { ModelName, RunningEnvironment } from "../fields/known-model.ts";
import type { FieldsOf, OptionsOf, ReadOf, Simplify, TargetOf, WritableName, WriteOf } from "./record-type.ts";

type HeadOf<Path extends string> = Path extends `${infer Head}.${string}`
  ? Head extends `${infer First}__${string}`
    ? First
    : Head
  : Path extends `${infer Head}__${string}`
    ? Head
    : Path;
type RestOf<Path extends string, Head extends string> = Path extends `${Head}.${infer Rest}` | `${Head}__${infer Rest}`
  ? Rest
  : never;

/** A record with its id and exactly what the paths lead to: records within records, lists of them for to-many. */
export type DependencyRecord<Name extends ModelName, Path extends string> = Simplify<
  { readonly id: number } & {
    readonly [Head in HeadOf<Path>]: Head extends keyof FieldsOf<Name>
      ? DependencyValue<FieldsOf<Name>[Head], RestOf<Path, Head>>
      : never;
  }
>;
type DependencyValue<Declared, Rest extends string> = [TargetOf<Declared>] extends [never]
  ? ReadOf<Declared>
  : ReadOf<Declared> extends readonly unknown[]
    ? readonly DependencyRecord<TargetOf<Declared>, Rest>[]
    : DependencyRecord<TargetOf<Declared>, Rest> | (null extends ReadOf<Declared> ? null : never);

/** The names that the fields of a model give in an option. */
type NameIn<Name extends ModelName, Option extends string> = {
  [Key in keyof FieldsOf<Name>]: OptionsOf<FieldsOf<Name>[Key]> extends {
    readonly [Each in Option]: infer Given extends string;
  }
    ? Given
    : never;
}[keyof FieldsOf<Name>];
/** The field of a model that gives a name in an option. */
type FieldWith<Name extends ModelName, Option extends string, Given> = {
  [Key in keyof FieldsOf<Name>]: OptionsOf<FieldsOf<Name>[Key]> extends { readonly [Each in Option]: Given }
    ? FieldsOf<Name>[Key]
    : never;
}[keyof FieldsOf<Name>];
// The element is asked for, not inferred: the options are an intersection, from whose other half any text would be inferred.
type PathOf<Declared> =
  OptionsOf<Declared> extends { readonly dependsOn: infer Paths extends readonly string[] } ? Paths[number] : never;

type CalculateFunction<Name extends ModelName, Declared> = (
  records: readonly DependencyRecord<Name, PathOf<Declared>>[],
  env: RunningEnvironment,
) => readonly WriteOf<Declared>[] | Promise<readonly WriteOf<Declared>[]>;

/** The functions that the calculated fields of a model name. */
export type CalculateFunctions<Name extends ModelName> = {
  readonly [Given in NameIn<Name, "calculate">]?: CalculateFunction<Name, FieldWith<Name, "calculate", Given>>;
};

type SetterFunction<Declared> = (
  changes: readonly { readonly id: number; readonly value: WriteOf<Declared> }[],
  env: RunningEnvironment,
) => void | Promise<void>;

/** The setters that the calculated fields of a model name. */
export type SetterFunctions<Name extends ModelName> = {
  readonly [Given in NameIn<Name, "setter">]?: SetterFunction<FieldWith<Name, "setter", Given>>;
};

/** A step of a write: it does its part and calls `next`, which is what it wraps; without that, it replaces it. */
export type Hook<Batch, Result> = (
  batch: Batch,
  env: RunningEnvironment,
  next: (batch: Batch) => Promise<Result>,
) => Result | Promise<Result>;

/** Values that somebody wants to write: the names are known, what stands behind them is not checked yet. */
type DraftOf<Name extends ModelName> = { readonly [Key in WritableName<FieldsOf<Name>>]?: unknown };
interface ChangeOf<Name extends ModelName> {
  readonly id: number;
  readonly values: DraftOf<Name>;
}

/** The hooks of a model. */
export interface HookDeclarations<Name extends ModelName> {
  readonly beforeCreate?: Hook<readonly DraftOf<Name>[], readonly DraftOf<Name>[]>;
  readonly afterCreate?: Hook<readonly number[], void>;
  readonly beforeUpdate?: Hook<readonly ChangeOf<Name>[], readonly ChangeOf<Name>[]>;
  readonly afterUpdate?: Hook<readonly ChangeOf<Name>[], void>;
  readonly beforeDelete?: Hook<readonly number[], void>;
  readonly afterDelete?: Hook<readonly number[], void>;
  readonly afterModuleChange?: Hook<readonly number[], void>;
}
