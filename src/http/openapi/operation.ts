/** Turns an endpoint of the contract into an operation of the OpenAPI document. */
import {
  type Endpoint,
  failuresOf,
  type RequestExample,
  readsRecords,
  takesIdempotencyKey,
} from "../../contract/endpoint.ts";
import type { JsonSchema } from "../../fields/field.ts";
import { JSON_TYPE } from "../body.ts";
import { FORM_TYPE } from "../upload.ts";
import { type References, resolveReferences } from "./reference.ts";

/** What differs between the endpoint for any model and the one for a model that is known. */
export interface OperationContext {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  /** Parameters of the path that are already filled in. */
  readonly filled: readonly string[];
  readonly references: References;
  /** The right that it needs, where it is not the endpoint's own. */
  readonly needs?: Endpoint["needs"];
  readonly examples: readonly RequestExample[];
}

type Part = Readonly<Record<string, unknown>>;

/** What is said of the right that an endpoint needs. */
const rights: Readonly<Record<NonNullable<Endpoint["needs"]>, string>> = {
  read: "Needs the right to read records of the model.",
  create: "Needs the right to create records of the model.",
  write: "Needs the right to change records of the model.",
  delete: "Needs the right to delete records of the model.",
  declared: "Needs the right to records of the model that the method declares.",
};

/** Makes the operation. */
export function describeOperation(endpoint: Endpoint, context: OperationContext): Part {
  const { description, guard } = endpoint;
  const { operationId, tag, summary, references, examples, needs = endpoint.needs } = context;
  const parameters = [
    ...pathParameters(endpoint, context),
    ...queryParameters(endpoint, context),
    ...headers(endpoint),
  ];
  const right = needs === undefined ? "" : ` ${rights[needs]}`;
  return {
    operationId,
    tags: [tag],
    summary,
    description: `${description}${right}`,
    ...(guard === "public" ? { security: operationId === "readOpenApi" ? [{}, { bearer: [] }] : [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(endpoint, references, examples),
    responses: { 200: success(endpoint, references), ...failedResponses(endpoint) },
  };
}

function pathParameters({ path }: Endpoint, { filled, examples }: OperationContext): Part[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name).filter((name) => !filled.includes(name));
  return names.map((name) => {
    const example = examples[0]?.path?.[name];
    return {
      name,
      in: "path",
      required: true,
      schema: name === "id" ? { type: "integer", minimum: 1 } : { type: "string" },
      ...(example === undefined ? {} : { example }),
    };
  });
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function queryParameters({ query }: Endpoint, { examples }: OperationContext): Part[] {
  const { properties = {}, required = [] } = (query ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, schema]) => {
    const example = examples[0]?.query?.[name];
    return {
      name,
      in: "query",
      required: required.includes(name),
      description: schema.description,
      schema: urlSchema(schema),
      ...(example === undefined ? {} : { example }),
    };
  });
}

/** In a URL a list is one text. */
function urlSchema({ type, description: _, items: __, maxItems: ___, ...rest }: JsonSchema): JsonSchema {
  return Array.isArray(type) ? { type: "string", ...rest } : { type, ...rest };
}

function headers(endpoint: Endpoint): Part[] {
  return [
    ...(endpoint.guard === "public" ? [] : [{ $ref: "#/components/parameters/CompanyIds" }]),
    ...(readsRecords(endpoint) ? [{ $ref: "#/components/parameters/ReadFrom" }] : []),
    ...(endpoint.ifMatch === true ? [{ $ref: "#/components/parameters/IfMatch" }] : []),
    ...(takesIdempotencyKey(endpoint) ? [{ $ref: "#/components/parameters/IdempotencyKey" }] : []),
  ];
}

function requestBody(
  { body, bodyOptional, upload }: Endpoint,
  references: References,
  examples: readonly RequestExample[],
): Part {
  if (body === null) return {};
  const shown = examples.filter((example) => example.body !== undefined);
  const named = shown.map(({ summary, body: value }, index) => [`example${index + 1}`, { summary, value }]);
  const content = {
    schema: resolveReferences(body, references),
    ...(named.length === 0 ? {} : { examples: Object.fromEntries(named) }),
  };
  return {
    requestBody: { required: bodyOptional !== true, content: { [upload === true ? FORM_TYPE : JSON_TYPE]: content } },
  };
}

function success(endpoint: Endpoint, references: References): Part {
  const { answer, etag } = endpoint;
  const requestId = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
  const replayed = { "Idempotent-Replayed": { $ref: "#/components/headers/Replayed" } };
  return {
    description: "Done.",
    headers: {
      ...requestId,
      ...(takesIdempotencyKey(endpoint) ? replayed : {}),
      ...(etag === true ? { ETag: { $ref: "#/components/headers/ETag" } } : {}),
    },
    content:
      typeof answer === "string"
        ? { [answer]: { schema: { type: "string" } } }
        : { "application/json": { schema: resolveReferences(answer, references) } },
  };
}

function failedResponses(endpoint: Endpoint): Part {
  const statuses = new Set(failuresOf(endpoint).map((failure) => failure.slice(0, 3)));
  return Object.fromEntries([...statuses].map((status) => [status, { $ref: `#/components/responses/${status}` }]));
}
