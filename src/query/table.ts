/** Which cells a table of records has: paths, resolved to columns, and to lists that go on in the rows below. */
import { ValidationError } from "../errors.ts";
import type { CellKind } from "../fields/cell.ts";
import { fieldOf, type Model, type ModelField, modelOf, type NamingField, type StoredField } from "../models/model.ts";
import { quoteIdentifier, quoteLiteral, raw, type Sql, sql } from "../sql/fragment.ts";
import { compileLines } from "./compile-filter.ts";
import { type Frame, fieldText } from "./frame.ts";
import { compileOrder, modelOrder } from "./order.ts";
import { DEEPEST_PATH, reachValue, repeat, resolveField, resolveTarget, splitPath } from "./path.ts";
import { placeholderExpression } from "./placeholder.ts";
import type { Scope } from "./scope.ts";

/** The end of a path that means the stable name of a record, which is no field. */
export const EXTERNAL_ID = "external_id";
/** In place of the module, for external identifiers that users have given. No module can be called like that. */
export const USERS_IDENTIFIERS = "__users__";
/** The model that knows which record has which stable name. */
const IDENTIFIERS = "DataIdentifier";

/** A cell of a record. */
export interface TableCell {
  /** Where it stands in a row. */
  readonly column: number;
  readonly kind: CellKind;
  /** To-one relations that lead to the record that the cell is about. */
  readonly hops: readonly ModelField[];
  /** The value is JSON that may hold placeholders, and not the text of the cell. */
  readonly isJson: boolean;
  /** The expression of the value over the frame behind the hops. */
  readonly print: (scope: Scope, frame: Frame) => Sql;
}

/** A list of records within a record. */
export interface TableList {
  readonly hops: readonly ModelField[];
  readonly field: ModelField;
  readonly level: TableLevel;
}

/** The cells of one record, and the lists whose records fill further rows. */
export interface TableLevel {
  readonly model: Model;
  readonly cells: readonly TableCell[];
  readonly lists: readonly TableList[];
}

/** A column of a table. */
export interface TableColumn {
  /** As the request wrote it. */
  readonly path: string;
  /** The labels of its fields. */
  readonly labels: readonly string[];
  readonly kind: CellKind;
}

/** A table whose names are all resolved. */
export interface ResolvedTable {
  readonly level: TableLevel;
  readonly columns: readonly TableColumn[];
}

interface Draft {
  readonly model: Model;
  readonly cells: TableCell[];
  readonly lists: {
    readonly key: string;
    readonly hops: readonly ModelField[];
    readonly field: ModelField;
    readonly level: Draft;
  }[];
}

/**
 * Resolves the columns of a table.
 *
 * @param paths what the columns show, such as `category.name` or `lines.quantity`
 * @throws ValidationError naming what is unknown to the caller, given twice, or no path
 */
export function resolveTable(scope: Scope, model: Model, paths: readonly string[]): ResolvedTable {
  const root: Draft = { model, cells: [], lists: [] };
  const seen = new Set<string>();
  const columns = paths.map((path, column) => {
    const place = `fields[${column}]`;
    const names = splitPath(path);
    if (names.length > DEEPEST_PATH + 1) {
      throw new ValidationError(`${place}: "${repeat(path)}" passes through more than ${DEEPEST_PATH} relations`);
    }
    const key = names.join(".");
    if (seen.has(key)) throw new ValidationError(`${place}: "${repeat(path)}" is given twice`);
    seen.add(key);
    return { path, ...addPath(scope, root, names, { column, place, path }) };
  });
  return { level: root, columns };
}

interface Written {
  readonly column: number;
  readonly place: string;
  readonly path: string;
}

function addPath(scope: Scope, root: Draft, names: readonly string[], written: Written): Omit<TableColumn, "path"> {
  const { column, place, path } = written;
  const labels: string[] = [];
  let level = root;
  let { model } = root;
  let hops: ModelField[] = [];
  const end = (cell: Omit<TableCell, "column">): Omit<TableColumn, "path"> => {
    level.cells.push({ column, ...cell });
    return { labels, kind: cell.kind };
  };
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    if (isLast && name === EXTERNAL_ID && scope.registry.models.has(IDENTIFIERS)) {
      labels.push("External ID");
      return end({ kind: "text", hops, isJson: false, print: externalId(model) });
    }
    const field = resolveField(scope, model, name, place, path);
    labels.push(field.label);
    if (isLast) return end(cellOf(scope, field, hops));
    model = resolveTarget(scope, field, place, path);
    if (field.relation?.many === true) {
      level = listOf(level, hops, field, model);
      hops = [];
    } else {
      hops = [...hops, field];
    }
  }
  throw new ValidationError(`${place}: "${repeat(path)}" is no path`);
}

/** Paths through the same list fill the same rows. */
function listOf(level: Draft, hops: readonly ModelField[], field: ModelField, target: Model): Draft {
  const key = [...hops, field].map(({ name }) => name).join(".");
  const known = level.lists.find((list) => list.key === key);
  if (known !== undefined) return known.level;
  const added = { key, hops, field, level: { model: target, cells: [], lists: [] } };
  level.lists.push(added);
  return added.level;
}

/** A relation shows the names of its records. */
function cellOf(scope: Scope, field: ModelField, hops: readonly ModelField[]): Omit<TableCell, "column"> {
  if (field.relation?.many === true) return { kind: "text", hops, isJson: true, print: names(field) };
  if (field.kind === "calculated") {
    return {
      kind: field.field.cellKind,
      hops,
      isJson: true,
      print: (_, frame) => raw(placeholderExpression(frame, field)),
    };
  }
  if (field.relation !== null || field.kind === "linked") {
    const target = modelOf(scope.registry, field.relation?.target ?? "");
    return plain(fieldOf(target, "display_name") as NamingField, [...hops, field]);
  }
  const end = reachValue(hops, field);
  return plain(end.field, end.hops);
}

function plain(field: NamingField | StoredField, hops: readonly ModelField[]): Omit<TableCell, "column"> {
  const print = (_: Scope, frame: Frame) => raw(field.field.cellExpression(fieldText(frame, field)));
  return { kind: field.field.cellKind, hops, isJson: false, print };
}

/** The names of the records of a list, as one JSON list; null where there are none. */
function names(field: ModelField): TableCell["print"] {
  return (scope, frame) => {
    const line = frame.target(field);
    const name = fieldText(line, fieldOf(line.model, "display_name") as NamingField);
    const order = compileOrder(line, modelOrder(scope, line.model));
    return sql`(select json_agg(o.n) from (select ${raw(name)} as n from ${compileLines(frame, field, line, null)} order by ${raw(order)}) o)`;
  };
}

/** The stable name of a record; the first where it has several, and one that a module gives before those that users have given. */
function externalId(model: Model): TableCell["print"] {
  return ({ registry }, frame) => {
    const table = quoteIdentifier(modelOf(registry, IDENTIFIERS).table);
    const own = `d.model = ${quoteLiteral(model.name)} and d.record = ${frame.column("id")}`;
    const isGiven = `d.module = '${USERS_IDENTIFIERS}'`;
    const given = `min(substr(d.identifier, ${USERS_IDENTIFIERS.length + 2})) filter (where ${isGiven})`;
    const name = `coalesce(min(d.identifier) filter (where not ${isGiven}), ${given})`;
    return raw(`(select ${name} from ${table} d where ${own})`);
  };
}
