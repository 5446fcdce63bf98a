/** A method of a composed model or wizard: what is known of it before anybody calls it. */
import type { Field } from "../fields/field.ts";
import type { AnyDefaults, AnyRun, Confirmation, MethodNeed, MethodOptions } from "./method.ts";
import type { Validation } from "./validation.ts";

/** Values that have no column: they live as long as a request. */
export interface InputShape {
  readonly fields: ReadonlyMap<string, Field>;
  readonly validate: readonly Validation[];
}

/** One function of a method. */
export interface MethodStep {
  /** What it reads of its records, split. */
  readonly paths: readonly (readonly string[])[];
  readonly run: AnyRun;
}

/** A method of a composed model or wizard. */
export interface ComposedMethod {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly module: string;
  readonly scope: MethodOptions["scope"];
  /** The model whose records it works on, and whose rights it needs. */
  readonly of: string;
  readonly needs: MethodNeed;
  readonly readonly: boolean;
  /** Identifiers of the groups that may call it; null for everybody who has the right. */
  readonly groups: readonly string[] | null;
  readonly inputs: InputShape;
  readonly context: InputShape;
  readonly confirm: Confirmation | null;
  /** The wizard whose values are the inputs. */
  readonly wizard: string | null;
  readonly defaults: AnyDefaults | null;
  /** The method's own function first, then what wraps it, in the order of the modules. */
  readonly steps: readonly MethodStep[];
}
