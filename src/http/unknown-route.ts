/** Answers requests that no endpoint is for: the path does not exist, or not with that method. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Endpoint } from "../contract/endpoint.ts";
import { type ApplicationError, MethodNotAllowedError, MissingError } from "../errors.ts";

/** A path that there is, and the methods that it takes. */
export interface KnownPath {
  /** With a group for each parameter. */
  readonly pattern: RegExp;
  readonly methods: ReadonlySet<string>;
}

/** Characters of one part of a path; the longest name of a model is shorter. */
export const LONGEST_PART = 100;

/** What addresses of a path look like: `/api/query/{model}` -> `^/api/query/(?<model>[^/]+)$`. */
export function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{(\w+)\}/g, `(?<$1>[^/]{1,${LONGEST_PART}})`)}$`);
}

/** The paths of endpoints, each once. */
export function knownPaths(endpoints: readonly Endpoint[]): KnownPath[] {
  return [...new Set(endpoints.map(({ path }) => path))].map((path) => ({
    pattern: pathPattern(path),
    methods: new Set<string>(endpoints.filter((each) => each.path === path).map(({ method }) => method)),
  }));
}

/**
 * Answers `OPTIONS` of a known path with the methods that it takes.
 *
 * @param paths all that there are: of the server, and of the modules of the database
 * @returns the error for every other request
 */
export function answerUnknownRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  paths: readonly KnownPath[],
): ApplicationError | null {
  const { method } = request;
  const path = (request.raw.url ?? "").split("?", 1)[0] ?? "";
  const known = paths.find(({ pattern }) => pattern.test(path));
  const shown = JSON.stringify(path.slice(0, 200));
  if (known === undefined) return new MissingError(`There is no path ${shown}`);
  const allow = [...known.methods, ...(known.methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  if (method === "OPTIONS") {
    reply.code(204).header("allow", allow).send();
    return null;
  }
  return new MethodNotAllowedError(`${shown} does not take ${method}; it takes ${allow}`, { headers: { allow } });
}
