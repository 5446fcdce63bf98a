/** How a module declares UI effects: what a value in a form does to the others, before anything is saved. */
import type { ModelName, RunningEnvironment } from "../fields/known-model.ts";
import type { DependencyRecord } from "./behaviour-type.ts";
import type { CheckedPaths } from "./method-type.ts";
import type { ChangedValues, FieldsOf } from "./record-type.ts";

/** A record in a form: what must not be empty may still be. */
export type Unfinished<Value> = Value extends readonly (infer Line)[]
  ? readonly Unfinished<Line>[]
  : { readonly [Key in keyof Value]: Key extends "id" ? Value[Key] : UnfinishedMember<Value[Key]> };
type UnfinishedMember<Value> = Value extends readonly (infer Line extends object)[]
  ? readonly Unfinished<Line>[]
  : Value | null;

/** What the function of an effect gets besides the record. */
export interface EffectCall<Name extends ModelName> {
  /** A transaction in which nothing can be changed, with the rights of the caller. */
  readonly env: RunningEnvironment;
  /** Gives other fields of the form values; their effects follow. */
  readonly change: (values: ChangedValues<Name>) => void;
  /** Tells people something about a field. */
  readonly warn: (field: keyof FieldsOf<Name> & string, message: string) => void;
  /** Narrows what may be chosen for a relation, by a filter as text or in its JSON form. */
  readonly narrow: (field: keyof FieldsOf<Name> & string, filter: string | Readonly<Record<string, unknown>>) => void;
}

/** A call as it reaches the function of any effect. */
export interface AnyEffectCall {
  readonly env: RunningEnvironment;
  readonly change: (values: Readonly<Record<string, unknown>>) => void;
  readonly warn: (field: string, message: string) => void;
  readonly narrow: (field: string, filter: string | Readonly<Record<string, unknown>>) => void;
}

/** An effect as one module declares it. The name of its model is for the compiler. */
export interface EffectDeclaration<Name extends string = string> {
  readonly model?: Name;
  readonly reads: readonly string[];
  readonly run: (record: never, call: AnyEffectCall) => unknown;
}

/** An effect of a composed model. */
export interface ComposedEffect {
  readonly module: string;
  /** What it reads of the form, split. */
  readonly paths: readonly (readonly string[])[];
  readonly run: EffectDeclaration["run"];
}

/** The effects of a model, by the field whose value they follow. */
export type EffectDeclarations<Name extends ModelName> = {
  readonly [Field in keyof FieldsOf<Name> & string]?: EffectDeclaration<NoInfer<Name>>;
};

/**
 * Declares what a value in a form does to others, as a member of `effects` in `implementModel`, under the field that triggers it.
 *
 * @param options paths to what the function reads: unsaved values and lines stand before what is stored
 * @param run gets the record as the form shows it, and changes the form
 */
export function effect<Name extends ModelName, const Reads extends readonly string[] = []>(
  options: { readonly reads?: Reads & CheckedPaths<NoInfer<Name>, Reads> },
  run: (record: Unfinished<DependencyRecord<Name, Reads[number]>>, call: EffectCall<Name>) => void | Promise<void>,
): EffectDeclaration<Name> {
  const { reads = [] } = options;
  return Object.freeze({ reads, run: run as unknown as EffectDeclaration["run"] });
}
