/** The endpoints that describe the models. */
import { describeModel, listModels } from "../contract/registry.ts";
import { describeModels, describeModel as describeOne } from "../records/describe.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** Binds the endpoints of the registry. */
export function addRegistryRoutes(context: RouteContext): void {
  addUserRoute(context, listModels, (env) => JSON.stringify(describeModels(env)));
  addUserRoute(context, describeModel, (env, { path }) => JSON.stringify(describeOne(env, path.model)));
}
