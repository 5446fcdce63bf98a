/** Checks what methods give: plain JSON with decimals, or an action with exactly the members that it has. */
import { Errors } from "typebox/value";
import { type ActionType, actionSchemas } from "../contract/action-result.ts";
import { Decimal } from "../fields/decimal.ts";

/** Deeper results are taken for circles. */
const DEEPEST = 100;

/**
 * Turns what a method gave into what clients get.
 *
 * @param subject the method, for the message
 * @returns null where it gave nothing
 * @throws Error where it is no plain JSON, or no such action: the module is wrong, not the request
 */
export function checkResult(subject: string, result: unknown): unknown {
  const problem = jsonProblem(result ?? null, "its result", 0) ?? actionProblem(result);
  if (problem !== null) throw new Error(`${subject}: ${problem}`);
  return result ?? null;
}

/** Says what of a value is no plain JSON, or null. Members that are undefined are not there, as in JSON. */
function jsonProblem(value: unknown, place: string, depth: number): string | null {
  if (depth > DEEPEST) return `${place} is nested too deep`;
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number")
    return Number.isFinite(value) ? null : `${place} is ${value}, which JSON does not have`;
  if (Array.isArray(value)) {
    return firstProblem(value.map((item, index) => () => jsonProblem(item, `${place}[${index}]`, depth + 1)));
  }
  if (typeof value !== "object") return `${place} is a ${typeof value}, and must be plain JSON`;
  if (value instanceof Decimal) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${place} is a ${value.constructor?.name ?? "value"}, and must be plain JSON`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return firstProblem(
    members.map(
      ([key, member]) =>
        () =>
          jsonProblem(member, `${place}.${key}`, depth + 1),
    ),
  );
}

function firstProblem(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const problem = check();
    if (problem !== null) return problem;
  }
  return null;
}

/** Data may have a member `type` of its own; what calls itself an action must be one. */
function actionProblem(result: unknown): string | null {
  if (typeof result !== "object" || result === null || !("type" in result)) return null;
  const { type, action } = result as { readonly type: unknown; readonly action?: unknown };
  if (typeof type !== "string" || !Object.hasOwn(actionSchemas, type)) return null;
  const [error] = Errors(actionSchemas[type as ActionType], JSON.parse(JSON.stringify(result)));
  if (error !== undefined) return `its action "${type}" is wrong: ${error.instancePath || "it"} ${error.message}`;
  return actionProblem(action);
}
