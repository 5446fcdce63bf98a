/** The access of an API key: that of its user, within the limits of the key. */
import type { Access, RecordOperation } from "../access/access.ts";
import { canChangeLinks } from "../access/link-right.ts";
import type { Model } from "../models/model.ts";
import type { ApiKey } from "./api-key.ts";

/** Limits an access. What is outside of the limits is to the key as if it did not exist. */
export function limitAccess(access: Access, { readOnly, models }: Pick<ApiKey, "readOnly" | "models">): Access {
  if (!readOnly && models === null) return access;
  const can = (model: Model, operation: RecordOperation): boolean =>
    (operation === "read" || !readOnly) && (models === null || models.has(model.name)) && access.can(model, operation);
  return {
    ...access,
    // Plans and documents are shared by all who have the same key.
    key: `${access.key} ${readOnly ? "reads" : "writes"} ${models === null ? "*" : [...models].sort().join()}`,
    can,
    canRead: (model) => can(model, "read"),
    canWriteField: (model, field) =>
      access.canWriteField(model, field) && canChangeLinks({ can }, access.registry, field),
  };
}
