/** The endpoint that finds records by their name. */
import { Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { requestLimit, shared, strictObject } from "./schema.ts";

const filter = (description: string) =>
  Type.Optional(Type.Unsafe<string | object | null>({ type: ["string", "object", "null"], description }));

export const searchByName = endpoint({
  id: "searchByName",
  method: "POST",
  path: "/api/name_search/{model}",
  guard: "internal",
  needs: "read",
  tag: "Records",
  summary: "Search records by name",
  description:
    "Finds records by the fields that their model is searched by, for a field in which people pick one. Case does not matter, nor do " +
    "accents where the model ignores them. First come records of which a field is the term, then those of which one begins with it, " +
    "then those that hold it somewhere. Archived records are found only where the filter itself names `active`.",
  query: null,
  body: strictObject({
    term: Type.Optional(
      Type.String({
        maxLength: requestLimit.termLength,
        description: "What was typed. Empty, as it is unless given, finds the first records in the model's order.",
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: requestLimit.mostNames,
        description: `Most records of the answer; ${requestLimit.defaultNames} unless given.`,
      }),
    ),
    filter: filter("Which records may be found: a filter as text, such as `Q(is_company=True)`, or as JSON."),
    q_filter: filter("The same as `filter`; only one of them may be given."),
  }),
  bodyOptional: true,
  answer: strictObject({ data: Type.Array(shared("Reference")) }),
  failures: ["503 MaintenanceError"],
  examples: [
    {
      summary: "Products that are called so, or whose code is like that",
      path: { model: "Product" },
      body: { term: "desk", limit: 5 },
    },
    {
      summary: "The first products of a price range, archived ones too",
      path: { model: "Product" },
      body: { term: "", filter: "Q(price__lt=500, active__in=[True, False])" },
    },
  ],
});
