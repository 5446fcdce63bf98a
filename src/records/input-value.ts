/** Reads values that have no column: inputs of methods, values of wizards, what clients say of the context. Checked like a record's. */
import { type FieldError, ValidationError } from "../errors.ts";
import { ColumnField, checkValidators, type DefaultContext, type Field, ValueProblem } from "../fields/field.ts";
import { ManyToManyField, parseReference, ToOneField } from "../fields/relation.ts";
import { describeValue } from "../fields/text-value.ts";
import { WizardLinesField } from "../fields/wizard-lines.ts";
import type { InputShape } from "../models/composed-method.ts";
import { modelOf } from "../models/model.ts";
import { suggestName } from "../query/suggestion.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { defaultContext } from "./default-context.ts";
import { canGiveInput, canSeeInput } from "./input-right.ts";
import { parseBytes } from "./json-bytes.ts";
import { type LineBudget, MOST_LINES } from "./lines.ts";
import { queryAs } from "./read.ts";
import { noSuchRecord } from "./target.ts";
import { type GivenValues, joinPath, MOST_ERRORS } from "./values.ts";

/** What code reads of a shape: exact decimals as text, relations with the names of their records, lines as objects. */
export type InputRecord = Readonly<Record<string, unknown>>;

/** A relation's value in the making: the id is known, the record is not. */
interface OpenReference {
  readonly target: string;
  readonly id: number;
  readonly path: string;
  /** Puts the record where it belongs. */
  set(record: object): void;
}

/** What is read, and how. */
export interface InputRequest {
  readonly shape: InputShape;
  /** As the caller gives them. */
  readonly values: GivenValues;
  /** What code has made for those that are not given; nothing unless told. */
  readonly made?: GivenValues;
  /** Where the values stand in the request. */
  readonly path: string;
  /** What becomes of a name that the shape does not have: an error, or nothing. */
  readonly unknown: "refused" | "ignored";
}

/** A reading under way. */
interface Reading {
  readonly env: BaseEnvironment;
  readonly references: OpenReference[];
  /** Values whose rules are still to be checked. */
  readonly ruled: { readonly shape: InputShape; readonly values: InputRecord; readonly path: string }[];
  readonly budget: LineBudget;
  /** Whether what must not be empty may be, because somebody is still filling it in. */
  readonly incomplete: boolean;
  report(path: string, message: string): void;
}

/**
 * Reads values of several shapes.
 *
 * @returns what code gets, for each request
 * @throws ValidationError with everything that is wrong, unknown or missing, and with records that are not there for this caller
 */
export function readInputs(env: BaseEnvironment, requests: readonly InputRequest[]): Promise<InputRecord[]> {
  return readAll(env, requests, false);
}

/**
 * Reads the values of a form that somebody is still filling in: what must not be empty may be, and no rule is checked yet.
 *
 * @param path where the values stand in the request
 * @throws ValidationError with everything that is wrong or unknown, and with records that are not there for this caller
 */
export async function readUnfinished(
  env: BaseEnvironment,
  shape: InputShape,
  values: GivenValues,
  path: string,
): Promise<InputRecord> {
  const [read = {}] = await readAll(env, [{ shape, values, path, unknown: "refused" }], true);
  return read;
}

async function readAll(
  env: BaseEnvironment,
  requests: readonly InputRequest[],
  incomplete: boolean,
): Promise<InputRecord[]> {
  const errors: FieldError[] = [];
  const stop = () => {
    if (errors.length > 0) throw ValidationError.ofFields(errors.slice(0, MOST_ERRORS));
  };
  const report = (path: string, message: string) => {
    errors.push({ path, message });
    if (errors.length >= MOST_ERRORS) stop();
  };
  const reading = startReading(env, incomplete, report);
  const read = requests.map(({ shape, values, made = {}, path, unknown }) => {
    const all = { ...made, ...values };
    if (unknown === "refused") refuseUnknown(reading, shape, all, path);
    refuseClosed(reading, shape, values, path);
    return readShape(reading, shape, all, path);
  });
  stop();
  for (const { target, path } of await resolveReferences(reading)) {
    report(path, noSuchRecord(modelOf(env.registry, target)));
  }
  stop();
  for (const { shape, values, path } of reading.ruled) {
    for (const { check, fields } of shape.validate) {
      const message = check(values as never);
      if (message !== null) for (const name of fields) report(joinPath(path, name), message);
    }
  }
  stop();
  return read;
}

/**
 * Reads the values that a form begins with. What is missing may be missing, and records that the caller does not see are left out.
 *
 * @throws Error where a value does not fit: the module that made it is wrong
 */
export async function readDefaults(env: BaseEnvironment, shape: InputShape, values: GivenValues): Promise<InputRecord> {
  const reading = startReading(env, true, (path, message) => {
    throw new Error(`a default does not fit: ${path} ${message}`);
  });
  refuseUnknown(reading, shape, values, "");
  const read = readShape(reading, shape, values, "");
  await resolveReferences(reading);
  return read;
}

function startReading(env: BaseEnvironment, incomplete: boolean, report: Reading["report"]): Reading {
  return { env, references: [], ruled: [], budget: { left: MOST_LINES }, incomplete, report };
}

function refuseUnknown(reading: Reading, { fields }: InputShape, values: GivenValues, path: string): void {
  for (const name of Object.keys(values)) if (!fields.has(name)) reportUnknown(reading, fields, name, path);
}

function reportUnknown({ env, report }: Reading, fields: InputShape["fields"], name: string, path: string): void {
  const known = [...fields].filter(([, field]) => canSeeInput(env.access, field)).map(([each]) => each);
  const near = suggestName(name.slice(0, 64), known).replace("; it has", "; known are");
  report(joinPath(path, name.slice(0, 100)), `is not known here${near}`);
}

