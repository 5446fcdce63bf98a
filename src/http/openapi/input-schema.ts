/** The JSON Schemas of values that have no column: inputs of methods, values of wizards and their lines, keys of the context. */
import { ColumnField, type Field, type JsonSchema } from "../../fields/field.ts";
import { labelOf } from "../../fields/selection.ts";
import { WizardLinesField } from "../../fields/wizard-lines.ts";
import type { ComposedMethod, InputShape } from "../../models/composed-method.ts";
import type { Wizard } from "../../models/composed-wizard.ts";
import type { Registry } from "../../models/model.ts";
import { describeDefault, describeTexts, nullable } from "./field-schema.ts";
import { referenceTo } from "./reference.ts";

/** The values of a wizard, as far as somebody gives any. */
export function wizardSchema(registry: Registry, wizard: Wizard): JsonSchema {
  const { label, description } = wizard;
  return {
    ...objectOf(registry, wizard),
    title: label,
    ...(description === "" ? {} : { description }),
  };
}

/** What a call gives as inputs. What the method makes of its records, nobody has to give. */
export function inputsSchema(registry: Registry, { inputs, wizard, defaults }: ComposedMethod): JsonSchema {
  const schema = wizard === null ? objectOf(registry, inputs) : referenceTo(wizard);
  return defaults === null ? complete(schema, inputs) : schema;
}

/** What a method looks at in the context; other keys may be there. */
export function contextSchema(registry: Registry, { context, scope }: ComposedMethod): JsonSchema {
  const { properties } = objectOf(registry, context) as { readonly properties: object };
  const ids = {
    type: "array",
    items: { type: "integer", minimum: 1 },
    description: "The records, where `ids` has none.",
  };
  const active = scope === "model" ? {} : { active_ids: ids, active_model: { type: "string" } };
  return complete({ type: "object", properties: { ...active, ...properties } }, context);
}

function objectOf(registry: Registry, { fields }: InputShape): JsonSchema {
  const properties = [...fields].map(([name, field]) => [name, fieldSchema(registry, name, field)]);
  return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
}

/** Says which values must be given. */
function complete(schema: JsonSchema, { fields }: InputShape): JsonSchema {
  const required = [...fields].filter(([, field]) => mustBeGiven(field)).map(([name]) => name);
  if (required.length === 0) return schema;
  return "$ref" in schema ? { allOf: [schema, { required }] } : { ...schema, required };
}

function mustBeGiven(field: Field): boolean {
  const { required, default: fallback } = field.options;
  return field instanceof ColumnField && required === true && fallback === undefined;
}

function fieldSchema(registry: Registry, name: string, field: Field): JsonSchema {
  const { label = labelOf(name) } = field.options;
  return {
    ...nullable(field, valueSchema(registry, field)),
    ...describeTexts(field, label),
    ...describeDefault(field),
  };
}

function valueSchema(registry: Registry, field: Field): JsonSchema {
  const schema = field.writeSchema();
  const wizard = field instanceof WizardLinesField ? registry.wizards.get(field.wizard) : undefined;
  return wizard === undefined ? schema : { ...schema, items: complete(referenceTo(wizard.name), wizard) };
}
