/** The JSON Schemas of values that have no column: inputs of methods, values of wizards and their lines, keys of the context. */
import type { Access } from "../../access/access.ts";
import { ColumnField, type Field, type JsonSchema } from "../../fields/field.ts";
import { labelOf } from "../../fields/selection.ts";
import { WizardLinesField } from "../../fields/wizard-lines.ts";
import type { ComposedMethod, InputShape } from "../../models/composed-method.ts";
import type { Wizard } from "../../models/composed-wizard.ts";
import type { Registry } from "../../models/model.ts";
import { canGiveInput, canSeeInput } from "../../records/input-right.ts";
import { describeDefault, describeTexts, nullable } from "./field-schema.ts";
import { referenceTo } from "./reference.ts";

/** Where inputs are described, and for whom. */
export interface InputView {
  readonly registry: Registry;
  readonly belongsTo: Access["belongsTo"];
}

/** The values of a wizard, as far as somebody gives any. */
export function wizardSchema(view: InputView, wizard: Wizard): JsonSchema {
  const { label, description } = wizard;
  return {
    ...objectOf(view, wizard),
    title: label,
    ...(description === "" ? {} : { description }),
  };
}

/** What a call gives as inputs. What the method makes of its records, nobody has to give. */
export function inputsSchema(view: InputView, { inputs, wizard, defaults }: ComposedMethod): JsonSchema {
  const schema = wizard === null ? objectOf(view, inputs) : referenceTo(wizard);
  return defaults === null ? complete(view, schema, inputs) : schema;
}

/** What a method looks at in the context; other keys may be there. */
export function contextSchema(view: InputView, { context, scope }: ComposedMethod): JsonSchema {
  const { properties } = objectOf(view, context) as { readonly properties: object };
  const ids = {
    type: "array",
    items: { type: "integer", minimum: 1 },
    description: "The records, where `ids` has none.",
  };
  const active = scope === "model" ? {} : { active_ids: ids, active_model: { type: "string" } };
  return complete(view, { type: "object", properties: { ...active, ...properties } }, context);
}

function objectOf(view: InputView, { fields }: InputShape): JsonSchema {
  const shown = [...fields].filter(([, field]) => canSeeInput(view, field));
  const properties = shown.map(([name, field]) => [name, fieldSchema(view, name, field)]);
  return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
}

/** Says which values must be given. */
function complete(view: InputView, schema: JsonSchema, { fields }: InputShape): JsonSchema {
  const required = [...fields]
    .filter(([, field]) => canGiveInput(view, field) && mustBeGiven(field))
    .map(([name]) => name);
  if (required.length === 0) return schema;
  return "$ref" in schema ? { allOf: [schema, { required }] } : { ...schema, required };
}

function mustBeGiven(field: Field): boolean {
  const { required, default: fallback } = field.options;
  return field instanceof ColumnField && required === true && fallback === undefined;
}

function fieldSchema(view: InputView, name: string, field: Field): JsonSchema {
  const { label = labelOf(name) } = field.options;
  return {
    ...nullable(field, valueSchema(view, field)),
    ...describeTexts(field, label),
    ...describeDefault(field),
    ...(canGiveInput(view, field) ? {} : { readOnly: true }),
  };
}

function valueSchema(view: InputView, field: Field): JsonSchema {
  const schema = field.writeSchema();
  const wizard = field instanceof WizardLinesField ? view.registry.wizards.get(field.wizard) : undefined;
  return wizard === undefined ? schema : { ...schema, items: complete(view, referenceTo(wizard.name), wizard) };
}
