/** Runs declared methods: finds them, checks rights, records and inputs, and calls their functions in one transaction. */
import { ValidationError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { readContext } from "./call-context.ts";
import { type InputRecord, readInputs } from "./input-value.ts";
import { type FoundMethod, findMethod } from "./method-find.ts";
import { holdRecords, loadRecords, readIds } from "./method-record.ts";
import { checkResult } from "./method-result.ts";
import { checkPresence } from "./presence.ts";
import type { GivenValues } from "./values.ts";

/** A call of a method, as a client sends it. */
export interface MethodRequest {
  readonly ids?: readonly number[] | undefined;
  readonly inputs?: GivenValues | undefined;
  readonly context?: GivenValues | undefined;
}

/**
 * Calls a method.
 *
 * @param owner a model or a wizard
 * @returns what it gives: plain JSON, or an action
 * @throws MissingError for what is not there for this caller: a model, a method, one of the records
 * @throws AccessError where the caller has not the right that the method needs
 * @throws ValidationError with every input that is wrong; whatever the method throws
 */
export async function executeMethod(
  env: BaseEnvironment,
  owner: string,
  name: string,
  request: MethodRequest,
): Promise<unknown> {
  const found = findMethod(env, owner, name);
  const work = (inner: BaseEnvironment) => runMethod(inner, owner, found, request);
  return found.method.readonly ? env.readOnly(work) : env.transaction(work);
}

/**
 * Calls a method for code, as {@link executeMethod} does for clients. Within a transaction it can fail alone: an error undoes what it has
 * written, and code that catches the error goes on.
 */
export function callMethod(
  env: BaseEnvironment,
  owner: string,
  name: string,
  request: MethodRequest,
): Promise<unknown> {
  const call = (inner: BaseEnvironment) => executeMethod(inner, owner, name, request);
  return env.inTransaction ? env.attempt(call) : call(env);
}

async function runMethod(
  env: BaseEnvironment,
  owner: string,
  found: FoundMethod,
  { ids: given = [], inputs: values = {}, context: said = {} }: MethodRequest,
): Promise<unknown> {
  const { method } = found;
  const ids = readIds(found, given, said);
  if (ids.length === 0 && method.scope !== "model") {
    throw ValidationError.ofFields([{ path: "ids", message: `must name the records that ${method.name} works on` }]);
  }
  await checkPresence(env, found.model, found.method.needs, ids);
  await holdRecords(env, found, ids);
  const records = await loadRecords(env, found, ids);
  const context = await readContext(env, found, said);
  const missing = [...method.inputs.fields.keys()].some((each) => !Object.hasOwn(values, each));
  const made = missing ? await makeDefaults(env, found, records[0] ?? [], context) : {};
  const request = { shape: method.inputs, values, made, path: "", unknown: "refused" } as const;
  const [inputs = {}] = await readInputs(env, [request]);
  // Every environment that code runs in is one of which models can be asked.
  const running = env as RunningEnvironment;
  const run = async (index: number): Promise<unknown> => {
    const step = method.steps[index];
    return step?.run(records[index] ?? [], { env: running, inputs, context, next: () => run(index - 1) });
  };
  return checkResult(`${owner}.${method.name}()`, await run(method.steps.length - 1));
}

/** What the method makes of its records for the inputs that nobody has given, with the rights of the caller. */
export async function makeDefaults(
  env: BaseEnvironment,
  { method }: FoundMethod,
  records: readonly object[],
  context: InputRecord,
): Promise<GivenValues> {
  const made = await method.defaults?.(records as readonly never[], { env: env as RunningEnvironment, context });
  return (made ?? {}) as GivenValues;
}
