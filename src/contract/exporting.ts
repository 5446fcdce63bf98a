/** The endpoint that exports records to a file. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, strictObject, textList } from "./schema.ts";

/** Ids that one export may name; whoever wants more gives a filter. */
const MOST_IDS = 100_000;

/** Whether the work is to be done without anybody waiting for it. */
export const asJob = Type.Optional(
  Type.Unsafe<"true" | "false">({
    type: "string",
    enum: ["true", "false"],
    description: "`true`: the answer is a 202 with the id of a job, and the work goes on without anybody waiting.",
  }),
);

export const exportRecords = endpoint({
  id: "exportRecords",
  method: "POST",
  path: "/api/export/{model}",
  guard: "internal",
  keyed: true,
  needs: "read",
  tag: "Records",
  summary: "Export records to a file",
  description:
    "A csv or xlsx file of records, read from one snapshot, however many they are. Lists go on in the rows below their record. " +
    "`X-Export-Not-Found` counts the ids that are not there for this user. Text that a spreadsheet program would run is made " +
    "harmless in csv, and is text in xlsx.",
  query: strictObject({ job: asJob }),
  body: strictObject({
    ids: Type.Optional(
      Type.Unsafe<readonly number[] | null>({
        type: ["array", "null"],
        items: { type: "integer", minimum: 1 },
        maxItems: MOST_IDS,
        description: "Only these records; all of them where it is null or not given.",
      }),
    ),
    q_filter: Type.Optional(
      Type.Unsafe<string | object | null>({
        type: ["string", "object", "null"],
        description: "Only records that match the filter, as text or in its JSON form.",
      }),
    ),
    order_by: Type.Optional(
      textList('Steps such as `"name ASC"`. Without it the model\'s own order.', requestLimit.orderSteps),
    ),
    fields: Type.Optional(
      Type.Unsafe<string | string[]>({
        ...textList(
          "Paths such as `name`, `category.name` or `lines.product`, one for each column. Without it: every readable stored " +
            "field that is neither binary nor a list. `external_id` at the end of a path is the record's stable name.",
          requestLimit.paths,
        ),
        minItems: 1,
        minLength: 1,
      }),
    ),
    format: Type.Optional(
      Type.Unsafe<"xlsx" | "csv">({ type: "string", enum: ["xlsx", "csv"], description: "`xlsx` unless given." }),
    ),
    headers: Type.Optional(
      Type.Unsafe<"labels" | "names">({
        type: "string",
        enum: ["labels", "names"],
        description:
          "What the first row says: the labels of the fields, unless given, or the paths, as an import takes them.",
      }),
    ),
    raw: Type.Optional(
      Type.Boolean({ description: "Text in csv is written as it is, even where it looks like a formula." }),
    ),
    filename: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: "Name of the file, without its ending; the model's label unless given.",
      }),
    ),
  }),
  answer: "application/octet-stream",
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "Products with their categories",
      path: { model: "Product" },
      body: { fields: ["name", "price", "category.name"], format: "csv", headers: "names" },
    },
  ],
});
