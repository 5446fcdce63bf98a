/** Who calls which database. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "../access/rights-cache.ts";
import { type ApiKey, isApiKey } from "../auth/api-key.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { limitAccess } from "../auth/limited-access.ts";
import type { Holder } from "../auth/refresh-token.ts";
import { AuthenticationError } from "../errors.ts";
import type { BindContext } from "../query/slot.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { TenantDirectory } from "../tenants/tenant-directory.ts";
import { hostOf } from "./request-host.ts";

/** What somebody has shown to be let in: the access token of a session, or an API key. */
export type Credential =
  | { readonly kind: "session"; readonly family: string }
  | { readonly kind: "key"; readonly key: ApiKey };

/** Rights as a request has them. */
export interface RequestRights extends Caller {
  /** Who the caller is to filters, in the companies of this request. */
  readonly names: BindContext["names"];
}

/** A user who calls. */
export interface SignedInCaller extends RequestRights {
  readonly userId: number;
  readonly credential: Credential;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The database that the request is for; null before that is known. */
    tenant: Tenant | null;
    /** Who calls; null for guests. */
    caller: SignedInCaller | null;
    /** Ends the request's stay in its tenant; by itself it ends with the handler. */
    leaveTenant: () => void;
  }
}

const BEARER = /^Bearer +([\w.~+/=-]+) *$/i;
/** No token that we have signed is nearly as long. */
const LONGEST_TOKEN = 8192;

/** The caller of a public endpoint: a guest unless the token is good. */
export async function identifyCaller(tokens: Authenticator, request: FastifyRequest): Promise<SignedInCaller | null> {
  const token = bearerToken(request);
  if (token === null || request.tenant === null) return null;
  try {
    return await loadCaller(request.tenant, tokens, token);
  } catch (error) {
    if (error instanceof AuthenticationError) return null;
    throw error;
  }
}

/** The rights of somebody who has not signed in: those of the group `core_public`. */
export async function guestRights(tenant: Tenant): Promise<RequestRights> {
  const guest = await tenant.rights.get(null);
  if (guest === null) throw new Error("guests are always there");
  return { ...guest, names: guest.rights.names };
}

/** @returns null for a token of ours that does not hold any more */
export function loadCaller(
  tenant: Tenant,
  tokens: Authenticator,
  token: string,
): SignedInCaller | null | Promise<SignedInCaller | null> {
  if (isApiKey(token)) return loadKeyOwner(tenant, token);
  const { userId, family } = tokens.verifyAccessToken(token, tenant.name);
  const isAlive = tenant.credentials.isAlive(family, userId);
  const caller = tenant.rights.get(userId);
  const credential: Credential = { kind: "session", family };
  const judge = (alive: boolean, known: Caller | null) =>
    alive && known !== null ? signedIn(known, userId, credential) : null;
  if (typeof isAlive === "boolean" && !(caller instanceof Promise)) return judge(isAlive, caller);
  return Promise.all([isAlive, caller]).then(([alive, known]) => judge(alive, known));
}

async function loadKeyOwner(tenant: Tenant, token: string): Promise<SignedInCaller | null> {
  const key = await tenant.credentials.apiKey(token);
  const caller = key === null ? null : await tenant.rights.get(key.user);
  if (key === null || caller === null) return null;
  const { rights, access } = caller;
  return signedIn({ rights, access: limitAccess(access, key) }, key.user, { kind: "key", key });
}

function signedIn({ rights, access }: Caller, userId: number, credential: Credential): SignedInCaller {
  return { rights, access, userId, credential, names: rights.names };
}

/**
 * Finds the database of a request: at once where it is open.
 *
 * @throws MissingError when there is none, MaintenanceError while its modules change
 */
export function resolveTenant(tenants: TenantDirectory, request: FastifyRequest): void | Promise<void> {
  const selected = request.headers["x-database"];
  const found = tenants.resolve(hostOf(request), Array.isArray(selected) ? selected.join() : selected);
  const keep = (tenant: Tenant): void => {
    request.tenant = tenant;
  };
  if (found instanceof Promise) return found.then(keep);
  keep(found);
}

/** The token of a request, whatever it is worth; null where there is none. */
export function bearerToken(request: FastifyRequest): string | null {
  const given = request.headers.authorization;
  if (given === undefined || given.length > LONGEST_TOKEN) return null;
  return BEARER.exec(given)?.[1] ?? null;
}

/** The database of a request whose route has found it. */
export function tenantOf({ tenant }: FastifyRequest): Tenant {
  if (tenant === null) throw new Error("the route does not look for a database");
  return tenant;
}

/** Who calls a guarded endpoint. */
export function callerOf({ caller }: FastifyRequest): SignedInCaller {
  if (caller === null) throw new Error("the route has no guard");
  return caller;
}

/** The session that calls an endpoint which API keys cannot call. */
export function sessionOf(request: FastifyRequest): Holder {
  const { credential, userId } = callerOf(request);
  if (credential.kind !== "session") throw new Error("the route lets API keys in");
  return { user: userId, family: credential.family };
}

/** Adds the members that the hooks fill. */
export function declareCaller(server: FastifyInstance): void {
  server.decorateRequest("tenant", null);
  server.decorateRequest("caller", null);
  server.decorateRequest("leaveTenant", stay);
}

/** What has not entered has nothing to leave. */
function stay(): void {}
