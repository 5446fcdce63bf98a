/** Prints values that have no column, as clients read them: decimals as they are, lines as objects. */
import type { Access } from "../access/access.ts";
import { ColumnField, type Field } from "../fields/field.ts";
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import type { InputShape } from "../models/composed-method.ts";
import { canSeeInput } from "./input-right.ts";
import type { InputRecord } from "./input-value.ts";

/** Prints a record that a value refers to. */
type PrintReference = (record: { readonly id: number }) => string;

/**
 * Prints the values of a shape that the caller is shown.
 *
 * @returns JSON text
 */
export function printInputs(
  access: Access,
  { fields }: Pick<InputShape, "fields">,
  values: InputRecord,
  reference: PrintReference,
): string {
  const members = [...fields]
    .filter(([, field]) => canSeeInput(access, field))
    .map(([name, field]) => `${JSON.stringify(name)}:${printInput(access, field, values[name], reference)}`);
  return `{${members.join(",")}}`;
}

/** Prints one value as {@link printInputs} does. */
export function printInput(access: Access, field: Field, value: unknown, reference: PrintReference): string {
  if (value === null || value === undefined) return "null";
  if (field instanceof WizardLinesField) {
    const shape = access.registry.wizards.get(field.wizard) ?? { fields: new Map<string, Field>() };
    return `[${(value as InputRecord[]).map((line) => printInputs(access, shape, line, reference)).join(",")}]`;
  }
  if (field instanceof ToOneField) return reference(value as { readonly id: number });
  if (field instanceof ManyToManyField) return `[${(value as { readonly id: number }[]).map(reference).join(",")}]`;
  return field instanceof ColumnField ? field.wireText(field.parse(value)) : JSON.stringify(value);
}
