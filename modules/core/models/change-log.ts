/** The change history: who has changed what in which record, when, and by which request. */
import { char, defineModel, integer, json, manyToOne, selection } from "fullfinity";

export const ChangeLog = defineModel("ChangeLog", {
  label: "Change",
  description:
    "What has become of one field of one record in one transaction. Seen by whoever sees that field of that record.",
  displayName: ["model", "record", "field"],
  order: ["id DESC"],
  search: ["model", "field"],
  readonly: true,
  follows: { model: "model", record: "record", field: "field" },
  unique: [{ fields: ["model", "record", "field", "transaction"], message: "is in the history already" }],
  fields: {
    model: char({ required: true, readonly: true, maxLength: 64, hint: "Name of the model" }),
    record: integer({ required: true, readonly: true, hint: "Id of the record" }),
    field: char({ required: true, readonly: true, maxLength: 64, hint: "Name of the field" }),
    operation: selection(
      { create: "Created", write: "Changed", delete: "Deleted" },
      { required: true, readonly: true },
    ),
    old_value: json({ readonly: true, hint: "Empty where there was none" }),
    new_value: json({ readonly: true, hint: "Empty where there is none" }),
    user: manyToOne("User", { readonly: true, index: true, onDelete: "SET NULL", hint: "Who has changed it" }),
    user_name: char({ readonly: true, hint: "The user's name at that time" }),
    request_id: char({ readonly: true, maxLength: 200, hint: "What the answer called X-Request-Id" }),
    transaction: char({
      required: true,
      readonly: true,
      maxLength: 64,
      hint: "All changes of one transaction share it",
    }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      ChangeLog: typeof ChangeLog;
    }
  }
}
