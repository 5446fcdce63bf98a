/** Checks everything that a write brings, records within records included, before any of it is written. */
import type { RecordOperation } from "../access/access.ts";
import { AccessError, type FieldError } from "../errors.ts";
import type { RunningEnvironment } from "../fields/known-model.ts";
import { ManyToManyField } from "../fields/relation.ts";
import type { DraftChange } from "../models/behaviour.ts";
import {
  type CompanyField,
  type LinkedField,
  type Model,
  type ModelField,
  modelOf,
  type StoredField,
} from "../models/model.ts";
import { DEEPEST_PATH } from "../query/path.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { isPartOf, isTold } from "./hold-change.ts";
import { type GivenLines, type GivenRecord, type LineBudget, MOST_LINES, parseLines } from "./lines.ts";
import { checkMembers, type HeldLines, type ListRelation } from "./list-member.ts";
import { lockIds } from "./lock.ts";
import { describeUnseen, findUnseen } from "./target.ts";
import { type CheckedValues, concealValues, joinPath, MOST_ERRORS, type ValueCheck, valueCheck } from "./values.ts";

/** A record that is to be written, checked. Never changed: a write that is repeated begins with it again. */
export interface Draft {
  readonly path: string;
  /** Null for a new record. */
  readonly id: number | null;
  readonly columns: ReadonlyMap<StoredField, SqlValue>;
  readonly ofCompany: ReadonlyMap<CompanyField, SqlValue>;
  readonly setters: ReadonlyMap<ModelField, unknown>;
  readonly relations: readonly DraftRelation[];
  /** As given, or as the hooks have made it. */
  readonly values: GivenRecord["values"];
}

/** A relation to many records that is to be written, with the records that come with it. */
export interface DraftRelation {
  readonly field: LinkedField;
  readonly lines: GivenLines;
  readonly creates: readonly Draft[];
  readonly updates: readonly Draft[];
}

/** Records that a list brings in, which the caller must see. */
export interface NamedTarget {
  readonly model: Model;
  readonly id: number;
  readonly path: string;
}

interface Check {
  readonly env: BaseEnvironment;
  readonly errors: FieldError[];
  readonly budget: LineBudget;
}

/** What a list of one record brings, while the records in it are still to be checked. */
interface OpenList {
  /** Which of the level's records it is of. */
  readonly place: number;
  readonly lines: GivenLines;
}

/** Whether checking these values takes a transaction, because code of modules may read or write on the way. */
export function checksInTransaction(
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
): boolean {
  const { beforeCreate, beforeUpdate } = model.behaviour.hooks;
  if ((operation === "create" ? beforeCreate : beforeUpdate) !== null) return true;
  return given.some(({ values }) =>
    Object.keys(values).some((name) => values[name] !== undefined && model.fields.get(name)?.kind === "linked"),
  );
}

/**
 * Reads records of one model, with all that their lists bring, and every value of the whole tree that is wrong, unknown, read-only or
 * missing. Where there are errors the drafts are not fit to be written: they hold what is right.
 *
 * @throws AccessError where the caller may not do what a list wants to records of its model
 */
export async function readTree(
  env: BaseEnvironment,
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
): Promise<{ readonly drafts: Draft[]; readonly errors: readonly FieldError[] }> {
  const check: Check = { env, errors: [], budget: { left: MOST_LINES } };
  const drafts = await checkLevel(check, model, operation, given, null, 0);
  return { drafts: [...drafts.values()], errors: check.errors };
}

/** @throws AccessError unless the caller may do this to records of the model */
export function checkRight(env: BaseEnvironment, model: Model, operation: RecordOperation): void {
  if (env.access.can(model, operation)) return;
  throw new AccessError(`you may not ${operation === "write" ? "change" : operation} ${model.name} records`);
}

/** The field of the target that refers to the records which hold a list; null where pairs do. */
export function inverseOf(target: Model, { relation: { link } }: LinkedField): StoredField | null {
  if (link.kind !== "reverse") return null;
  for (const field of target.fields.values()) {
    if (field.kind === "stored" && field.column === link.column) return field;
  }
  throw new Error(`${target.name} has no column ${link.column}`);
}

/** @returns what has been checked, in the order of the records; nothing once there are more errors than anybody reads */
async function checkLevel(
  check: Check,
  model: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
  owner: StoredField | null,
  depth: number,
): Promise<ReadonlyMap<GivenRecord, Draft>> {
  const drafts = new Map<GivenRecord, Draft>();
  if (given.length === 0) return drafts;
  const { env, errors } = check;
  checkRight(env, model, operation);
  const records = await runBefore(env, model, operation, given);
  const checkOne = valueCheck(env, model, operation, owner);
  const checkValues = operation === "write" ? remembered(checkOne) : checkOne;
  const open = new Map<LinkedField, OpenList[]>();
  const checked: CheckedValues[] = [];
  for (const [place, { path, values }] of records.entries()) {
    const known = checkValues(values, path, errors, given[place]?.values);
    checked.push(known);
    if (errors.length >= MOST_ERRORS) return drafts;
    for (const { field, value } of known.relations) {
      const lines = openRelation(check, field, value, joinPath(path, field.name), depth);
      if (lines === null) continue;
      const all = open.get(field) ?? [];
      open.set(field, all);
      all.push({ place, lines });
    }
  }
  const relations: DraftRelation[][] = records.map(() => []);
  for (const [field, all] of open) {
    const target = modelOf(env.registry, field.relation.target);
    const inverse = inverseOf(target, field);
    const lists = all.map(({ place, lines }) => ({ owner: records[place]?.id ?? null, lines }));
    const created = all.flatMap(({ lines }) => lines.creates);
    await holdListOwners(env, model, { field, target, inverse }, lists, created.length > 0);
    const changed = await openChanges(check, { field, target, inverse }, lists);
    const creates = await checkLevel(check, target, "create", created, inverse, depth + 1);
    const updates = await checkLevel(check, target, "write", changed, inverse, depth + 1);
    for (const { place, lines } of all) {
      relations[place]?.push({
        field,
        lines,
        creates: lines.creates.flatMap((one) => creates.get(one) ?? []),
        updates: lines.updates.flatMap((one) => updates.get(one) ?? []),
      });
    }
  }
  if (errors.length === 0 && hasSecrets(model)) for (const values of new Set(checked)) await concealValues(values);
  for (const [place, { path, id, values }] of records.entries()) {
    const { columns, ofCompany, setters } = checked[place] as CheckedValues;
    const draft = { path, id, columns, ofCompany, setters, relations: relations[place] ?? [], values };
    drafts.set(given[place] as GivenRecord, draft);
  }
  return drafts;
}

