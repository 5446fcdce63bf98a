/**
 * Compiles records behind to-one relations into the rows of those that refer to them. A level of their own would send each once, but behind
 * the few lines of one record, finding out which ones these are costs more than to print some short values again.
 */
import type { Q } from "../q/tree.ts";
import { type CompileRelation, compilePrinting, type Levels } from "./compile-member.ts";
import { isFlat, unexpectedRelation } from "./compile-row.ts";
import { joinedForm } from "./member-writer.ts";
import type { Scope } from "./scope.ts";
import type { SelectedField, Selection } from "./selection.ts";

/** Values that are printed of a record in the row of another one, at most: its id, its name and one more. */
const MOST_VALUES = 3;
/** Relations that are joined to one table, at most: with each more, PostgreSQL plans for twice as long. */
const MOST_JOINS = 4;

/** Whether all that a selection gives of a record can stand in one row: in its own columns, and in those of records that are joined to it. */
export function fitsRow(scope: Scope, { fields }: Selection): boolean {
  const relations = [...fields.values()].filter(({ nested }) => nested !== null);
  return relations.length <= MOST_JOINS && relations.every((relation) => canJoin(scope, relation));
}

/** Compiles the relations of a selection that fits one row. What the frame joins for them belongs to the query, which has an order of its own. */
export function joined(levels: Levels): CompileRelation {
  return (frame, { field, nested }) => {
    const { columns, shape } = compilePrinting(levels, frame.through([field]), nested, 0, unexpectedRelation);
    return { columns, form: joinedForm(shape.members) };
  };
}

function canJoin(scope: Scope, { field, nested }: SelectedField): boolean {
  if (nested === null || field.kind === "company" || field.relation?.link.kind !== "column") return false;
  return nested.fields.size <= MOST_VALUES && isFlat(nested) && isJudgedAlone(scope, nested);
}

/** Whether a record tells by itself who may see it: else looking that up once for each would be better than for each that refers to it. */
function isJudgedAlone(scope: Scope, { model }: Selection): boolean {
  const rule = scope.readRule(model);
  return model.follows === null && (rule === null || asksNobodyElse(rule));
}

function asksNobodyElse(rule: Q): boolean {
  if (rule.kind === "not") return asksNobodyElse(rule.item);
  if (rule.kind === "group") return rule.conditions.every(({ path }) => path.length === 1);
  return rule.items.every(asksNobodyElse);
}
