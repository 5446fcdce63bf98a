/** The endpoint that imports files. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { asJob } from "./exporting.ts";
import { requestLimit, strictObject } from "./schema.ts";

const choice = (values: readonly string[], description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: "string", enum: values, description }));
const yesOrNo = (description: string) => choice(["true", "false", "1", "0"], description);
const text = (description: string, maxLength: number) => Type.Optional(Type.String({ description, maxLength }));

export const importRecords = endpoint({
  id: "importRecords",
  method: "POST",
  path: "/api/import/{model}",
  guard: "internal",
  needs: "create",
  tag: "Records",
  summary: "Import a file",
  description:
    "Creates or changes the records that the rows of a csv or xlsx file describe, with this user's rights. With `on_error` `abort` " +
    "everything is written or nothing; with `skip` all that can be. `dry_run` does the same and undoes it. Every error has its row, " +
    "column, field and value.",
  query: strictObject({ job: asJob }),
  upload: true,
  body: strictObject({
    file: Type.String({ format: "binary", description: "A csv or xlsx file whose first row is the header." }),
    mapping: text(
      "JSON object: header -> path of a field, null to leave the column out. Else headers are paths.",
      1_000_000,
    ),
    dry_run: yesOrNo("Try it out and keep nothing."),
    on_error: choice(["abort", "skip"], "What a wrong record does to the others; `abort` unless told."),
    match_by: text("The field by whose value records are found that are there already.", requestLimit.pathLength),
    create_missing: text(
      "Relations, with commas between them, whose records are created where they are missing.",
      requestLimit.pathListLength,
    ),
    encoding: choice(["utf-8", "utf-16le", "utf-16be", "windows-1252"], "Of csv; found out unless told."),
    separator: choice([",", ";", "\t", "tab", "|"], "Of csv; found out unless told."),
    sheet: text("Name of a sheet of xlsx; the first unless told.", 255),
    decimal_separator: choice([".", ","], "What stands before a fraction; a point unless told."),
    date_format: choice(
      ["YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"],
      "How dates are written, besides `YYYY-MM-DD`.",
    ),
    raw: yesOrNo("Text of csv is taken as it is: a `'` before `= + - @` stays."),
  }),
  answer: strictObject({
    message: Type.String(),
    created: Type.Integer(),
    updated: Type.Integer(),
    skipped: Type.Integer({ description: "Records that were left as they are." }),
    failed: Type.Integer(),
    ids: Type.Array(Type.Integer({ minimum: 1 }), {
      description: "The records that were created or changed, in the order of the file.",
    }),
    errors: Type.Array(
      strictObject({
        row: Type.Integer({ minimum: 1 }),
        column: Type.Unsafe<string | null>({ type: ["string", "null"] }),
        field: Type.Unsafe<string | null>({ type: ["string", "null"] }),
        value: Type.Unsafe<string | number | boolean | null>({ type: ["string", "number", "boolean", "null"] }),
        message: Type.String(),
      }),
    ),
    more_errors: Type.Integer({ description: "Errors beyond the 1000 that are listed." }),
    dry_run: Type.Boolean(),
    file: Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: "object",
      description: "How the file was read: format, encoding, separator or sheet, rows, columns that were left out.",
    }),
  }),
  failures: ["503 MaintenanceError", "507 InsufficientStorage"],
  examples: [],
});
