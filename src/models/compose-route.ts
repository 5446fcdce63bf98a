/** Gathers the endpoints that modules bring, and reports those that would stand in the way of others. */
import { endpoints } from "../contract/endpoints.ts";
import type { ModuleSource } from "./collect.ts";
import type { Conflict } from "./conflict.ts";
import type { ComposedRoute } from "./route.ts";

const PATH = /^(\/([a-z0-9][a-z0-9_.-]*|\{[a-z][a-z0-9_]*\}))+$/;
/** First parts of paths that are the server's own, whatever stands behind them. */
const RESERVED = new Set(["auth", "docs", "health", "openapi.json"]);

/**
 * Gathers the routes of all modules.
 *
 * @param conflicts malformed paths, and paths that could mean another endpoint too, are added to it
 */
export function composeRoutes(modules: readonly ModuleSource[], conflicts: Conflict[]): readonly ComposedRoute[] {
  const found: ComposedRoute[] = [];
  for (const { identifier, routes = [] } of modules) {
    for (const { endpoint, handle, file } of routes) {
      const { method, path } = endpoint;
      const problem = pathProblem(path) ?? overlap(method, path, found, identifier);
      if (problem !== null)
        conflicts.push({ module: identifier, file, subject: `${method} ${path}`, message: problem });
      const id = routeId(method, path);
      // What the function takes is what the schemas say, which the compiler has checked at the declaration.
      found.push({ endpoint: { ...endpoint, id }, handle: handle as ComposedRoute["handle"], module: identifier });
    }
  }
  return Object.freeze(found.map((route) => Object.freeze(route)));
}

function pathProblem(path: string): string | null {
  if (!PATH.test(path))
    return "must be a path of small letters, figures, - _ . and parameters such as /shop/orders/{id}";
  const parts = path.split("/").slice(1);
  if (RESERVED.has(parts[0] ?? "")) return `begins with /${parts[0]}, which is the server's own`;
  const names = parts.filter((part) => part.startsWith("{"));
  if (new Set(names).size < names.length) return "has two parameters of the same name";
  return null;
}

function overlap(method: string, path: string, found: readonly ComposedRoute[], module: string): string | null {
  const own = endpoints.find((endpoint) => mayMeanTheSame(endpoint.path, path));
  if (own !== undefined) return `could also be ${own.method} ${own.path} of the server`;
  const other = found.find(
    (route) =>
      mayMeanTheSame(route.endpoint.path, path) &&
      // One module may have several methods at one path.
      (route.module !== module || route.endpoint.path !== path || route.endpoint.method === method),
  );
  if (other === undefined) return null;
  return `could also be ${other.endpoint.method} ${other.endpoint.path} of module ${other.module}`;
}

/** Whether there are addresses that both paths are for. */
function mayMeanTheSame(one: string, other: string): boolean {
  const [parts, others] = [one.split("/"), other.split("/")];
  const isParameter = (part: string | undefined) => part?.startsWith("{") === true;
  return (
    parts.length === others.length &&
    parts.every((part, index) => part === others[index] || isParameter(part) || isParameter(others[index]))
  );
}

/** `POST /shop/orders/{id}` -> `post_shop_orders_id`, the operation's id in the documentation. */
function routeId(method: string, path: string): string {
  return `${method.toLowerCase()}${path.replaceAll(/[{}]/g, "").replaceAll(/[^a-zA-Z0-9]+/g, "_")}`;
}
