/** Composed models with a database that has their tables and an environment over it, for tests of records. */
import { randomBytes } from "node:crypto";
import contacts from "../../modules/contacts/module.ts";
import core from "../../modules/core/module.ts";
import crm from "../../modules/crm/module.ts";
import invoicing from "../../modules/invoicing/module.ts";
import products from "../../modules/products/module.ts";
import sales from "../../modules/sales/module.ts";
import { unrestrictedAccess } from "../../src/access/access.ts";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import type { DatabaseOptions } from "../../src/database/database.ts";
import type { Field } from "../../src/fields/field.ts";
import type { ModuleSource } from "../../src/models/collect.ts";
import { composeRegistry } from "../../src/models/compose.ts";
import type { ModelDefinition, ModelOptions } from "../../src/models/definition.ts";
import type { Registry } from "../../src/models/model.ts";
import { Environment, type EnvironmentParts } from "../../src/records/environment.ts";
import { PlanCache } from "../../src/records/plan-cache.ts";
import { createRecord } from "../../src/records/write.ts";
import { applyPlan } from "../../src/schema/apply.ts";
import { desiredShape } from "../../src/schema/desired.ts";
import { createTestDatabase, type TestDatabase, templateDatabase } from "./database.ts";

export interface World extends TestDatabase {
  readonly registry: Registry;
  /** The kernel's own environment: no user, no restriction. */
  readonly env: Environment;
  /** An environment over the same database and plans, with other parts. */
  derive(parts: Partial<EnvironmentParts>): Environment;
}

/** A user, with the environment that requests of this user get. */
export interface Caller {
  readonly id: number;
  readonly name: string;
  readonly env: Environment;
}

/** The modules that have models of their own, as an installer would give them. */
export const shippedModules: readonly ModuleSource[] = [
  { identifier: "core", ...core },
  { identifier: "contacts", ...contacts },
  { identifier: "products", ...products },
  { identifier: "sales", ...sales },
  { identifier: "crm", ...crm },
  { identifier: "invoicing", ...invoicing },
];

/** A model that only the calling test knows, so that its name need not be announced to the compiler. */
export function declareModel(
  model: string,
  fields: Readonly<Record<string, Field>>,
  options: Partial<ModelOptions> = {},
): ModelDefinition {
  return { model, fields, options: { label: model, ...options }, file: `modules/test/${model}.ts` };
}

/** A module of such models. */
export function declareModule(identifier: string, ...models: readonly ModelDefinition[]): ModuleSource {
  return { identifier, models, extensions: [] };
}

/**
 * Makes a database with the tables of the modules; those of the shipped ones are copied from a template.
 *
 * @param settings of its connections, such as how long a write may wait for one
 */
export async function createWorld(
  modules: readonly ModuleSource[] = shippedModules,
  settings: Partial<DatabaseOptions> = {},
): Promise<World> {
  const registry = composeRegistry(modules);
  const isShipped = modules === shippedModules;
  const place = await createTestDatabase({
    settings,
    ...(isShipped ? { template: await shippedTemplate(registry) } : {}),
  });
  if (!isShipped) await applyPlan(place.database, desiredShape(registry));
  const shared = { access: unrestrictedAccess(registry), database: place.database, plans: new PlanCache() };
  const derive = (parts: Partial<EnvironmentParts>) => new Environment({ ...shared, ...parts });
  return { ...place, registry, env: derive({}), derive };
}

/** A new user with a group of its own that gives these rights, as letters: create, read, write (`w`), delete. */
export async function createCaller(world: World, rights: Readonly<Record<string, string>>): Promise<Caller> {
  const { env, registry, database } = world;
  const name = randomBytes(6).toString("hex");
  const group = await createRecord(env, "Group", { name, identifier: name });
  for (const [model, letters] of Object.entries(rights)) {
    await createRecord(env, "ModelAccess", {
      name: model,
      model,
      group: group.id,
      read_perm: letters.includes("r"),
      create_perm: letters.includes("c"),
      write_perm: letters.includes("w"),
      delete_perm: letters.includes("d"),
    });
  }
  const { id } = await createRecord(env, "User", { name, email: `${name}@example.com`, groups: [group.id] });
  const loaded = await loadRights(database, registry, id);
  if (loaded === null) throw new Error(`user ${id} is not there`);
  return { id, name, env: world.derive({ access: accessOf(registry, loaded), names: loaded.names }) };
}

function shippedTemplate(registry: Registry): Promise<string> {
  return templateDatabase("tables of the shipped modules", async (database) => {
    await applyPlan(database, desiredShape(registry));
  });
}
