/** The door for filters from outside: text or JSON, to the tree with its plan key and values. */
import { ValidationError } from "../errors.ts";
import { filterLimit, limitError } from "./limit.ts";
import { parseQJson } from "./parse-json.ts";
import { parseQ } from "./parse-text.ts";
import { describeFilter, type ParsedFilter } from "./shape.ts";

/**
 * Parses a filter in either form. A text that starts with `{` is the JSON form, as it comes in a query string.
 *
 * @param value text, or what JSON.parse gave for the JSON form
 * @throws ValidationError saying what is wrong and where; also for an empty text, which is no filter: `Q()` is the one
 *   that selects everything
 */
export function parseFilter(value: unknown): ParsedFilter {
  if (typeof value !== "string") return describeFilter(parseQJson(value));
  return describeFilter(value.charCodeAt(0) === 123 ? parseQJson(readJson(value)) : parseQ(value));
}

function readJson(text: string): unknown {
  // Numbers are not counted by the reader of the tree, so the text is bounded before it is read.
  if (text.length > filterLimit.textBytes) throw limitError("textBytes");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ValidationError("Filter: the text starts as JSON but is not JSON", { cause: error });
  }
}
