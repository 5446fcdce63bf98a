/** The place where record rules enter SQL: every table that a statement reads is asked for here first. */
import type { Model, Registry } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import { sql } from "../sql/fragment.ts";
import { compileFilter } from "./compile-filter.ts";
import { compileFollowed } from "./followed-rule.ts";
import { type Compilation, type CompiledRule, Frame } from "./frame.ts";
import { canSee } from "./path.ts";
import { fixedSources, resolveFilter } from "./resolve-filter.ts";
import { type Scope, unrestricted } from "./scope.ts";
import type { BindContext, Slot } from "./slot.ts";

/**
 * Starts the compilation of one statement for one caller.
 *
 * @param scope what the caller may see
 */
export function startCompilation(scope: Scope): Compilation {
  let aliases = 0;
  return compilationFor(scope, () => `t${++aliases}`, new Set());
}

function compilationFor(scope: Scope, nextAlias: () => string, tables: Set<string>): Compilation {
  const compilation: Compilation = {
    registry: scope.registry,
    tables,
    nextAlias,
    rule: (model, alias) => {
      const rule = scope.readRule(model);
      const own = rule === null ? null : compileRule(scope.registry, nextAlias, tables, model, rule, alias);
      if (model.follows === null) return own;
      const frame = new Frame(compilationFor(unrestricted(scope.registry), nextAlias, tables), model, alias);
      const followed = compileFollowed(scope, compilation, frame, model.follows);
      return own === null
        ? { condition: followed, joins: frame.joins() }
        : { condition: sql`${own.condition} and ${followed}`, joins: sql`${own.joins}${frame.joins()}` };
    },
    nameParts: (model) => model.displayName.filter((field) => canSee(scope, model, field)),
  };
  return compilation;
}

/** A rule may look at what the caller may not see; only its verdict reaches the caller. */
function compileRule(
  registry: Registry,
  nextAlias: () => string,
  tables: Set<string>,
  model: Model,
  rule: Q,
  alias: string,
): CompiledRule {
  const elevated = unrestricted(registry);
  const frame = new Frame(compilationFor(elevated, nextAlias, tables), model, alias);
  const condition = sql`(${compileFilter(frame, resolveFilter(elevated, model, rule, fixedSources))})`;
  return { condition, joins: frame.joins() };
}

/**
 * Checks that a record rule can be compiled and that its values fit their fields.
 *
 * @param context the session of a user that the rule holds for
 * @throws ValidationError saying what is wrong with it
 */
export function checkRule(registry: Registry, model: Model, rule: Q, context: BindContext): void {
  const { nextAlias, tables } = startCompilation(unrestricted(registry));
  const { condition } = compileRule(registry, nextAlias, tables, model, rule, nextAlias());
  for (const slot of condition.values as unknown as readonly Slot[]) {
    slot.bind({ ...context, literals: [], parameters: [] });
  }
}
