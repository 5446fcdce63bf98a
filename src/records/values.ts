/** Checks the values of records of one model: every field, all errors at once, before anything is sent to the database. */
import type { FieldError } from "../errors.ts";
import { type ColumnField, checkValidators, ValueProblem } from "../fields/field.ts";
import type { CalculatedField, CompanyField, LinkedField, Model, ModelField, StoredField } from "../models/model.ts";
import { canSee } from "../query/path.ts";
import { suggestName } from "../query/suggestion.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { defaultContext } from "./default-context.ts";

/** Values as a client or a module gives them. */
export type GivenValues = Readonly<Record<string, unknown>>;

/** The values of one record, checked and converted. */
export interface CheckedValues {
  /** What goes into the statement. */
  readonly columns: Map<StoredField, SqlValue>;
  /** What the current company says of its own. */
  readonly ofCompany: ReadonlyMap<CompanyField, SqlValue>;
  /** What the setters of calculated fields get. */
  readonly setters: ReadonlyMap<ModelField, unknown>;
  /** What is given for relations to many records, as it was given. */
  readonly relations: readonly { readonly field: LinkedField; readonly value: unknown }[];
}

/**
 * Checks the values of one record; what is wrong is added to the errors, under the path of the record.
 *
 * @param given the names that the caller has given; what a hook has added to them is written with the rights of code
 */
export type ValueCheck = (
  values: GivenValues,
  path: string,
  errors: FieldError[],
  given?: GivenValues,
) => CheckedValues;

/** Errors that one answer tells of; nobody reads more, and a body of nothing but unknown names must stay cheap. */
export const MOST_ERRORS = 100;

/** The path of a part of a record. */
export function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The fields that records give values for, in the order of the model, so that equal sets of fields make equal statements. */
export function fieldsOf(model: Model, rows: readonly ReadonlyMap<StoredField, SqlValue>[]): StoredField[] {
  return [...model.fields.values()].filter(
    (field): field is StoredField => field.kind === "stored" && rows.some((row) => row.has(field)),
  );
}

/**
 * Makes the check of one model's values for one caller.
 *
 * @param operation a new record gets defaults, and must have what is required
 * @param owner the field of a new record that is filled in later, by the list that it stands in
 */
export function valueCheck(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  owner: StoredField | null,
): ValueCheck {
  const list = operation === "create" ? owner : null;
  const find = finder((name) => findWritable(env, model, name, list));
  const findForCode = finder((name) => findWritable(env.elevated(), model, name, list));
  const missing = operation === "create" ? completion(env, model, owner) : [];
  return (values, path, errors, given = values) => {
    const columns = new Map<StoredField, SqlValue>();
    const ofCompany = new Map<CompanyField, SqlValue>();
    const setters = new Map<ModelField, unknown>();
    const relations: { field: LinkedField; value: unknown }[] = [];
    const report = (name: string, error: unknown) => {
      if (!(error instanceof ValueProblem)) throw error;
      errors.push({ path: joinPath(path, name), message: error.message });
    };
    for (const name of Object.keys(values)) {
      const value = values[name];
      // What code leaves undefined is not given.
      if (value === undefined) continue;
      if (errors.length >= MOST_ERRORS) break;
      try {
        const field = Object.hasOwn(given, name) ? find(name) : findForCode(name);
        if (field.kind === "linked") relations.push({ field, value });
        else if (field.calculation !== null) setters.set(field, settable(field as CalculatedField, value));
        else if (field.kind === "company") ofCompany.set(field, parseOfCompany(env, field, value));
        else if (field.kind === "stored") columns.set(field, parseColumn(field.field, value));
      } catch (error) {
        report(name, error);
      }
    }
    for (const { field, value } of missing) {
      const { name, calculation } = field;
      if (calculation === null && Object.hasOwn(values, name) && values[name] !== undefined) continue;
      if (errors.length >= MOST_ERRORS) break;
      try {
        columns.set(field, parseColumn(field.field, value()));
      } catch (error) {
        report(name, error);
      }
    }
    return { columns, ofCompany, setters, relations };
  };
}

