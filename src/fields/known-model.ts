/** Where modules announce their models to the compiler, so that relations and code can refer to them by name. */

declare global {
  namespace Fullfinity {
    /** Model name -> `typeof` its definition. Each module adds its own. */
    interface Models {}
    /** Wizard name -> `typeof` its definition. */
    interface Wizards {}
    /** A name of the module's choice -> `typeof` an extension. */
    interface Extensions {}
    /** A name of the module's choice -> `typeof` a behaviour of a model, so that code can call its methods by name. */
    interface Behaviours {}
    /** What the kernel announces to declarations that stand below it: the environment that their functions get. */
    interface Kernel {}
  }
}

/** The models that this program knows at compile time. */
export type ModelName = keyof Fullfinity.Models & string;

/** The wizards that this program knows at compile time. */
export type WizardName = keyof Fullfinity.Wizards & string;

/** The environment that functions of modules get, known here by its announcement alone. */
export type RunningEnvironment = Fullfinity.Kernel extends { readonly environment: infer Environment }
  ? Environment
  : never;