/** Refuses what the caller may not give, as far as its groups go. A form that is being filled in shows such values too. */
function refuseClosed(reading: Reading, { fields }: InputShape, values: GivenValues, path: string): void {
  const { env, incomplete } = reading;
  for (const [name, field] of fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) continue;
    const place = joinPath(path, name);
    if (!canSeeInput(env.access, field)) reportUnknown(reading, fields, name, path);
    else if (!incomplete && !canGiveInput(env.access, field)) reading.report(place, "is read-only");
    else if (field instanceof WizardLinesField && Array.isArray(value)) {
      const shape = linesOf(env, field);
      for (const [index, line] of value.entries()) {
        if (typeof line === "object" && line !== null) {
          refuseClosed(reading, shape, line as GivenValues, `${place}[${index}]`);
        }
      }
    }
  }
}

/** What each line of a wizard's list has. */
function linesOf({ registry }: BaseEnvironment, { wizard }: WizardLinesField): InputShape {
  const shape = registry.wizards.get(wizard);
  if (shape === undefined) throw new Error(`the registry has no wizard ${wizard}`);
  return shape;
}

/** No name of a client ever becomes a member: only those of the shape. */
function readShape(reading: Reading, shape: InputShape, values: GivenValues, path: string): InputRecord {
  const result: Record<string, unknown> = {};
  for (const [name, field] of shape.fields) {
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    const place = joinPath(path, name);
    attempt(reading, place, () => {
      const value = given === undefined ? defaultOf(reading.env, field) : given;
      const set = (read: unknown) => {
        result[name] = read;
      };
      set(null);
      readField(reading, field, value, place, set);
    });
  }
  if (shape.validate.length > 0 && !reading.incomplete) reading.ruled.push({ shape, values: result, path });
  return result;
}

function attempt(reading: Reading, path: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    reading.report(path, error.message);
  }
}

function defaultOf(env: BaseEnvironment, { options }: Field): unknown {
  const context = defaultContext(env);
  const { default: fallback } = options;
  return (
    (typeof fallback === "function" ? (fallback as (context: DefaultContext) => unknown)(context) : fallback) ?? null
  );
}

function readField(reading: Reading, field: Field, value: unknown, path: string, set: (read: unknown) => void): void {
  if (field instanceof ManyToManyField) {
    const list: object[] = [];
    set(list);
    const { target } = field;
    readList(reading, value, path, (item, place) => {
      reading.references.push({ target, id: parseReference(item), path: place, set: (record) => list.push(record) });
    });
  } else if (field instanceof WizardLinesField) {
    const lines: InputRecord[] = [];
    set(lines);
    const shape = linesOf(reading.env, field);
    readList(reading, value, path, (item, place) => {
      if (typeof item !== "object" || item === null || Array.isArray(item)) {
        throw new ValueProblem(`must be an object of values, not ${describeValue(item)}`);
      }
      refuseUnknown(reading, shape, item as GivenValues, place);
      lines.push(readShape(reading, shape, item as GivenValues, place));
    });
  } else if (field instanceof ColumnField) readColumn(reading, field, value, path, set);
  else throw new Error(`${path}: a ${field.type} field is no input`);
}

function readColumn(
  reading: Reading,
  field: ColumnField,
  value: unknown,
  path: string,
  set: (read: unknown) => void,
): void {
  if (value === null || (reading.incomplete && value === "" && field.options.required === true)) {
    if (field.options.required === true && !reading.incomplete) throw new ValueProblem("is required");
    return;
  }
  const parsed = field.parse(value);
  if (!reading.incomplete) checkValidators(field, field.validated(value, parsed));
  if (!(field instanceof ToOneField)) set(JSON.parse(field.codeText(parsed)));
  else reading.references.push({ target: field.target, id: parsed as number, path, set });
}

function readList(
  reading: Reading,
  value: unknown,
  path: string,
  readItem: (item: unknown, place: string) => void,
): void {
  if (value === null) return;
  if (!Array.isArray(value)) throw new ValueProblem(`must be a list, not ${describeValue(value)}`);
  reading.budget.left -= value.length;
  if (reading.budget.left < 0) throw new ValueProblem(`makes more than ${MOST_LINES} items of all lists together`);
  for (const [index, item] of value.entries()) {
    const place = `${path}[${index}]`;
    attempt(reading, place, () => readItem(item, place));
  }
}

/**
 * Looks the records up, one statement for each model, and puts them where they belong.
 *
 * @returns the references to records that the caller does not see
 */
async function resolveReferences({ env, references }: Reading): Promise<OpenReference[]> {
  const missing: OpenReference[] = [];
  for (const target of new Set(references.map((each) => each.target))) {
    const own = references.filter((each) => each.target === target);
    const found = await loadNames(env, target, [...new Set(own.map(({ id }) => id))]);
    for (const reference of own) {
      const record = found.get(reference.id);
      if (record === undefined) missing.push(reference);
      else reference.set(record);
    }
  }
  return missing;
}

/** Those of the records that the caller may see, with their names. */
export async function loadNames(
  env: BaseEnvironment,
  target: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, { readonly id: number; readonly display_name: string }>> {
  if (ids.length === 0 || !env.access.canRead(modelOf(env.registry, target))) return new Map();
  const request = { fields: ["id", "display_name"], q_filter: { id__in: ids }, limit: ids.length } as const;
  const { data } = await queryAs(env, target, { ...request, count: "none" }, "codeExpression");
  const rows = parseBytes(data) as { id: number; display_name: string }[];
  return new Map(rows.map((row) => [row.id, row]));
}
