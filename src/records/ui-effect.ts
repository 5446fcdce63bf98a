/** UI effects: what a value in a form does to the others. Runs what modules declare, in cascade, and tells the client what has changed. */
import { UserError, ValidationError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { AnyEffectCall, ComposedEffect } from "../models/effect.ts";
import { fieldOf, type Model } from "../models/model.ts";
import { formatQ } from "../q/format.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { canSee, resolveField } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { Form } from "./form.ts";
import { describeChanges } from "./form-answer.ts";
import { FormRecord } from "./form-record.ts";
import { fillDefaults, fillForm } from "./form-value.ts";
import { findWizard } from "./method-find.ts";
import { checkPresence } from "./presence.ts";
import { findPassing } from "./target.ts";
import type { GivenValues } from "./values.ts";
import { runWizardEffects } from "./wizard-effect.ts";
import { resolveWritable } from "./write.ts";

/** A form as a client sends it. */
export interface EffectRequest {
  /** Null for a record that is not saved yet. */
  readonly id: number | null;
  readonly values: GivenValues;
  /** The field whose value has changed: `contact`, or `lines[2].product` for one of a line. */
  readonly trigger: string;
}

/** What an effect says besides values. */
interface Saying {
  readonly warnings: { readonly field: string; readonly message: string }[];
  readonly options: Map<string, string>;
}

/** A field whose value has changed. */
interface Step {
  readonly record: FormRecord;
  readonly field: string;
}

/** Steps of one cascade; no form that people make comes near. */
const MOST_STEPS = 200;
/** Steps that a message about a circle shows. */
const SHOWN_STEPS = 8;

/**
 * Runs the effects of a changed value, and those of what they change.
 *
 * @param modelName a model or a wizard
 * @returns JSON text: the values that have changed, `_warnings` and `_options` where there are any
 * @throws MissingError for a model or record that is not there for this caller; AccessError where it may not save such a form
 * @throws ValidationError with everything in the values that is unknown or malformed; UserError where effects go round in a circle
 */
export async function runEffects(env: BaseEnvironment, modelName: string, request: EffectRequest): Promise<string> {
  const wizard = findWizard(env, modelName);
  if (wizard !== null) return runWizardEffects(env, wizard, request);
  const { id, values, trigger } = request;
  const model = resolveWritable(env, modelName, id === null ? "create" : "write");
  return env.readOnly(async (inner) => {
    if (id !== null) await checkPresence(inner, model, "write", [id]);
    const form = new Form(inner);
    const root = new FormRecord(model, id, null);
    if (id === null) fillDefaults(inner, root);
    await fillForm(form, root, values, "values");
    const saying: Saying = { warnings: [], options: new Map() };
    await runCascade(form, findTrigger(inner, root, trigger), saying);
    const changes = await describeChanges(form, root);
    const extra = { ...warningsOf(inner, model, saying), ...optionsOf(inner, model, saying) };
    const members = [
      ...changes,
      ...Object.entries(extra).map(([name, value]) => [name, JSON.stringify(value)] as const),
    ];
    return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
  });
}

/** Finds the record and field of a trigger, which may be that of a line. */
function findTrigger({ access }: BaseEnvironment, root: FormRecord, trigger: string): Step {
  let record = root;
  const parts = trigger.split(".");
  for (const [index, part] of parts.entries()) {
    const [, name = part, place] = /^(\w+)\[(\d{1,6})\]$/.exec(part) ?? [];
    resolveField(access, record.model, name, "trigger_field", trigger);
    if (index === parts.length - 1 && place === undefined) return { record, field: name };
    const lines = record.values.get(name);
    const line = Array.isArray(lines) ? (lines[Number(place ?? -1)] as FormRecord | undefined) : undefined;
    if (line === undefined) {
      const message = `names no line of the values: ${JSON.stringify(trigger.slice(0, 100))}`;
      throw ValidationError.ofFields([{ path: "trigger_field", message }]);
    }
    record = line;
  }
  throw ValidationError.ofFields([{ path: "trigger_field", message: "must end in the name of a field" }]);
}

async function runCascade(form: Form, first: Step, saying: Saying): Promise<void> {
  const waiting: Step[] = [first];
  const trail: string[] = [];
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { record, field } = step;
    const { model, owner } = record;
    for (const effect of model.behaviour.effects.get(field) ?? []) {
      trail.push(`${model.name}.${field}`);
      if (trail.length > MOST_STEPS) throw circle(trail);
      for (const name of await runEffect(form, record, effect, saying)) waiting.push({ record, field: name });
    }
    // A list has changed when one of its lines has.
    if (owner !== null && !waiting.some((each) => each.record === owner.record && each.field === owner.list)) {
      waiting.push({ record: owner.record, field: owner.list });
    }
  }
}

