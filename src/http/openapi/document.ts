/** The OpenAPI 3.1 document: every endpoint for any model, and for each model and method that the caller may use. */
import { type Endpoint, tags } from "../../contract/endpoint.ts";
import { endpoints } from "../../contract/endpoints.ts";
import type { JsonSchema } from "../../fields/field.ts";
import type { ComposedMethod } from "../../models/composed-method.ts";
import type { Registry } from "../../models/model.ts";
import { describeComponents } from "./component.ts";
import { modelExamples } from "./example.ts";
import { type InputView, wizardSchema } from "./input-schema.ts";
import { describeMethod } from "./method-operation.ts";
import { modelSchemas } from "./model-schema.ts";
import { describeOperation } from "./operation.ts";
import { componentOf, referenceTo } from "./reference.ts";
import type { VisibleApi, VisibleModel } from "./visible-model.ts";

/** An OpenAPI document, as plain data. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

type Paths = Record<string, Record<string, unknown>>;

const DESCRIPTION = `A model-driven business platform. Every model has the same endpoints; those of the models that you may
read are listed once you are signed in.

Sign in with \`POST /auth/authenticate\` and send the \`access_token\` as \`Authorization: Bearer ...\`. Names that a request
mentions are all checked: anything unknown or malformed is an error that names it.`;

/**
 * Describes the API.
 *
 * @param registry of the database, with the routes that modules bring
 * @param visible what the caller may see; without any model, the endpoints for any model only
 * @param version of the server
 */
export function describeApi(registry: Registry, visible: VisibleApi, version: string): OpenApiDocument {
  const paths: Paths = {};
  const { models, wizards, belongsTo } = visible;
  const { routes } = registry;
  const view = { registry, belongsTo };
  for (const endpoint of [...endpoints, ...routes.map((route) => route.endpoint)]) addGeneric(paths, endpoint);
  for (const each of models) {
    for (const endpoint of endpoints) {
      const { needs } = endpoint;
      if (needs !== undefined && needs !== "declared" && each.can(needs)) addConcrete(paths, endpoint, each);
    }
  }
  for (const { model, methods } of models) addMethods(paths, view, model.name, methods);
  for (const { wizard, methods } of wizards) addMethods(paths, view, wizard.name, methods);
  const names = models.map(({ model }) => ({ name: model.name, description: model.description || model.label }));
  return {
    openapi: "3.1.0",
    info: { title: "Fullfinity", version, description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    tags: [...Object.entries(tags).map(([name, description]) => ({ name, description })), ...names],
    paths,
    components: describeComponents(
      Object.assign(
        {},
        ...models.map(schemasOf),
        ...wizards.map(({ wizard }) => ({ [wizard.name]: wizardSchema(view, wizard) })),
      ),
    ),
  };
}

function addGeneric(paths: Paths, endpoint: Endpoint): void {
  const { id, tag, summary, examples } = endpoint;
  const operation = describeOperation(endpoint, {
    operationId: id,
    tag,
    summary,
    filled: [],
    references: {},
    examples,
  });
  add(paths, endpoint.path, endpoint, operation);
}

function addConcrete(paths: Paths, endpoint: Endpoint, visible: VisibleModel): void {
  const { name, label } = visible.model;
  const operation = describeOperation(endpoint, {
    operationId: `${endpoint.id}_${name}`,
    tag: name,
    summary: `${endpoint.summary}: ${label}`,
    filled: ["model"],
    references: {
      Record: referenceTo(name),
      SavedRecord: { allOf: [referenceTo(componentOf("SavedRecord")), referenceTo(name)] },
      NewValues: referenceTo(`${name}.new`),
      ChangedValues: referenceTo(`${name}.changes`),
    },
    examples: modelExamples(endpoint.id, visible),
  });
  add(paths, endpoint.path.replace("{model}", name), endpoint, operation);
}

function addMethods(paths: Paths, view: InputView, owner: string, methods: readonly ComposedMethod[]): void {
  for (const { path, endpoint, operation } of methods.flatMap((method) => describeMethod(view, owner, method))) {
    add(paths, path, endpoint, operation);
  }
}

function add(paths: Paths, path: string, { method }: Endpoint, operation: unknown): void {
  const item = paths[path] ?? {};
  item[method.toLowerCase()] = operation;
  paths[path] = item;
}

function schemasOf(visible: VisibleModel): Record<string, JsonSchema> {
  const { name } = visible.model;
  const { record, newValues, changedValues } = modelSchemas(visible);
  return { [name]: record, [`${name}.new`]: newValues, [`${name}.changes`]: changedValues };
}
