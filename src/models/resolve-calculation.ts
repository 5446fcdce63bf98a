/** Fifth step of a composition: ties calculated fields to their functions and to the paths that they depend on. */
import { BooleanField } from "../fields/boolean.ts";
import { ColumnField, type Field } from "../fields/field.ts";
import { ToOneField } from "../fields/relation.ts";
import { DISPLAY_NAME, RECORD_VERSION, VERSION } from "./audit.ts";
import type { Calculation } from "./behaviour.ts";
import type { DraftField, DraftModel } from "./collect.ts";
import type { DraftBehaviour, Sourced } from "./collect-behaviour.ts";
import { isPerCompany } from "./company-value.ts";
import type { Conflict } from "./conflict.ts";
import { type DraftStep, type DraftWorld, draftField, followPath, namingFields, PathProblem } from "./draft-path.ts";

/** A calculated field whose function and paths are known. */
export interface ResolvedCalculation {
  readonly model: DraftModel;
  readonly name: string;
  readonly entry: DraftField;
  /** Of an amount that people write, and that is only rounded: what gives the amount itself. */
  readonly calculation: Calculation;
  /** Whether people write the value, which then only gets its final form. */
  readonly isWritten: boolean;
  /** The steps of each path but that to the field itself; a path to a record's name has been replaced by those to the fields that make it. */
  readonly steps: readonly (readonly DraftStep[])[];
}

/** Longest path through relations, as in requests. */
export const MOST_RELATIONS = 6;

/**
 * Resolves all calculated fields.
 *
 * @param conflicts functions without a field and fields without their function, paths that lead nowhere or through
 *   secrets, and options that contradict each other are added to it
 */
export function resolveCalculations(
  world: DraftWorld,
  behaviours: ReadonlyMap<string, DraftBehaviour>,
  conflicts: Conflict[],
): ResolvedCalculation[] {
  const resolved: ResolvedCalculation[] = [];
  for (const model of world.drafts.values()) {
    const behaviour = behaviours.get(model.name);
    const used = { calculate: new Map<string, string>(), setters: new Set<string>() };
    for (const [name, entry] of model.fields) {
      const report = (message: string) =>
        conflicts.push({ module: entry.module, file: entry.file, subject: `${model.name}.${name}`, message });
      for (const problem of optionProblems(entry.field)) report(problem);
      const { calculate: wanted, setter: wantedSetter } = entry.field.options;
      if (wanted === undefined) {
        const rounding = resolveRounding(world, model, name, entry, report);
        if (rounding !== null) resolved.push(rounding);
        continue;
      }
      const other = used.calculate.get(wanted);
      if (other !== undefined) report(`its function "${wanted}" calculates ${model.name}.${other} already`);
      used.calculate.set(wanted, name);
      if (wantedSetter !== undefined) used.setters.add(wantedSetter);
      const calculate = behaviour?.calculate.get(wanted)?.value;
      const setter = wantedSetter === undefined ? null : behaviour?.setters.get(wantedSetter)?.value;
      if (calculate === undefined) report(`no implementModel("${model.name}") gives calculate.${wanted}`);
      if (setter === undefined) report(`no implementModel("${model.name}") gives setters.${wantedSetter}`);
      const paths = resolvePaths(world, model, entry.field, report);
      const rounding = resolveSettledBy(world, model, entry.field, report);
      if (calculate === undefined || setter === undefined || paths === null || rounding === null) continue;
      const { stored = true, elevated = false, dependsOn = [] } = entry.field.options;
      const split = freezePaths([...dependsOn.map(splitPath), ...rounding.map(({ path }) => path)]);
      const calculation = Object.freeze({ paths: split, stored, elevated, calculate, setter });
      const steps = [...paths, ...rounding.map((each) => each.steps)];
      resolved.push({ model, name, entry, calculation, isWritten: false, steps });
    }
    if (behaviour !== undefined) checkUse(model, behaviour, used, conflicts);
  }
  return resolved;
}

function freezePaths(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return Object.freeze(paths.map((path) => Object.freeze([...path])));
}

/** The rounding of an amount that people write, as a calculation that gives the amount itself; null where there is none. */
function resolveRounding(
  world: DraftWorld,
  model: DraftModel,
  name: string,
  entry: DraftField,
  report: (message: string) => void,
): ResolvedCalculation | null {
  const rounding = resolveSettledBy(world, model, entry.field, report);
  if (rounding === null || rounding.length === 0) return null;
  const calculate = (records: readonly Readonly<Record<string, unknown>>[]) => records.map((record) => record[name]);
  const calculation = Object.freeze({
    paths: freezePaths([[name], ...rounding.map(({ path }) => path)]),
    stored: true,
    elevated: false,
    calculate: calculate as Calculation["calculate"],
    setter: null,
  });
  return { model, name, entry, calculation, isWritten: true, steps: rounding.map(({ steps }) => steps) };
}

interface SettlingPath {
  readonly path: readonly string[];
  readonly steps: DraftStep[];
}

/** The path to what the final form of a field's values depends on: none or one; null where it leads nowhere. */
function resolveSettledBy(
  world: DraftWorld,
  model: DraftModel,
  field: Field,
  report: (message: string) => void,
): SettlingPath[] | null {
  if (!(field instanceof ColumnField) || field.settledBy.length === 0) return [];
  const path = field.settledBy;
  const written = path.slice(0, -1).join(".");
  try {
    const steps = followPath(world, model, path);
    if (steps === null) return null;
    const last = steps.at(-1);
    if (last?.field.type !== "Integer") throw new PathProblem(`${last?.model.name}.${last?.name} is no Integer`);
    for (const step of steps) checkStep(step, field.options.stored !== false);
    const many = steps.find(({ relation }) => relation?.many === true);
    if (many !== undefined) throw new PathProblem(`${many.model.name}.${many.name} leads to many records`);
    return [{ path, steps }];
  } catch (error) {
    if (!(error instanceof PathProblem)) throw error;
    report(`has its decimals from "${written}": ${error.message}`);
    return null;
  }
}

