/** The endpoints that call what modules declare: each is one call into the records layer. */
import { describeAction, executeMethod, runEffects } from "../contract/behaviour.ts";
import { describeAction as describe, type WizardForm } from "../records/action-meta.ts";
import { printJson } from "../records/exact-json.ts";
import { executeMethod as execute } from "../records/method.ts";
import { runEffects as runAll } from "../records/ui-effect.ts";
import { addUserRoute, type RouteContext } from "./route.ts";

/** Binds the endpoints of methods, wizards and effects. */
export function addBehaviourRoutes(context: RouteContext): void {
  addUserRoute(context, describeAction, async (env, { path, body }) => {
    const { type, label, wizard, confirmation } = await describe(env, path.model, path.method, body.context ?? {});
    const head = JSON.stringify({ type, label }).slice(0, -1);
    return `${head},"wizard":${wizard === null ? "null" : printForm(wizard)},"confirmation":${JSON.stringify(confirmation)}}`;
  });
  addUserRoute(context, executeMethod, async (env, { path, body }) => {
    const { ids, request_body: { inputs, context: given } = {} } = body;
    const result = await execute(env, path.model, path.method, { ids, inputs, context: given });
    return printJson({ message: "Method executed successfully", result });
  });
  addUserRoute(context, runEffects, (env, { path, body }) => {
    const { id = null, values, trigger_field: trigger } = body;
    return runAll(env, path.model, { id, values, trigger });
  });
}

/** The defaults are JSON already. */
function printForm({ defaults, ...form }: WizardForm): string {
  return `${JSON.stringify(form).slice(0, -1)},"defaults":${defaults}}`;
}
