/** The endpoints that give tokens and list databases. */

import type { TokenPair } from "../auth/authenticator.ts";
import { describeProfile } from "../auth/profile.ts";
import {
  authenticate,
  changePassword,
  describeCaller,
  listDatabases,
  refresh,
  signOut,
} from "../contract/signing-in.ts";
import { MissingError } from "../errors.ts";
import { callerOf, sessionOf, tenantOf } from "./caller.ts";
import { addProcessRoute, addPublicRoute, addUserRoute, type RouteContext } from "./route.ts";

/** Binds the endpoints of signing in. */
export function addSignInRoutes(context: RouteContext): void {
  const { tenants, authenticator } = context;
  addPublicRoute(context, authenticate, async ({ body }, { request }) => {
    const peer = request.ip;
    return answer("Authenticated", await authenticator.signIn(tenantOf(request), body.email, body.password, peer));
  });
  addPublicRoute(context, refresh, async ({ body }, { request }) =>
    answer("Token refreshed", await authenticator.refresh(tenantOf(request), body.refresh_token)),
  );
  addUserRoute(context, signOut, async (_env, { body }, { request }) => {
    await authenticator.signOut(tenantOf(request), sessionOf(request), body.refresh_token);
    return JSON.stringify({ message: "Signed out" });
  });
  addUserRoute(context, describeCaller, (env) => describeProfile(env));
  addUserRoute(context, changePassword, async (env, { body }, { request }) => {
    const { email } = callerOf(request).rights;
    const change = { env, email, current: body.current_password, wanted: body.new_password };
    const peer = request.ip;
    return answer("Password changed", await authenticator.changePassword(tenantOf(request), change, peer));
  });
  addProcessRoute(context, listDatabases, async () => {
    if (!tenants.hasSelector) throw new MissingError("This server does not list its databases");
    return JSON.stringify({ databases: await tenants.names() });
  });
}

function answer(message: string, tokens: TokenPair): string {
  return JSON.stringify({ message, ...tokens });
}
