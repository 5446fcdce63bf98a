/** How a module declares what a wizard does: rules over several of its values, methods that its form has, and UI effects. */
import type { RunningEnvironment, WizardName } from "../fields/known-model.ts";
import type { ModelBehaviour } from "./behaviour.ts";
import { callerFile } from "./caller-file.ts";
import type { EffectDeclaration, Unfinished } from "./effect.ts";
import type { WizardMethodDeclaration } from "./method.ts";
import type { DefaultValues, InputValues, WizardFieldsOf } from "./method-type.ts";

/** Rules with the fields that each looks at. */
type WizardRules<Name extends WizardName, Fields> = {
  readonly [Key in keyof Fields]: {
    readonly fields: Fields[Key];
    readonly check: (
      values: Pick<
        InputValues<WizardFieldsOf<Name>>,
        Fields[Key] extends readonly (infer Each extends keyof WizardFieldsOf<Name>)[] ? Each : never
      >,
    ) => string | null;
  };
};

/** What the function of a wizard's effect gets besides the values. */
export interface WizardEffectCall<Wizard extends WizardName> {
  /** A transaction in which nothing can be changed, with the rights of the caller. */
  readonly env: RunningEnvironment;
  /** Gives other fields of the form values; their effects follow. */
  readonly change: (values: DefaultValues<WizardFieldsOf<Wizard>>) => void;
  /** Tells people something about a field. */
  readonly warn: (field: keyof WizardFieldsOf<Wizard> & string, message: string) => void;
  /** Narrows what may be chosen for a relation, by a filter as text or in its JSON form. */
  readonly narrow: (
    field: keyof WizardFieldsOf<Wizard> & string,
    filter: string | Readonly<Record<string, unknown>>,
  ) => void;
}

/**
 * Declares what a value of a wizard does to others, as a member of `effects` in `implementWizard`, under the field that triggers it.
 *
 * @param run gets all values as they are filled in so far, and changes the form
 */
export function wizardEffect<Wizard extends WizardName>(
  run: (
    values: Unfinished<InputValues<WizardFieldsOf<Wizard>>>,
    call: WizardEffectCall<Wizard>,
  ) => void | Promise<void>,
): EffectDeclaration<Wizard> {
  return Object.freeze({ reads: [], run: run as unknown as EffectDeclaration["run"] });
}

/**
 * Declares what a wizard does. Any module may do so for any wizard.
 *
 * @param wizard the wizard
 */
export function implementWizard<
  const Name extends WizardName,
  const Fields extends Readonly<Record<string, readonly (keyof WizardFieldsOf<Name> & string)[]>>,
>(
  wizard: Name,
  declaration: {
    readonly validate?: WizardRules<Name, Fields>;
    readonly methods?: Readonly<Record<string, WizardMethodDeclaration<NoInfer<Name>>>>;
    readonly effects?: {
      readonly [Field in keyof WizardFieldsOf<Name> & string]?: EffectDeclaration<NoInfer<Name>>;
    };
  },
): ModelBehaviour<Name> {
  const { validate = {}, methods = {}, effects = {} } = declaration;
  return Object.freeze({
    implements: wizard,
    calculate: Object.freeze({}),
    setters: Object.freeze({}),
    validate: Object.freeze({ ...validate }) as ModelBehaviour["validate"],
    hooks: Object.freeze({}),
    methods: Object.freeze({ ...methods }),
    effects: Object.freeze({ ...effects }) as NonNullable<ModelBehaviour["effects"]>,
    file: callerFile(),
  });
}
