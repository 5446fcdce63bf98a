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

/** What one member of an object takes: columns of the record's row that stand together, and how they are printed. */
interface Member {
  readonly columns: readonly Sql[];
  readonly form: MemberForm;
}

/** A relation with the fields of the records behind it. */
export type SelectedRelation = SelectedField & { readonly nested: Selection };

/** Compiles the member for a relation of records. @param frame over these records */
export type CompileRelation = (frame: Frame, relation: SelectedRelation) => Member;

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
 * @param compileRelation called for each relation whose records are printed too
 */
export function compilePrinting(
  levels: Levels,
  frame: Frame,
  selection: Selection,
  before: number,
  compileRelation: CompileRelation,
): Printing {
  const columns: Sql[] = [];
  const members = [...selection.fields.values()].map((selected): [string, MemberForm] => {
    const member = compileMember(levels, frame, selected, compileRelation);
    columns.push(...member.columns);
    return [selected.field.name, member.form];
  });
  return { columns, shape: objectShape(before, members) };
}

function compileMember(
  levels: Levels,
  frame: Frame,
  selected: SelectedField,
  compileRelation: CompileRelation,
): Member {
  const { field } = selected;
  if (field.kind === "calculated") {
    return { columns: [raw(placeholderExpression(frame, field))], form: valueForm("text") };
  }
  if (isRelation(selected)) return compileRelation(frame, selected);
  const { rendering } = levels;
  const own = field.kind === "company" ? field.value : (field as StoredField | NamingField);
  const print = (text: string) => raw(own.field[rendering](text));
  const column =
    field.kind === "company" ? ofCompany(frame, field.way, field.value, print) : print(fieldText(frame, own));
  return { columns: [column], form: valueForm(own.field[JSON_OF[rendering]]) };
}

function isRelation(selected: SelectedField): selected is SelectedRelation {
  return selected.nested !== null;
}

/** Compiles relations whose records stand in levels of their own: the row has the id that these are found by. */
export function behindLevels(addLevel: AddLevel): CompileRelation {
  return (frame, { field, nested }) => {
    const relation = field.kind === "company" ? field.value : field;
    const start = (from: Frame) =>
      field.kind === "company" ? ofCompany(from, field.way, field.value, raw) : raw(startColumn(from, field));
    const level = addLevel(start, relation, nested);
    const form = relation.relation?.many === true ? listForm(level) : recordForm(level);
    return { columns: [start(frame)], form };
  };
}

/** What the current company says of a record. */
function ofCompany(frame: Frame, way: LinkedField, value: StoredField, print: (text: string) => Sql): Sql {
  const line = frame.target(way);
  return sql`(select ${print(line.column(value.column))} from ${compileLines(frame, way, line, null)})`;
}
