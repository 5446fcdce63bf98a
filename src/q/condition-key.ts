/** The left and the right side of a condition: `path__lookup` taken apart, and which values a lookup takes. */
import { filterLimit } from "./limit.ts";
import { isLookup, type Lookup, lookups } from "./lookup.ts";
import { quoted } from "./text.ts";
import { isList, type ListName, type Literal, listNames, type ScalarLiteral } from "./tree.ts";

/** Path and lookup of a condition. */
export interface ConditionKey {
  readonly path: readonly string[];
  readonly lookup: Lookup;
}

const underscore = 95;
const dot = 46;

/**
 * Takes `path`, `path__lookup`, `a__b__lookup` or `a.b__lookup` apart.
 *
 * A last segment after `__` that is the name of a lookup is the lookup; a field of such a name is reached by writing the
 * lookup too (`contains__eq`). The first segment is always a field.
 *
 * @returns the parts, or text: what is wrong
 */
export function readConditionKey(key: string): ConditionKey | string {
  const path: string[] = [];
  let start = 0;
  let isAfterUnderscores = false;
  for (;;) {
    let end = start;
    while (isNameCode(key.charCodeAt(end)) && !isSeparatorAt(key, end)) end++;
    if (end === start || !isLowerLetter(key.charCodeAt(start)) || (end < key.length && !isSeparatorAt(key, end))) {
      return `${quoted(key)} is not a path: names are of a-z, 0-9 and "_", start with a letter, and are joined by "__" or "."`;
    }
    const segment = start === 0 && end === key.length ? key : key.slice(start, end);
    if (end === key.length) {
      if (isAfterUnderscores && isLookup(segment)) return { path, lookup: segment };
      path.push(segment);
      return { path, lookup: "eq" };
    }
    path.push(segment);
    if (path.length >= filterLimit.levels) return `${quoted(key)} has more than ${filterLimit.levels} names`;
    isAfterUnderscores = key.charCodeAt(end) === underscore;
    start = end + (isAfterUnderscores ? 2 : 1);
  }
}

/** Whether `.` or `__` is at this place. */
function isSeparatorAt(key: string, index: number): boolean {
  const code = key.charCodeAt(index);
  return code === dot || (code === underscore && key.charCodeAt(index + 1) === underscore);
}

/** Whether a UTF-16 code unit is one of a-z. */
export function isLowerLetter(code: number): boolean {
  return code >= 97 && code <= 122;
}

/** Whether a UTF-16 code unit may be part of a name: a-z, 0-9, `_`. */
export function isNameCode(code: number): boolean {
  return isLowerLetter(code) || (code >= 48 && code <= 57) || code === underscore;
}

/**
 * Checks that a literal is of the class that its lookup takes.
 *
 * @returns undefined where it is, else text: what the lookup takes
 */
export function operandProblem(lookup: Lookup, value: Literal): string | undefined {
  const { operand, text } = lookups[lookup];
  const isSingle = !isList(value) && !isListName(value);
  if (operand === "flag") return typeof value === "boolean" ? undefined : `"${lookup}" takes True or False`;
  if (operand === "list") {
    return isSingle ? `"${lookup}" takes a list such as [1, 2]` : undefined;
  }
  if (operand === "pair") {
    const isPair = isList(value) && value.length === 2 && !value.includes(null);
    return isPair ? undefined : `"${lookup}" takes a list of two values, none of them None`;
  }
  if (text) return typeof value === "string" ? undefined : `"${lookup}" takes text`;
  if (!isSingle) return `"${lookup}" takes one value, not a list`;
  if (value === null && lookup !== "eq" && lookup !== "neq") return `"${lookup}" cannot compare with None`;
  return undefined;
}

/** Whether a literal is a name that stands for a list. */
export function isListName(value: Literal): boolean {
  return listNameOf(value) !== undefined;
}

function listNameOf(value: Literal): ListName | undefined {
  const isName = typeof value === "object" && value !== null && "kind" in value && value.kind === "name";
  return isName ? listNames.find((name) => name === value.name) : undefined;
}

/**
 * Checks that a literal may be an item of a list.
 *
 * @returns undefined where it may, else text: why not
 */
export function itemProblem(value: Literal): string | undefined {
  if (isList(value)) return "a list cannot contain a list";
  const name = listNameOf(value);
  return name === undefined ? undefined : `${name} is a list already and cannot be in one`;
}

/** Narrows a literal that `itemProblem` has passed. */
export function isScalar(value: Literal): value is ScalarLiteral {
  return !isList(value);
}
