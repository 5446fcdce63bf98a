/** Sixth step of a composition: ties methods to what wraps them, to the paths that they read and to the fields of their inputs. */
import { ColumnField, type Field } from "../fields/field.ts";
import { groupsProblem } from "../fields/field-groups.ts";
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import { labelOf } from "../fields/selection.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import { defaultProblem } from "./check-draft.ts";
import type { DraftModel } from "./collect.ts";
import type { DraftBehaviour, Sourced } from "./collect-behaviour.ts";
import type { ComposedMethod, InputShape } from "./composed-method.ts";
import type { Conflict } from "./conflict.ts";
import { type DraftWorld, followPath, PathProblem } from "./draft-path.ts";
import type { MethodDeclaration, MethodWrapper } from "./method.ts";
import { fieldNameProblem, methodNameProblem } from "./naming.ts";
import { MOST_RELATIONS, splitPath } from "./resolve-calculation.ts";
import { sealMap } from "./sealed-map.ts";

type Report = (message: string) => void;
type Declared = Sourced<MethodDeclaration | MethodWrapper>;

/** Where methods are resolved. */
interface Resolving {
  readonly world: DraftWorld;
  readonly wizards: ReadonlyMap<string, InputShape>;
  /** The model or wizard that the methods belong to. */
  readonly owner: string;
  readonly conflicts: Conflict[];
}

/**
 * Resolves the methods of all models and wizards.
 *
 * @param conflicts methods that are declared twice, wrap nothing, read what is not there or take inputs that cannot be
 * @returns model or wizard -> name -> method
 */
export function resolveMethods(
  world: DraftWorld,
  wizards: ReadonlyMap<string, InputShape>,
  behaviours: ReadonlyMap<string, DraftBehaviour>,
  conflicts: Conflict[],
): ReadonlyMap<string, ReadonlyMap<string, ComposedMethod>> {
  const resolved = new Map<string, ReadonlyMap<string, ComposedMethod>>();
  for (const [owner, { methods }] of behaviours) {
    const own = new Map<string, ComposedMethod>();
    for (const [name, declared] of methods) {
      const composed = resolveMethod({ world, wizards, owner, conflicts }, name, declared);
      if (composed !== null) own.set(name, composed);
    }
    resolved.set(owner, sealMap(own));
  }
  return resolved;
}

function resolveMethod(resolving: Resolving, name: string, declared: readonly Declared[]): ComposedMethod | null {
  const { world, wizards, owner, conflicts } = resolving;
  const reportAt = ({ module, file }: Declared): Report => {
    return (message) => conflicts.push({ module, file, subject: `${owner}.${name}()`, message });
  };
  const [first, ...rest] = declared;
  if (first === undefined) return null;
  const { value: definition, module } = first;
  if (definition.kind === "wrapper") {
    reportAt(first)("is wrapped, but neither this module nor one that it depends on declares it");
    return null;
  }
  for (const each of rest) {
    if (each.value.kind === "wrapper") continue;
    reportAt(each)(`is already declared by module ${first.module} (${first.file}); use wrapMethod`);
  }
  const { options } = definition;
  const report = reportAt(first);
  const problem = methodNameProblem(name);
  if (problem !== null) report(problem);
  const of = options.scope === "wizard" ? (options.of ?? "") : owner;
  const model = world.drafts.get(of);
  if (model === undefined) {
    report(`works on records of "${of}", which no installed module defines`);
    return null;
  }
  const steps = declared.map((each) => {
    const { reads = [] } = each.value.options;
    if (options.scope === "model" && reads.length > 0) {
      reportAt(each)("is of scope model and has no records, so that it reads nothing of them");
    }
    return Object.freeze({ paths: resolveReads(world, model, reads, reportAt(each)), run: each.value.run });
  });
  const wizard = options.scope === "wizard" ? owner : (options.wizard ?? null);
  const inputs = resolveInputs(resolving, wizard, declared, reportAt);
  const context = new Map(Object.entries(options.context ?? {}));
  for (const [key, { options: own }] of context) {
    if (own.groups !== undefined)
      report(`its key of the context "${key}" is data and gives no right: groups mean nothing`);
  }
  checkShape(world, wizards, context, "key of the context", report);
  const { label = labelOf(name), description = "", readonly = false, groups = null, confirm = null } = options;
  const { scope, needs = readonly ? "read" : "write", defaults = null } = options;
  return Object.freeze({
    ...{ name, label, description, module, scope, of, needs, readonly, groups, inputs, confirm, wizard, defaults },
    context: Object.freeze({ fields: sealMap(context), validate: [] }),
    steps: Object.freeze(steps),
  });
}

