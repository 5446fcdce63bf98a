/** Compiles what records of one level print: their columns, and how each row becomes a JSON object. */
import type { LinkedField, ModelField, NamingField, StoredField } from "../models/model.ts";
import { raw, type Sql, sql } from "../sql/fragment.ts";
import { compileLines, startColumn } from "./compile-filter.ts";
import { type Compilation, type Frame, fieldText } from "./frame.ts";
import { listForm, type MemberForm, recordForm, valueForm } from "./member-writer.ts";
import { placeholderExpression } from "./placeholder.ts";
import { type ObjectShape, objectShape } from "./record-shape.ts";
import type { Scope } from "./scope.ts";
import type { SelectedField, Selection } from "./selection.ts";

/** How values are printed: for clients, or exactly, for code. */
export type Rendering = "wireExpression" | "codeExpression";

const JSON_OF = { wireExpression: "wireJson", codeExpression: "codeJson" } as const;

/** What the levels of one statement have in common. */
export interface Levels {
  readonly scope: Scope;
  readonly compilation: Compilation;
  readonly rendering: Rendering;
}

/** What the records of one level print: columns, and how objects are made of them. */
export interface Printing {
  readonly columns: readonly Sql[];
  readonly shape: ObjectShape;
}

/**
 * Adds the level behind a relation, and gives its number.
 *
 * @param start what the relation starts from, over a frame of the records that it belongs to
 */
export type AddLevel = (start: (frame: Frame) => Sql, field: ModelField, nested: Selection) => number;

/**
 * Compiles what records print.
 *
 * @param before columns of a row that come before
 * @param addBehind called for each relation whose records are printed too
 */
export function compilePrinting(
  levels: Levels,
  frame: Frame,
  selection: Selection,
  before: number,
  addBehind: AddLevel,
): Printing {
  const columns: Sql[] = [];
  const members = [...selection.fields.values()].map((selected): [string, MemberForm] => {
    const { column, form } = compileMember(levels, frame, selected, addBehind);
    columns.push(column);
    return [selected.field.name, form];
  });
  return { columns, shape: objectShape(before, members) };
}

function compileMember(
  levels: Levels,
  frame: Frame,
  { field, nested }: SelectedField,
  addBehind: AddLevel,
): { readonly column: Sql; readonly form: MemberForm } {
  if (field.kind === "calculated") {
    return { column: raw(placeholderExpression(frame, field)), form: valueForm("text") };
  }
  const { rendering } = levels;
  if (nested === null) {
    const own = field.kind === "company" ? field.value : (field as StoredField | NamingField);
    const print = (text: string) => raw(own.field[rendering](text));
    const column =
      field.kind === "company" ? ofCompany(frame, field.way, field.value, print) : print(fieldText(frame, own));
    return { column, form: valueForm(own.field[JSON_OF[rendering]]) };
  }
  const relation = field.kind === "company" ? field.value : field;
  const start = (from: Frame) =>
    field.kind === "company" ? ofCompany(from, field.way, field.value, raw) : raw(startColumn(from, field));
  const level = addBehind(start, relation, nested);
  const form = relation.relation?.many === true ? listForm(level) : recordForm(level);
  return { column: start(frame), form };
}

/** What the current company says of a record. */
function ofCompany(frame: Frame, way: LinkedField, value: StoredField, print: (text: string) => Sql): Sql {
  const line = frame.target(way);
  return sql`(select ${print(line.column(value.column))} from ${compileLines(frame, way, line, null)})`;
}
