/** The endpoints of API keys: each user makes and ends the own ones. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { strictObject } from "./schema.ts";

const description = {
  id: Type.Integer({ minimum: 1 }),
  name: Type.String(),
  prefix: Type.String({ description: "How the key begins, to know it again." }),
  created_date: Type.String({ format: "date-time" }),
  expires: Type.String({ format: "date-time" }),
  read_only: Type.Boolean(),
  models: Type.Union([Type.Array(Type.String()), Type.Null()], { description: "The only models; null for all." }),
};

export const createKey = endpoint({
  id: "createApiKey",
  method: "POST",
  path: "/auth/api-keys",
  guard: "user",
  session: true,
  tag: "Signing in",
  summary: "Make an API key",
  description:
    "A key that a program shows as `Authorization: Bearer ff_...`, with the rights of its user. It is shown in this answer only. " +
    "A read-only key gets a 403 from whatever writes; to a key with models, all others do not exist.",
  query: null,
  body: strictObject({
    name: Type.String({ minLength: 1, maxLength: 100, description: "What the key is for." }),
    expires: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 40,
        description:
          "The moment from which on it is refused, as a date or in ISO 8601; in a year where it is not given.",
      }),
    ),
    read_only: Type.Optional(Type.Boolean()),
    models: Type.Optional(
      Type.Unsafe<readonly string[] | null>({
        type: ["array", "null"],
        items: { type: "string", minLength: 1, maxLength: 100 },
        maxItems: 100,
        description: "The only models that it is for; all of them where it is null or not given.",
      }),
    ),
  }),
  answer: strictObject({ ...description, key: Type.String({ description: "The key, `ff_` and 43 characters." }) }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [
    { summary: "A read-only key", body: { name: "Reporting", read_only: true, models: ["Country", "Currency"] } },
  ],
});

export const listKeys = endpoint({
  id: "listApiKeys",
  method: "GET",
  path: "/auth/api-keys",
  guard: "user",
  session: true,
  tag: "Signing in",
  summary: "List my API keys",
  description:
    "The keys of the user, without the keys themselves. Those that have expired are listed until they are deleted.",
  query: null,
  body: null,
  answer: strictObject({ data: Type.Array(strictObject(description)) }),
  failures: ["404 MissingError", "503 MaintenanceError"],
  examples: [{ summary: "All of them" }],
});

export const deleteKey = endpoint({
  id: "deleteApiKey",
  method: "DELETE",
  path: "/auth/api-keys/{id}",
  guard: "user",
  session: true,
  tag: "Signing in",
  summary: "End an API key",
  description:
    "The key is refused from the next request on. Somebody else's key is answered like one that does not exist.",
  query: null,
  body: null,
  answer: strictObject({ id: Type.Integer({ minimum: 1 }), deleted: Type.Literal(true) }),
  failures: ["503 MaintenanceError"],
  examples: [{ summary: "The first key", path: { id: 1 } }],
});
