/** The parts of the OpenAPI document that its operations refer to: headers, parameters, error answers, shared schemas. */
import { type Failure, failures } from "../../contract/endpoint.ts";
import { sharedSchemas } from "../../contract/schema.ts";
import { unavailableCodes } from "../../database/error-code.ts";
import type { JsonSchema } from "../../fields/field.ts";
import { componentOf, referenceTo, resolveReferences } from "./reference.ts";

type Part = Readonly<Record<string, unknown>>;

/** Headers that some error answers have. */
const failureHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  401: { "WWW-Authenticate": "`Bearer`." },
  405: { Allow: "The methods that the path takes." },
  429: { "Retry-After": "Seconds." },
  503: { "Retry-After": "Seconds." },
};

/** Members that some error answers have besides the usual ones. */
const failureMembers: Readonly<Record<string, JsonSchema>> = {
  400: { action: { type: "object", description: "What the client may do about it, as methods give actions." } },
  412: {
    current: {
      type: "object",
      properties: {
        version: { type: "integer" },
        write_uid: {},
        updated_date: { type: "string", format: "date-time" },
      },
      required: ["version"],
    },
  },
  413: { limit: { type: "integer", description: "Bytes." } },
  503: {
    code: { enum: unavailableCodes, description: "Why, where it is the database." },
    retry: { const: true, description: "Sending the same request again is safe." },
  },
};

/**
 * Makes the components.
 *
 * @param modelSchemas schemas of the models by component name
 */
export function describeComponents(modelSchemas: Readonly<Record<string, JsonSchema>>): Part {
  const shared = Object.entries(sharedSchemas).map(([name, schema]) => [
    componentOf(name),
    resolveReferences(schema, {}),
  ]);
  return {
    schemas: { ...Object.fromEntries(shared), ...modelSchemas },
    responses: describeFailures(),
    parameters: {
      IfMatch: {
        name: "If-Match",
        in: "header",
        required: false,
        description: 'The version that the record must still have, such as `"3"`, or `*` for any.',
        schema: { type: "string" },
      },
      CompanyIds: {
        name: "X-Company-Ids",
        in: "header",
        required: false,
        description:
          "Ids of the companies to work in, such as `1,3`, the current one first; of those that the user may work in. All of " +
          "these where it is not given, with the user's default company as the current one.",
        schema: { type: "string", pattern: "^[1-9]\\d*( *, *[1-9]\\d*)*$" },
      },
      ReadFrom: {
        name: "X-Read-From",
        in: "header",
        required: false,
        description:
          "`replica`: a replica may answer, once it has everything that was saved before this request; where it does not have it in " +
          "time, the primary does. The answer has the same header, which tells who it was.",
        schema: { type: "string", enum: ["primary", "replica"] },
      },
      IdempotencyKey: {
        name: "Idempotency-Key",
        in: "header",
        required: false,
        description:
          "A name for this request, 1 to 255 visible ASCII characters: sent again within 24 hours it has no further effect and " +
          "is answered as the first time.",
        schema: { type: "string", minLength: 1, maxLength: 255 },
      },
    },
    headers: {
      Replayed: {
        description: "`true` where the answer is that of an earlier request with the same `Idempotency-Key`.",
        schema: { type: "string" },
      },
      RequestId: { description: "The id of the request; the server's log has it too.", schema: { type: "string" } },
      ETag: { description: 'The version of the record in quotes, such as `"3"`.', schema: { type: "string" } },
    },
    securitySchemes: {
      bearer: {
        type: "http",
        scheme: "bearer",
        bearerFormat: "JWT or API key",
        description: "The `access_token` of a sign-in, or an API key.",
      },
    },
  };
}

function describeFailures(): Part {
  const statuses = new Set(Object.keys(failures).map((failure) => failure.slice(0, 3)));
  return Object.fromEntries([...statuses].map((status) => [status, describeStatus(status)]));
}

function describeStatus(status: string): Part {
  const entries = (Object.entries(failures) as [Failure, string][]).filter(([failure]) => failure.startsWith(status));
  const when = entries.map(([, each]) => each).join(" Or: ");
  const properties = { error: { enum: entries.map(([failure]) => failure.slice(4)) }, ...failureMembers[status] };
  const headers = Object.entries(failureHeaders[status] ?? {});
  return {
    description: when,
    headers: {
      "X-Request-Id": { $ref: "#/components/headers/RequestId" },
      ...Object.fromEntries(headers.map(([name, description]) => [name, { description, schema: { type: "string" } }])),
    },
    content: {
      "application/json": { schema: { allOf: [referenceTo(componentOf("Error")), { type: "object", properties }] } },
    },
  };
}
