/** The rule of models whose records belong to those of other models, such as the change history: who sees these sees those. */
import type { FollowedRecord } from "../models/definition.ts";
import type { Model, ModelField } from "../models/model.ts";
import { condition, group, type Q } from "../q/tree.ts";
import { joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { compileFilter } from "./compile-filter.ts";
import { type Compilation, Frame } from "./frame.ts";
import { canSee } from "./path.ts";
import { fixedSources, resolveFilter } from "./resolve-filter.ts";
import { type Scope, unrestricted } from "./scope.ts";

/**
 * Compiles the rule: the record must be one that the caller sees, and the field too where one is named.
 *
 * Where no rule hides any record of a model from the caller, nothing hides what is known of the fields of one that is not there any
 * more; what belongs to a record as a whole is hidden with it.
 *
 * @param frame of the records that follow others, without any rule
 * @param compilation of the caller
 */
export function compileFollowed(scope: Scope, compilation: Compilation, frame: Frame, follows: FollowedRecord): Sql {
  const elevated = unrestricted(scope.registry);
  const parts = [...scope.registry.models.values()].flatMap((target): Sql[] => {
    const named = scope.canRead(target) ? partOf(scope, target, follows) : null;
    if (named === null) return [];
    const own = compileFilter(frame, resolveFilter(elevated, frame.model, named, fixedSources));
    return [sql`(${own}${compileTarget(compilation, frame, target, follows)})`];
  });
  return parts.length === 0 ? sql`false` : sql`(${joinOrEmpty(parts, " or ")})`;
}

/** The records that follow those of one model as far as the caller sees its fields; null where that is none. */
function partOf(scope: Scope, target: Model, { model, field }: FollowedRecord): Q | null {
  const named = condition([model], "eq", target.name);
  if (field === undefined) return target.internal || target.follows !== null ? null : group([named]);
  const fields = target.tracked.filter((each) => canSeeHistory(scope, target, each)).map(({ name }) => name);
  return fields.length === 0 ? null : group([named, condition([field], "in", fields)]);
}

function compileTarget(compilation: Compilation, frame: Frame, target: Model, { record, field }: FollowedRecord): Sql {
  const reached = new Frame(compilation, target);
  const rule = compilation.rule(target, reached.alias);
  if (rule === null && field !== undefined) return sql``;
  const tie = raw(`${reached.column("id")} = ${frame.column(record)}`);
  const passes = rule === null ? sql`` : sql` and ${rule.condition}`;
  return sql` and exists (select 1 from ${reached.table()}${rule?.joins ?? sql``} where ${tie}${passes})`;
}

/** That a secret has changed is seen by whoever may know of it; its values are not in the history. */
function canSeeHistory(scope: Scope, model: Model, field: ModelField): boolean {
  const isSecret = field.kind === "stored" && field.field.lookupFamily === "none";
  return isSecret ? scope.canReadField(model, field) : canSee(scope, model, field);
}
