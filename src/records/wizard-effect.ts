/** UI effects in a wizard: what one of its values does to the others while somebody fills it in. Nothing is stored, so nothing stands below the values. */

import { UserError, ValidationError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import type { InputShape } from "../models/composed-method.ts";
import type { Wizard } from "../models/composed-wizard.ts";
import type { AnyEffectCall, ComposedEffect } from "../models/effect.ts";
import { formatQ } from "../q/format.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { suggestName } from "../query/suggestion.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { canSeeInput } from "./input-right.ts";
import { printInput } from "./input-text.ts";
import { type InputRecord, readDefaults, readUnfinished } from "./input-value.ts";
import type { GivenValues } from "./values.ts";

/** A line on the way from the form to a value. */
interface Turn {
  readonly list: string;
  readonly index: number;
}

/** A value that has changed. */
interface Step {
  readonly turns: readonly Turn[];
  readonly field: string;
}

/** The wizard as it is being filled in. */
interface Filling {
  readonly env: BaseEnvironment;
  readonly wizard: Wizard;
  /** As a client or code writes them. */
  given: GivenValues;
  /** As code reads them. */
  values: InputRecord;
  readonly warnings: { readonly field: string; readonly message: string }[];
  readonly options: Map<string, string>;
}

/** Effects of one cascade; no form that people make comes near. */
const MOST_EFFECTS = 200;
/** Effects that a message about a circle shows. */
const SHOWN_EFFECTS = 8;

/**
 * Runs the effects of a changed value of a wizard, and those of what they change.
 *
 * @param wizard one that the caller knows
 * @returns JSON text: the values that have changed, lists whole; `_warnings` and `_options` where there are any
 * @throws ValidationError with everything in the values that is unknown or malformed; UserError where effects go round in a circle
 */
export async function runWizardEffects(
  env: BaseEnvironment,
  wizard: Wizard,
  request: { readonly id: number | null; readonly values: GivenValues; readonly trigger: string },
): Promise<string> {
  const { id, values: given, trigger } = request;
  if (id !== null) throw ValidationError.ofFields([{ path: "id", message: "must be null: a wizard has no records" }]);
  return env.readOnly(async (inner) => {
    const values = await readUnfinished(inner, wizard, given, "values");
    const filling: Filling = { env: inner, wizard, given, values, warnings: [], options: new Map() };
    await runCascade(filling, findTrigger(filling, trigger));
    return printChanges(filling, values);
  });
}

function findTrigger({ env, wizard, values }: Filling, trigger: string): Step {
  const refuse = (message: string) => ValidationError.ofFields([{ path: "trigger_field", message }]);
  const turns: Turn[] = [];
  let shape: InputShape = wizard;
  let at: unknown = values;
  for (const part of trigger.split(".")) {
    const [, name = part, place] = /^(\w+)\[(\d{1,6})\]$/.exec(part) ?? [];
    const field = shape.fields.get(name);
    if (field === undefined || !canSeeInput(env.access, field)) {
      const known = [...shape.fields].filter(([, each]) => canSeeInput(env.access, each)).map(([each]) => each);
      const near = suggestName(name.slice(0, 64), known);
      throw refuse(`${wizard.name} has no field ${JSON.stringify(trigger.slice(0, 100))}${near}`);
    }
    if (place === undefined && turns.length === trigger.split(".").length - 1) return { turns, field: name };
    const index = Number(place ?? -1);
    const lines = (at as InputRecord)[name];
    const inner = field instanceof WizardLinesField ? env.registry.wizards.get(field.wizard) : undefined;
    at = Array.isArray(lines) ? lines[index] : undefined;
    if (inner === undefined || at === undefined) {
      throw refuse(`names no line of the values: ${JSON.stringify(trigger.slice(0, 100))}`);
    }
    shape = inner;
    turns.push({ list: name, index });
  }
  throw refuse("must end in the name of a field");
}

async function runCascade(filling: Filling, first: Step): Promise<void> {
  const waiting: Step[] = [first];
  const trail: string[] = [];
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { turns, field } = step;
    for (const effect of wizardAt(filling, turns)?.effects.get(field) ?? []) {
      trail.push(placeOf(turns, field));
      if (trail.length > MOST_EFFECTS) {
        const shown = trail.slice(-SHOWN_EFFECTS).join(" -> ");
        throw new UserError(`The effects of this form do not come to an end: ... ${shown} -> ...`);
      }
      for (const name of await runEffect(filling, turns, effect)) waiting.push({ turns, field: name });
    }
    // A list has changed when one of its lines has.
    const last = turns.at(-1);
    if (last === undefined) continue;
    const list: Step = { turns: turns.slice(0, -1), field: last.list };
    const place = placeOf(list.turns, list.field);
    if (!waiting.some((each) => placeOf(each.turns, each.field) === place)) waiting.push(list);
  }
}

