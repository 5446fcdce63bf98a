/** Copies a record with what belongs to it: read as the caller sees it, and created as the caller may. */
import { ToOneField } from "../fields/relation.ts";
import type { CompanyField, LinkedField, Model, ModelField, StoredField } from "../models/model.ts";
import { modelOf } from "../models/model.ts";
import { canSee, DEEPEST_PATH, keeperOf } from "../query/path.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { parseBytes } from "./json-bytes.ts";
import { fetchAs } from "./read.ts";
import { freeNames, type Wish } from "./unique-copy.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, resolveWritable, type WriteOptions, type WrittenRecord } from "./write.ts";
import { inverseOf } from "./write-tree.ts";

/** What of a model is copied. */
interface CopyPlan {
  readonly model: Model;
  /** Of what companies say each for themselves, what the current one does. */
  readonly columns: readonly (StoredField | CompanyField)[];
  readonly links: readonly LinkedField[];
  readonly lines: readonly { readonly field: LinkedField; readonly plan: CopyPlan }[];
}

type Read = Readonly<Record<string, unknown>> & { readonly id: number };
type Draft = Record<string, unknown>;

/**
 * Copies a record.
 *
 * What is copied is what the caller may read and write, except fields that are not to be cloned, calculated ones and
 * secrets: they get their defaults. Records in lists that go when the one that holds them goes are parts of it and copied too, while
 * those that keep it from going, such as the orders of a customer, stand by themselves; links by pairs are made again. The name gets " (copy)". Unique fields are emptied, or get " (copy)" where they are required.
 *
 * @param values what is to be different
 * @throws MissingError for a model or record that is not there for this caller, AccessError when it may not create its records
 * @throws ValidationError as for a new record
 */
export async function cloneRecord(
  env: BaseEnvironment,
  modelName: string,
  id: number,
  values: GivenValues,
  options: WriteOptions = {},
): Promise<WrittenRecord> {
  const model = resolveWritable(env, modelName, "create");
  const plan = planCopy(env, model, null, new Set(Object.keys(values)), 0);
  // One transaction, so that what is copied is what is there.
  return env.transaction(async (inner) => {
    const { data } = await fetchAs(inner, modelName, id, { fields: ["id", ...pathsOf(plan, "")] }, "codeExpression");
    const wishes: Wish[] = [];
    const copy = copyRecord(plan, parseBytes(data) as Read, wishes, true);
    await freeNames(inner, wishes);
    return createRecord(inner, modelName, { ...copy, ...values }, options);
  });
}

/** Whether a record is a part of the one that its field names. */
function isPart({ field }: StoredField): boolean {
  return field instanceof ToOneField && field.onDelete === "CASCADE";
}

function planCopy(
  env: BaseEnvironment,
  model: Model,
  inverse: StoredField | null,
  given: ReadonlySet<string>,
  depth: number,
): CopyPlan {
  const columns: (StoredField | CompanyField)[] = [];
  const links: LinkedField[] = [];
  const lines: { field: LinkedField; plan: CopyPlan }[] = [];
  for (const field of model.fields.values()) {
    if (field === inverse || given.has(field.name) || !isCopied(env, model, field)) continue;
    if (field.kind === "stored" || field.kind === "company") columns.push(field);
    if (field.kind !== "linked" || keeperOf(env.registry, field.relation.link) !== null) continue;
    const target = modelOf(env.registry, field.relation.target);
    const own = inverseOf(target, field);
    if (own === null) links.push(field);
    else if (isPart(own) && depth < DEEPEST_PATH && env.access.can(target, "create")) {
      lines.push({ field, plan: planCopy(env, target, own, new Set(), depth + 1) });
    }
  }
  return { model, columns, links, lines };
}

function isCopied({ access }: BaseEnvironment, model: Model, field: ModelField): boolean {
  if (field.module === "kernel" || field.calculation !== null || field.readonly) return false;
  if (field.field.options.clone === false) return false;
  return canSee(access, model, field) && access.canWriteField(model, field);
}

function pathsOf({ columns, links, lines }: CopyPlan, prefix: string): string[] {
  return [
    ...[...columns, ...links].map(({ name }) => prefix + name),
    ...lines.flatMap(({ field, plan }) => [`${prefix}${field.name}.id`, ...pathsOf(plan, `${prefix}${field.name}.`)]),
  ];
}

function copyRecord(plan: CopyPlan, record: Read, wishes: Wish[], isRoot: boolean): Draft {
  const draft: Draft = {};
  for (const field of plan.columns) {
    const { unique = false, required } = field.field.options;
    if (unique !== false && required !== true) continue;
    draft[field.name] = field.relation === null ? record[field.name] : idOf(record[field.name]);
    if (field.kind === "company") continue;
    const isName = isRoot && field.name === "name" && typeof record.name === "string";
    if (unique !== false || isName) wishes.push({ model: plan.model, field, draft, isUnique: unique !== false });
  }
  for (const { name } of plan.links) draft[name] = (record[name] as readonly Read[]).map(({ id }) => id);
  for (const { field, plan: inner } of plan.lines) {
    draft[field.name] = (record[field.name] as readonly Read[]).map((line) => copyRecord(inner, line, wishes, false));
  }
  return draft;
}

/** A reference is written by its id. */
function idOf(reference: unknown): number | null {
  return (reference as Read | null)?.id ?? null;
}
