/** Reads what a request to an endpoint holds: path, query string and body, all checked against the contract. */
import type { FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import type { Endpoint, Input } from "../contract/endpoint.ts";
import { strictObject } from "../contract/schema.ts";
import { MissingError, ValidationError } from "../errors.ts";
import { parseQueryText } from "./query-text.ts";
import { type Check, compileCheck } from "./validation.ts";

const NO_BODY = Object.freeze({});

/**
 * Makes the reader of an endpoint's requests.
 *
 * @returns a function that throws a ValidationError naming everything that is wrong in the first wrong part, or a
 *   MissingError for an id that no record can have
 */
export function inputReader<E extends Endpoint>(endpoint: E): (request: FastifyRequest) => Input<E> {
  const hasId = endpoint.path.includes("{id}");
  const readQuery = queryReader(endpoint.query);
  const readBody = endpoint.body === null ? refuseBody : bodyReader(endpoint.body, endpoint.bodyOptional === true);
  return (request) => {
    const parameters = request.params as Readonly<Record<string, string>>;
    const path = hasId ? { ...parameters, id: parseId(parameters.model ?? "", parameters.id ?? "") } : parameters;
    // The checks above are the proof of the type, which the compiler cannot follow.
    return { path, query: readQuery(request), body: readBody(request) } as unknown as Input<E>;
  };
}

/** A number that JavaScript cannot hold exactly is the id of no record. */
function parseId(model: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    const message = `must be a record id, a positive whole number, not ${JSON.stringify(text.slice(0, 100))}`;
    throw ValidationError.ofFields([{ path: "id", message }]);
  }
  const id = Number(text);
  if (!Number.isSafeInteger(id)) throw new MissingError(`${model} ${text} does not exist`.trim());
  return id;
}

function queryReader(schema: TSchema | null): (request: FastifyRequest) => unknown {
  const check = compileCheck(schema ?? strictObject({}), "The query string");
  const numbers = integerNames(schema);
  return (request) => {
    const text = parseQueryText(request.raw.url ?? "");
    const query: Record<string, unknown> = { ...text };
    for (const name of numbers) {
      const value = text[name];
      if (value !== undefined && /^\d{1,16}$/.test(value)) query[name] = Number(value);
    }
    check(query);
    return query;
  };
}

/** The parameters that are numbers: in a URL they can only be written as text. */
function integerNames(schema: TSchema | null): string[] {
  const { properties = {} } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
  };
  return Object.entries(properties).flatMap(([name, { type }]) => (type === "integer" ? [name] : []));
}

function bodyReader(schema: TSchema, optional: boolean): (request: FastifyRequest) => unknown {
  const check: Check = compileCheck(schema, "The body");
  return ({ body }) => {
    if (body === undefined) {
      if (optional) return NO_BODY;
      throw new ValidationError("A body is required; it must be JSON");
    }
    check(body);
    return body;
  };
}

/** A body that nobody reads would be dropped silently. */
function refuseBody({ headers }: FastifyRequest): null {
  const length = headers["content-length"];
  if ((length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined) {
    throw new ValidationError("This endpoint takes no body");
  }
  return null;
}