/** Holds the records whose parts change, where code of modules is told of that before they are written themselves. */
async function holdListOwners(
  env: BaseEnvironment,
  model: Model,
  { target, inverse }: ListRelation,
  lists: readonly HeldLines[],
  creates: boolean,
): Promise<void> {
  if (inverse === null || !isPartOf(inverse)) return;
  const isHeard =
    (creates && isTold(target, "create")) ||
    (isTold(target, "write") && lists.some(({ lines }) => lines.updates.length > 0));
  const owners = lists.flatMap(({ owner }) => owner ?? []);
  if (isHeard && owners.length > 0) await lockIds(env.session, model.table, owners, "no key update");
}

/**
 * The changes that lists bring, of records that are there: code of modules that looks at them hears of no others.
 *
 * @throws MissingError for a record that has to be in its list and is not
 */
async function openChanges(
  { env, errors }: Check,
  relation: ListRelation,
  lists: readonly HeldLines[],
): Promise<readonly GivenRecord[]> {
  const { target } = relation;
  const changes = lists.flatMap(({ lines }) => lines.updates);
  if (changes.length === 0 || !checksInTransaction(target, "write", changes)) return changes;
  checkRight(env, target, "write");
  await checkMembers(env, relation, lists);
  const brought = lists.flatMap(({ lines: { updates, members, targets } }) =>
    updates.flatMap((change) => {
      const path = members.has(change.id ?? 0) ? undefined : targets.get(change.id ?? 0);
      return path === undefined ? [] : [{ target, id: change.id ?? 0, path, change }];
    }),
  );
  const unseen = await findUnseen(env, brought);
  errors.push(...describeUnseen(unseen));
  const gone = new Set(unseen.map(({ change }) => change));
  return changes.filter((change) => !gone.has(change));
}

const secretive = new WeakMap<Model, boolean>();

function hasSecrets(model: Model): boolean {
  const known = secretive.get(model);
  if (known !== undefined) return known;
  const fields = [...model.fields.values()];
  const found = fields.some((field) => field.kind === "stored" && field.field.conceal !== undefined);
  secretive.set(model, found);
  return found;
}

/** A change that is the same for many records is checked once. */
function remembered(check: ValueCheck): ValueCheck {
  let last: { values: GivenRecord["values"]; path: string; given: unknown; checked: CheckedValues } | null = null;
  return (values, path, errors, given) => {
    if (last === null || last.values !== values || last.path !== path || last.given !== given) {
      last = { values, path, given, checked: check(values, path, errors, given) };
    }
    return last.checked;
  };
}

async function runBefore(
  env: BaseEnvironment,
  { behaviour }: Model,
  operation: "create" | "write",
  given: readonly GivenRecord[],
): Promise<readonly GivenRecord[]> {
  // Every environment that code runs in is one of which models can be asked.
  const running = env as RunningEnvironment;
  const { beforeCreate, beforeUpdate } = behaviour.hooks;
  if (operation === "create") {
    if (beforeCreate === null) return given;
    const values = await beforeCreate(
      given.map((each) => each.values),
      running,
    );
    return given.map((each, index) => ({ ...each, values: values[index] ?? {} }));
  }
  if (beforeUpdate === null) return given;
  const changes = given.map((each): DraftChange => ({ id: each.id ?? 0, values: each.values }));
  const values = new Map((await beforeUpdate(changes, running)).map((each) => [each.id, each.values]));
  return given.map((each) => ({ ...each, values: values.get(each.id ?? 0) ?? {} }));
}

/** Reads one list; null where it is wrong. */
function openRelation(
  { env, errors, budget }: Check,
  field: LinkedField,
  value: unknown,
  path: string,
  depth: number,
): GivenLines | null {
  if (depth >= DEEPEST_PATH) {
    errors.push({ path, message: `is nested deeper than ${DEEPEST_PATH} levels of records within records` });
    return null;
  }
  const lines = parseLines(value, path, field.field instanceof ManyToManyField, budget, errors);
  if (lines === null) return null;
  const target = modelOf(env.registry, field.relation.target);
  const states = [...lines.states.values()];
  if (states.includes("deleted")) checkRight(env, target, "delete");
  const inverse = inverseOf(target, field);
  if (inverse !== null && states.includes("linked")) {
    checkRight(env, target, "write");
    if (inverse.readonly && !env.access.canWriteField(target, inverse)) {
      errors.push({ path, message: `brings in records of ${target.name}, whose field ${inverse.name} is read-only` });
    }
  }
  return lines;
}
