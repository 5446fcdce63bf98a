/** Checks what is to be called later, when nobody is there to be told: a declared method of a model, and its inputs. */
import { MissingError, ValidationError } from "../errors.ts";
import type { JsonValue } from "../fields/json.ts";
import { repeat } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { readInputs, readUnfinished } from "./input-value.ts";
import { type FoundMethod, findMethod } from "./method-find.ts";
import type { GivenValues } from "./values.ts";

/** A call of a method that works on no records. */
export interface ScheduledCall {
  readonly model: string;
  readonly method: string;
  /** A JSON object; none means no inputs. */
  readonly inputs: JsonValue | null;
}

/**
 * Checks that a call can be made: by whoever asks, and without any records.
 *
 * @throws ValidationError with the fields `model`, `method` or `inputs`
 * @throws AccessError where the caller has not the right that the method needs
 */
export async function checkScheduledCall(env: BaseEnvironment, call: ScheduledCall): Promise<void> {
  const { method } = findScheduled(env, call);
  const { inputs } = call;
  if (inputs !== null && (typeof inputs !== "object" || Array.isArray(inputs))) {
    refuse("inputs", "must be an object with the inputs of the method");
  }
  const values = (inputs ?? {}) as GivenValues;
  // What the method makes defaults of is there when it runs.
  if (method.defaults !== null) await readUnfinished(env, method.inputs, values, "inputs");
  else await readInputs(env, [{ shape: method.inputs, values, path: "inputs", unknown: "refused" }]);
}

function findScheduled(env: BaseEnvironment, { model, method }: ScheduledCall): FoundMethod {
  const known = env.registry.models.get(model);
  if (known === undefined || !env.access.canRead(known)) {
    refuse("model", `there is no model ${JSON.stringify(repeat(model))}`);
  }
  const found = findDeclared(env, model, method);
  if (found.method.scope === "model") return found;
  refuse("method", `${model}.${method} works on records; what runs by itself is a method of the scope "model"`);
}

function findDeclared(env: BaseEnvironment, model: string, method: string): FoundMethod {
  try {
    return findMethod(env, model, method);
  } catch (error) {
    if (error instanceof MissingError) refuse("method", error.message);
    throw error;
  }
}

function refuse(path: string, message: string): never {
  throw ValidationError.ofFields([{ path, message }]);
}
