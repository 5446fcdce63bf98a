/** What the schema of a field says besides its type: texts for people, whether it may be null, and its default. */
import type { Field, JsonSchema } from "../../fields/field.ts";

/** The label and the texts of a field. */
export function describeTexts({ options: { description, hint } }: Field, label: string): JsonSchema {
  const texts = [description, hint].filter((text) => text !== undefined);
  return { title: label, ...(texts.length === 0 ? {} : { description: texts.join(". ") }) };
}

/** The default, where it is the same for everybody. */
export function describeDefault({ options: { default: fallback } }: Field): JsonSchema {
  return fallback === undefined || typeof fallback === "function" ? {} : { default: fallback };
}

/** Lets a schema take null where the field does. */
export function nullable({ options }: Field, schema: JsonSchema): JsonSchema {
  if (options.required === true) return schema;
  const { type } = schema;
  if (type === undefined) return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: "null" }] };
  if (schema.enum !== undefined) return { anyOf: [schema, { type: "null" }] };
  return { ...schema, type: [type, "null"].flat() };
}
