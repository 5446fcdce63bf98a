/** Keeps stored calculated values right: collects what a write makes stale, and calculates it again before the write ends. */
import type { CalculationStep, Trigger } from "../models/dependency.ts";
import { fieldOf, type Model, modelOf, type Registry, type StoredField } from "../models/model.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { loadBatch, parseCalculated, runCalculation } from "./calculate.ts";
import { lockIds, lockTable } from "./lock.ts";
import { findStale, lockSource } from "./settlement-lookup.ts";
import { updateCalculated } from "./settlement-update.ts";
import { translateViolation } from "./violation.ts";

/** One kind of change that a write makes to records of one model. */
export interface Change {
  readonly model: Model;
  readonly operation: "create" | "write" | "delete";
  readonly ids: readonly number[];
  /** Names of the fields that are written: those with a column, and relations whose links change; none for a deletion. */
  readonly fields: readonly string[];
}

/** Records that are calculated at a time. */
const BATCH = 2000;
/** Levels of a tree; no tree that people make comes near. */
const MOST_ROUNDS = 10_000;

/**
 * Whether a write can make stored calculated values stale, or creates records that have any. Told by the registry alone.
 *
 * @param fields the names of the fields that are written; none for a deletion
 */
export function makesStale(
  registry: Registry,
  model: Model,
  operation: Change["operation"],
  fields: readonly string[],
): boolean {
  const { own, changes, deletions, effects } = registry.dependencies;
  if (operation === "delete") return deletions.has(model.name) || effects.has(model.name);
  if (operation === "create" && own.has(model.name)) return true;
  const triggers = changes.get(model.name);
  if (triggers === undefined) return false;
  return fields.some((name) => {
    const found = triggers.get(name);
    // Nothing refers to a new record yet: it is reached only by what it refers to itself.
    return found !== undefined && (operation === "write" || found.some(({ cut }) => cut));
  });
}

/**
 * The stale values of one write, which is one transaction.
 *
 * It works with the rights of the kernel, since a stored value is the same for everybody. Everything is locked that the
 * values depend on and that others may change before this transaction ends.
 */
export class Settlement {
  readonly #env: BaseEnvironment;
  /** Step of the graph -> ids of the records that are to be calculated. */
  readonly #pending = new Map<number, Set<number>>();
  /** Model -> ids of the records whose change this write has counted already. */
  readonly #counted = new Map<string, Set<number>>();
  /** Model -> ids of the records that nobody else can change before this transaction ends. */
  readonly #held = new Map<string, Set<number>>();
  readonly #changes: Change[] = [];

  /** @param env of the running transaction */
  constructor(env: BaseEnvironment) {
    this.#env = env.elevated();
  }

  /** Before an update or delete statement: finds the records elsewhere that hang on these by ways that the change may cut. */
  async before({ model, operation, ids, fields }: Change): Promise<void> {
    const { registry } = this.#env;
    if (operation === "create" || ids.length === 0 || !makesStale(registry, model, operation, fields)) return;
    if (operation === "delete") {
      await this.#beforeDeletion(model, ids, new Map());
      return;
    }
    const triggers = this.#triggersOf(model, fields);
    const cuts = triggers.filter(({ cut }) => cut);
    if (cuts.length > 0) await this.#hold(model, ids);
    await this.#mark(cuts, ids);
  }

