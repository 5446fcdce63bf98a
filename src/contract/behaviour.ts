/** The endpoints that call what modules declare: methods, wizards and UI effects. */
import { Type } from "typebox";
import { actionSchemas } from "./action-result.ts";
import { endpoint } from "./endpoint.ts";
import { shared, strictObject } from "./schema.ts";

/** Records that one call may name. */
const MOST_RECORDS = 10_000;

export const describeAction = endpoint({
  id: "describeAction",
  method: "POST",
  path: "/api/action-meta/{model}/{method}",
  guard: "internal",
  needs: "read",
  tag: "Methods",
  summary: "Describe what comes before a method",
  description:
    "What to show before the method is called: its wizard with the values to begin with, a question, or nothing. " +
    "`context.active_ids` are the records that it will be called for; they must be there for this user, as when it is called.",
  query: null,
  body: strictObject({ context: Type.Optional(shared("MethodContext")) }),
  bodyOptional: true,
  answer: strictObject({
    type: Type.Unsafe<string>({ type: "string", enum: ["wizard", "confirm", "direct"] }),
    label: Type.String(),
    wizard: Type.Unsafe<unknown>({
      description: "The form: its fields, and the values to begin with. Sent back as `inputs`.",
      type: ["object", "null"],
      properties: {
        model: { type: "string" },
        view: { type: ["string", "null"] },
        fields: { type: "object" },
        defaults: { type: "object" },
      },
      required: ["model", "view", "fields", "defaults"],
    }),
    confirmation: Type.Unsafe<unknown>({
      description: "The question.",
      type: ["object", "null"],
      properties: {
        title: { type: "string" },
        message: { type: "string" },
        confirm_label: { type: "string" },
        confirm_variant: { type: "string", enum: ["primary", "danger"] },
      },
      required: ["title", "message", "confirm_label", "confirm_variant"],
    }),
  }),
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "Changing the prices of two products",
      path: { model: "Product", method: "change_prices" },
      body: { context: { active_ids: [1, 2], active_model: "Product" } },
    },
  ],
});

export const executeMethod = endpoint({
  id: "executeMethod",
  method: "POST",
  path: "/api/execute/{model}/{method}",
  guard: "internal",
  needs: "declared",
  tag: "Methods",
  summary: "Call a method",
  description:
    "Only methods that a module declares are there. Those of the scope `records` work on the records of `ids`, which must all be " +
    "there for this user and within the rules of what the method needs; those of the scope `model` take none. Inputs are checked " +
    "like the values of a record. Keys of the context that the method does not declare are not looked at, but for `tz` and `lang`, " +
    "which must be a time zone and a language; none gives a right. " +
    "All that a method does is one transaction.",
  query: null,
  body: strictObject({
    ids: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        maxItems: MOST_RECORDS,
        description: "The records. One that is named twice counts once.",
      }),
    ),
    request_body: Type.Optional(
      strictObject({
        inputs: Type.Optional(shared("MethodInputs")),
        context: Type.Optional(shared("MethodContext")),
      }),
    ),
  }),
  answer: strictObject({
    message: Type.Literal("Method executed successfully"),
    result: Type.Unsafe<unknown>({
      description: "What the method gives: any JSON, or an action that the client carries out.",
      anyOf: [...Object.values(actionSchemas), {}],
    }),
  }),
  failures: ["400 UserError", "409 ConflictError", "503 MaintenanceError"],
  examples: [
    {
      summary: "How many kilograms are five pounds",
      path: { model: "UoM", method: "convert" },
      body: { request_body: { inputs: { quantity: 5, from: 11, to: 7 } } },
    },
  ],
});

export const runEffects = endpoint({
  id: "runEffects",
  method: "POST",
  path: "/api/ui-effect/{model}",
  guard: "internal",
  needs: "read",
  tag: "Methods",
  summary: "Say what a value in a form does to the others",
  description:
    "Runs the effects that modules declare for a field, and those of what they change. Unsaved values and lines stand before what is " +
    "stored, calculated fields are what a save would make of them, and nothing is written. The answer has only what has changed, " +
    "as far as this user may read it: relations as ids, lists whole, each line with its id and what has changed of it. The user must " +
    "be allowed to save such a form. The model may be a wizard that the user knows: it has no `id`.",
  query: null,
  body: strictObject({
    id: Type.Optional(
      Type.Unsafe<number | null>({
        type: ["integer", "null"],
        minimum: 1,
        description: "The record of the form; null for one that is not saved yet.",
      }),
    ),
    values: Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: "object",
      description: "What the form has and the database has not, as a write would take it.",
    }),
    trigger_field: Type.String({
      minLength: 1,
      maxLength: 200,
      description: "The field whose value has changed; `lines[2].product` for one of a line of the values.",
    }),
  }),
  answer: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: "object",
    description: "Field -> value, for what has changed.",
    properties: {
      _warnings: {
        type: "array",
        items: { type: "object", properties: { field: { type: "string" }, message: { type: "string" } } },
        description: "What people should be told.",
      },
      _options: { type: "object", description: "Field -> a filter of what may be chosen for it." },
    },
  }),
  failures: ["400 UserError", "503 MaintenanceError"],
  examples: [
    {
      summary: "A company brings its address",
      path: { model: "Contact" },
      body: { id: null, values: { name: "Ada", parent: 1 }, trigger_field: "parent" },
    },
  ],
});
