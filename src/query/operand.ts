/** Converts the literals of a filter to what is bound, as the field at the end of the path wants them. */
import { type ColumnField, ValueProblem } from "../fields/field.ts";
import { resolveDateExpression, toDate, toInstant } from "../q/date-resolution.ts";
import { isDateText } from "../q/iso-date.ts";
import { isList, type Literal, type ScalarLiteral } from "../q/tree.ts";
import type { SqlScalar } from "../sql/value.ts";
import type { BindContext } from "./slot.ts";

/**
 * Converts one value.
 *
 * @returns null only for a session name that has no value here, such as `contact_id` of a user without a contact
 * @throws ValueProblem when the value does not fit the field
 */
export function convertOperand(field: ColumnField, literal: Literal, context: BindContext): SqlScalar {
  if (isList(literal)) throw new ValueProblem("must be one value, not a list");
  const value = plainValue(field, literal, context);
  if (value === null) return null;
  if (typeof value === "object") throw new ValueProblem("must be one value, not a list of ids");
  return isNumeral(field, literal) ? String(value) : (field.parseOperand(value) as SqlScalar);
}

/**
 * Converts a list of values; nulls in it are left out, because the statement asks for them by itself.
 *
 * @throws ValueProblem when a value does not fit the field
 */
export function convertOperands(field: ColumnField, literal: Literal, context: BindContext): SqlScalar[] {
  if (!isList(literal)) {
    const value = plainValue(field, literal, context);
    return Array.isArray(value) ? value.map((each) => field.parseOperand(each) as SqlScalar) : [];
  }
  return literal.flatMap((item) => (item === null ? [] : [convertOperand(field, item, context)]));
}

/** Any number may be compared with an exact decimal, also one that is too large to be stored in the field. */
function isNumeral(field: ColumnField, literal: ScalarLiteral): boolean {
  if (field.columnType !== "numeric") return false;
  return typeof literal === "number" || (typeof literal === "object" && literal?.kind === "decimal");
}

type PlainValue = string | number | boolean | readonly number[] | null;

function plainValue(field: ColumnField, literal: ScalarLiteral, context: BindContext): PlainValue {
  const { timeZone } = context.clock;
  if (typeof literal === "string" && field.temporal === "datetime" && isDateText(literal)) {
    return toInstant({ kind: "date", date: literal }, timeZone);
  }
  if (literal === null || typeof literal !== "object") return literal;
  if (literal.kind === "decimal") return field.columnType === "numeric" ? literal.text : Number(literal.text);
  if (literal.kind === "name") return context.names[literal.name];
  if (field.temporal === null) throw new ValueProblem("must not be a date expression, since the field holds no date");
  const resolved = resolveDateExpression(literal.expression, context.clock);
  return field.temporal === "date" ? toDate(resolved, timeZone) : toInstant(resolved, timeZone);
}
