/** Finds what a caller may call: methods of models and of wizards; what is not declared, or not for this caller, is not there. */
import { MissingError } from "../errors.ts";
import type { ComposedMethod } from "../models/composed-method.ts";
import type { Wizard } from "../models/composed-wizard.ts";
import { type Model, modelOf } from "../models/model.ts";
import { repeat, resolveModel, unknownModel } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { checkRight } from "./write-tree.ts";

/** A method that the caller may call. */
export interface FoundMethod {
  readonly method: ComposedMethod;
  /** The model whose records it works on. */
  readonly model: Model;
}

/**
 * Finds a method by its declared name.
 *
 * @param owner a model or a wizard
 * @throws MissingError for an unknown model or method, and for one that is not for this caller's groups
 * @throws AccessError where the caller has not the right that the method needs
 */
export function findMethod(env: BaseEnvironment, owner: string, name: string): FoundMethod {
  const wizard = findWizard(env, owner);
  const methods = wizard?.methods ?? resolveModel(env.access, owner).behaviour.methods;
  const method = methods.get(name);
  if (method === undefined || !isKnown(env, method)) {
    throw new MissingError(`${owner} has no method ${JSON.stringify(repeat(name))}`);
  }
  const model = modelOf(env.registry, method.of);
  checkRight(env, model, method.needs);
  return { method, model };
}

/** The methods of a model's behaviour, or of a wizard, that the caller may call. */
export function callableMethods(env: BaseEnvironment, { methods }: Pick<Wizard, "methods">): ComposedMethod[] {
  return [...methods.values()].filter((method) => isCallable(env, method));
}

/** A wizard that is the form of something that the caller may call; null for any other name. */
export function findWizard(env: BaseEnvironment, name: string): Wizard | null {
  const wizard = env.registry.wizards.get(name);
  return wizard?.usedBy.some((method) => isCallable(env, method)) === true ? wizard : null;
}

/**
 * Like {@link findWizard}, where there must be one.
 *
 * @throws MissingError as for an unknown model
 */
export function resolveWizard(env: BaseEnvironment, name: string): Wizard {
  const wizard = findWizard(env, name);
  if (wizard === null) throw unknownModel(name);
  return wizard;
}

function isCallable(env: BaseEnvironment, method: ComposedMethod): boolean {
  return isKnown(env, method) && env.access.can(modelOf(env.registry, method.of), method.needs);
}

/** Whether a method exists for the caller: its model can be read, and it is for one of the caller's groups. */
function isKnown({ access, registry }: BaseEnvironment, { of, groups }: ComposedMethod): boolean {
  return access.canRead(modelOf(registry, of)) && (groups === null || access.belongsTo(groups));
}
