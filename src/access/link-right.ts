/** Whether a caller may change links: seen from the other side they are part of other records than the one that is written. */
import { type ModelField, modelOf, type Registry } from "../models/model.ts";
import type { Access } from "./access.ts";
import { otherSides } from "./field-visibility.ts";

/**
 * Whether a caller that may write a field's model may change the links of the field.
 *
 * They belong to the model that declares the relation. From the other side they change its records, so that takes the right
 * to write those too, and it cannot be done where only code may write the field there.
 */
export function canChangeLinks(access: Pick<Access, "can">, registry: Registry, field: ModelField): boolean {
  const { name, relation } = field;
  if (relation?.link.kind !== "through") return true;
  const declaring = otherSides(registry, field).find(
    ({ field: other }) => "relatedName" in other.options && other.options.relatedName === name,
  );
  return declaring === undefined || (!declaring.readonly && access.can(modelOf(registry, relation.target), "write"));
}
