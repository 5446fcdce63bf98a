/** How a module declares endpoints of its own, beyond those that every model has. */
import type { TSchema } from "typebox";
import type { Endpoint, Guard, Input, Method, RequestExample } from "../contract/endpoint.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import { callerFile } from "./caller-file.ts";

/** What an endpoint of a module takes, answers and who may call it. */
export interface RouteDeclaration<
  Path extends string = string,
  Query extends TSchema | null = TSchema | null,
  Body extends TSchema | null = TSchema | null,
> {
  readonly method: Method;
  /** With parameters in braces: `/shop/orders/{id}`. `{id}` is a record id, everything else a name. */
  readonly path: Path;
  /** `internal`: internal users; `user`: whoever has signed in; `public`: anyone, with the rights of `core_public`. */
  readonly guard: Guard;
  readonly summary: string;
  readonly description?: string;
  /** Schema of the query string; null where it must be empty. */
  readonly query: Query;
  /** Schema of the body; null where there is none. */
  readonly body: Body;
  /** Schema of what the function gives. */
  readonly answer: TSchema;
  readonly examples?: readonly RequestExample[];
}

/** Does the work of a route: gets the caller's environment and what the request holds, checked; gives what is answered as JSON. */
export type RouteFunction<E extends Pick<Endpoint, "path" | "query" | "body">> = (
  env: RunningEnvironment,
  input: Input<E & Endpoint>,
) => unknown;

/** An endpoint that a module brings. */
export interface ModuleRoute {
  readonly endpoint: Omit<Endpoint, "id">;
  readonly handle: (env: RunningEnvironment, input: never) => unknown;
  /** The source file, for messages about conflicts. */
  readonly file: string;
}

/** An endpoint of a module in a registry. */
export interface ComposedRoute {
  readonly endpoint: Endpoint;
  readonly handle: (env: RunningEnvironment, input: Input<Endpoint>) => unknown;
  readonly module: string;
}

/**
 * Declares an endpoint of a module. It goes into the module: `defineModule({ routes: [...] })`.
 *
 * @param declaration path, method, guard and schemas; whatever does not fit them is refused before the function is called
 * @param handle the work; with the rights of the caller, and those of `core_public` for a guest
 */
export function defineRoute<
  const Path extends string,
  const Query extends TSchema | null,
  const Body extends TSchema | null,
>(
  declaration: RouteDeclaration<Path, Query, Body>,
  handle: RouteFunction<{ readonly path: Path; readonly query: Query; readonly body: Body }>,
): ModuleRoute {
  const { description = "", examples = [], method, guard, ...rest } = declaration;
  const endpoint = {
    ...rest,
    method,
    guard,
    description,
    examples,
    tag: "Modules",
    failures: ["404 MissingError", "503 MaintenanceError"],
    ...(method === "GET" || guard === "public" ? {} : ({ keyed: true } as const)),
  } satisfies ModuleRoute["endpoint"];
  return Object.freeze({ endpoint: Object.freeze(endpoint), handle, file: callerFile() });
}
