/** Describes models and fields to clients: the registry endpoint. */
import type { Access } from "../access/access.ts";
import { ColumnField, type Field, type FieldDescription } from "../fields/field.ts";
import { labelOf } from "../fields/selection.ts";
import type { ComposedMethod, InputShape } from "../models/composed-method.ts";
import type { Model, ModelField } from "../models/model.ts";
import { canSee, resolveModel } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { canGiveInput, canSeeInput } from "./input-right.ts";
import { callableMethods, findWizard } from "./method-find.ts";

/** A model in the list of models. */
export interface ModelDescription {
  readonly label: string;
  readonly description?: string;
  readonly module: string;
  readonly permissions: {
    readonly read: boolean;
    readonly create: boolean;
    readonly write: boolean;
    readonly delete: boolean;
  };
  /** What the caller may call, by name; left out where there is nothing. */
  readonly methods?: Readonly<Record<string, MethodDescription>>;
}

/** A method in the list of models. */
export interface MethodDescription {
  readonly label: string;
  readonly description?: string;
  readonly scope: string;
  readonly readonly?: true;
  /** The wizard that is shown before. */
  readonly wizard?: string;
  /** Fields of the inputs, where no wizard has them. */
  readonly inputs?: Readonly<Record<string, FieldDescription>>;
}

/**
 * Describes the fields of a model or wizard that the caller may see: their type, label, and the options that differ from the default.
 *
 * @throws MissingError for an unknown model
 */
export function describeModel(env: BaseEnvironment, modelName: string): Record<string, FieldDescription> {
  const wizard = findWizard(env, modelName);
  if (wizard !== null) return describeShape(env.access, wizard);
  const model = resolveModel(env.access, modelName);
  const visible = [...model.fields.values()].filter((field) => isListed(env, model, field));
  return Object.fromEntries(visible.map((field) => [field.name, describeField(env, model, field)]));
}

/** Describes fields that have no column, as those of a model are: those that the caller is shown. */
export function describeShape(
  access: Access,
  { fields }: Pick<InputShape, "fields">,
): Record<string, FieldDescription> {
  const shown = [...fields].filter(([, field]) => canSeeInput(access, field));
  return Object.fromEntries(
    shown.map(([name, field]) => {
      const { label = labelOf(name), required, readonly } = field.options;
      const isRequired = required === true && field.type !== "Boolean";
      const isClosed = readonly === true || !canGiveInput(access, field);
      const own = { ...(isRequired ? { required } : {}), ...(isClosed ? { readonly: true } : {}) };
      return [name, { ...describeTexts(field, label), ...own, ...describeDefault(field), ...field.describeOptions() }];
    }),
  );
}

/** Describes the models that the caller may read. */
export function describeModels(env: BaseEnvironment): Record<string, ModelDescription> {
  const { access } = env;
  const readable = [...env.registry.models.values()].filter((model) => access.canRead(model) && !model.internal);
  return Object.fromEntries(readable.map((model) => [model.name, describe(env, model)]));
}

function describe(env: BaseEnvironment, model: Model): ModelDescription {
  const { access } = env;
  const methods = callableMethods(env, model.behaviour);
  return {
    label: model.label,
    ...(model.description === "" ? {} : { description: model.description }),
    module: model.module,
    permissions: {
      read: access.can(model, "read"),
      create: access.can(model, "create"),
      write: access.can(model, "write"),
      delete: access.can(model, "delete"),
    },
    ...(methods.length === 0
      ? {}
      : { methods: Object.fromEntries(methods.map((method) => [method.name, describeMethod(access, method)])) }),
  };
}

function describeMethod(access: Access, method: ComposedMethod): MethodDescription {
  const { label, description, scope, readonly, wizard, inputs } = method;
  return {
    label,
    ...(description === "" ? {} : { description }),
    scope,
    ...(readonly ? { readonly: true } : {}),
    ...(wizard === null ? {} : { wizard }),
    ...(wizard !== null || inputs.fields.size === 0 ? {} : { inputs: describeShape(access, inputs) }),
  };
}

/** Secrets are listed, since clients write them, though nobody reads them. */
function isListed(env: BaseEnvironment, model: Model, field: ModelField): boolean {
  const secret = field.kind === "stored" && field.field.lookupFamily === "none";
  return canSee(env.access, model, field) || (secret && env.access.canWriteField(model, field));
}

function describeField(env: BaseEnvironment, model: Model, composed: ModelField): FieldDescription {
  const { field, label, kind, calculation } = composed;
  const { required, index, unique, clone, groups } = field.options;
  const readonly = composed.readonly || kind === "naming" || !env.access.canWriteField(model, composed);
  return {
    ...describeTexts(field, label),
    ...(calculation === null ? {} : { calculated: true }),
    ...(kind === "calculated" ? { stored: false } : {}),
    ...(kind === "company" ? { per_company: true } : {}),
    ...(required === true && kind === "stored" && calculation === null ? { required } : {}),
    ...(readonly ? { readonly } : {}),
    ...(index === undefined || index === false ? {} : { index }),
    ...(unique === undefined || unique === false ? {} : { unique }),
    ...(clone === false || calculation !== null ? { clone: false } : {}),
    ...(groups === undefined ? {} : { groups }),
    ...(calculation === null ? describeDefault(field) : {}),
    ...field.describeOptions(),
  };
}

function describeTexts({ type, options: { description, hint } }: Field, label: string): FieldDescription {
  return {
    type,
    label,
    ...(description === undefined ? {} : { description }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The value as answers print it. A default that is a function is computed for each record, so there is nothing to show. */
function describeDefault(field: Field): FieldDescription {
  const { default: fallback } = field.options;
  if (fallback === undefined || fallback === null || typeof fallback === "function") return {};
  return { default: field instanceof ColumnField ? JSON.parse(field.wireText(field.parse(fallback))) : fallback };
}
