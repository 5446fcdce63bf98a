/** How a module declares what a model's records do: calculations, setters, validations, hooks, methods and UI effects. Apart from its fields. */
import type { ModelName, RunningEnvironment } from "../fields/known-model.ts";
import type { CalculateFunctions, DependencyRecord, HookDeclarations, SetterFunctions } from "./behaviour-type.ts";
import { callerFile } from "./caller-file.ts";
import type { ComposedMethod } from "./composed-method.ts";
import type { ComposedEffect, EffectDeclaration, EffectDeclarations } from "./effect.ts";
import type { MethodDeclaration, MethodWrapper } from "./method.ts";
import type { FieldsOf, ReadableName } from "./record-type.ts";
import type { Validation, ValidationDeclaration } from "./validation.ts";

/** Calculates the values of a batch: as many as there are records, in the same order. */
export type Calculate = (
  records: readonly never[],
  env: RunningEnvironment,
) => readonly unknown[] | Promise<readonly unknown[]>;

/** Takes what is written to a calculated field, and writes other fields through the environment. */
export type Setter = (changes: readonly never[], env: RunningEnvironment) => void | Promise<void>;

/** Values of a write that are not checked yet. */
export type DraftValues = Readonly<Record<string, unknown>>;

/** A change of one record before it is checked. */
export interface DraftChange {
  readonly id: number;
  readonly values: DraftValues;
}

/** A hook of unknown fields, as any declared hook can be kept. */
type AnyHook = (batch: never, env: RunningEnvironment, next: never) => unknown;

/** The moments that hooks wrap: those of a write, and the end of a change of modules. */
export type Moment = keyof ComposedHooks;

/** Name -> a method that clients may call, or what is put around one. */
type MethodMap = Readonly<Record<string, MethodDeclaration | MethodWrapper>>;

/** What one module declares that the records of a model do. */
export interface ModelBehaviour<Name extends string = string, Methods extends MethodMap = MethodMap> {
  readonly implements: Name;
  /** Name that fields give in their option `calculate` -> function. */
  readonly calculate: Readonly<Record<string, Calculate>>;
  /** Name that fields give in their option `setter` -> function. */
  readonly setters: Readonly<Record<string, Setter>>;
  readonly validate: Readonly<Record<string, ValidationDeclaration>>;
  readonly hooks: Readonly<Partial<Record<Moment, AnyHook>>>;
  readonly methods?: Methods;
  /** Field -> what its value in a form does to others. */
  readonly effects?: Readonly<Record<string, EffectDeclaration>>;
  /** The source file, for messages about conflicts. */
  readonly file: string;
}

/** Validations with the fields that each looks at. */
type Validations<Name extends ModelName, Fields> = {
  readonly [Key in keyof Fields]: {
    readonly fields: Fields[Key];
    readonly check: (
      record: DependencyRecord<Name, Fields[Key] extends readonly (infer Each extends string)[] ? Each : never>,
    ) => string | null;
  };
};

/** What {@link implementModel} takes. */
interface BehaviourDeclaration<Name extends ModelName, Fields, Methods> {
  readonly calculate?: CalculateFunctions<Name>;
  readonly setters?: SetterFunctions<Name>;
  readonly validate?: Validations<Name, Fields>;
  readonly hooks?: HookDeclarations<Name>;
  readonly methods?: Methods;
  readonly effects?: EffectDeclarations<Name>;
}

/**
 * Declares what the records of a model do. Any module may do so for any model; what several of them bring is joined, and
 * hooks wrap each other in the order of the modules.
 *
 * @param model the model, whose fields name the functions in `calculate` and `setter`
 */
export function implementModel<
  const Name extends ModelName,
  const Fields extends Readonly<Record<string, readonly (keyof FieldsOf<Name> & ReadableName<Name> & string)[]>>,
  const Methods extends Readonly<Record<string, MethodDeclaration<NoInfer<Name>> | MethodWrapper<NoInfer<Name>>>>,
>(model: Name, declaration: BehaviourDeclaration<Name, Fields, Methods>): ModelBehaviour<Name, Methods> {
  const { calculate = {}, setters = {}, validate = {}, hooks = {}, methods = {}, effects = {} } = declaration;
  return Object.freeze({
    implements: model,
    calculate: Object.freeze({ ...calculate }) as ModelBehaviour["calculate"],
    setters: Object.freeze({ ...setters }) as ModelBehaviour["setters"],
    validate: Object.freeze({ ...validate }) as ModelBehaviour["validate"],
    hooks: Object.freeze({ ...hooks }) as ModelBehaviour["hooks"],
    methods: Object.freeze({ ...methods }) as Methods,
    effects: Object.freeze({ ...effects }) as NonNullable<ModelBehaviour["effects"]>,
    file: callerFile(),
  });
}

/** How a composed field is calculated. */
export interface Calculation {
  /** Paths to what it depends on, split; resolved, so every step is there. */
  readonly paths: readonly (readonly string[])[];
  /** Whether the value is kept in a column. */
  readonly stored: boolean;
  /** Whether a value that is not stored is calculated from what the reader may not see, too. */
  readonly elevated: boolean;
  readonly calculate: Calculate;
  /** Takes what is written to the field; null where nobody may write it. */
  readonly setter: Setter | null;
}

/** All hooks of one moment, one around the other; null where there is none. */
export type Wrapped<Batch, Result> = ((batch: Batch, env: RunningEnvironment) => Promise<Result>) | null;

/** The hooks of a composed model. Those before a create or update give back the values that are written. */
export interface ComposedHooks {
  readonly beforeCreate: Wrapped<readonly DraftValues[], readonly DraftValues[]>;
  readonly afterCreate: Wrapped<readonly number[], void>;
  readonly beforeUpdate: Wrapped<readonly DraftChange[], readonly DraftChange[]>;
  readonly afterUpdate: Wrapped<readonly DraftChange[], void>;
  readonly beforeDelete: Wrapped<readonly number[], void>;
  readonly afterDelete: Wrapped<readonly number[], void>;
  /** Gets records that data files keep, once other modules are installed: what they speak of by name may be gone. */
  readonly afterModuleChange: Wrapped<readonly number[], void>;
}

/** What the records of a composed model do, beyond the calculations, which stand at their fields. */
export interface Behaviour {
  readonly validate: readonly Validation[];
  readonly hooks: ComposedHooks;
  readonly methods: ReadonlyMap<string, ComposedMethod>;
  /** Field -> its effects, in the order of the modules. */
  readonly effects: ReadonlyMap<string, readonly ComposedEffect[]>;
}
