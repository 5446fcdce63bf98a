/** Last step of a composition: turns the paths of stored calculated fields around, into what a change makes stale. */
import { ToOneField } from "../fields/relation.ts";
import type { OrderedCalculation } from "./calculation-order.ts";
import type { CalculationStep, DeletionEffect, DependencyGraph, Trigger, WayStep } from "./dependency.ts";
import { fieldOf, type LinkTable, type Model, type Relation, type StoredField } from "./model.ts";
import type { ResolvedCalculation } from "./resolve-calculation.ts";
import { sealMap } from "./sealed-map.ts";

type Models = ReadonlyMap<string, Model>;

/**
 * Makes the dependency graph of a registry.
 *
 * @param ordered stored calculated fields, what others depend on first
 */
export function buildGraph(
  models: Models,
  linkTables: readonly LinkTable[],
  resolved: readonly ResolvedCalculation[],
  ordered: readonly OrderedCalculation[],
): DependencyGraph {
  const building = new Building(models, linkTables);
  const own = new Map<string, number[]>();
  for (const [index, { model, names }] of ordered.entries()) {
    own.set(model, [...(own.get(model) ?? []), index]);
    for (const name of names) {
      const { steps: paths = [], isWritten = false } =
        resolved.find((each) => each.model.name === model && each.name === name) ?? {};
      if (isWritten) building.addPath(index, model, [name]);
      for (const path of paths)
        building.addPath(
          index,
          model,
          path.map((step) => step.name),
        );
    }
  }
  const steps = ordered.map(({ model: name, names, circle }, index): CalculationStep => {
    const model = models.get(name) as Model;
    const paths = names.flatMap((each) => storedOf(model, each).settled?.paths ?? []);
    const following = new Set([...followingSteps(ordered, building, index)].map((each) => ordered[each]?.model ?? ""));
    const tables = new Set([...following].map((each) => models.get(each)?.table));
    const sources = sourcesOf(models, model, paths).map((way) => {
      return Object.freeze({ way, follows: tables.has(way.at(-1)?.reached) });
    });
    return Object.freeze({ model: name, circle, fields: Object.freeze([...names]), sources: Object.freeze(sources) });
  });
  return Object.freeze({
    steps: Object.freeze(steps),
    own: sealMap(own),
    changes: sealMap(building.changes),
    deletions: sealMap(building.deletions),
    effects: sealMap(effectsOf(models, building)),
  });
}

/**
 * The steps that what a step calculates may make necessary, one after the other. Those of its own circle are none: they go from level to
 * level of a tree, and never back.
 */
function followingSteps(
  ordered: readonly OrderedCalculation[],
  { changes }: Building,
  start: number,
): ReadonlySet<number> {
  const found = new Set<number>();
  const circle = ordered[start]?.circle ?? null;
  const isRepeated = (step: number) => circle !== null && ordered[step]?.circle === circle;
  for (let open = [start]; open.length > 0; ) {
    const next = open.flatMap((step) => {
      const { model = "", names = [] } = ordered[step] ?? {};
      return names.flatMap((name) => (changes.get(model)?.get(name) ?? []).map((trigger) => trigger.step));
    });
    open = [...new Set(next)].filter((step) => !found.has(step) && !isRepeated(step));
    for (const step of open) found.add(step);
  }
  return found;
}

function storedOf(model: Model, name: string): StoredField {
  const field = fieldOf(model, name);
  if (field.kind !== "stored") throw new Error(`${model.name}.${name} is not stored`);
  return field;
}

/** Collects triggers path by path. */
class Building {
  readonly changes = new Map<string, Map<string, Trigger[]>>();
  readonly deletions = new Map<string, Trigger[]>();
  readonly #models: Models;
  readonly #linkTables: readonly LinkTable[];

  constructor(models: Models, linkTables: readonly LinkTable[]) {
    this.#models = models;
    this.#linkTables = linkTables;
  }

  addPath(step: number, start: string, names: readonly string[]): void {
    let model = this.#models.get(start) as Model;
    let back: readonly WayStep[] = [];
    for (const name of names) {
      const { relation } = fieldOf(model, name);
      this.#onChange(model, name, { step, back, cut: false });
      if (relation === null) return;
      const target = this.#models.get(relation.target) as Model;
      const further = [inverseOf(model, target, relation), ...back];
      this.#onLink(target, relation, { step, back: further, cut: true }, back);
      this.#onDeletion(target, { step, back: further, cut: true });
      [model, back] = [target, further];
    }
  }