/** What is wrong with the options of a field, as far as they speak of calculating. */
function optionProblems(field: Field): string[] {
  const { calculate, dependsOn, stored, elevated, setter, required, unique, index, validators, readonly } =
    field.options;
  const problems: string[] = [];
  if (calculate === undefined) {
    const useless = Object.entries({ dependsOn, stored, elevated, setter }).filter(([, value]) => value !== undefined);
    return useless.map(([option]) => `${option} is for calculated fields, which name their function by calculate`);
  }
  if (!(field instanceof ColumnField)) return [`${field.type} fields cannot be calculated`];
  if (field.lookupFamily === "none") return [`${field.type} fields hold secrets and cannot be calculated`];
  if (validators !== undefined && setter === undefined) problems.push("validators are for values that people write");
  if (readonly === true && setter !== undefined) problems.push("has a setter, so that readonly contradicts it");
  if (stored === false) {
    if (field instanceof ToOneField) problems.push("a calculated relation must be stored");
    const useless = Object.entries({ unique, index }).filter(([, value]) => value !== undefined && value !== false);
    for (const [option] of useless) problems.push(`is not stored, so that ${option} has no column`);
    return problems;
  }
  if (elevated !== undefined)
    problems.push("elevated is for fields that are not stored: stored values are everybody's");
  if (dependsOn === undefined || dependsOn.length === 0) {
    problems.push("is stored, and must say by dependsOn when it is to be calculated again");
  }
  const isEmpty = required === true && !(field instanceof BooleanField) && field.options.default === undefined;
  if (isEmpty) problems.push("is required, and needs a default, which stands until the value is calculated");
  return problems;
}

function resolvePaths(
  world: DraftWorld,
  model: DraftModel,
  field: Field,
  report: (message: string) => void,
): DraftStep[][] | null {
  const resolved: DraftStep[][] = [];
  let complete = true;
  const isStored = field.options.stored !== false;
  for (const path of field.options.dependsOn ?? []) {
    try {
      const steps = followPath(world, model, splitPath(path));
      if (steps === null) complete = false;
      else {
        if (steps.length > MOST_RELATIONS + 1) throw new PathProblem("passes through more than 6 relations");
        for (const step of steps) checkStep(step, isStored);
        resolved.push(...spellOutName(steps));
      }
    } catch (error) {
      if (!(error instanceof PathProblem)) throw error;
      complete = false;
      report(`depends on "${path}": ${error.message}`);
    }
  }
  return complete ? resolved : null;
}

function checkStep({ model, name, field }: DraftStep, isStored: boolean): void {
  const place = `${model.name}.${name}`;
  if (field instanceof ColumnField && field.lookupFamily === "none") throw new PathProblem(`${place} is a secret`);
  if (!isStored) return;
  if (isPerCompany(field)) throw new PathProblem(`${place} is each company's own, and a stored value everybody's`);
  if (field.options.stored === false)
    throw new PathProblem(`${place} is not stored, so that nothing tells when it changes`);
  const counts = name === RECORD_VERSION || (name === VERSION && !model.fields.has(VERSION));
  if (counts || ((name === "write_uid" || name === "updated_date") && !model.fields.has(name))) {
    throw new PathProblem(`${place} changes with every write, that of the calculated value included`);
  }
}

/** A record's name is made of other fields: on them depends what depends on it. */
function spellOutName(steps: DraftStep[]): DraftStep[][] {
  const last = steps.at(-1);
  if (last?.name !== DISPLAY_NAME || last.model.fields.has(DISPLAY_NAME)) return [steps];
  const { model } = last;
  const parts = namingFields(model).flatMap((name): DraftStep[] => {
    const field = draftField(model, name);
    return field === undefined ? [] : [{ model, name, field, relation: null }];
  });
  const before = steps.slice(0, -1);
  return parts.length === 0 ? [before].filter((each) => each.length > 0) : parts.map((part) => [...before, part]);
}

function checkUse(
  model: DraftModel,
  behaviour: DraftBehaviour,
  used: { readonly calculate: ReadonlyMap<string, string>; readonly setters: ReadonlySet<string> },
  conflicts: Conflict[],
): void {
  const report = ({ module, file }: Sourced<unknown>, message: string) =>
    conflicts.push({ module, file, subject: model.name, message });
  for (const [name, each] of behaviour.calculate) {
    if (!used.calculate.has(name)) report(each, `calculate.${name} is a function that no field names by calculate`);
  }
  for (const [name, each] of behaviour.setters) {
    if (!used.setters.has(name)) report(each, `setters.${name} is a function that no field names by setter`);
  }
  for (const [name, each] of behaviour.validate) {
    if (each.value.fields.length === 0) report(each, `validate.${name} looks at no field`);
    for (const fieldName of each.value.fields) {
      const field = draftField(model, fieldName);
      if (field === undefined) report(each, `validate.${name} looks at "${fieldName}", which is no field`);
      else if (field instanceof ColumnField && field.lookupFamily === "none") {
        report(each, `validate.${name} looks at "${fieldName}", which is a secret`);
      } else if (field.options.stored === false) {
        report(each, `validate.${name} looks at "${fieldName}", which is not stored`);
      } else if (isPerCompany(field)) {
        report(each, `validate.${name} looks at "${fieldName}", which is each company's own`);
      }
    }
  }
}

/** Splits `a.b` or `a__b`. */
export function splitPath(path: string): string[] {
  return path.split(/\.|__/);
}
