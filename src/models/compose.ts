/** Composes the declarations of the installed modules into one frozen registry, or says everything that is in the way. */
import { ColumnField } from "../fields/field.ts";
import { readersOf, writersOf } from "../fields/field-groups.ts";
import { labelOf } from "../fields/selection.ts";
import { AUDIT_FIELDS, DISPLAY_NAME, ID, RECORD_VERSION, VERSION } from "./audit.ts";
import type { Behaviour, Calculation } from "./behaviour.ts";
import { orderCalculations } from "./calculation-order.ts";
import { checkDraft } from "./check-draft.ts";
import { checkGroups } from "./check-group.ts";
import { collectDeclarations, type DraftField, type DraftModel, type ModuleSource } from "./collect.ts";
import { collectBehaviours, composeBehaviour } from "./collect-behaviour.ts";
import { collectWizards, type DraftWizard } from "./collect-wizard.ts";
import { columnName, foldedColumn } from "./column-name.ts";
import { addCompanyField } from "./company-field.ts";
import { findCompanyBonds, resolveCompanyPaths } from "./company-scope.ts";
import { addCompanyValues, isPerCompany, wayToValues } from "./company-value.ts";
import { composeRoutes } from "./compose-route.ts";
import { composeShapes, composeWizards } from "./compose-wizard.ts";
import { CompositionError, type Conflict } from "./conflict.ts";
import { buildGraph } from "./dependency-graph.ts";
import { historyReach, trackedFields } from "./history.ts";
import { type LinkResolution, resolveLinks } from "./link.ts";
import type { Model, ModelField, OrderStep, Registry, StoredField } from "./model.ts";
import { type ResolvedCalculation, resolveCalculations } from "./resolve-calculation.ts";
import { resolveEffects } from "./resolve-effect.ts";
import { resolveMethods } from "./resolve-method.ts";
import { sealMap } from "./sealed-map.ts";

let serial = 0;

/**
 * Composes a registry.
 *
 * @param modules the installed modules, dependencies first
 * @returns the frozen registry
 * @throws CompositionError with every conflict, its module and its file
 */
export function composeRegistry(modules: readonly ModuleSource[]): Registry {
  const conflicts: Conflict[] = [];
  const drafts = collectDeclarations(modules, conflicts);
  for (const draft of drafts.values()) addCompanyField(draft, conflicts);
  addCompanyValues(drafts, conflicts);
  const links = resolveLinks(drafts, conflicts);
  for (const draft of drafts.values()) checkDraft(draft, conflicts);
  const companyPaths = resolveCompanyPaths(drafts, conflicts);
  const wizards = collectWizards(modules, drafts, conflicts);
  const shaped = new Map<string, DraftModel | DraftWizard>([...drafts, ...wizards]);
  const behaviours = collectBehaviours(modules, shaped, conflicts);
  checkGroups(modules, shaped.values(), behaviours, conflicts);
  const world = { drafts, links };
  const calculations = resolveCalculations(world, behaviours, conflicts);
  const ordered = orderCalculations(world, calculations, conflicts);
  const routes = composeRoutes(modules, conflicts);
  const shapes = composeShapes(world, wizards, behaviours, conflicts);
  const methods = resolveMethods(world, shapes, behaviours, conflicts);
  const effects = resolveEffects(world, wizards, behaviours, conflicts);
  if (conflicts.length > 0) throw new CompositionError(conflicts);
  const models = new Map(
    [...drafts.values()].map((draft) => {
      const own = new Map(calculations.filter(({ model }) => model === draft).map((each) => [each.name, each]));
      const behaviour = composeBehaviour(behaviours.get(draft.name), methods.get(draft.name), effects.get(draft.name));
      return [draft.name, composeModel(draft, links, own, behaviour, companyPaths.get(draft.name) ?? null)];
    }),
  );
  const linkTables = Object.freeze(links.tables);
  const dependencies = buildGraph(models, linkTables, calculations, ordered);
  const history = historyReach(models);
  const companyBonds = findCompanyBonds(models, linkTables);
  serial += 1;
  return Object.freeze({
    models: sealMap(models),
    wizards: composeWizards(wizards, shapes, methods, effects),
    ...{ linkTables, dependencies, history, companyBonds, routes, serial },
  });
}

