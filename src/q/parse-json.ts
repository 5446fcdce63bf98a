/** The reader of the filter language's JSON form: the same tree from plain objects. */
import { ValidationError } from "../errors.ts";
import { isScalar, itemProblem, operandProblem, readConditionKey } from "./condition-key.ts";
import { readDateExpression } from "./date-expression.ts";
import { filterLimit, limitError } from "./limit.ts";
import { numeralLiteral } from "./numeral.ts";
import { quoted, textProblem, utf8Length } from "./text.ts";
import {
  and,
  type Condition,
  condition,
  group,
  type Literal,
  name,
  not,
  or,
  type Q,
  type ScalarLiteral,
  valueNames,
} from "./tree.ts";

/**
 * Reads the JSON form of a filter.
 *
 * `{"price__gte": 10, "active": true}` is one `Q(...)`; `{"and": [...]}`, `{"or": [...]}` and `{"not": ...}` combine, and
 * may stand beside conditions, all of which must then hold. Values are as in JSON, `{"D": "today-7d"}` is a date
 * expression, `{"name": "uid"}` a name. `{}` is always true.
 *
 * @param value what JSON.parse gives
 * @throws ValidationError with the place, such as `or[1].price__gte`, or with the limit that is passed
 */
export function parseQJson(value: unknown): Q {
  return new JsonReader().read(value, "", 1);
}

class JsonReader {
  private conditions = 0;
  private listItems = 0;
  private textBytes = 0;

  read(value: unknown, place: string, level: number): Q {
    if (level > filterLimit.levels) throw limitError("levels");
    if (!isPlainObject(value)) {
      throw problem(place, `expected an object such as {"active": true}, found ${kindOf(value)}`);
    }
    const keys = Object.keys(value);
    if (keys.length === 0) this.countCondition();
    const conditions: Condition[] = [];
    const others: Q[] = [];
    for (const key of keys) {
      const inner = place === "" ? key.slice(0, 100) : `${place}.${key.slice(0, 100)}`;
      if (key === "and") others.push(and(this.items(value[key], inner, level)));
      else if (key === "or") others.push(or(this.items(value[key], inner, level)));
      else if (key === "not") others.push(not(this.read(value[key], inner, level + 1)));
      else conditions.push(this.condition(key, value[key], inner));
    }
    if (others.length === 0) return group(conditions);
    return and(conditions.length === 0 ? others : [group(conditions), ...others]);
  }

  private items(value: unknown, place: string, level: number): Q[] {
    if (!Array.isArray(value) || value.length === 0) {
      throw problem(place, "expected a list of at least one filter; {} selects everything");
    }
    // Each item holds a condition at least.
    if (value.length > filterLimit.conditions) throw limitError("conditions");
    return Array.from(value, (item: unknown, index) => this.read(item, `${place}[${index}]`, level + 1));
  }

  private condition(source: string, value: unknown, place: string): Condition {
    this.countCondition();
    this.countText(source);
    const key = readConditionKey(source);
    if (typeof key === "string") throw problem(place, key);
    const literal = Array.isArray(value) ? this.list(value, place) : this.literal(value, place);
    const wrong = operandProblem(key.lookup, literal);
    if (wrong !== undefined) throw problem(place, wrong);
    return condition(key.path, key.lookup, literal, source);
  }

  private list(values: readonly unknown[], place: string): readonly ScalarLiteral[] {
    this.listItems += values.length;
    if (this.listItems > filterLimit.listItems) throw limitError("listItems");
    return Object.freeze(
      Array.from(values, (value, index) => {
        const itemPlace = `${place}[${index}]`;
        const item = Array.isArray(value) ? [] : this.literal(value, itemPlace);
        const wrong = itemProblem(item);
        if (wrong !== undefined || !isScalar(item)) throw problem(itemPlace, wrong ?? "");
        return item;
      }),
    );
  }

  private literal(value: unknown, place: string): Literal {
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") return this.text(value, place);
    if (typeof value === "number") return numberLiteral(value, place);
    if (isPlainObject(value)) {
      const keys = Object.keys(value);
      const inner = keys.length === 1 ? value[keys[0] ?? ""] : undefined;
      if (keys[0] === "D" && typeof inner === "string") {
        const expression = readDateExpression(this.text(inner, place));
        if (typeof expression === "string") throw problem(place, `D(${quoted(inner)}): ${expression}`);
        return Object.freeze({ kind: "date", text: inner, expression });
      }
      const known = keys[0] === "name" ? valueNames.find((of) => of === inner) : undefined;
      if (known !== undefined) return name(known);
    }
    throw problem(
      place,
      `expected text, a number, true, false, null, a list, {"D": "today"} or {"name": one of ${valueNames.join(", ")}}, found ${kindOf(value)}`,
    );
  }

  private text(value: string, place: string): string {
    this.countText(value);
    const wrong = textProblem(value);
    if (wrong !== undefined) throw problem(place, wrong);
    return value;
  }

  private countText(text: string): void {
    this.textBytes += text.length > filterLimit.textBytes ? text.length : utf8Length(text);
    if (this.textBytes > filterLimit.textBytes) throw limitError("textBytes");
  }

  private countCondition(): void {
    if (++this.conditions > filterLimit.conditions) throw limitError("conditions");
  }
}

function numberLiteral(value: number, place: string): Literal {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (!Number.isFinite(value)) throw problem(place, `${value} is not a number that can be compared`);
  if (Number.isInteger(value)) {
    // Its last digits are lost already: comparing it would compare another number.
    throw problem(place, "a whole number beyond 2^53 is not exact in JSON: send it as text");
  }
  return numeralLiteral(String(value));
}

/** Objects of classes are refused: a Date has no keys and would read as the filter that is always true. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `the text ${quoted(value)}`;
  return typeof value === "object" ? "an object of another form" : `${typeof value} ${quoted(String(value))}`;
}

function problem(place: string, message: string): ValidationError {
  return new ValidationError(place === "" ? `Filter: ${message}` : `Filter, at ${showPlace(place)}: ${message}`);
}

/** The place as the client wrote it, without characters that would break a message apart. */
function showPlace(place: string): string {
  const shown = place.length > 200 ? `…${place.slice(-200)}` : place;
  return JSON.stringify(shown).slice(1, -1);
}
