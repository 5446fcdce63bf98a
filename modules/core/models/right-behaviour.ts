/** What is checked when users, groups and rights are written: rules that mean something, and groups that go together. */
import { type Environment, implementModel, ruleProblem, ValidationError } from "fullfinity";

/** The name by which model access means every model. */
const EVERY_MODEL = "*";

function refuse(path: string, message: string): never {
  throw ValidationError.ofFields([{ path, message }]);
}

function modelNamed({ registry }: Environment, name: string) {
  return registry.models.get(name) ?? refuse("model", `there is no model ${JSON.stringify(name)}`);
}

async function checkRules(ids: readonly number[], env: Environment): Promise<void> {
  for (const { model, rule } of await env.elevated().model("RecordRule").filter({ id__in: ids }).all("model", "rule")) {
    const problem = ruleProblem(env.registry, modelNamed(env, model), rule);
    if (problem !== null) refuse("rule", problem);
  }
}

async function checkAccess(ids: readonly number[], env: Environment): Promise<void> {
  for (const { model } of await env.elevated().model("ModelAccess").filter({ id__in: ids }).all("model")) {
    if (model !== EVERY_MODEL) modelNamed(env, model);
  }
}

/**
 * Checks that nobody has two exclusive groups of one category, be it through others that imply them.
 *
 * @param users null for all
 */
async function checkGroups(users: readonly number[] | null, env: Environment): Promise<void> {
  const kernel = env.elevated();
  const groups = await kernel.model("Group").all("name", "category", "exclusive", "implied_groups");
  const known = new Map(groups.map((group) => [group.id, group]));
  const all = kernel.model("User");
  for (const user of await (users === null ? all : all.filter({ id__in: users })).all("groups")) {
    const held = new Set<number>();
    const waiting = user.groups.map(({ id }) => id);
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (held.has(id)) continue;
      held.add(id);
      waiting.push(...(known.get(id)?.implied_groups ?? []).map((implied) => implied.id));
    }
    const taken = new Map<string, string>();
    for (const { id, name, category, exclusive } of groups) {
      if (!exclusive || !held.has(id)) continue;
      const other = taken.get(category ?? "");
      if (other !== undefined) refuse("groups", `nobody can be both "${other}" and "${name}"`);
      taken.set(category ?? "", name);
    }
  }
}

const idsOf = (changes: readonly { readonly id: number }[]): number[] => changes.map(({ id }) => id);

export const RecordRuleBehaviour = implementModel("RecordRule", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkRules(ids, env);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkRules(idsOf(changes), env);
    },
    // A rule that is not understood any more would let nothing through.
    afterModuleChange: async (ids, env, next) => {
      await next(ids);
      await checkRules(ids, env);
    },
  },
});

export const ModelAccessBehaviour = implementModel("ModelAccess", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkAccess(ids, env);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkAccess(idsOf(changes), env);
    },
  },
});

export const UserBehaviour = implementModel("User", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkGroups(ids, env);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      const regrouped = changes.filter(({ values }) => "groups" in values);
      if (regrouped.length > 0) await checkGroups(idsOf(regrouped), env);
    },
  },
});

export const GroupBehaviour = implementModel("Group", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkGroups(null, env);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkGroups(null, env);
    },
  },
});
