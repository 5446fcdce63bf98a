/** The endpoints that modules bring: found in the registry of the request's database, since each has modules of its own. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Method } from "../contract/endpoint.ts";
import { MissingError } from "../errors.ts";
import type { Registry } from "../models/model.ts";
import type { ComposedRoute } from "../models/route.ts";
import { guestRights, identifyCaller, resolveTenant, tenantOf } from "./caller.ts";
import { JSON_ANSWER } from "./error-answer.ts";
import { admitUser } from "./guard.ts";
import { inTenant, type RouteContext, responder } from "./route.ts";
import { answerUnknownRoute, type KnownPath, pathPattern } from "./unknown-route.ts";

type Respond = ReturnType<typeof responder>;

/** A route that is ready for requests. */
interface ReadyRoute extends ComposedRoute {
  readonly respond: Respond;
}

/** All routes at one path. */
interface RoutePath extends KnownPath {
  readonly routes: ReadonlyMap<Method, ReadyRoute>;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The module's route that the request is for; null where it is for an endpoint of the server, or for nothing. */
    moduleRoute: ReadyRoute | null;
  }
}

/**
 * Binds the endpoints of modules, behind all others: what no endpoint of the server is for may be one of the database's modules'.
 *
 * A schema that cannot be understood is a fault of its module, and of each request for one of its routes.
 */
export function addModuleRoutes(context: RouteContext): void {
  const { server, authenticator } = context;
  const known = new WeakMap<Registry, readonly RoutePath[]>();
  const pathsOf = (registry: Registry): readonly RoutePath[] => {
    const found = known.get(registry) ?? preparePaths(context, registry);
    known.set(registry, found);
    return found;
  };

  const find = async (request: FastifyRequest, reply: FastifyReply): Promise<ReadyRoute | null> => {
    const paths = await pathsOfRequest(context, request, pathsOf);
    const address = request.url.split("?", 1)[0] ?? "";
    const path = paths.find(({ pattern }) => pattern.test(address));
    const route = path?.routes.get((request.method === "HEAD" ? "GET" : request.method) as Method);
    if (path !== undefined && route !== undefined) {
      request.params = readParameters(path.pattern, address);
      return route;
    }
    const error = answerUnknownRoute(request, reply, [...context.paths, ...paths]);
    if (error !== null) throw error;
    return null;
  };

  server.decorateRequest("moduleRoute", null);
  server.all("/*", {
    onRequest: async (request, reply) => {
      const route = await find(request, reply);
      request.moduleRoute = route;
      if (route === null) return reply;
      if (route.endpoint.guard === "public") request.caller = await identifyCaller(authenticator, request);
      else await admitUser(authenticator, route.endpoint, request);
    },
    handler: async (request, reply) => {
      if (request.moduleRoute === null) throw new Error("the hook has let a request pass that is for nothing");
      reply.header("content-type", JSON_ANSWER);
      const { moduleRoute, caller } = request;
      return inTenant(request, async (cancellation) => {
        const rights = caller ?? (await guestRights(tenantOf(request)));
        return moduleRoute.respond(rights, { request, reply }, cancellation);
      });
    },
  });
}

/** A path that is for nothing is answered alike whether or not there is such a database. */
async function pathsOfRequest(
  { tenants }: RouteContext,
  request: FastifyRequest,
  pathsOf: (registry: Registry) => readonly RoutePath[],
): Promise<readonly RoutePath[]> {
  try {
    await resolveTenant(tenants, request);
    return pathsOf(tenantOf(request).registry);
  } catch (error) {
    if (error instanceof MissingError) return [];
    throw error;
  }
}

function preparePaths({ authenticator }: RouteContext, { routes }: Registry): RoutePath[] {
  return [...new Set(routes.map(({ endpoint }) => endpoint.path))].map((path) => {
    const here = routes
      .filter(({ endpoint }) => endpoint.path === path)
      .map((route): [Method, ReadyRoute] => [route.endpoint.method, prepareRoute(authenticator, route)]);
    return { pattern: pathPattern(path), methods: new Set(here.map(([method]) => method)), routes: new Map(here) };
  });
}

function prepareRoute(authenticator: RouteContext["authenticator"], route: ComposedRoute): ReadyRoute {
  const handle = async (...[env, input]: Parameters<ComposedRoute["handle"]>) =>
    JSON.stringify((await route.handle(env, input)) ?? null);
  try {
    return { ...route, respond: responder(authenticator, route.endpoint, handle) };
  } catch (cause) {
    const { method, path } = route.endpoint;
    throw new Error(`module ${route.module}: a schema of ${method} ${path} cannot be understood`, { cause });
  }
}

/** The framework has checked that the address can be decoded. */
function readParameters(pattern: RegExp, address: string): Record<string, string> {
  const groups = Object.entries(pattern.exec(address)?.groups ?? {});
  return Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)]));
}
