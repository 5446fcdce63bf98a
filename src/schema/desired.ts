/** The tables that a registry wants: one for each model, one for each many-to-many relation that keeps its own pairs. */
import { BooleanField } from "../fields/boolean.ts";
import { ToOneField } from "../fields/relation.ts";
import { type LinkTable, type Model, modelOf, type Registry, type StoredField } from "../models/model.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { type History, wantedHistory } from "./history.ts";
import { constraintName } from "./name.ts";
import { foldedColumns, searchIndexes } from "./search.ts";
import { type Column, type Constraint, type Index, type Shape, shapeOf, type Table, tableOf } from "./shape.ts";
import { uniqueNames } from "./unique-name.ts";

/** What the database itself puts into audit columns, so that rows made by others are complete too. */
const AUDIT_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ["created_date", "now()"],
  ["updated_date", "now()"],
  ["version", "1"],
  ["record_version", "1"],
]);

/**
 * The shape that a registry wants.
 *
 * @param registry composed models
 * @returns plain data for {@link ../schema/diff.ts}
 */
export function desiredShape(registry: Registry): Shape {
  const history = wantedHistory(registry);
  const tables = [
    ...[...registry.models.values()].map((model) => modelTable(registry, model, history.get(model.table))),
    ...registry.linkTables.map((link) => pairTable(registry, link, history.get(link.table))),
  ];
  return shapeOf(tables, { folding: true, trigrams: "missing" });
}

function modelTable(registry: Registry, model: Model, history: History | undefined): Table {
  const fields = [...model.fields.values()].filter((field): field is StoredField => field.kind === "stored");
  const constraints: Constraint[] = [
    { kind: "primary", name: constraintName(model.table, ["id"], "pkey"), columns: ["id"] },
    ...fields.flatMap((field) => fieldConstraints(registry, model, field)),
    ...model.checks.map(
      (check): Constraint => ({
        kind: "check",
        name: constraintName(model.table, [check.name], "check"),
        expression: check.sql,
      }),
    ),
  ];
  const indexes: Index[] = [
    ...fields.flatMap((field) => fieldIndexes(model, field)),
    ...fields.flatMap((field) => searchIndexes(model, field)),
    ...uniqueIndexes(model),
  ];
  return tableOf(model.table, {
    columns: [...fields.map(columnOf), ...fields.flatMap((field) => foldedColumns(model, field))],
    constraints,
    indexes,
    comment: model.label,
    counted: true,
    history,
  });
}

function columnOf({ name, module, column, field }: StoredField): Column {
  const notNull = field.options.required === true;
  const shared = { name: column, type: field.columnType, notNull, identity: name === "id" };
  const audit = module === "kernel" ? AUDIT_DEFAULTS.get(name) : undefined;
  if (audit !== undefined) return { ...shared, default: audit, fill: audit };
  // A yes-or-no column has its default in the database too, so that a row is never neither.
  const fallback = constantDefault(field);
  if (field instanceof BooleanField) return { ...shared, default: fallback ?? "false", fill: fallback ?? "false" };
  return { ...shared, default: null, ...(fallback === null ? {} : { fill: fallback }) };
}

/** The default of a field as SQL, for rows that exist already; null where it has none or a function makes it. */
function constantDefault(field: StoredField["field"]): string | null {
  const { default: value } = field.options;
  // A secret is stored concealed, which a plain default would not be.
  if (value === undefined || value === null || typeof value === "function" || field.conceal !== undefined) return null;
  const parsed = field.parse(value);
  return typeof parsed === "string" || typeof parsed === "number" || typeof parsed === "boolean"
    ? typeof parsed === "string"
      ? quoteLiteral(parsed)
      : String(parsed)
    : null;
}

function fieldConstraints(registry: Registry, model: Model, { column, field, relation }: StoredField): Constraint[] {
  const constraints: Constraint[] = [];
  if (isUnique(field)) {
    constraints.push({ kind: "unique", name: constraintName(model.table, [column], "key"), columns: [column] });
  }
  if (relation !== null && field instanceof ToOneField) {
    const references = { table: modelOf(registry, relation.target).table, columns: ["id"] };
    const name = constraintName(model.table, [column], "fkey");
    constraints.push({ kind: "foreign", name, columns: [column], references, onDelete: field.onDelete });
  }
  return constraints;
}

/** Whether the field has a unique constraint, which brings an index along. */
function isUnique(field: StoredField["field"]): boolean {
  return field.options.unique === true || field.type === "OneToOne";
}

function fieldIndexes(model: Model, { column, field }: StoredField): Index[] {
  const quoted = quoteIdentifier(column);
  const btree = { method: "btree" as const };
  if (field.options.unique === "ignore_case") {
    const name = constraintName(model.table, [column], "key");
    return [{ ...btree, name, unique: true, keys: [`lower(${quoted}::text)`] }];
  }
  if ((field.options.index ?? false) === false || isUnique(field)) return [];
  return [{ ...btree, name: constraintName(model.table, [column], "idx"), unique: false, keys: [quoted] }];
}

function uniqueIndexes(model: Model): Index[] {
  return uniqueNames(model).map(({ name, declaration, columns }) => ({
    name,
    unique: true,
    method: "btree",
    keys: columns.map(quoteIdentifier),
    ...(declaration.where === undefined ? {} : { where: declaration.where }),
  }));
}

function pairTable(registry: Registry, { table, source, target }: LinkTable, history: History | undefined): Table {
  const column = (name: string): Column => ({ name, type: "bigint", notNull: true, default: null, identity: false });
  const reference = (end: LinkTable["source"]): Constraint => ({
    kind: "foreign",
    name: constraintName(table, [end.column], "fkey"),
    columns: [end.column],
    references: { table: modelOf(registry, end.model).table, columns: ["id"] },
    onDelete: "CASCADE",
  });
  const columns = [source.column, target.column];
  return tableOf(table, {
    columns: columns.map(column),
    counted: true,
    history,
    constraints: [
      { kind: "primary", name: constraintName(table, columns, "pkey"), columns },
      reference(source),
      reference(target),
    ],
    // The primary key serves reading from the source; this one reading backwards.
    indexes: [
      {
        name: constraintName(table, [target.column, source.column], "idx"),
        unique: false,
        method: "btree",
        keys: [target.column, source.column].map(quoteIdentifier),
      },
    ],
  });
}
