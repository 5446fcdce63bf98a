/** Examples of a model's requests: built only from what is known to be accepted, so that each of them works. */
import type { RequestExample } from "../../contract/endpoint.ts";
import { CharField, TextField } from "../../fields/char.ts";
import { ColumnField, checkValidators, ValueProblem } from "../../fields/field.ts";
import { SelectionField } from "../../fields/selection.ts";
import type { ModelField } from "../../models/model.ts";
import { mustBeGiven } from "./model-schema.ts";
import type { VisibleModel } from "./visible-model.ts";

/** Fields that an example shows. */
const MOST_FIELDS = 4;

/** The examples of a model's endpoint; none that needs a record where the caller sees none. */
export function modelExamples(endpoint: string, visible: VisibleModel): readonly RequestExample[] {
  const { model } = visible;
  return (examplesOf[endpoint]?.(visible) ?? []).map((example) => ({
    ...example,
    path: { model: model.name, ...example.path },
  }));
}

const examplesOf: Readonly<Record<string, (visible: VisibleModel) => readonly RequestExample[]>> = {
  describeModel: () => [{ summary: "The fields" }],
  queryRecords: (visible) => [
    {
      summary: "The first records",
      body: { fields: shownFields(visible), ...filterOf(visible), order_by: ["id ASC"], limit: 20, offset: 0 },
    },
  ],
  queryRecordsByUrl: (visible) => [
    {
      summary: "The first records",
      query: { fields: shownFields(visible).join(","), ...filterOf(visible), order_by: "id ASC", limit: 20 },
    },
  ],
  fetchRecord: (visible) =>
    ofRecord(visible, (path) => ({ summary: "One record", path, body: { fields: shownFields(visible) } })),
  createRecord: (visible) => {
    const values = newValues(visible);
    return values === null ? [] : [{ summary: "A new record", body: values }];
  },
  updateRecord: (visible) => {
    const { beforeUpdate, afterUpdate } = visible.model.behaviour.hooks;
    const mayBeRefused = beforeUpdate !== null || afterUpdate !== null;
    const field = mayBeRefused ? undefined : visible.writable.find(isPlainText);
    const shown = field === undefined ? {} : { body: { [field.name]: `Changed ${field.label.toLowerCase()}` } };
    return ofRecord(visible, (path) => ({ summary: "Another value", path, ...shown }));
  },
  deleteRecord: (visible) => ofRecord(visible, (path) => ({ summary: "One record", path })),
};

function ofRecord(
  { model, records }: VisibleModel,
  example: (path: { readonly id: number }) => RequestExample,
): readonly RequestExample[] {
  const id = records.get(model.name);
  return id === undefined ? [] : [example({ id })];
}

function shownFields({ readable }: VisibleModel): string[] {
  const shown = readable.filter(({ field, module }) => field.type !== "Binary" && module !== "kernel");
  return ["id", ...shown.slice(0, MOST_FIELDS).map(({ name }) => name)];
}

function filterOf({ readable }: VisibleModel): { readonly q_filter?: string } {
  const hasActive = readable.some(({ name, field }) => name === "active" && field.type === "Boolean");
  return hasActive ? { q_filter: "Q(active=True)" } : { q_filter: "Q(id__gte=1)" };
}

/**
 * Values for every field that must have one; null where clients may not write one, where nobody knows what it accepts, or
 * where a hook of the model may refuse the new record for reasons of its own.
 */
function newValues({ model, writable, records }: VisibleModel): Record<string, unknown> | null {
  if (model.behaviour.hooks.afterCreate !== null) return null;
  const values: Record<string, unknown> = {};
  const needed = [...model.fields.values()].filter((field) => field.module !== "kernel" && mustBeGiven(field));
  if (needed.some((field) => !writable.includes(field))) return null;
  for (const field of needed) {
    const value = exampleValue(field, model.label, records);
    if (value === undefined) return null;
    values[field.name] = value;
  }
  return values;
}

function isPlainText({ field }: ModelField): boolean {
  const isText = field instanceof CharField || field instanceof TextField;
  return isText && field.options.unique === undefined && (field.options.validators ?? []).length === 0;
}

/** Values by the field's type, the most telling first; the first that the field accepts is shown. */
const candidatesOfType: Readonly<
  Record<string, (field: ModelField, label: string, records: VisibleModel["records"]) => readonly unknown[]>
> = {
  Char: ({ field }, label) => [
    `New ${label.toLowerCase()}`.slice(0, field instanceof CharField ? field.maxLength : undefined),
    ...SPECIAL_TEXTS,
  ],
  Text: (_, label) => [`New ${label.toLowerCase()}`, ...SPECIAL_TEXTS],
  Integer: () => NUMBERS,
  Float: () => NUMBERS,
  Monetary: () => [99.99, ...NUMBERS],
  Boolean: () => [true, false],
  Date: () => ["2026-01-31"],
  Datetime: () => ["2026-01-31T10:00:00Z"],
  Selection: ({ field }) => (field instanceof SelectionField ? [...field.choices.keys()] : []),
  ManyToOne: ({ relation }, _, records) => [records.get(relation?.target ?? "")].filter((id) => id !== undefined),
};

/** What validators want of texts: an address, a time zone, codes that nobody has. */
const SPECIAL_TEXTS = ["new.user@example.com", "https://example.com", "Europe/Berlin", "ZZZ", "ZZ"];
const NUMBERS = [1, 10, 0.5, 0];

/** Undefined where no value is known to be right. */
function exampleValue(each: ModelField, label: string, records: VisibleModel["records"]): unknown {
  const { field } = each;
  if (!(field instanceof ColumnField)) return undefined;
  return candidatesOfType[field.type]?.(each, label, records).find((value) => isAccepted(field, value));
}

function isAccepted(field: ColumnField, value: unknown): boolean {
  try {
    checkValidators(field, field.validated(value, field.parse(value)));
    return true;
  } catch (error) {
    if (error instanceof ValueProblem) return false;
    throw error;
  }
}
