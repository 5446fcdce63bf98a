/** What one caller may do. Made once from the caller's rights; everything that reads or writes asks here. */
import type { Model, ModelField, Registry } from "../models/model.ts";
import type { Q } from "../q/tree.ts";
import { type Scope, unrestricted } from "../query/scope.ts";

/** What is done to a record. */
export type RecordOperation = "read" | "create" | "write" | "delete";

/** The rights of a caller over one registry. Its reading half is the scope of every statement. */
export interface Access extends Scope {
  readonly userId: number | null;
  /** Identifiers of all groups that the caller belongs to, implied ones included. */
  readonly groups: ReadonlySet<string>;
  /** Whether the caller belongs to one of these groups. */
  belongsTo(groups: readonly string[]): boolean;
  /** Whether the caller may do this to records of the model at all. */
  can(model: Model, operation: RecordOperation): boolean;
  /** The filter that a record must pass for the operation, before and after it, or null where every record may be. */
  rule(model: Model, operation: RecordOperation): Q | null;
  /** Whether the caller may write the field of a model that it may write. Read-only fields are the kernel's to write. */
  canWriteField(model: Model, field: ModelField): boolean;
}

/**
 * The access of the kernel itself, for what no user has asked for: installing modules, signing in.
 *
 * @param userId the user in whose name it works, for the audit fields; null for nobody's
 */
export function unrestrictedAccess(registry: Registry, userId: number | null = null): Access {
  return {
    ...unrestricted(registry),
    userId,
    groups: new Set(),
    belongsTo: () => true,
    can: () => true,
    rule: () => null,
    canWriteField: () => true,
  };
}
