/** The JSON Schemas of a model: of its records, of the values of a new one, and of the values of a change. */
import type { JsonSchema } from "../../fields/field.ts";
import type { ModelField } from "../../models/model.ts";
import { describeDefault, describeTexts, nullable } from "./field-schema.ts";
import type { VisibleModel } from "./visible-model.ts";

/** The schemas of one model. */
export interface ModelSchemas {
  readonly record: JsonSchema;
  readonly newValues: JsonSchema;
  readonly changedValues: JsonSchema;
}

/** Makes the schemas of a model from its fields. */
export function modelSchemas({ model, readable, writable }: VisibleModel): ModelSchemas {
  const required = writable.filter(mustBeGiven).map(({ name }) => name);
  const written = (describe: (field: ModelField) => JsonSchema): JsonSchema => ({
    type: "object",
    properties: Object.fromEntries(writable.map((field) => [field.name, describe(field)])),
    additionalProperties: false,
  });
  return {
    record: {
      type: "object",
      title: model.label,
      ...(model.description === "" ? {} : { description: model.description }),
      properties: Object.fromEntries(
        readable.map((field) => [field.name, readSchema(field, writable.includes(field))]),
      ),
      required: ["id"],
    },
    newValues: {
      ...written((field) => ({ ...writeSchema(field), ...describeDefault(field.field) })),
      ...(required.length === 0 ? {} : { required }),
    },
    changedValues: written(writeSchema),
  };
}

/** Whether a new record cannot be without a value of its own. */
export function mustBeGiven({ kind, field }: ModelField): boolean {
  return kind === "stored" && field.options.required === true && field.options.default === undefined;
}

function readSchema(field: ModelField, isWritten: boolean): JsonSchema {
  const readonly = isWritten ? {} : { readOnly: true };
  return { ...nullValue(field, field.field.readSchema()), ...describeTexts(field.field, field.label), ...readonly };
}

function writeSchema(field: ModelField): JsonSchema {
  return { ...nullValue(field, field.field.writeSchema()), ...describeTexts(field.field, field.label) };
}

/** Lists are never null, and neither are names. */
function nullValue({ kind, field }: ModelField, schema: JsonSchema): JsonSchema {
  return kind === "linked" || kind === "naming" ? schema : nullable(field, schema);
}
