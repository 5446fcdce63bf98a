/** Names of schemas in the document, and the references to them. Names of ours have a dot, which no model has. */
import type { SharedSchema } from "../../contract/schema.ts";
import type { JsonSchema } from "../../fields/field.ts";

/** Shared schema -> what stands for it in the document. */
export type References = Readonly<Partial<Record<SharedSchema, JsonSchema>>>;

/** A reference to a schema of the document. */
export function referenceTo(component: string): JsonSchema {
  return { $ref: `#/components/schemas/${component}` };
}

/** What a shared schema is called in the document. */
export function componentOf(name: string): string {
  return `api.${name}`;
}

/** Replaces the references to shared schemas, at any depth, and leaves everything else as it is. */
export function resolveReferences(schema: unknown, references: References): JsonSchema {
  return replace(schema, references) as JsonSchema;
}

function replace(value: unknown, references: References): unknown {
  if (Array.isArray(value)) return value.map((item) => replace(item, references));
  if (typeof value !== "object" || value === null) return value;
  const { $ref } = value as { readonly $ref?: unknown };
  if (typeof $ref === "string") return references[$ref as SharedSchema] ?? referenceTo(componentOf($ref));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replace(member, references)]));
}
