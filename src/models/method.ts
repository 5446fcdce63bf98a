/** How a module declares methods: functions that clients may call, each with the right it needs and the inputs it takes. */
import type { FieldMap } from "../fields/field.ts";
import type { ModelName, RunningEnvironment, WizardName } from "../fields/known-model.ts";
import type {
  CheckedDefaults,
  CheckedPaths,
  DefaultsCall,
  InputFields,
  MethodCall,
  MethodRecords,
  MethodScope,
  MethodTakes,
  WizardFieldsOf,
  WrappedCall,
  WrapperAdds,
} from "./method-type.ts";

type Promisable<Value> = Value | Promise<Value>;

/** What the caller must be allowed to do with the records of a method. */
export type MethodNeed = "read" | "create" | "write" | "delete";

/** What people are asked before a method runs. `{count}` stands for the number of records. */
export interface Confirmation {
  /** The method's label unless told. */
  readonly title?: string;
  readonly message: string;
  /** On the button; the method's label unless told. */
  readonly confirmLabel?: string;
  /** `primary` unless told. */
  readonly variant?: "primary" | "danger";
}

/** A call as it reaches the functions of a method. */
export interface AnyCall {
  readonly env: RunningEnvironment;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
  readonly next: () => Promise<unknown>;
}

/** The function of a method, of whatever model. */
export type AnyRun = (records: readonly object[], call: AnyCall) => unknown;

/** The function that makes the defaults of a wizard. */
export type AnyDefaults = (
  records: readonly never[],
  call: Pick<AnyCall, "env" | "context">,
) => object | Promise<object>;

/** What may be said of a method besides its function. */
export interface MethodOptions {
  readonly scope: MethodScope | "wizard";
  /** Made of the name when left out. */
  readonly label?: string;
  readonly description?: string;
  /** `write` when left out, `read` for a method that is read-only. */
  readonly needs?: MethodNeed;
  /** The method changes nothing: it runs in a transaction that refuses every change. */
  readonly readonly?: boolean;
  /** Identifiers of the groups whose members may call it; for all others it does not exist. */
  readonly groups?: readonly string[];
  /** Paths to what the function reads of its records. */
  readonly reads?: readonly string[];
  readonly inputs?: FieldMap;
  /** The keys of the caller's context that the function looks at. */
  readonly context?: FieldMap;
  readonly confirm?: Confirmation;
  /** The wizard whose values are the inputs. */
  readonly wizard?: string;
  /** Values that the wizard begins with, made of the records; they also stand for what a call leaves out. */
  readonly defaults?: AnyDefaults;
  /** Of a method of a wizard: the model whose records it works on. */
  readonly of?: string;
}

/** A method as one module declares it. The name of its model, and what a call takes, are for the compiler. */
export interface MethodDeclaration<Name extends string = string, Takes = unknown> {
  readonly kind: "method";
  readonly model?: Name;
  readonly takes?: Takes;
  readonly options: MethodOptions;
  readonly run: AnyRun;
}

/** What one module puts around a method that another one declares. */
export interface MethodWrapper<Name extends string = string, Adds = unknown> {
  readonly kind: "wrapper";
  readonly model?: Name;
  /** For the compiler: the inputs that it adds. */
  readonly adds?: Adds;
  readonly options: Pick<MethodOptions, "reads" | "inputs">;
  readonly run: AnyRun;
}

/**
 * Declares a method, as a member of `methods` in `implementModel`.
 *
 * @param options where it works, what it needs, reads and takes
 * @param run gets the records with what the method reads (none for the scope `model`) and the call; what it gives is plain
 *   JSON or an action
 */
export function method<
  Name extends ModelName,
  const Scope extends MethodScope,
  const Reads extends readonly string[] = [],
  const Inputs extends FieldMap = Readonly<Record<never, never>>,
  const Context extends FieldMap = Readonly<Record<never, never>>,
  const Wizard extends WizardName = never,
  const Given extends object = object,
>(
  options: Omit<MethodOptions, "scope" | "reads" | "inputs" | "context" | "wizard" | "defaults" | "of"> & {
    readonly scope: Scope;
    readonly reads?: Reads & CheckedPaths<NoInfer<Name>, Reads>;
    readonly inputs?: Inputs;
    readonly context?: Context;
    readonly wizard?: Wizard;
    readonly defaults?: (
      records: MethodRecords<Name, Scope, Reads[number]>,
      call: DefaultsCall<Context>,
    ) => Promisable<Given & CheckedDefaults<Given, InputFields<NoInfer<Inputs>, NoInfer<Wizard>>>>;
  },
  run: (
    records: MethodRecords<Name, Scope, Reads[number]>,
    call: MethodCall<InputFields<Inputs, Wizard>, Context>,
  ) => unknown,
): MethodDeclaration<Name, MethodTakes<Scope, Inputs, Wizard>> {
  const kept = Object.freeze({ ...options }) as MethodOptions;
  return Object.freeze({ kind: "method", options: kept, run: run as unknown as AnyRun });
}

/** A method of a wizard, as one module declares it. The name of the wizard is for the compiler. */
export interface WizardMethodDeclaration<Wizard extends string = string> extends MethodDeclaration {
  readonly ofWizard?: Wizard;
}

/**
 * Declares a method of a wizard, as a member of `methods` in `implementWizard`: what a button of the form does.
 *
 * @param options what it needs and reads of the records that the wizard is about, which are of the model `of`
 * @param run gets these records and the call, whose inputs are the values of the wizard
 */
export function wizardMethod<
  Wizard extends WizardName,
  const Name extends ModelName,
  const Reads extends readonly string[] = [],
  const Context extends FieldMap = Readonly<Record<never, never>>,
>(
  options: Omit<MethodOptions, "scope" | "reads" | "inputs" | "context" | "wizard" | "defaults" | "of"> & {
    readonly of: Name;
    readonly reads?: Reads & CheckedPaths<NoInfer<Name>, Reads>;
    readonly context?: Context;
  },
  run: (
    records: MethodRecords<NoInfer<Name>, "records", Reads[number]>,
    call: MethodCall<WizardFieldsOf<Wizard>, Context>,
  ) => unknown,
): WizardMethodDeclaration<Wizard> {
  const kept = Object.freeze({ ...options, scope: "wizard" }) as MethodOptions;
  return Object.freeze({ kind: "method", options: kept, run: run as unknown as AnyRun });
}

/**
 * Wraps a method of a module that this one depends on, as a member of `methods` in `implementModel`.
 *
 * @param options what the function reads itself, and inputs that it adds
 * @param run calls `next` for what it wraps; records as they were before any of it ran
 */
export function wrapMethod<
  Name extends ModelName,
  const Reads extends readonly string[] = [],
  const Inputs extends FieldMap = Readonly<Record<never, never>>,
>(
  options: { readonly reads?: Reads & CheckedPaths<NoInfer<Name>, Reads>; readonly inputs?: Inputs },
  run: (records: MethodRecords<Name, "records", Reads[number]>, call: WrappedCall<Inputs>) => unknown,
): MethodWrapper<Name, WrapperAdds<Inputs>> {
  return Object.freeze({ kind: "wrapper", options: Object.freeze({ ...options }), run: run as unknown as AnyRun });
}
