/** Binds the endpoints of the contract to their handlers: guard first, then the input, then one call. */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import type { Authenticator } from "../auth/authenticator.ts";
import { type Endpoint, type Input, takesIdempotencyKey } from "../contract/endpoint.ts";
import type { Cancellation } from "../database/cancellation.ts";
import { Environment, type EnvironmentParts } from "../records/environment.ts";
import type { JsonAnswer } from "../records/json-bytes.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { TenantDirectory } from "../tenants/tenant-directory.ts";
import { callerOf, type RequestRights, tenantOf } from "./caller.ts";
import { beginWork, endWork } from "./departure.ts";
import { type Download, sendDownload } from "./download.ts";
import { JSON_ANSWER } from "./error-answer.ts";
import { guardHook, tenantHook } from "./guard.ts";
import { answerOnce, idempotencyKey } from "./idempotency.ts";
import { refuseIfMatch } from "./if-match.ts";
import { inputReader } from "./input.ts";
import { asksForReplica, onReplica } from "./read-source.ts";
import type { KnownPath } from "./unknown-route.ts";

/** What routes are bound to. */
export interface RouteContext {
  readonly server: FastifyInstance;
  readonly tenants: TenantDirectory;
  readonly authenticator: Authenticator;
  /** The paths of all endpoints of this server. */
  readonly paths: readonly KnownPath[];
}

/** A request under way, for what is not in the input: headers. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers with JSON text, in the name and with the rights of a user. */
export type UserHandler<E extends Endpoint> = (
  env: Environment,
  input: Input<E>,
  exchange: Exchange,
) => Promise<JsonAnswer> | JsonAnswer;

/** Answers anyone with JSON text. */
export type PublicHandler<E extends Endpoint> = (
  input: Input<E>,
  exchange: Exchange,
) => Promise<JsonAnswer> | JsonAnswer;

/** Binds an endpoint for signed-in users. */
export function addUserRoute<const E extends Endpoint>(
  context: RouteContext,
  endpoint: E,
  handle: UserHandler<E>,
): void {
  if (endpoint.guard === "public") throw new Error(`${endpoint.id} is public: it has no user`);
  const respond = responder(context.authenticator, endpoint, handle);
  const guard = guardHook(context.tenants, context.authenticator, endpoint);
  addRoute(context.server, endpoint, guard, (request, reply) =>
    inTenant(request, (cancellation) => respond(callerOf(request), { request, reply }, cancellation)),
  );
}

/** Makes the function that reads a request to an endpoint and does its work with somebody's rights. */
export function responder<const E extends Endpoint>(
  authenticator: Authenticator,
  endpoint: E,
  handle: UserHandler<E>,
): (rights: RequestRights, exchange: Exchange, cancellation: Cancellation) => Promise<JsonAnswer> | JsonAnswer {
  const read = inputReader(endpoint);
  const isKeyed = takesIdempotencyKey(endpoint);
  return (rights, exchange, cancellation) => {
    const { request } = exchange;
    refuseIfMatch(endpoint, request);
    const input = read(request);
    const work = (env: Environment) => handle(env, input, exchange);
    const key = isKeyed ? idempotencyKey(request) : null;
    const parts = { cancellation, requestId: request.id };
    const tenant = tenantOf(request);
    const environment = (source: Tenant) => environmentOf(source, rights, authenticator, parts);
    if (asksForReplica(endpoint, request, tenant)) {
      return onReplica(tenant, exchange.reply, (source) => work(environment(source)));
    }
    const env = environment(tenant);
    return key === null ? work(env) : answerOnce(env, key, input, exchange, work);
  };
}

/** Gives a file, or answers with JSON text, in the name and with the rights of a user. */
export type DownloadHandler<E extends Endpoint> = (
  env: Environment,
  input: Input<E>,
  exchange: Exchange,
) => Promise<Download | JsonAnswer>;

/** Binds an endpoint for signed-in users that gives files. What it reads stops when the client goes. */
export function addDownloadRoute<const E extends Endpoint>(
  context: RouteContext,
  endpoint: E,
  handle: DownloadHandler<E>,
): void {
  const read = inputReader(endpoint);
  const guard = guardHook(context.tenants, context.authenticator, endpoint);
  addRoute(context.server, endpoint, guard, (request, reply) =>
    inTenant(request, async (cancellation) => {
      const tenant = tenantOf(request);
      const input = read(request);
      const work = (source: Tenant) =>
        handle(environmentOf(source, callerOf(request), context.authenticator, { cancellation }), input, {
          request,
          reply,
        });
      const answer = asksForReplica(endpoint, request, tenant)
        ? await onReplica(tenant, reply, work)
        : await work(tenant);
      return typeof answer === "string" || Buffer.isBuffer(answer) ? answer : sendDownload(reply, answer);
    }),
  );
}

/** Binds an endpoint that anyone may call, about one database. */
export function addPublicRoute<const E extends Endpoint>(
  context: RouteContext,
  endpoint: E,
  handle: PublicHandler<E>,
): void {
  if (endpoint.guard !== "public") throw new Error(`${endpoint.id} is not public`);
  const read = inputReader(endpoint);
  addRoute(context.server, endpoint, tenantHook(context.tenants), (request, reply) =>
    inTenant(request, () => handle(read(request), { request, reply })),
  );
}

/**
 * Handles a request inside its tenant.
 *
 * @param work is cancelled once the client goes
 * @throws MaintenanceError where the tenant has been replaced since the request was let in
 */
export async function inTenant<Result>(
  request: FastifyRequest,
  work: (cancellation: Cancellation) => Promise<Result> | Result,
): Promise<Result> {
  const leave = tenantOf(request).gate.enter();
  request.leaveTenant = leave;
  const cancellation = beginWork(request);
  try {
    return await work(cancellation);
  } finally {
    endWork(request, cancellation);
    leave();
  }
}

/** Binds an endpoint that is about the process and works without any database. @param guard lets everybody pass unless given */
export function addProcessRoute<const E extends Endpoint>(
  { server }: RouteContext,
  endpoint: E,
  handle: PublicHandler<E>,
  guard?: onRequestHookHandler,
): void {
  const read = inputReader(endpoint);
  addRoute(server, endpoint, guard, (request, reply) => handle(read(request), { request, reply }));
}

function addRoute(
  server: FastifyInstance,
  { id, method, path }: Endpoint,
  onRequest: onRequestHookHandler | undefined,
  handler: (request: FastifyRequest, reply: FastifyReply) => Promise<JsonAnswer | FastifyReply> | JsonAnswer,
): void {
  server.route({
    method,
    config: { endpoint: id },
    url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
    ...(onRequest === undefined ? {} : { onRequest }),
    handler: (request, reply) => {
      reply.header("content-type", JSON_ANSWER);
      return handler(request, reply);
    },
  });
}

/**
 * The environment of a request.
 *
 * @param caller in whose name and with whose rights it works
 * @param parts what else is of this request alone
 */
export function environmentOf(
  { name, database, plans, rightsChanged }: Tenant,
  { access, rights, names }: RequestRights,
  authenticator: Authenticator,
  parts: Pick<EnvironmentParts, "cancellation" | "requestId"> = {},
): Environment {
  return new Environment({
    access,
    database,
    plans,
    names,
    timeZone: rights.timeZone,
    signingKey: authenticator.cursorKey(name),
    // Other processes are told by the database; this one must not lag behind its own answer.
    rightsChanged,
    ...parts,
  });
}
