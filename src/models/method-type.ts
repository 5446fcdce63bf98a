/** The types of methods: what their functions get, inferred from what they declare. Nothing here exists at run time. */
import type { ModelName, RunningEnvironment, WizardName } from "../fields/known-model.ts";
import type { DependencyRecord } from "./behaviour-type.ts";
import type {
  DeclaredFields,
  ExtensionFields,
  FieldsOf,
  Known,
  ReadableName,
  ReadOf,
  Simplify,
  TargetOf,
  WriteOf,
} from "./record-type.ts";

/** A path itself where it leads to something, else nothing. */
type CheckedPath<Name extends ModelName, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof FieldsOf<Name>
    ? [TargetOf<FieldsOf<Name>[Head]>] extends [never]
      ? never
      : [CheckedPath<TargetOf<FieldsOf<Name>[Head]>, Rest>] extends [never]
        ? never
        : Path
    : never
  : Path extends ReadableName<Name>
    ? Path
    : never;

/** Checks a list of paths with dots: one that leads nowhere becomes `never`. */
export type CheckedPaths<Name extends ModelName, Given extends readonly string[]> = {
  readonly [Key in keyof Given]: CheckedPath<Name, Given[Key]>;
};

/** The fields of a wizard: its own, and those of extensions. */
export type WizardFieldsOf<Name extends WizardName> = Simplify<
  DeclaredFields<Fullfinity.Wizards[Name]> & Known<ExtensionFields<Name>>
>;

/** What code reads of a field of inputs: lines are records of their wizard. */
type InputRead<Declared> = Declared extends { readonly wizard: infer Lines extends WizardName }
  ? readonly InputValues<WizardFieldsOf<Lines>>[]
  : ReadOf<Declared>;
type InputWrite<Declared> = Declared extends { readonly wizard: infer Lines extends WizardName }
  ? readonly DefaultValues<WizardFieldsOf<Lines>>[]
  : WriteOf<Declared>;

/** What code reads of declared inputs. */
export type InputValues<Inputs> = Simplify<{ readonly [Key in keyof Inputs]: InputRead<Inputs[Key]> }>;

/** Some of the values of inputs, as they may be written. */
export type DefaultValues<Inputs> = { readonly [Key in keyof Inputs]?: InputWrite<Inputs[Key]> };

/** Checks given defaults: a name that is not there, or a wrong value, becomes `never`. */
export type CheckedDefaults<Given, Inputs> = {
  readonly [Key in keyof Given]: Key extends keyof Inputs ? InputWrite<Inputs[Key]> : never;
};

/** The fields of a method's inputs: those of its wizard, or its own. */
export type InputFields<Inputs, Wizard> = [Wizard] extends [never]
  ? Inputs
  : Wizard extends WizardName
    ? WizardFieldsOf<Wizard>
    : never;

/** Where a method of a model works. */
export type MethodScope = "records" | "model";

/** The records that a method gets: those it is called for, with what it reads. */
export type MethodRecords<Name extends ModelName, Scope, Path extends string> = Scope extends "records"
  ? readonly DependencyRecord<Name, Path>[]
  : readonly never[];

/** What a method's function gets besides its records. */
export interface MethodCall<Inputs, Context> {
  /** The transaction of the call, with the rights of the caller. */
  readonly env: RunningEnvironment;
  /** What the caller gave for the declared inputs, with their defaults. */
  readonly inputs: InputValues<Inputs>;
  /** The declared keys of the caller's context; others are not there. Data, never a right. */
  readonly context: InputValues<Context>;
}

/** What the function gets that makes the defaults of a wizard. */
export type DefaultsCall<Context> = Pick<MethodCall<unknown, Context>, "env" | "context">;

/** What a function that wraps a method gets. */
export interface WrappedCall<Inputs> {
  readonly env: RunningEnvironment;
  /** What the caller gave for the inputs that the wrapping function adds. */
  readonly inputs: InputValues<Inputs>;
  /** Runs what is wrapped; without that it is replaced. */
  readonly next: () => Promise<unknown>;
}
