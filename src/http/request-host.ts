/** The host that a request names: the same in every spelling, and never two. */
import type { FastifyRequest } from "fastify";
import { ValidationError } from "../errors.ts";

const ABSOLUTE = /^https?:\/\/(?:[^/?#@]*@)?([^/?#]*)/i;

/**
 * Finds the host of a request. What proxies add, such as `X-Forwarded-Host`, is no part of it.
 *
 * @returns undefined where it names none
 * @throws ValidationError when it names two, in two headers or in a header and the address
 */
export function hostOf(request: FastifyRequest): string | undefined {
  const { rawHeaders, headers, url = "" } = request.raw;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (hosts > 1) throw new ValidationError("The request has more than one Host header");
  const { host } = headers;
  if (url.startsWith("/")) return host;
  const named = ABSOLUTE.exec(url)?.[1];
  if (named !== undefined && host !== undefined && named.toLowerCase() !== host.toLowerCase()) {
    throw new ValidationError("The Host header names another host than the address");
  }
  return named ?? host;
}
