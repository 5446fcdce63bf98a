/** Reads what a request to an endpoint holds: path, query string and body, all checked against the contract. */
import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import type { TSchema } from "typebox";
import { type Endpoint, type Input, onlyReads } from "../contract/endpoint.ts";
import { strictObject } from "../contract/schema.ts";
import { MissingError, ValidationError } from "../errors.ts";
import { parseBody } from "./body.ts";
import { parseQueryText } from "./query-text.ts";
import { type Check, compileCheck } from "./validation.ts";

const NO_BODY = Object.freeze({});

/** Bodies of requests that read which an endpoint remembers: clients ask the same again and again. */
const MOST_REMEMBERED = 200;
/** Characters of the longest of them. */
const LONGEST_REMEMBERED = 1000;

/**
 * Makes the reader of an endpoint's requests.
 *
 * @returns a function that throws a ValidationError naming everything that is wrong in the first wrong part, or a
 *   MissingError for an id that no record can have
 */
export function inputReader<E extends Endpoint>(endpoint: E): (request: FastifyRequest) => Input<E> {
  const hasId = endpoint.path.includes("{id}");
  const readQuery = queryReader(endpoint.query);
  const readBody = endpoint.body === null ? refuseBody : bodyReader(endpoint, endpoint.body);
  return (request) => {
    const parameters = request.params as Record<string, string | number>;
    if (hasId) parameters.id = parseId(String(parameters.model ?? ""), String(parameters.id ?? ""));
    // The checks above are the proof of the type, which the compiler cannot follow.
    return { path: parameters, query: readQuery(request), body: readBody(request) } as unknown as Input<E>;
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
    const query: Record<string, unknown> = parseQueryText(request.raw.url ?? "");
    for (const name of numbers) {
      const value = query[name];
      if (typeof value === "string" && /^\d{1,16}$/.test(value)) query[name] = Number(value);
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

function bodyReader(endpoint: Endpoint, schema: TSchema): (request: FastifyRequest) => unknown {
  const check: Check = compileCheck(schema, "The body");
  const remembered = onlyReads(endpoint) ? new LRUCache<string, object>({ max: MOST_REMEMBERED }) : null;
  const readText = (text: string): unknown => {
    const known = remembered?.get(text);
    if (known !== undefined) return known;
    const body = parseBody(text);
    check(body);
    // Nobody may change what is given to others.
    if (text.length <= LONGEST_REMEMBERED) remembered?.set(text, freezeAll(body as object));
    return body;
  };
  return ({ body }) => {
    if (typeof body === "string") return readText(body);
    if (body === undefined) {
      if (endpoint.bodyOptional === true) return NO_BODY;
      throw new ValidationError("A body is required; it must be JSON");
    }
    // The fields of a form.
    check(body);
    return body;
  };
}

function freezeAll(value: object): object {
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) freezeAll(member);
  return Object.freeze(value);
}

/** A body that nobody reads would be dropped silently. */
function refuseBody({ headers }: FastifyRequest): null {
  const length = headers["content-length"];
  if ((length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined) {
    throw new ValidationError("This endpoint takes no body");
  }
  return null;
}
