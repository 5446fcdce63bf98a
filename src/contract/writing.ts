/** The endpoints that write records. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, shared, strictObject, textList } from "./schema.ts";

/** Records of one bulk call. */
const MOST_RECORDS = 10_000;

const alsoFields = strictObject({
  fields: Type.Optional(
    textList("Paths of fields that the answer has too, with commas between them.", requestLimit.paths),
  ),
});

export const createRecord = endpoint({
  id: "createRecord",
  method: "POST",
  path: "/api/create/{model}",
  guard: "internal",
  needs: "create",
  tag: "Records",
  summary: "Create a record",
  description:
    "Fields that are left out get their default. All wrong fields are named at once. A relation to many records takes a list of " +
    "ids, of objects (with `id` a record that changes, without a new one), or of commands; what such a list brings is written in " +
    "the same transaction, with this user's rights.",
  query: alsoFields,
  body: shared("NewValues"),
  answer: shared("SavedRecord"),
  etag: true,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "A new product, answered with its price",
      path: { model: "Product" },
      query: { fields: "price" },
      body: { name: "New Product", price: 99.99, category: 1 },
    },
  ],
});

export const updateRecord = endpoint({
  id: "updateRecord",
  method: "PUT",
  path: "/api/update/{model}/{id}",
  guard: "internal",
  needs: "write",
  tag: "Records",
  summary: "Change a record",
  description:
    "Only the fields of the body change. With `If-Match` only where the record still has that version. A list of ids or objects " +
    'replaces what a relation to many records holds; commands change it: `["C", values]` creates, `["U", id, values]` changes, ' +
    '`["D", id]` deletes, `["L", id]` brings in, `["X", id]` takes out, `["R", [ids]]` replaces, `["X"]` takes out all.',
  query: alsoFields,
  body: shared("ChangedValues"),
  ifMatch: true,
  answer: shared("SavedRecord"),
  etag: true,
  failures: ["409 ConflictError", "412 VersionConflict", "503 MaintenanceError"],
  examples: [{ summary: "Another price", path: { model: "Product", id: 1 }, body: { price: "129.90" } }],
});

export const deleteRecord = endpoint({
  id: "deleteRecord",
  method: "DELETE",
  path: "/api/delete/{model}/{id}",
  guard: "internal",
  needs: "delete",
  tag: "Records",
  summary: "Delete a record",
  description: "Refused while other records refer to it that must not lose that. `If-Match` as for a change.",
  query: null,
  body: null,
  ifMatch: true,
  answer: strictObject({ id: Type.Integer({ minimum: 1 }), deleted: Type.Literal(true) }),
  failures: ["409 ConflictError", "412 VersionConflict", "503 MaintenanceError"],
  examples: [{ summary: "A product", path: { model: "Product", id: 1 } }],
});

const ids = Type.Array(Type.Integer({ minimum: 1 }), {
  maxItems: MOST_RECORDS,
  description: "The records. One that is named twice counts once.",
});
const written = strictObject({
  ids: Type.Array(Type.Integer({ minimum: 1 }), { description: "The records, in the order of the request." }),
  count: Type.Integer({ minimum: 0 }),
});

export const createRecords = endpoint({
  id: "createRecords",
  method: "POST",
  path: "/api/bulk-create/{model}",
  guard: "internal",
  needs: "create",
  tag: "Records",
  summary: "Create many records",
  description:
    "All of them or none: as creating one, for each. What is wrong is named with the record's place, such as `records[4].price`.",
  query: null,
  body: strictObject({
    records: Type.Array(shared("NewValues"), { maxItems: MOST_RECORDS, description: "The values of each record." }),
  }),
  answer: written,
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "Two categories",
      path: { model: "Category" },
      body: { records: [{ name: "Shelves", sequence: 30 }, { name: "Drawers" }] },
    },
    {
      summary: "A category with two new products in it",
      path: { model: "Category" },
      body: { records: [{ name: "Garden", products: [{ name: "Bench", price: "149.00" }, { name: "Parasol" }] }] },
    },
  ],
});

export const updateRecords = endpoint({
  id: "updateRecords",
  method: "PUT",
  path: "/api/bulk-update/{model}",
  guard: "internal",
  needs: "write",
  tag: "Records",
  summary: "Change many records",
  description: "Gives all records the same values, or none of them where one is missing or may not be changed.",
  query: null,
  body: strictObject({ ids, values: shared("ChangedValues") }),
  answer: written,
  failures: ["409 ConflictError", "503 MaintenanceError"],
  examples: [
    {
      summary: "Another place in the order",
      path: { model: "Category" },
      body: { ids: [1, 2], values: { sequence: 20 } },
    },
    {
      summary: "A new product in a category, and one that comes from another",
      path: { model: "Category" },
      body: {
        ids: [1],
        values: {
          products: [
            ["C", { name: "Footrest", price: 29 }],
            ["L", 1],
          ],
        },
      },
    },
  ],
});

export const deleteRecords = endpoint({
  id: "deleteRecords",
  method: "DELETE",
  path: "/api/bulk-delete/{model}",
  guard: "internal",
  needs: "delete",
  tag: "Records",
  summary: "Delete many records",
  description: "All of them, or none where one is missing or may not be deleted.",
  query: null,
  body: strictObject({ ids }),
  answer: written,
  failures: ["409 ConflictError", "503 MaintenanceError"],
  examples: [{ summary: "Two products", path: { model: "Product" }, body: { ids: [4, 5] } }],
});