/** The inputs: those that its functions declare together, or the values of its wizard. */
function resolveInputs(
  { world, wizards }: Resolving,
  wizard: string | null,
  declared: readonly Declared[],
  reportAt: (declared: Declared) => Report,
): InputShape {
  const fields = new Map<string, Field>();
  for (const each of declared) {
    const report = reportAt(each);
    const added = new Map(Object.entries(each.value.options.inputs ?? {}));
    checkShape(world, wizards, added, "input", report);
    for (const [input, field] of added) {
      if (fields.has(input)) report(`its input "${input}" is already declared`);
      if (wizard !== null) report(`its inputs are those of ${wizard}; use extendWizard for "${input}"`);
      fields.set(input, field);
    }
  }
  const own = Object.freeze({ fields: sealMap(fields), validate: Object.freeze([]) });
  if (wizard === null) return own;
  const shape = wizards.get(wizard);
  if (shape === undefined && declared[0] !== undefined) {
    reportAt(declared[0])(`has the wizard "${wizard}", which no installed module defines`);
  }
  return shape ?? own;
}

/** Splits the paths that a function reads. */
export function resolveReads(
  world: DraftWorld,
  model: DraftModel,
  reads: readonly string[],
  report: Report,
): readonly (readonly string[])[] {
  const paths = reads.map((path) => Object.freeze(splitPath(path)));
  for (const [index, path] of paths.entries()) {
    try {
      const steps = followPath(world, model, path) ?? [];
      if (steps.length > MOST_RELATIONS + 1) throw new PathProblem("passes through more than 6 relations");
      const secret = steps.find(({ field }) => field instanceof ColumnField && field.lookupFamily === "none");
      if (secret !== undefined) throw new PathProblem(`${secret.model.name}.${secret.name} is a secret`);
    } catch (error) {
      if (!(error instanceof PathProblem)) throw error;
      report(`reads "${reads[index]}": ${error.message}`);
    }
  }
  return Object.freeze(paths);
}

/** Checks fields that have no column, because their values live only as long as a request. */
export function checkShape(
  { drafts }: DraftWorld,
  wizards: ReadonlyMap<string, unknown>,
  fields: ReadonlyMap<string, Field>,
  what: string,
  report: Report,
): void {
  for (const [name, field] of fields) {
    const complain = (message: string) => report(`its ${what} "${name}" ${message}`);
    const problem = fieldNameProblem(name) ?? groupsProblem(field.options) ?? defaultProblem(field);
    if (problem !== null) complain(`cannot be: ${problem}`);
    const { calculate, unique, index, perCompany } = field.options;
    const useless = Object.entries({ calculate, unique, index, perCompany }).filter(([, value]) => value !== undefined);
    for (const [option] of useless) complain(`has no column, so that ${option} means nothing`);
    const target = targetOf(field);
    if (target === undefined && !(field instanceof ColumnField)) complain(`cannot be a ${field.type} field`);
    const known = field instanceof WizardLinesField ? wizards : drafts;
    if (target !== undefined && !known.has(target)) {
      complain(`refers to "${target}", which no installed module defines`);
    }
  }
}

/** The model or wizard that a field refers to. */
function targetOf(field: Field): string | undefined {
  if (field instanceof WizardLinesField) return field.wizard;
  return field instanceof ToOneField || field instanceof ManyToManyField ? field.target : undefined;
}
