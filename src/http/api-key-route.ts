/** The endpoints of API keys. */
import { createApiKey, deleteApiKey, listApiKeys } from "../auth/api-key.ts";
import { readNewKey } from "../auth/new-api-key.ts";
import { createKey, deleteKey, listKeys } from "../contract/api-key.ts";
import { callerOf, tenantOf } from "./caller.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** Binds them. */
export function addApiKeyRoutes(context: RouteContext): void {
  addUserRoute(context, createKey, async ({ access, session }, { body }, { request }) => {
    const key = readNewKey(access, body, new Date());
    return JSON.stringify(await createApiKey(session, callerOf(request).userId, key));
  });
  addUserRoute(context, listKeys, async ({ session }, _input, { request }) =>
    JSON.stringify({ data: await listApiKeys(session, callerOf(request).userId) }),
  );
  addUserRoute(context, deleteKey, async ({ session }, { path: { id } }, { request }) => {
    tenantOf(request).credentials.forget(await deleteApiKey(session, callerOf(request).userId, id));
    return JSON.stringify({ id, deleted: true });
  });
}