function composeModel(
  draft: DraftModel,
  links: LinkResolution,
  calculations: ReadonlyMap<string, ResolvedCalculation>,
  behaviour: Behaviour,
  companyPath: Model["companyPath"],
): Model {
  const fields = new Map<string, ModelField>();
  const relations = links.relations.get(draft.name);
  const add = (name: string, entry: DraftField) => {
    const relation = relations?.get(name) ?? null;
    const resolved = calculations.get(name);
    const calculation = resolved?.isWritten === false ? resolved.calculation : null;
    const settled = resolved?.calculation ?? null;
    const { label } = entry.field.options;
    const readonly = entry.field.options.readonly === true || (calculation !== null && calculation.setter === null);
    const readers = readersOf(entry.field.options) ?? null;
    const writers = writersOf(entry.field.options) ?? null;
    const told = { name, label: label ?? labelOf(name), module: entry.module, relation, calculation };
    const shared = { ...told, readonly, readers, writers };
    fields.set(name, Object.freeze(composeField(draft, shared, entry, settled)));
  };
  for (const name of [ID, DISPLAY_NAME]) add(name, kernelField(name));
  for (const [name, entry] of draft.fields) add(name, entry);
  const versionField = draft.fields.has(VERSION) ? RECORD_VERSION : VERSION;
  for (const name of AUDIT_FIELDS.keys()) if (name !== VERSION && !fields.has(name)) add(name, kernelField(name));
  add(versionField, kernelField(VERSION));

  const stored = (name: string) => fields.get(name) as StoredField;
  const { options } = draft;
  const displayName = options.displayName ?? (draft.fields.has("name") ? ["name"] : []);
  return Object.freeze({
    name: draft.name,
    label: options.label,
    description: options.description ?? "",
    module: draft.module,
    table: draft.table,
    fields: sealMap(fields),
    displayName: Object.freeze(displayName.map(stored)),
    order: Object.freeze((options.order ?? []).map(parseOrderStep)),
    search: Object.freeze((options.search ?? displayName).map(stored)),
    ignoreAccents: options.ignoreAccents === true,
    unique: Object.freeze([...(options.unique ?? [])]),
    checks: Object.freeze([...(options.checks ?? [])]),
    versionField,
    tracked: Object.freeze(trackedFields(options.track === true, fields, links.tables)),
    readonly: options.readonly === true,
    follows: options.follows ?? null,
    companyPath,
    companyValues: options.companyValues === true,
    internal: options.internal === true,
    behaviour,
  });
}

function kernelField(name: string): DraftField {
  const field = AUDIT_FIELDS.get(name);
  if (field === undefined) throw new Error(`no audit field ${name}`);
  return { field, module: "kernel", file: "kernel" };
}

type SharedPart = Omit<StoredField, "kind" | "field" | "column" | "folded" | "settled">;

function composeField(
  draft: DraftModel,
  shared: SharedPart,
  { field }: DraftField,
  settled: Calculation | null,
): ModelField {
  if (shared.name === DISPLAY_NAME && field instanceof ColumnField) return { ...shared, kind: "naming", field };
  const { calculation } = shared;
  if (calculation?.stored === false && field instanceof ColumnField) {
    return { ...shared, kind: "calculated", field, calculation };
  }
  // In the model of the values it is a field like any other.
  if (isPerCompany(field) && draft.options.companyValues !== true && field instanceof ColumnField) {
    const value = Object.freeze({
      ...shared,
      kind: "stored",
      field,
      column: columnName(shared.name, field),
      folded: foldedColumn(shared.name, field),
      settled: null,
    } as const);
    return { ...shared, kind: "company", field, way: wayToValues(draft.name, shared.module), value };
  }
  if (field instanceof ColumnField) {
    const columns = { column: columnName(shared.name, field), folded: foldedColumn(shared.name, field) };
    return { ...shared, kind: "stored", field, ...columns, settled };
  }
  if (shared.relation === null) throw new Error(`${shared.name} has neither a column nor a relation`);
  return { ...shared, kind: "linked", field, relation: shared.relation };
}

function parseOrderStep(text: string): OrderStep {
  const [field = "", direction] = text.split(" ");
  return { field, descending: direction === "DESC" };
}