/** Finds each field once. */
function finder(find: (name: string) => ModelField): (name: string) => ModelField {
  const known = new Map<string, ModelField>();
  return (name) => {
    const field = known.get(name) ?? find(name);
    known.set(name, field);
    return field;
  };
}

/** The fields that a new record gets a value of even when none is given, or must have one of. */
function completion(
  env: BaseEnvironment,
  model: Model,
  owner: StoredField | null,
): { readonly field: StoredField; readonly value: () => unknown }[] {
  const context = defaultContext(env);
  return completedFields(model).flatMap((field) => {
    if (field === owner) return [];
    const { default: fallback } = field.field.options;
    return [
      { field, value: typeof fallback === "function" ? () => fallback(context) ?? null : () => fallback ?? null },
    ];
  });
}

const completed = new WeakMap<Model, readonly StoredField[]>();

function completedFields(model: Model): readonly StoredField[] {
  const known = completed.get(model);
  if (known !== undefined) return known;
  const found = [...model.fields.values()].filter((field): field is StoredField => {
    if (field.kind !== "stored" || field.module === "kernel") return false;
    const { default: fallback, required } = field.field.options;
    // The default of a calculated field holds its place until it is calculated.
    return fallback !== undefined || (required === true && field.calculation === null);
  });
  completed.set(model, found);
  return found;
}

/**
 * The field that a caller may write under a name.
 *
 * @throws ValueProblem with the reason why it may not
 */
export function findWritable(env: BaseEnvironment, model: Model, name: string, owner: StoredField | null): ModelField {
  const field = model.fields.get(name);
  if (field === undefined || !isKnown(env, model, field)) throw unknownField(env, model, name);
  if (field === owner) throw new ValueProblem("is given by the list that the new record stands in");
  if (field.calculation !== null && field.calculation.setter === null) throw new ValueProblem("is calculated");
  if (field.kind === "linked" && !field.relation.many) {
    throw new ValueProblem(`is written from the other side: change the records of ${field.relation.target}`);
  }
  // Audit fields are the kernel's alone; what else is read-only depends on who writes.
  if (field.module === "kernel" || field.kind === "naming" || !env.access.canWriteField(model, field)) {
    throw new ValueProblem("is read-only");
  }
  return field;
}

/** Whether a field is there for whoever writes: secrets are unknown to readers but may be written. */
export function isKnown(env: BaseEnvironment, model: Model, field: ModelField): boolean {
  const secret = field.kind === "stored" && field.field.lookupFamily === "none";
  return secret ? env.access.canReadField(model, field) : canSee(env.access, model, field);
}

function unknownField(env: BaseEnvironment, model: Model, name: string): ValueProblem {
  const known = [...model.fields.values()].filter(
    (field) => isKnown(env, model, field) && env.access.canWriteField(model, field),
  );
  return new ValueProblem(
    `${model.name} has no such field${suggestName(
      name,
      known.map((field) => field.name),
    )}`,
  );
}

function parseColumn(field: ColumnField, value: unknown): SqlValue {
  if (value === null || value === undefined) {
    if (field.options.required === true) throw new ValueProblem("is required");
    return null;
  }
  const parsed = field.parse(value);
  checkValidators(field, field.validated(value, parsed));
  return parsed;
}

/** Who works in no company has nothing to say for one. */
function parseOfCompany({ names }: BaseEnvironment, { field }: CompanyField, value: unknown): SqlValue {
  if (names.cid === null) throw new ValueProblem("is each company's own, and the request works in none");
  return parseColumn(field, value);
}

/** What a setter gets: the value as the author declared it. */
function settable({ field }: CalculatedField, value: unknown): unknown {
  const parsed = parseColumn(field, value);
  return parsed === null ? null : field.validated(value, parsed);
}

/** Turns values into what is stored where that takes time, such as hashing. */
export async function concealValues({ columns }: Pick<CheckedValues, "columns">): Promise<void> {
  for (const [field, value] of columns) {
    if (field.field.conceal !== undefined && value !== null) columns.set(field, await field.field.conceal(value));
  }
}
