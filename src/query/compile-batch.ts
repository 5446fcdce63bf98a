/** Compiles the reading of what a batch of records depends on: one row for each record that is there, in one statement. */
import type { Model } from "../models/model.ts";
import { joinOrEmpty, raw, sql } from "../sql/fragment.ts";
import { startCompilation } from "./compilation.ts";
import { compileFields, compileObject } from "./compile-object.ts";
import { Frame } from "./frame.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Scope } from "./scope.ts";
import type { Selection } from "./selection.ts";
import { parameterSlot } from "./slot.ts";

/**
 * Compiles a batch. Parameter: the ids. Each row has `id` and, for each part, the JSON text `p0`, `p1`, ... with exact values.
 *
 * The records themselves are taken as they are, whatever the rules say of them: the caller has found them. What stands
 * behind their relations passes through the scope.
 */
export function compileBatch(scope: Scope, model: Model, parts: readonly Selection[]): Plan {
  const frame = new Frame(startCompilation(scope), model);
  const objects = parts.map((part, index) => {
    const object = compileObject(compileFields(scope, frame, part, "codeExpression"));
    return sql`${object}::text as ${raw(`p${index}`)}`;
  });
  const id = raw(frame.column("id"));
  const list = joinOrEmpty([sql`${id} as id`, ...objects], ", ");
  return planOf(sql`select ${list} from ${frame.source()} where ${id} = any(${parameterSlot(0) as never}::bigint[])`);
}
