/** The endpoints that copy records and change their order. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, shared, strictObject, textList } from "./schema.ts";

const recordId = (description: string) => Type.Integer({ minimum: 1, description });

export const cloneRecord = endpoint({
  id: "cloneRecord",
  method: "POST",
  path: "/api/clone/{model}",
  guard: "internal",
  needs: "create",
  tag: "Records",
  summary: "Copy a record",
  description:
    "Creates a record with the values of another one, as far as this user may read and write them, with copies of the records in " +
    "its lists that belong to it and the same links. Fields that are not to be cloned get their default, secrets are never " +
    'copied, the name gets " (copy)", and unique fields are emptied, or get " (copy)" too where they are required.',
  query: strictObject({
    fields: Type.Optional(
      textList("Paths of fields that the answer has too, with commas between them.", requestLimit.paths),
    ),
  }),
  body: strictObject({
    id: recordId("The record to copy."),
    values: Type.Optional(shared("NewValues")),
  }),
  answer: shared("SavedRecord"),
  etag: true,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "A product, at another price",
      path: { model: "Product" },
      body: { id: 2, values: { price: "399.00" } },
    },
  ],
});

export const resequenceRecords = endpoint({
  id: "resequenceRecords",
  method: "POST",
  path: "/api/resequence/{model}",
  guard: "internal",
  needs: "write",
  tag: "Records",
  summary: "Move a record among its siblings",
  description:
    "Brings the numbers by which records are ordered in line with where one of them was dropped. Numbers that are the same or " +
    "missing are set right on the way. Moves that come at the same time are made one after the other.",
  query: null,
  body: strictObject({
    dropped_column_id: recordId("The record that moves."),
    after_column_id: Type.Unsafe<number | null>({
      type: ["integer", "null"],
      minimum: 1,
      description: "The record that it comes after; null to be the first.",
    }),
    sequence_field: Type.String({
      description: "The integer field that holds the order.",
      minLength: 1,
      maxLength: 64,
    }),
    filter: Type.Optional(
      Type.Unsafe<string | object | null>({
        type: ["string", "object", "null"],
        description: "Which records are its siblings, as text or as JSON; all unless given.",
      }),
    ),
  }),
  answer: strictObject({
    message: Type.Literal("Resequenced"),
    data: Type.Array(strictObject({ id: Type.Integer({ minimum: 1 }), sequence: Type.Integer() }), {
      description: "The records whose number has changed, in their new order.",
    }),
  }),
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "A category becomes the first under its parent",
      path: { model: "Category" },
      body: { dropped_column_id: 4, after_column_id: null, sequence_field: "sequence", filter: "Q(parent=1)" },
    },
  ],
});
