/** The id of a request: the client's own where it is harmless, else a new one. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** The header that carries the id, both ways. */
export const REQUEST_ID = "x-request-id";

const HARMLESS = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives a request its id. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID];
  return typeof given === "string" && HARMLESS.test(given) ? given : randomUUID();
}
