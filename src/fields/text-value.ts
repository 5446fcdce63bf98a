/** The checks that every text input passes, whatever field or file it comes from. */
import { ValueProblem } from "./field.ts";

/**
 * Checks that a value is text that PostgreSQL can store byte for byte.
 *
 * @param value anything
 * @returns the same text
 * @throws ValueProblem when it is no text, holds a NUL or half of a surrogate pair
 */
export function parseText(value: unknown): string {
  if (typeof value !== "string") throw new ValueProblem(`must be a text, not ${describeValue(value)}`);
  if (value.includes("\0")) throw new ValueProblem("must not contain the NUL character");
  if (!value.isWellFormed()) throw new ValueProblem("must be well-formed Unicode (it holds half of a surrogate pair)");
  return value;
}

/** Names the kind of a JSON value for a message, without repeating the value itself. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return Number.isFinite(value) ? `the number ${value}` : "a number that is not finite";
  if (typeof value === "boolean") return `${value}`;
  return value === "" ? "an empty text" : "a text";
}
