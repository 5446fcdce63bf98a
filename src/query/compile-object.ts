/** Compiles the JSON text of one record as one value, for statements that give more than records: PostgreSQL prints it. */
import type { NamingField, StoredField } from "../models/model.ts";
import { empty, joinOrEmpty, raw, type Sql, sql } from "../sql/fragment.ts";
import { compileLines } from "./compile-filter.ts";
import type { Rendering } from "./compile-member.ts";
import { type Frame, fieldText } from "./frame.ts";
import { compileOrder, modelOrder } from "./order.ts";
import { placeholderExpression } from "./placeholder.ts";
import type { Scope } from "./scope.ts";
import type { Selection } from "./selection.ts";

/** A field of an answer: its name, and the expression that prints it. */
interface PrintedField {
  readonly name: string;
  readonly expression: Sql;
}

/** Prints the fields of a selection over a frame, with everything behind its relations. */
export function compileFields(scope: Scope, frame: Frame, selection: Selection, rendering: Rendering): PrintedField[] {
  return [...selection.fields.values()].map(({ field, nested }) => {
    if (field.kind === "calculated") return { name: field.name, expression: raw(placeholderExpression(frame, field)) };
    if (field.kind === "company") {
      const line = frame.target(field.way);
      const fields = new Map([[field.name, { field: field.value, nested }]]);
      const [printed] = compileFields(scope, line, { model: line.model, fields }, rendering);
      const lines = compileLines(frame, field.way, line, null);
      return { name: field.name, expression: sql`(select ${printed?.expression ?? raw("null")} from ${lines})` };
    }
    if (nested === null) {
      const own = field as StoredField | NamingField;
      return { name: field.name, expression: raw(own.field[rendering](fieldText(frame, own))) };
    }
    const line = frame.target(field);
    const isMany = field.relation?.many === true;
    const columns = columnList(compileFields(scope, line, nested, rendering));
    // An order may add joins to the lines, so it comes before them.
    const order = isMany ? raw(` order by ${compileOrder(line, modelOrder(scope, nested.model))}`) : empty;
    const lines = sql`select ${columns} from ${compileLines(frame, field, line, null)}${order}`;
    // A record that stays a row until the whole answer is printed costs less than one that is printed by itself.
    const printed = raw(isMany ? "coalesce(json_agg(o), '[]')" : "o");
    return { name: field.name, expression: sql`(select ${printed} from (${lines}) o)` };
  });
}

/** Prints fields as one JSON object. */
export function compileObject(fields: readonly PrintedField[]): Sql {
  return sql`(select row_to_json(o) from (select ${columnList(fields)}) o)`;
}

function columnList(fields: readonly PrintedField[]): Sql {
  return joinOrEmpty(
    fields.map(({ name, expression }) => sql`${expression} as ${raw(`"${name}"`)}`),
    ", ",
  );
}
