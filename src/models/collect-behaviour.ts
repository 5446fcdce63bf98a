/** Fourth step of a composition: gathers what modules declare that records do, and joins it by model. */
import type { RunningEnvironment } from "../fields/known-model.ts";
import type { Behaviour, Calculate, ComposedHooks, ModelBehaviour, Moment, Setter } from "./behaviour.ts";
import type { Hook } from "./behaviour-type.ts";
import type { DraftModel, ModuleSource } from "./collect.ts";
import type { DraftWizard } from "./collect-wizard.ts";
import type { ComposedMethod } from "./composed-method.ts";
import type { Conflict } from "./conflict.ts";
import type { ComposedEffect, EffectDeclaration } from "./effect.ts";
import type { MethodDeclaration, MethodWrapper } from "./method.ts";
import { sealMap } from "./sealed-map.ts";
import type { Validation } from "./validation.ts";

/** Something that a module declares, with where it stands. */
export interface Sourced<Value> {
  readonly value: Value;
  readonly module: string;
  readonly file: string;
}

/** What all modules together declare that the records of one model do. */
export interface DraftBehaviour {
  readonly calculate: Map<string, Sourced<Calculate>>;
  readonly setters: Map<string, Sourced<Setter>>;
  readonly validate: Map<string, Sourced<Validation>>;
  /** In the order of the modules. */
  readonly hooks: ModelBehaviour["hooks"][];
  /** Name -> everything that is declared under it, in the order of the modules. */
  readonly methods: Map<string, Sourced<MethodDeclaration | MethodWrapper>[]>;
  /** Field -> its effects, in the order of the modules. */
  readonly effects: Map<string, Sourced<EffectDeclaration>[]>;
}

/**
 * Gathers the behaviours of all modules by model or wizard.
 *
 * @param modules dependencies first; hooks wrap each other in this order
 * @param conflicts what stands there twice, belongs to no model or looks at unknown fields is added to it
 */
export function collectBehaviours(
  modules: readonly ModuleSource[],
  drafts: ReadonlyMap<string, DraftModel | DraftWizard>,
  conflicts: Conflict[],
): ReadonlyMap<string, DraftBehaviour> {
  const gathered = new Map<string, DraftBehaviour>();
  for (const { identifier: module, behaviours = [] } of modules) {
    for (const behaviour of behaviours) {
      const { implements: name, file } = behaviour;
      if (!drafts.has(name)) {
        const message = "is implemented, but no installed module defines it";
        conflicts.push({ module, file, subject: name, message });
        continue;
      }
      const draft: DraftBehaviour = gathered.get(name) ?? {
        calculate: new Map(),
        setters: new Map(),
        validate: new Map(),
        hooks: [],
        methods: new Map(),
        effects: new Map(),
      };
      gathered.set(name, draft);
      const report = (key: string, other: Sourced<unknown>) => {
        const message = `${key} is already implemented by module ${other.module} (${other.file})`;
        conflicts.push({ module, file, subject: name, message });
      };
      const add = <Value>(known: Map<string, Sourced<Value>>, part: string, key: string, value: Value) => {
        const other = known.get(key);
        if (other === undefined) known.set(key, { value, module, file });
        else report(`${part}.${key}`, other);
      };
      for (const [key, value] of Object.entries(behaviour.calculate)) add(draft.calculate, "calculate", key, value);
      for (const [key, value] of Object.entries(behaviour.setters)) add(draft.setters, "setters", key, value);
      for (const [key, value] of Object.entries(behaviour.validate)) {
        add(draft.validate, "validate", key, Object.freeze({ ...value, name: key }));
      }
      draft.hooks.push(behaviour.hooks);
      for (const [key, value] of Object.entries(behaviour.methods ?? {})) {
        draft.methods.set(key, [...(draft.methods.get(key) ?? []), { value, module, file }]);
      }
      for (const [key, value] of Object.entries(behaviour.effects ?? {})) {
        draft.effects.set(key, [...(draft.effects.get(key) ?? []), { value, module, file }]);
      }
    }
  }
  return gathered;
}

const NO_HOOKS: ComposedHooks = Object.freeze({
  beforeCreate: null,
  afterCreate: null,
  beforeUpdate: null,
  afterUpdate: null,
  beforeDelete: null,
  afterDelete: null,
  afterModuleChange: null,
});
const NOTHING: Behaviour = Object.freeze({
  validate: Object.freeze([]),
  hooks: NO_HOOKS,
  methods: sealMap(new Map<string, ComposedMethod>()),
  effects: sealMap(new Map<string, readonly ComposedEffect[]>()),
});

/** The frozen behaviour of a model. */
export function composeBehaviour(
  draft: DraftBehaviour | undefined,
  methods: Behaviour["methods"] | undefined,
  effects: Behaviour["effects"] | undefined,
): Behaviour {
  if (draft === undefined) return NOTHING;
  const moments = Object.keys(NO_HOOKS) as Moment[];
  const hooks = Object.fromEntries(moments.map((moment) => [moment, composeMoment(draft, moment)]));
  return Object.freeze({
    validate: Object.freeze([...draft.validate.values()].map(({ value }) => value)),
    hooks: Object.freeze(hooks) as unknown as ComposedHooks,
    methods: methods ?? NOTHING.methods,
    effects: effects ?? NOTHING.effects,
  });
}

type Composed = (batch: unknown, env: RunningEnvironment) => Promise<unknown>;

/** Puts the hooks of one moment around each other: the last module's outside, the model's own inside. */
function composeMoment({ hooks }: DraftBehaviour, moment: Moment): Composed | null {
  const declared = hooks.flatMap((each) => each[moment] ?? []) as unknown as Hook<unknown, unknown>[];
  if (declared.length === 0) return null;
  const gives = moment === "beforeCreate" || moment === "beforeUpdate";
  let composed: Composed = async (batch) => (gives ? batch : undefined);
  for (const hook of declared) {
    const inner = composed;
    composed = async (batch, env) => {
      const result = await hook(batch, env, (given) => inner(given, env));
      if (gives) checkLength(moment, batch, result);
      return result;
    };
  }
  return composed;
}

function checkLength(moment: string, given: unknown, result: unknown): void {
  const wanted = (given as readonly unknown[]).length;
  if (Array.isArray(result) && result.length === wanted) return;
  const got = Array.isArray(result) ? `a list of ${result.length}` : "no list";
  throw new Error(`a ${moment} hook must give back the values of all ${wanted} records, and gave ${got}`);
}
