/** Which inputs of methods and fields of wizards a caller is shown, and which of them it gives: their groups say it. */
import type { Access } from "../access/access.ts";
import type { Field } from "../fields/field.ts";
import { readersOf, writersOf } from "../fields/field-groups.ts";

/** What is asked of a caller. */
type Member = Pick<Access, "belongsTo">;

/** Whether a field without a column exists for the caller. */
export function canSeeInput(caller: Member, { options }: Field): boolean {
  return isMember(caller, readersOf(options));
}

/** Whether the caller may give the field a value; else it has what code gives it. */
export function canGiveInput(caller: Member, field: Field): boolean {
  return canSeeInput(caller, field) && isMember(caller, writersOf(field.options));
}

function isMember(caller: Member, groups: readonly string[] | undefined): boolean {
  return groups === undefined || caller.belongsTo(groups);
}
