/** The types of methods: what their functions get, inferred from what they declare. Nothing here exists at run time. */
import type { ModelName, RunningEnvironment, WizardName } from "../fields/known-model.ts";
import type { DependencyRecord } from "./behaviour-type.ts";
import type {
  DeclaredFields,
  ExtensionFields,
  FieldsOf,
  Intersection,
  Known,
  MandatoryName,
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

/** What a call of a method takes, as its declaration says it. */
export interface MethodTakes<Scope, Inputs, Wizard> {
  readonly scope: Scope;
  readonly inputs: Inputs;
  readonly wizard: Wizard;
}

/** What a wrapping function adds to the inputs. */
export interface WrapperAdds<Inputs> {
  readonly inputs: Inputs;
}

/** The methods of each behaviour of a model that is announced. */
type AnnouncedMethods<Name extends ModelName> = {
  [Key in keyof Fullfinity.Behaviours]: Fullfinity.Behaviours[Key] extends {
    readonly implements: Name;
    readonly methods?: infer Methods;
  }
    ? Methods
    : never;
}[keyof Fullfinity.Behaviours];
type TakesIn<Methods> = {
  [Key in keyof Methods]: Methods[Key] extends { readonly kind: "method"; readonly takes?: infer Takes }
    ? Takes
    : never;
};
type DeclaredName<Methods> = Methods extends unknown
  ? { [Key in keyof Methods]: [TakesIn<Methods>[Key]] extends [never] ? never : Key }[keyof Methods]
  : never;

/** The methods of a model that code may call by name: those of announced behaviours. */
export type MethodName<Name extends ModelName> = DeclaredName<NonNullable<AnnouncedMethods<Name>>> & string;

/** What a method takes, of whichever behaviour it is. */
type TakesOf<Methods, Method> = Methods extends unknown
  ? Method extends keyof Methods
    ? NonNullable<TakesIn<Methods>[Method]>
    : never
  : never;
/** The inputs that wrapping functions add to a method. */
type AddedInputs<Methods, Method> = Intersection<
  Methods extends unknown
    ? Method extends keyof Methods
      ? Methods[Method] extends { readonly kind: "wrapper"; readonly adds?: WrapperAdds<infer Added> }
        ? Added
        : never
      : never
    : never
>;
/** Inputs as code gives them. Those of a wizard may be missing: it has defaults of its own. */
type GivenInputs<Takes, Added> =
  Takes extends MethodTakes<unknown, infer Inputs, infer Wizard>
    ? [Wizard] extends [WizardName]
      ? [Wizard] extends [never]
        ? InputsOf<Inputs & Known<Added>>
        : DefaultValues<WizardFieldsOf<Wizard>>
      : never
    : never;
type InputsOf<Inputs> = [keyof Inputs] extends [never] ? Readonly<Record<string, never>> : ListedInputs<Inputs>;
type ListedInputs<Inputs> = Simplify<
  { readonly [Key in MandatoryName<Inputs>]: InputWrite<Inputs[Key]> } & {
    readonly [Key in Exclude<keyof Inputs, MandatoryName<Inputs>>]?: InputWrite<Inputs[Key]>;
  }
>;

/** The records of a call: none for a method of the scope `model`. */
export type CallIds<Name extends ModelName, Method> =
  TakesOf<NonNullable<AnnouncedMethods<Name>>, Method> extends { readonly scope: "model" }
    ? readonly []
    : readonly number[];

/** The inputs of a call, which need not be given where none is required. */
export type CallInputs<Name extends ModelName, Method> = OptionalWhereEmpty<
  GivenInputs<
    TakesOf<NonNullable<AnnouncedMethods<Name>>, Method>,
    AddedInputs<NonNullable<AnnouncedMethods<Name>>, Method>
  >
>;
type OptionalWhereEmpty<Inputs> = Readonly<Record<never, never>> extends Inputs ? [inputs?: Inputs] : [inputs: Inputs];