/** @returns the fields that it has given another value */
async function runEffect(filling: Filling, turns: readonly Turn[], effect: ComposedEffect): Promise<string[]> {
  const { env, wizard } = filling;
  const before = valuesAt(filling.values, turns);
  // An effect of the list has taken the line away.
  if (before === undefined) return [];
  const changes: Record<string, unknown>[] = [];
  const call: AnyEffectCall = {
    env: env as RunningEnvironment,
    change: (values) => changes.push({ ...values }),
    warn: (field, message) => filling.warnings.push({ field: placeOf(turns, field), message }),
    narrow: (field, filter) => filling.options.set(placeOf(turns, field), formatQ(parseFilter(filter).q)),
  };
  await effect.run(before as never, call);
  const changed = Object.entries(Object.assign({}, ...changes)).filter(([, value]) => value !== undefined);
  if (changed.length === 0) return [];
  filling.given = putValues(filling.given, turns, Object.fromEntries(changed));
  filling.values = await readDefaults(env, wizard, filling.given);
  const after = valuesAt(filling.values, turns);
  return changed.map(([name]) => name).filter((name) => !isSame(before[name], after?.[name]));
}

function wizardAt({ env, wizard }: Filling, turns: readonly Turn[]): Wizard | undefined {
  return turns.reduce<Wizard | undefined>((at, { list }) => {
    const field = at?.fields.get(list);
    return field instanceof WizardLinesField ? env.registry.wizards.get(field.wizard) : undefined;
  }, wizard);
}

function valuesAt(values: InputRecord, turns: readonly Turn[]): InputRecord | undefined {
  return turns.reduce<InputRecord | undefined>(
    (at, { list, index }) => (at?.[list] as readonly InputRecord[] | undefined)?.[index],
    values,
  );
}

/** The values with some of a line, or of the form itself, put in. */
function putValues(given: GivenValues, [turn, ...rest]: readonly Turn[], changes: GivenValues): GivenValues {
  if (turn === undefined) return { ...given, ...changes };
  const lines = given[turn.list] as readonly GivenValues[];
  const put = (line: GivenValues, index: number) => (index === turn.index ? putValues(line, rest, changes) : line);
  return { ...given, [turn.list]: lines.map(put) };
}

/** Where a field stands in the form: `lines[2].product`. */
function placeOf(turns: readonly Turn[], field: string): string {
  return [...turns.map(({ list, index }) => `${list}[${index}]`), field].join(".");
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function printChanges({ env, wizard, values, warnings, options }: Filling, before: InputRecord): string {
  const shown = [...wizard.fields].filter(([, field]) => canSeeInput(env.access, field));
  const changed = shown.filter(([name]) => !isSame(before[name], values[name]));
  const members = changed.map(([name, field]) => [name, printInput(env.access, field, values[name], idOf)]);
  if (warnings.length > 0) members.push(["_warnings", JSON.stringify(warnings)]);
  if (options.size > 0) members.push(["_options", JSON.stringify(Object.fromEntries(options))]);
  return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

function idOf({ id }: { readonly id: number }): string {
  return String(id);
}