function circle(trail: readonly string[]): UserError {
  const shown = trail.slice(-SHOWN_STEPS).join(" -> ");
  return new UserError(`The effects of this form do not come to an end: ... ${shown} -> ...`);
}

/** @returns the fields that it has given another value */
async function runEffect(form: Form, record: FormRecord, effect: ComposedEffect, saying: Saying): Promise<string[]> {
  const { env } = form;
  const { model } = record;
  const [read] = await form.read(env, model, [record], effect.paths);
  const given: Record<string, unknown>[] = [];
  const call: AnyEffectCall = {
    env: env as RunningEnvironment,
    change: (values) => given.push({ ...values }),
    warn: (field, message) => saying.warnings.push({ field: placeOf(record, field), message }),
    narrow: (field, filter) => saying.options.set(placeOf(record, field), formatQ(parseFilter(filter).q)),
  };
  await effect.run(read as never, call);
  const changed: string[] = [];
  for (const [name, value] of Object.entries(Object.assign({}, ...given))) {
    if (value !== undefined && (await changeValue(form, record, name, value))) changed.push(name);
  }
  return changed;
}

/** Gives a field of the form another value; a reference to a record that the caller does not see is none. */
async function changeValue(form: Form, record: FormRecord, name: string, value: unknown): Promise<boolean> {
  const { env } = form;
  const { model } = record;
  const field = fieldOf(model, name);
  const before = record.values.get(name);
  const [old] = (await form.read(env, model, [record], [[name]])) as Record<string, unknown>[];
  // Code may give what clients do not write.
  const giving = new Form(env.elevated());
  await fillForm(giving, record, { [name]: value }, model.name);
  form.forget();
  const target = field.relation === null ? undefined : env.registry.models.get(field.relation.target);
  const id = record.values.get(name);
  if ((field.kind === "stored" || field.kind === "company") && target !== undefined && id !== null) {
    const seen = env.access.canRead(target)
      ? await findPassing(env, target, "read", [id as number])
      : new Set<number>();
    if (!seen.has(id as number)) {
      if (before === undefined) record.values.delete(name);
      else record.values.set(name, before);
      return false;
    }
  }
  const [now] = (await form.read(env, model, [record], [[name]])) as Record<string, unknown>[];
  if (JSON.stringify(now?.[name]) === JSON.stringify(old?.[name])) return false;
  if (!record.changed.has(name)) record.changed.set(name, old?.[name]);
  return true;
}

/** Where a field stands in the form: `lines[2].product`. */
function placeOf({ owner, ...line }: FormRecord, field: string): string {
  if (owner === null) return field;
  const lines = (owner.record.values.get(owner.list) ?? []) as readonly FormRecord[];
  const index = lines.findIndex(({ key }) => key === line.key);
  return `${placeOf(owner.record, owner.list)}[${index}].${field}`;
}

function isShown({ access }: BaseEnvironment, model: Model, place: string): boolean {
  const [name = ""] = place.split(/[.[]/);
  const field = model.fields.get(name);
  return field !== undefined && canSee(access, model, field);
}

function warningsOf(env: BaseEnvironment, model: Model, { warnings }: Saying): object {
  const shown = warnings.filter(({ field }) => isShown(env, model, field));
  return shown.length === 0 ? {} : { _warnings: shown };
}

function optionsOf(env: BaseEnvironment, model: Model, { options }: Saying): object {
  const shown = [...options].filter(([field]) => isShown(env, model, field));
  return shown.length === 0 ? {} : { _options: Object.fromEntries(shown) };
}
