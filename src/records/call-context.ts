/** Reads the context of a call: the keys that a method declares, and those in which clients say where and how somebody works. */
import { char } from "../fields/char.ts";
import type { Field } from "../fields/field.ts";
import { SelectionField } from "../fields/selection.ts";
import { timeZone } from "../fields/validator.ts";
import type { InputShape } from "../models/composed-method.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { type InputRecord, readInputs } from "./input-value.ts";
import type { FoundMethod } from "./method-find.ts";
import type { GivenValues } from "./values.ts";

/**
 * The keys of the context that the method declares; others are not there for it, and none gives a right. `tz` and `lang`, which
 * clients send with every call, are checked even so: who believes to be served in a language that nobody knows is told.
 *
 * @throws ValidationError with every value that is wrong
 */
export async function readContext(
  env: BaseEnvironment,
  { method }: FoundMethod,
  values: GivenValues,
): Promise<InputRecord> {
  const requests = [method.context, clientShape(env, method.context)].map(
    (shape) => ({ shape, values, path: "context", unknown: "ignored" }) as const,
  );
  const [context = {}] = await readInputs(env, requests);
  return context;
}

/** What clients say of themselves, where the method does not declare it in its own way. */
function clientShape({ registry }: BaseEnvironment, declared: InputShape): InputShape {
  const known = new Map<string, Field>([["tz", char({ validators: [timeZone] })]]);
  const language = registry.models.get("User")?.fields.get("language");
  if (language?.kind === "stored" && language.field instanceof SelectionField) {
    known.set("lang", new SelectionField(language.field.choices, {}));
  }
  return { fields: new Map([...known].filter(([name]) => !declared.fields.has(name))), validate: [] };
}
