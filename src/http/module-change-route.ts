/** The endpoints of modules. */
import { listModules, moduleChanges } from "../contract/modules.ts";
import { AccessError } from "../errors.ts";
import { changeModules, describeModules, type ModuleAction } from "../installer/change-modules.ts";
import { loadDatabaseState } from "../installer/database-state.ts";
import { tenantOf } from "./caller.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** What has been done, for people. */
const DONE: Readonly<Record<ModuleAction, string>> = {
  install: "Installed",
  upgrade: "Upgraded",
  uninstall: "Uninstalled",
};

/** Binds them. */
export function addModuleChangeRoutes(context: RouteContext): void {
  const { tenants } = context;
  addUserRoute(context, listModules, async (env, _input, { request }) => {
    const { library } = await tenants.find(tenantOf(request).name);
    const state = await loadDatabaseState(env.session);
    return JSON.stringify({ data: describeModules(library, state ?? { modules: [], revision: 0, fingerprint: null }) });
  });
  for (const action of Object.keys(moduleChanges) as ModuleAction[]) {
    addUserRoute(context, moduleChanges[action], async (_env, { path, query }, { request }) => {
      if (request.caller?.rights.groups.has("core_admin") !== true) {
        throw new AccessError("Only administrators may change the modules");
      }
      const live = await tenants.find(tenantOf(request).name);
      // The change waits for all requests that are under way, and this is one.
      request.leaveTenant();
      const plan = query.plan === "true";
      const outcome = await changeModules(live.database.connection, live.library, {
        action,
        module: path.name,
        plan,
        allowDestructive: query.allow_destructive === "true",
        demo: false,
      });
      // Whoever asked sees the new models with the next request.
      await live.settled();
      const message = plan ? `Plan to ${action} ${path.name}` : `${DONE[action]} ${path.name}`;
      return JSON.stringify({ message, plan, ...outcome });
    });
  }
}