  /** Links that are changed from the other side, or by the records of a model that keeps them. */
  #onLink(target: Model, { link }: Relation, trigger: Trigger, back: readonly WayStep[]): void {
    if (link.kind === "reverse") {
      for (const field of fieldsOfColumn(target, link.column)) this.#onChange(target, field.name, trigger);
    }
    if (link.kind !== "through") return;
    for (const { name, relation: other } of target.fields.values()) {
      if (other?.link.kind !== "through" || other.link.table !== link.table) continue;
      if (other.link.source === link.target) this.#onChange(target, name, trigger);
    }
    if (this.#linkTables.some(({ table }) => table === link.table)) return;
    const keeper = [...this.#models.values()].find(({ table }) => table === link.table);
    if (keeper === undefined) return;
    const [first] = trigger.back;
    const own = { table: link.table, from: "id", to: link.source, reached: first?.reached ?? "" };
    const pair = { ...trigger, back: [own, ...back] };
    for (const column of [link.source, link.target]) {
      for (const field of fieldsOfColumn(keeper, column)) this.#onChange(keeper, field.name, pair);
    }
    this.#onDeletion(keeper, pair);
  }

  #onChange(model: Model, name: string, trigger: Trigger): void {
    const fields = this.changes.get(model.name) ?? new Map<string, Trigger[]>();
    this.changes.set(model.name, fields);
    fields.set(name, withTrigger(fields.get(name) ?? [], trigger));
  }

  #onDeletion(model: Model, trigger: Trigger): void {
    this.deletions.set(model.name, withTrigger(this.deletions.get(model.name) ?? [], trigger));
  }
}

function withTrigger(known: Trigger[], trigger: Trigger): Trigger[] {
  const key = JSON.stringify(trigger);
  return known.some((each) => JSON.stringify(each) === key) ? known : [...known, Object.freeze(trigger)];
}

function fieldsOfColumn(model: Model, column: string): StoredField[] {
  return [...model.fields.values()].filter(
    (field): field is StoredField => field.kind === "stored" && field.column === column,
  );
}

function inverseOf(owner: Model, target: Model, { link }: Relation): WayStep {
  const reached = owner.table;
  if (link.kind === "column") return { table: owner.table, from: link.column, to: "id", reached };
  if (link.kind === "reverse") return { table: target.table, from: "id", to: link.column, reached };
  return { table: link.table, from: link.target, to: link.source, reached };
}

/**
 * The ways along references and pairs that are read: while a value is being calculated, what stands at their ends must not
 * change unseen, since whoever changes it cannot find a record yet that has only just come to refer to it.
 */
function sourcesOf(models: Models, start: Model, paths: readonly (readonly string[])[]): (readonly WayStep[])[] {
  const ways = new Map<string, readonly WayStep[]>();
  for (const path of paths) {
    let model = start;
    let way: readonly WayStep[] = [];
    for (const [index, name] of path.entries()) {
      const { relation } = fieldOf(model, name);
      if (relation === null) break;
      const target = models.get(relation.target) as Model;
      way = [...way, forwardStep(model, target, relation)];
      const next = path[index + 1];
      const isRead = next !== undefined && next !== "id";
      if (isRead && relation.link.kind !== "reverse") ways.set(JSON.stringify(way), way);
      model = target;
    }
  }
  return [...ways.values()];
}

function forwardStep(owner: Model, target: Model, { link }: Relation): WayStep {
  const reached = target.table;
  if (link.kind === "column") return { table: owner.table, from: "id", to: link.column, reached };
  if (link.kind === "reverse") return { table: target.table, from: link.column, to: "id", reached };
  return { table: link.table, from: link.source, to: link.target, reached };
}

/** Foreign keys through which the deletion of a record reaches others that make something stale. */
function effectsOf(models: Models, { changes, deletions }: Building): Map<string, DeletionEffect[]> {
  const keys = [...models.values()].flatMap((model) =>
    [...model.fields.values()].flatMap((field) => {
      if (field.kind !== "stored" || !(field.field instanceof ToOneField) || field.relation === null) return [];
      const { onDelete } = field.field;
      if (onDelete === "RESTRICT") return [];
      const effect: DeletionEffect = Object.freeze({
        model: model.name,
        table: model.table,
        field: field.name,
        column: field.column,
        cascades: onDelete === "CASCADE",
      });
      return [{ target: field.relation.target, effect }];
    }),
  );
  const effects = new Map<string, DeletionEffect[]>();
  const matters = (model: string) => deletions.has(model) || effects.has(model);
  const add = ({ target, effect }: (typeof keys)[number]): boolean => {
    const known = effects.get(target) ?? [];
    const counts = effect.cascades ? matters(effect.model) : changes.get(effect.model)?.has(effect.field) === true;
    if (!counts || known.includes(effect)) return false;
    effects.set(target, [...known, effect]);
    return true;
  };
  // What matters may come to matter because of what is found later, so until nothing is found any more.
  while (keys.filter(add).length > 0);
  return effects;
}
