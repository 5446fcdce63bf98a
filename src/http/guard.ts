/** Whether an endpoint is for its caller, before anything of the body is read. */
import type { FastifyRequest, onRequestHookHandler } from "fastify";
import { invalidToken } from "../auth/access-token.ts";
import { activeNames } from "../auth/active-company.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { type Endpoint, type Guard, onlyReads } from "../contract/endpoint.ts";
import { AccessError, AuthenticationError } from "../errors.ts";
import type { TenantDirectory } from "../tenants/tenant-directory.ts";
import { bearerToken, type Credential, loadCaller, resolveTenant, type SignedInCaller, tenantOf } from "./caller.ts";

/** The groups of which a caller must have one. */
const groupsOf: Readonly<Record<Exclude<Guard, "public">, readonly string[]>> = {
  internal: ["core_internal"],
  user: ["core_internal", "core_portal"],
};

/** The part of an endpoint that says who may call it. */
type Guarded = Pick<Endpoint, "guard" | "session" | "method" | "needs">;

/** Makes the hook that lets callers of a guarded endpoint pass. */
export function guardHook(tenants: TenantDirectory, tokens: Authenticator, endpoint: Endpoint): onRequestHookHandler {
  if (endpoint.guard === "public") throw new Error(`${endpoint.id} has no guard`);
  return hookOf((request) => {
    const found = resolveTenant(tenants, request);
    const admit = () => admitUser(tokens, endpoint, request);
    return found instanceof Promise ? found.then(admit) : admit();
  });
}

/** A hook that is done at once where its work is, which most of the time it is. */
function hookOf(work: (request: FastifyRequest) => void | Promise<void>): onRequestHookHandler {
  return (request, _reply, done) => {
    let working: void | Promise<void>;
    try {
      working = work(request);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (working instanceof Promise) working.then(() => done(), done);
    else done();
  };
}

/**
 * Lets the caller of a guarded endpoint pass: at once where the process knows who that is, as it mostly does.
 *
 * Only a token that is valid costs a look at its session and the user's rights, and both are kept in memory.
 *
 * @throws AuthenticationError, AccessError, or ValidationError for a malformed `X-Company-Ids`
 */
export function admitUser(tokens: Authenticator, endpoint: Guarded, request: FastifyRequest): void | Promise<void> {
  const token = bearerToken(request);
  if (token === null) throw new AuthenticationError("A bearer token is required");
  const found = loadCaller(tenantOf(request), tokens, token);
  if (found instanceof Promise) return found.then((caller) => accept(endpoint, request, caller));
  accept(endpoint, request, found);
}

function accept(endpoint: Guarded, request: FastifyRequest, caller: SignedInCaller | null): void {
  if (caller === null) throw invalidToken();
  const { guard } = endpoint;
  if (guard !== "public" && !groupsOf[guard].some((group) => caller.rights.groups.has(group))) {
    throw new AccessError("You may not use this part of the API");
  }
  checkKey(endpoint, caller.credential);
  const companies = request.headers["x-company-ids"];
  request.caller = companies === undefined ? caller : { ...caller, names: activeNames(companies, caller.names) };
}

/**
 * Checks that a credential is enough for an endpoint; limits of API keys to models are part of the caller's access.
 *
 * @throws AccessError
 */
function checkKey(endpoint: Guarded, credential: Credential): void {
  if (credential.kind !== "key") return;
  if (endpoint.session === true) throw new AccessError("An API key cannot do this: sign in");
  if (credential.key.readOnly && !onlyReads(endpoint)) throw new AccessError("The API key is read-only");
}

/** Makes the hook of an endpoint that anyone may call: it only finds the database. */
export function tenantHook(tenants: TenantDirectory): onRequestHookHandler {
  return hookOf((request) => resolveTenant(tenants, request));
}
