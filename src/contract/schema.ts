/** Schemas that several endpoints share. References such as `Record` are named here and filled in by the documentation. */
import { type Static, type TSchema, Type } from "typebox";

/** Bounds of a request. */
export const requestLimit = {
  /** Records of one page when the request does not say. */
  defaultPage: 80,
  /** Records of one page. */
  largestPage: 10_000,
  /** Paths in `fields` or `related`. */
  paths: 1000,
  /** Characters of one path, and of a list of them given as one text. */
  pathLength: 500,
  pathListLength: 20_000,
  /** Steps of an order. */
  orderSteps: 16,
  /** Keys of a grouping. */
  groupKeys: 8,
  /** Aggregates of a grouping. */
  aggregates: 32,
  /** Characters of the term of a search by name. */
  termLength: 256,
  /** Records that a search by name finds when the request does not say, and at most. */
  defaultNames: 10,
  mostNames: 100,
  /** Characters of a cursor. */
  cursorLength: 65_536,
} as const;

/** An object that has exactly these members. */
export function strictObject<const Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: { readonly description?: string } = {},
) {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

/** A list of texts, also taken as one text with commas between them. */
export function textList(description: string, maxItems: number) {
  return Type.Unsafe<string | string[]>({
    type: ["array", "string"],
    items: { type: "string", minLength: 1, maxLength: requestLimit.pathLength },
    maxItems,
    maxLength: requestLimit.pathListLength,
    description,
  });
}

/** An object whose members depend on the model. */
const openObject = (description: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", description });

/**
 * Schemas by name, for a model that is not known yet. The documentation of a known model replaces those of records and values by
 * the model's own, that of a known method those of inputs and context.
 */
export const sharedSchemas = {
  Record: openObject("A record: `id` and the fields that were asked for."),
  Group: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: "object",
    description: "A group: its keys and aggregates under the names that were asked for.",
    properties: {
      count: { type: "integer", minimum: 0, description: "Its records." },
      q_filter: { type: "string", description: "A filter that selects exactly its records." },
    },
    required: ["count", "q_filter"],
  }),
  SavedRecord: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: "object",
    description: "What a write answers with: who the record is, and the fields that were asked for.",
    properties: {
      id: { type: "integer", minimum: 1 },
      name: { type: ["string", "null"] },
      display_name: { type: "string" },
    },
    required: ["id", "display_name"],
  }),
  NewValues: openObject("Field name -> value, for a new record."),
  ChangedValues: openObject("Field name -> value, for the fields that change."),
  MethodInputs: openObject("Input -> value, as the method declares them."),
  MethodContext: openObject(
    "What the client is about: `active_ids`, `active_model`, and what the method declares. Data, never a right.",
  ),
  Reference: strictObject(
    { id: Type.Integer({ minimum: 1 }), display_name: Type.String() },
    { description: "A record that another one refers to." },
  ),
  FieldDescription: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: "object",
    description: "The type of a field, and its options that differ from their default.",
    properties: {
      type: { type: "string" },
      label: { type: "string" },
      required: { type: "boolean" },
      readonly: { type: "boolean" },
      max_length: { type: "integer" },
      related_model: { type: "string" },
    },
    required: ["type"],
  }),
  ModelDescription: Type.Object(
    {
      label: Type.String(),
      description: Type.Optional(Type.String()),
      module: Type.String(),
      permissions: strictObject({
        read: Type.Boolean(),
        create: Type.Boolean(),
        write: Type.Boolean(),
        delete: Type.Boolean(),
      }),
      methods: Type.Optional(
        Type.Unsafe<Readonly<Record<string, unknown>>>({
          type: "object",
          description: "The methods that this user may call, by name.",
        }),
      ),
    },
    { description: "A model and what this user may do with its records." },
  ),
  Tokens: strictObject(
    {
      message: Type.String(),
      access_token: Type.String(),
      refresh_token: Type.String(),
      token_type: Type.Literal("bearer"),
      expires_at: Type.String({
        pattern: "^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2} UTC$",
        description: "When the access token expires, such as `2026-01-01 12:00:00 UTC`.",
      }),
    },
    { description: "A pair of tokens." },
  ),
  Error: Type.Object(
    {
      detail: Type.String({ description: "What was wrong, where, and what is allowed." }),
      error: Type.String({ description: "The kind of error." }),
      fields: Type.Optional(
        Type.Array(
          strictObject({
            path: Type.String({ description: "The wrong place, such as `lines[3].price`." }),
            message: Type.String(),
          }),
        ),
      ),
      traceback: Type.Optional(Type.String({ description: "In development only." })),
    },
    { description: "Every answer that is no success." },
  ),
} as const;

/** The name of a shared schema. */
export type SharedSchema = keyof typeof sharedSchemas;

/** A reference to a shared schema. */
export function shared<const Name extends SharedSchema>(name: Name) {
  return Type.Unsafe<Static<(typeof sharedSchemas)[Name]>>({ $ref: name });
}
