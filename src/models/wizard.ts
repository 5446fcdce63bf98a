/** How a module declares wizards: forms whose values are inputs of a method. They have no table; their state lives in the client. */
import type { FieldMap } from "../fields/field.ts";
import type { WizardName } from "../fields/known-model.ts";
import { callerFile } from "./caller-file.ts";

/** What is said of a wizard besides its fields. */
export interface WizardOptions {
  readonly label: string;
  readonly description?: string;
  /** Identifier of the view that shows it; made of its fields when left out. */
  readonly view?: string;
}

/** A wizard as one module declares it. */
export interface WizardDefinition<Name extends string = string, Fields extends FieldMap = FieldMap> {
  readonly wizard: Name;
  readonly fields: Fields;
  readonly options: WizardOptions;
  readonly file: string;
}

/** What a module adds to a wizard that another one declares. */
export interface WizardExtension<Name extends string = string, Fields extends FieldMap = FieldMap> {
  readonly extends: Name;
  readonly fields: Fields;
  readonly file: string;
}

/**
 * Declares a wizard. Announce it to the compiler: `interface Wizards { CreateInvoiceWizard: typeof CreateInvoiceWizard }`.
 *
 * @param wizard PascalCase; no model may have the name
 * @param declaration its fields and options
 */
export function defineWizard<const Name extends WizardName, const Fields extends FieldMap>(
  wizard: Name,
  declaration: WizardOptions & { readonly fields: Fields },
): WizardDefinition<Name, Fields> {
  const { fields, ...options } = declaration;
  return Object.freeze({ wizard, fields: Object.freeze({ ...fields }), options, file: callerFile() });
}

/**
 * Adds fields to a wizard of another module. Announce it under a name of its own, in `Extensions`.
 *
 * @param wizard the wizard that is extended
 */
export function extendWizard<const Name extends WizardName, const Fields extends FieldMap>(
  wizard: Name,
  declaration: { readonly fields: Fields },
): WizardExtension<Name, Fields> {
  return Object.freeze({ extends: wizard, fields: Object.freeze({ ...declaration.fields }), file: callerFile() });
}
