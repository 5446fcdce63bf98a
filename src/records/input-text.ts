/** Prints values that have no column, as clients read them: decimals as they are, lines as objects. */
import { ColumnField, type Field } from "../fields/field.ts";
import { ManyToManyField, ToOneField } from "../fields/relation.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import type { InputShape } from "../models/composed-method.ts";
import type { Registry } from "../models/model.ts";
import type { InputRecord } from "./input-value.ts";

/** Prints a record that a value refers to. */
type PrintReference = (record: { readonly id: number }) => string;

/**
 * Prints the values of a shape.
 *
 * @returns JSON text
 */
export function printInputs(
  registry: Registry,
  { fields }: Pick<InputShape, "fields">,
  values: InputRecord,
  reference: PrintReference,
): string {
  const members = [...fields].map(
    ([name, field]) => `${JSON.stringify(name)}:${printInput(registry, field, values[name], reference)}`,
  );
  return `{${members.join(",")}}`;
}

/** Prints one value as {@link printInputs} does. */
export function printInput(registry: Registry, field: Field, value: unknown, reference: PrintReference): string {
  if (value === null || value === undefined) return "null";
  if (field instanceof WizardLinesField) {
    const shape = registry.wizards.get(field.wizard) ?? { fields: new Map<string, Field>() };
    return `[${(value as InputRecord[]).map((line) => printInputs(registry, shape, line, reference)).join(",")}]`;
  }
  if (field instanceof ToOneField) return reference(value as { readonly id: number });
  if (field instanceof ManyToManyField) return `[${(value as { readonly id: number }[]).map(reference).join(",")}]`;
  return field instanceof ColumnField ? field.wireText(field.parse(value)) : JSON.stringify(value);
}
