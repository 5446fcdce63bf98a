/** Resolves the columns of a file to fields of a model, through the rights of the caller: what is hidden is as unknown as what is not there. */
import { type FieldError, ValidationError } from "../../errors.ts";
import { ValueProblem } from "../../fields/field.ts";
import { ManyToManyField } from "../../fields/relation.ts";
import { type LinkedField, type Model, type ModelField, modelOf, type StoredField } from "../../models/model.ts";
import { resolveFieldPath } from "../../query/group-path.ts";
import { canSee, DEEPEST_PATH, repeat, resolveField, splitPath } from "../../query/path.ts";
import { suggestName } from "../../query/suggestion.ts";
import { EXTERNAL_ID } from "../../query/table.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { findWritable } from "../../records/values.ts";
import { inverseOf } from "../../records/write-tree.ts";
import type { ColumnContent, ImportColumn, ImportNode, ReferenceKey } from "./import-plan.ts";

/** A column of the file, and the path that it is mapped to. */
export interface MappedColumn {
  readonly place: number;
  readonly header: string;
  readonly path: string;
}

/** A node while its columns are gathered. */
interface OpenNode {
  readonly model: Model;
  readonly list: LinkedField | null;
  readonly owner: StoredField | null;
  readonly columns: ImportColumn[];
  readonly lists: Map<string, OpenNode>;
}

const ID = "id";

/**
 * Resolves columns.
 *
 * @param searched the field that records are found by; it need not be writable then
 * @throws ValidationError naming every column that cannot be imported, and why
 */
export function resolveColumns(
  env: BaseEnvironment,
  model: Model,
  columns: readonly MappedColumn[],
  searched: string | null,
): ImportNode {
  const root: OpenNode = { model, list: null, owner: null, columns: [], lists: new Map() };
  const errors: FieldError[] = [];
  const known = new Map<string, MappedColumn>();
  for (const column of columns) {
    const twin = known.get(splitPath(column.path).join("."));
    known.set(splitPath(column.path).join("."), column);
    try {
      if (twin !== undefined) throw new ValueProblem(`is mapped to the same field as the column "${twin.header}"`);
      addColumn(env, root, column, searched);
    } catch (error) {
      if (!(error instanceof ValueProblem) && !(error instanceof ValidationError)) throw error;
      const { header, path } = column;
      errors.push({ path: header, message: header === path ? error.message : `"${repeat(path)}": ${error.message}` });
    }
  }
  if (errors.length > 0) throw ValidationError.ofFields(errors);
  return closeNode(env, root);
}

function addColumn(env: BaseEnvironment, root: OpenNode, column: MappedColumn, searched: string | null): void {
  const names = splitPath(column.path);
  if (names.length > DEEPEST_PATH + 1) throw new ValueProblem(`passes through more than ${DEEPEST_PATH} relations`);
  let node = root;
  for (const [index, name] of names.entries()) {
    const rest = names.slice(index + 1);
    const field = node.model.fields.get(name);
    if (rest.length > 0 && field?.kind === "linked" && field.relation.many && canSee(env.access, node.model, field)) {
      node = openList(env, node, field);
      continue;
    }
    const isSearched = node === root && rest.length === 0 && name === searched;
    node.columns.push({ ...column, name, content: contentOf(env, node, name, rest, column.path, isSearched) });
    return;
  }
}

function openList(env: BaseEnvironment, parent: OpenNode, field: LinkedField): OpenNode {
  const known = parent.lists.get(field.name);
  if (known !== undefined) return known;
  findWritable(env, parent.model, field.name, parent.owner);
  const model = modelOf(env.registry, field.relation.target);
  const node: OpenNode = { model, list: field, owner: inverseOf(model, field), columns: [], lists: new Map() };
  parent.lists.set(field.name, node);
  return node;
}

function contentOf(
  env: BaseEnvironment,
  { model, owner }: OpenNode,
  name: string,
  rest: readonly string[],
  written: string,
  isSearched: boolean,
): ColumnContent {
  if (name === ID && rest.length === 0) return { kind: "id" };
  if (name === EXTERNAL_ID && rest.length === 0 && !model.fields.has(EXTERNAL_ID)) return { kind: "external" };
  if (isSearched) return { kind: "value", field: resolveField(env.access, model, name, "the path", written) };
  const field = findWritable(env, model, name, owner);
  if (field.relation === null) {
    if (rest.length > 0) throw new ValueProblem(`goes on behind "${name}", which is no relation`);
    return { kind: "value", field };
  }
  const target = modelOf(env.registry, field.relation.target);
  return { kind: "reference", field, target, key: keyOf(env, target, rest, written) };
}

/** How a path behind a relation names a record: without one, by whatever the cell holds. */
export function keyOf(env: BaseEnvironment, target: Model, rest: readonly string[], written: string): ReferenceKey {
  const [first] = rest;
  if (first === undefined) return { kind: "any" };
  if (rest.length === 1 && first === ID) return { kind: "id" };
  if (rest.length === 1 && first === EXTERNAL_ID && !target.fields.has(EXTERNAL_ID)) return { kind: "external" };
  const { field } = resolveFieldPath(env.access, target, rest, "the path", written);
  if ((field.kind !== "stored" && field.kind !== "naming") || !isSearchable(field)) {
    throw new ValueProblem(`names records by "${rest.join(".")}"; that takes a text or a whole number`);
  }
  return { kind: "path", path: rest.join("__"), field };
}

function isSearchable({ field, relation }: ModelField): boolean {
  if (relation !== null) return false;
  return field.type === "Integer" || ("lookupFamily" in field && field.lookupFamily === "text");
}

function closeNode(env: BaseEnvironment, node: OpenNode): ImportNode {
  const { model, list, columns } = node;
  const lists = [...node.lists.values()].map((each) => closeNode(env, each));
  return { model, list, columns, lists, names: lists.length === 0 ? namesOf(env, node) : null };
}

/** Records that are linked by pairs live by themselves: where one column tells which, it names them and changes nothing. */
function namesOf(env: BaseEnvironment, { model, list, columns }: OpenNode): ImportNode["names"] {
  const [only, ...more] = columns;
  if (list === null || !(list.field instanceof ManyToManyField) || only === undefined || more.length > 0) return null;
  const { content, name } = only;
  if (content.kind === "reference") return null;
  const key = keyOf(env, model, [name], only.path);
  return { ...only, content: { kind: "reference", field: list, target: model, key } };
}

/** The paths that a header may be, for one that is none. */
export function suggestPath(env: BaseEnvironment, model: Model, header: string): string {
  const names = [...model.fields.values()].filter((field) => canSee(env.access, model, field)).map(({ name }) => name);
  return suggestName(header, names);
}
