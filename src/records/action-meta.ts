/** Tells a client what comes before a method: a wizard with what it begins with, a question, or nothing. */
import type { FieldDescription } from "../fields/field.ts";
import type { ComposedMethod } from "../models/composed-method.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { readContext } from "./call-context.ts";
import { describeShape } from "./describe.ts";
import { printInputs } from "./input-text.ts";
import { readDefaults } from "./input-value.ts";
import { makeDefaults } from "./method.ts";
import { type FoundMethod, findMethod } from "./method-find.ts";
import { loadRecords, readIds } from "./method-record.ts";
import { checkPresence } from "./presence.ts";
import type { GivenValues } from "./values.ts";

/** What people are asked. */
export interface ConfirmationText {
  readonly title: string;
  readonly message: string;
  readonly confirm_label: string;
  readonly confirm_variant: "primary" | "danger";
}

/** The form of a method; `defaults` is JSON text, with decimals as they are. */
export interface WizardForm {
  readonly model: string;
  readonly view: string | null;
  readonly fields: Readonly<Record<string, FieldDescription>>;
  readonly defaults: string;
}

/** What comes before a method. */
export interface ActionMeta {
  readonly type: "wizard" | "confirm" | "direct";
  readonly label: string;
  readonly wizard: WizardForm | null;
  readonly confirmation: ConfirmationText | null;
}

/**
 * Describes what comes before a method is called for some records. Nothing is changed.
 *
 * @param owner a model or a wizard
 * @throws MissingError for what is not there for this caller: a model, a method, one of the records
 * @throws AccessError where the caller has not the right that the method needs
 */
export async function describeAction(
  env: BaseEnvironment,
  owner: string,
  name: string,
  context: GivenValues,
): Promise<ActionMeta> {
  const found = findMethod(env, owner, name);
  const { method } = found;
  const ids = readIds(found, [], context);
  return env.readOnly(async (inner) => {
    await checkPresence(inner, found.model, found.method.needs, ids);
    const wizard = await describeForm(inner, found, ids, context);
    const confirmation = confirmationOf(method, ids.length);
    const type = wizard === null ? (confirmation === null ? "direct" : "confirm") : "wizard";
    return { type, label: method.label, wizard, confirmation };
  });
}

async function describeForm(
  env: BaseEnvironment,
  found: FoundMethod,
  ids: readonly number[],
  said: GivenValues,
): Promise<WizardForm | null> {
  const { method } = found;
  const wizard = method.wizard === null ? undefined : env.registry.wizards.get(method.wizard);
  if (wizard === undefined) return null;
  const [records = []] = await loadRecords(env, found, ids);
  const made = await makeDefaults(env, found, records, await readContext(env, found, said));
  const defaults = await readDefaults(env, wizard, made);
  return {
    model: wizard.name,
    view: wizard.view,
    fields: describeShape(env.access, wizard),
    defaults: printInputs(env.access, wizard, defaults, JSON.stringify),
  };
}

function confirmationOf({ confirm, label }: ComposedMethod, count: number): ConfirmationText | null {
  if (confirm === null) return null;
  const fill = (text: string) => text.replaceAll("{count}", String(count));
  const { title = label, message, confirmLabel = label, variant = "primary" } = confirm;
  return {
    title: fill(title),
    message: fill(message),
    confirm_label: fill(confirmLabel),
    confirm_variant: variant,
  };
}
