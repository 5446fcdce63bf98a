/** The endpoints of files that belong to records. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, strictObject } from "./schema.ts";

const form = strictObject({ file: Type.String({ format: "binary", description: "The file." }) });
const inField = strictObject({
  field: Type.String({ minLength: 1, maxLength: requestLimit.pathLength, description: "A File or Binary field." }),
});
const common = { guard: "internal", tag: "Records" } as const;

export const attachFile = endpoint({
  ...common,
  id: "attachFile",
  method: "POST",
  path: "/api/attach/{model}/{id}",
  needs: "write",
  summary: "Attach a file to a record",
  description: "Its media type is found out by its content. Its name is data: no path is ever made of it.",
  query: null,
  upload: true,
  body: form,
  answer: strictObject({
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    mimetype: Type.String(),
    size: Type.Integer({ minimum: 0 }),
  }),
  failures: ["503 MaintenanceError", "507 InsufficientStorage"],
  examples: [],
});

export const readAttachment = endpoint({
  ...common,
  id: "readAttachment",
  method: "GET",
  path: "/api/attachment/{id}",
  summary: "Download an attachment",
  description: "Of a record that this user may see; any other is answered like one that does not exist.",
  query: null,
  body: null,
  answer: "application/octet-stream",
  failures: ["503 MaintenanceError"],
  examples: [],
});

export const deleteAttachment = endpoint({
  ...common,
  id: "deleteAttachment",
  method: "DELETE",
  path: "/api/attachment/{id}",
  keyed: true,
  summary: "Delete an attachment",
  description: "Of a record that this user may change.",
  query: null,
  body: null,
  answer: strictObject({ id: Type.Integer({ minimum: 1 }), deleted: Type.Literal(true) }),
  failures: ["503 MaintenanceError"],
  examples: [],
});

export const uploadToField = endpoint({
  ...common,
  id: "uploadToField",
  method: "POST",
  path: "/api/upload/{model}/{id}",
  needs: "write",
  summary: "Put a file into a field",
  description:
    "Into a File field, which keeps its description, or a Binary field, which keeps its bytes in the record.",
  query: inField,
  upload: true,
  body: form,
  answer: Type.Unsafe<Readonly<Record<string, unknown>>>({ $ref: "SavedRecord" }),
  failures: ["503 MaintenanceError", "507 InsufficientStorage"],
  examples: [],
});

export const downloadFromField = endpoint({
  ...common,
  id: "downloadFromField",
  method: "GET",
  path: "/api/download/{model}/{id}",
  needs: "read",
  summary: "Download the file in a field",
  description: "With the rights of the record and the field. A field without a file is a 404.",
  query: inField,
  body: null,
  answer: "application/octet-stream",
  failures: ["503 MaintenanceError"],
  examples: [],
});
