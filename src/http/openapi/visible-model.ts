/** What one caller may see of the models: the part of the registry that the documentation shows. */
import type { Access, RecordOperation } from "../../access/access.ts";
import type { ComposedMethod } from "../../models/composed-method.ts";
import type { Wizard } from "../../models/composed-wizard.ts";
import type { Model, ModelField } from "../../models/model.ts";
import { canSee } from "../../query/path.ts";
import type { Environment } from "../../records/environment.ts";
import { callableMethods, findWizard } from "../../records/method-find.ts";

/** A model that the caller may read. */
export interface VisibleModel {
  readonly model: Model;
  readonly readable: readonly ModelField[];
  readonly writable: readonly ModelField[];
  readonly can: (operation: RecordOperation) => boolean;
  /** Those that the caller may call. */
  readonly methods: readonly ComposedMethod[];
  /** A record of each model that has one for the caller: what examples speak of. */
  readonly records: ReadonlyMap<string, number>;
}

/** A wizard that is the form of something that the caller may call. */
export interface VisibleWizard {
  readonly wizard: Wizard;
  readonly methods: readonly ComposedMethod[];
}

/** All that the documentation shows one caller of a registry. */
export interface VisibleApi {
  readonly models: readonly VisibleModel[];
  readonly wizards: readonly VisibleWizard[];
  /** Whether the caller belongs to one of these groups. */
  readonly belongsTo: Access["belongsTo"];
}

/** What guests are shown of a registry. */
export const NOTHING: VisibleApi = { models: [], wizards: [], belongsTo: () => false };

/** The models that a caller may read, by name. */
export function readableModels({ registry, access }: Environment): Model[] {
  const models = [...registry.models.values()].filter((model) => !model.internal && access.canRead(model));
  return models.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What a caller may see of models and wizards.
 *
 * @param records a record of each model that has one for the caller
 */
export function visibleApi(
  env: Environment,
  models: readonly Model[],
  records: ReadonlyMap<string, number>,
): VisibleApi {
  const wizards = [...env.registry.wizards.keys()].flatMap((name) => findWizard(env, name) ?? []);
  return {
    models: visibleModels(env, models, records),
    wizards: wizards.map((wizard) => ({ wizard, methods: callableMethods(env, wizard) })),
    belongsTo: env.access.belongsTo,
  };
}

function visibleModels(
  env: Environment,
  models: readonly Model[],
  records: ReadonlyMap<string, number>,
): VisibleModel[] {
  const { access } = env;
  return models.map((model) => {
    const fields = [...model.fields.values()];
    return {
      model,
      records,
      methods: callableMethods(env, model.behaviour),
      readable: fields.filter((field) => canSee(access, model, field)),
      writable: fields.filter((field) => isWritten(access, model, field)),
      can: (operation) => access.can(model, operation),
    };
  });
}

/** Secrets are written though nobody reads them. */
function isWritten(access: Access, model: Model, field: ModelField): boolean {
  if (field.kind === "naming" || field.module === "kernel" || !access.canWriteField(model, field)) return false;
  if (field.kind === "linked") return field.relation.many && canSee(access, model, field);
  return field.field.lookupFamily === "none" || canSee(access, model, field);
}