  /** After a create or update statement. */
  async after({ model, operation, ids, fields }: Change): Promise<void> {
    if (operation === "delete" || ids.length === 0) return;
    addAll(this.#counted, model.name, ids);
    addAll(this.#held, model.name, ids);
    await this.#propagate(model, operation, ids, fields);
  }

  /** Marks fields of all records of a model, because they have never been calculated. Their versions stay. */
  async markAll(model: Model, fields: readonly string[]): Promise<void> {
    const { registry, session } = this.#env;
    const steps = registry.dependencies.own.get(model.name) ?? [];
    const wanted = steps.filter((step) =>
      registry.dependencies.steps[step]?.fields.some((name) => fields.includes(name)),
    );
    if (wanted.length === 0) return;
    const ids = await lockTable(session, model.table);
    addAll(this.#counted, model.name, ids);
    addAll(this.#held, model.name, ids);
    for (const step of wanted) addAll(this.#pending, step, ids);
  }

  /** At the end of the write: calculates what is stale in order of dependency. Returns what that has changed. */
  async settle(): Promise<readonly Change[]> {
    const { steps } = this.#env.registry.dependencies;
    await this.#lockPending();
    for (let first = 0; first < steps.length; ) {
      const circle = steps[first]?.circle ?? null;
      let end = first + 1;
      while (circle !== null && steps[end]?.circle === circle) end += 1;
      const together = steps.slice(first, end).map((_, index) => first + index);
      const isPending = () => together.some((step) => this.#pending.has(step));
      for (let round = 0; isPending(); round++) {
        if (round > MOST_ROUNDS) throw new Error(`${steps[first]?.model}: calculated values do not come to an end`);
        for (const step of together) await this.#calculate(step);
      }
      first = end;
    }
    return this.#changes.splice(0);
  }

  /**
   * Holds what is known to be calculated before anything is read for it: two writes that read the same record, and then
   * both want to change it, would wait for each other.
   */
  async #lockPending(): Promise<void> {
    const { registry } = this.#env;
    const pending = new Map<string, Set<number>>();
    for (const [step, ids] of this.#pending) addAll(pending, registry.dependencies.steps[step]?.model ?? "", [...ids]);
    for (const name of [...pending.keys()].sort()) {
      await this.#hold(modelOf(registry, name), [...(pending.get(name) ?? [])]);
    }
  }

  /** Whoever calculates the same records at the same moment waits here, and then sees what this write has done. */
  async #hold(model: Model, ids: readonly number[]): Promise<void> {
    const held = this.#held.get(model.name);
    const free = ids.filter((id) => held?.has(id) !== true);
    if (free.length === 0) return;
    await lockIds(this.#env.session, model.table, free, "no key update");
    addAll(this.#held, model.name, free);
  }

  async #calculate(index: number): Promise<void> {
    const { registry } = this.#env;
    const step = registry.dependencies.steps[index];
    const ids = [...(this.#pending.get(index) ?? [])];
    this.#pending.delete(index);
    if (step === undefined) return;
    const model = modelOf(registry, step.model);
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#calculateBatch(model, step, ids.slice(start, start + BATCH));
    }
  }

  async #calculateBatch(
    model: Model,
    { fields: names, sources }: CalculationStep,
    given: readonly number[],
  ): Promise<void> {
    const { session, access } = this.#env;
    const fields = names.map((name) => fieldOf(model, name) as StoredField);
    const parts = fields.map(({ settled }) => settled?.paths ?? []);
    // All is sent at once, and done one after the other: what is read is read once everything is held.
    const holding = [this.#hold(model, given), ...sources.map((source) => lockSource(session, source, given))];
    const [rows] = await Promise.all([loadBatch(this.#env, model, given, parts), ...holding]);
    // Those that are not there any more are not calculated.
    const ids = [...rows.keys()];
    if (ids.length === 0) return;
    const columns = await Promise.all(
      fields.map(async ({ name, field, settled }, index) => {
        if (settled === null) throw new Error(`${model.name}.${name} is not calculated`);
        const records = ids.map((id) => rows.get(id)?.[index] ?? {});
        const values = await runCalculation(this.#env, model, name, settled.calculate, records);
        return values.map((value, place) => parseCalculated(name, field, value, records[place] ?? {}));
      }),
    );
    const counted = this.#counted.get(model.name);
    const records = ids.map((id, place) => ({
      id,
      values: columns.map((column) => column[place] ?? null),
      counts: counted?.has(id) !== true,
    }));
    const cuts = this.#triggersOf(model, names).filter(({ cut }) => cut);
    await this.#mark(cuts, ids);
    const changed = await updateCalculated(session, model, fields, records, access.userId).catch((error: unknown) =>
      translateViolation(this.#env, model, error),
    );
    if (changed.length === 0) return;
    addAll(this.#counted, model.name, changed);
    this.#changes.push({ model, operation: "write", ids: changed, fields: names });
    await this.#propagate(model, "write", changed, names);
  }

  async #propagate(model: Model, operation: "create" | "write", ids: readonly number[], fields: readonly string[]) {
    if (operation === "create") {
      for (const step of this.#env.registry.dependencies.own.get(model.name) ?? []) addAll(this.#pending, step, ids);
    }
    const triggers = this.#triggersOf(model, fields);
    await this.#mark(operation === "create" ? triggers.filter(({ cut }) => cut) : triggers, ids);
  }

  /** Finds what becomes stale with a record that goes, and with all that go with it or lose their reference to it. */
  async #beforeDeletion(model: Model, ids: readonly number[], seen: Map<string, Set<number>>): Promise<void> {
    const { registry, session } = this.#env;
    const { deletions, effects } = registry.dependencies;
    const known = seen.get(model.name);
    const added = ids.filter((id) => known?.has(id) !== true);
    if (added.length === 0) return;
    addAll(seen, model.name, added);
    // From here on nobody comes to refer to them, so that all who do are found.
    await lockIds(session, model.table, added, "update");
    await this.#mark(deletions.get(model.name) ?? [], added);
    for (const effect of effects.get(model.name) ?? []) {
      const reference = { table: effect.table, from: effect.column, to: "id", reached: effect.table };
      const others = await findStale(session, [reference], added);
      const other = modelOf(registry, effect.model);
      if (effect.cascades) await this.#beforeDeletion(other, others, seen);
      else await this.#mark(this.#triggersOf(other, [effect.field]), others);
    }
  }

  #triggersOf(model: Model, fields: readonly string[]): Trigger[] {
    const changes = this.#env.registry.dependencies.changes.get(model.name);
    return changes === undefined ? [] : fields.flatMap((name) => changes.get(name) ?? []);
  }

  /** Notes what triggers make stale; ways that several of them share are gone once. */
  async #mark(triggers: readonly Trigger[], ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const ways = new Map<string, { readonly back: Trigger["back"]; readonly steps: Set<number> }>();
    for (const { back, step } of triggers) {
      const key = JSON.stringify(back);
      const way = ways.get(key) ?? { back, steps: new Set() };
      ways.set(key, way);
      way.steps.add(step);
    }
    for (const { back, steps } of ways.values()) {
      const found = await findStale(this.#env.session, back, ids);
      for (const step of steps) addAll(this.#pending, step, found);
    }
  }
}

function addAll<Key>(sets: Map<Key, Set<number>>, key: Key, ids: readonly number[]): void {
  if (ids.length === 0) return;
  const set = sets.get(key) ?? new Set();
  sets.set(key, set);
  for (const id of ids) set.add(id);
}
