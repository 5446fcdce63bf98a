/** The version of a record that a request wants to change, as `If-Match` says. */
import type { FastifyRequest } from "fastify";
import type { Endpoint } from "../contract/endpoint.ts";
import { ValidationError } from "../errors.ts";

/** The version that `If-Match` asks for; undefined where any will do. */
export function parseIfMatch({ headers }: FastifyRequest): number | undefined {
  const given = headers["if-match"];
  if (given === undefined || given === "*") return undefined;
  const version = /^"([1-9]\d{0,15})"$/.exec(given)?.[1];
  if (version !== undefined && Number.isSafeInteger(Number(version))) return Number(version);
  throw new ValidationError('If-Match: must be the version of the record in quotes, such as "3", or *');
}

/**
 * Refuses the header where nothing would look at it: whoever sends it relies on it.
 *
 * @throws ValidationError where the endpoint does not take it
 */
export function refuseIfMatch(endpoint: Endpoint, { headers }: FastifyRequest): void {
  if (endpoint.ifMatch === true || headers["if-match"] === undefined) return;
  throw new ValidationError("If-Match: is for changing or deleting one record");
}
