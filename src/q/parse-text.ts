/** The parser of the filter language's text form: one pass, by hand, nothing is ever evaluated. */
import { ValidationError } from "../errors.ts";
import { isLowerLetter, isNameCode, isScalar, itemProblem, operandProblem, readConditionKey } from "./condition-key.ts";
import { readDateExpression } from "./date-expression.ts";
import { filterLimit, limitError } from "./limit.ts";
import { isDigit, numeralEnd, numeralLiteral } from "./numeral.ts";
import { isSurrogate, quoted, textProblem, utf8Length } from "./text.ts";
import {
  and,
  type Condition,
  condition,
  type DateLiteral,
  group,
  type Literal,
  name,
  not,
  or,
  type Q,
  type ScalarLiteral,
  valueNames,
} from "./tree.ts";

const code = {
  ampersand: 38,
  apostrophe: 39,
  backslash: 92,
  bar: 124,
  closeBracket: 93,
  closeParenthesis: 41,
  comma: 44,
  dot: 46,
  equals: 61,
  lowerU: 117,
  minus: 45,
  openBracket: 91,
  openParenthesis: 40,
  quote: 34,
  tilde: 126,
  underscore: 95,
  upperQ: 81,
} as const;

const words: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
  ...valueNames.map((of): [string, Literal] => [of, name(of)]),
]);

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/**
 * Parses a filter such as `Q(active__eq=True) & ~Q(name__icontains="x")`.
 *
 * @throws ValidationError with the column (from 1) and what was expected there, or with the limit that is passed
 */
export function parseQ(text: string): Q {
  return new TextParser(text).parse();
}

/** A place in one text, and what has been counted up to it. */
class TextParser {
  private readonly text: string;
  private position = 0;
  private level = 0;
  private conditions = 0;
  private listItems = 0;

  constructor(text: string) {
    this.text = text;
    const { textBytes } = filterLimit;
    if (text.length > textBytes || (text.length * 3 > textBytes && utf8Length(text) > textBytes)) {
      throw limitError("textBytes");
    }
  }

  parse(): Q {
    const q = this.expression();
    this.skipSpace();
    if (this.position < this.text.length) throw this.expected('"&", "|" or the end');
    return q;
  }

  private expression(): Q {
    const first = this.term();
    if (!this.take(code.bar)) return first;
    const items = [first];
    do items.push(this.term());
    while (this.take(code.bar));
    return or(items);
  }

  private term(): Q {
    const first = this.factor();
    if (!this.take(code.ampersand)) return first;
    const items = [first];
    do items.push(this.factor());
    while (this.take(code.ampersand));
    return and(items);
  }

  private factor(): Q {
    this.skipSpace();
    const start = this.text.charCodeAt(this.position);
    if (start !== code.upperQ && start !== code.tilde && start !== code.openParenthesis) {
      throw this.expected('"Q(", "(" or "~"');
    }
    if (++this.level > filterLimit.levels) throw limitError("levels");
    this.position++;
    let q: Q;
    if (start === code.upperQ) q = this.call();
    else if (start === code.tilde) q = not(this.factor());
    else {
      q = this.expression();
      if (!this.take(code.closeParenthesis)) throw this.expected('"&", "|" or ")"');
    }
    this.level--;
    return q;
  }

  /** The arguments of a `Q`: all conditions form one group, expressions among them stay groups of their own. */
  private call(): Q {
    if (!this.take(code.openParenthesis)) throw this.expected('"(" after "Q"');
    if (this.take(code.closeParenthesis)) {
      this.countCondition();
      return group([]);
    }
    const conditions: Condition[] = [];
    let others: Q[] | undefined;
    do {
      this.skipSpace();
      const start = this.text.charCodeAt(this.position);
      if (isLowerLetter(start) || start === code.underscore) conditions.push(this.condition());
      else if (start === code.upperQ || start === code.tilde || start === code.openParenthesis) {
        others ??= [];
        others.push(this.expression());
      } else throw this.expected('a condition such as name="x", "Q(", "(" or "~"');
    } while (this.take(code.comma));
    if (!this.take(code.closeParenthesis)) throw this.expected('"," or ")"');
    if (others === undefined) return group(conditions);
    return and(conditions.length === 0 ? others : [group(conditions), ...others]);
  }

  private condition(): Condition {
    this.countCondition();
    const start = this.position;
    while (this.isKeyPart(this.text.charCodeAt(this.position))) this.position++;
    const source = this.text.slice(start, this.position);
    const key = readConditionKey(source);
    if (typeof key === "string") throw this.problem(key, start);
    if (!this.take(code.equals)) throw this.expected(`"=" after ${quoted(source)}`);
    this.skipSpace();
    const valueStart = this.position;
    const value = this.literal();
    const problem = operandProblem(key.lookup, value);
    if (problem !== undefined) throw this.problem(problem, valueStart);
    return condition(key.path, key.lookup, value, source);
  }

  /** Upper case letters are taken along, so that the message shows the whole name. */
  private isKeyPart(unit: number): boolean {
    return isNameCode(unit) || unit === code.dot || (unit >= 65 && unit <= 90);
  }

  private literal(): Literal {
    this.skipSpace();
    const start = this.text.charCodeAt(this.position);
    if (start === code.apostrophe || start === code.quote) return this.quotedText(start);
    if (isDigit(start) || start === code.minus) return this.numeral();
    if (start === code.openBracket) return this.list(code.closeBracket, "]");
    if (start === code.openParenthesis) return this.list(code.closeParenthesis, ")");
    return this.word();
  }

  private numeral(): Literal {
    const start = this.position;
    const end = numeralEnd(this.text, start);
    if (typeof end === "string") throw this.problem(end, start);
    this.position = end;
    return numeralLiteral(this.text.slice(start, end));
  }

  private word(): Literal {
    const start = this.position;
    while (this.isKeyPart(this.text.charCodeAt(this.position))) this.position++;
    const word = this.text.slice(start, this.position);
    if (word === "D") return this.date();
    const value = words.get(word);
    if (value !== undefined) return value;
    if (word === "") throw this.expected("a value");
    throw this.problem(
      `${quoted(word)} is not a value: text needs quotes; known names are True, False, None, D(...), ${valueNames.join(", ")}`,
      start,
    );
  }

  private date(): DateLiteral {
    if (!this.take(code.openParenthesis)) throw this.expected('"(" after "D"');
    this.skipSpace();
    const start = this.position;
    const quote = this.text.charCodeAt(start);
    if (quote !== code.apostrophe && quote !== code.quote) throw this.expected('quoted text such as "today-7d"');
    const text = this.quotedText(quote);
    const expression = readDateExpression(text);
    if (typeof expression === "string") throw this.problem(`D(${quoted(text)}): ${expression}`, start);
    if (!this.take(code.closeParenthesis)) throw this.expected('")"');
    return Object.freeze({ kind: "date", text, expression });
  }

  /** Items up to the closing mark; as in Python, a comma may stand before it. */
  private list(close: number, closeText: string): readonly ScalarLiteral[] {
    this.position++;
    const items: ScalarLiteral[] = [];
    while (!this.take(close)) {
      if (items.length > 0 && !this.take(code.comma)) throw this.expected(`"," or "${closeText}"`);
      if (items.length > 0 && this.take(close)) break;
      if (++this.listItems > filterLimit.listItems) throw limitError("listItems");
      this.skipSpace();
      const start = this.position;
      const opening = this.text.charCodeAt(start);
      // Refused before it is read: nested brackets must not nest calls.
      const item: Literal = opening === code.openBracket || opening === code.openParenthesis ? [] : this.literal();
      const problem = itemProblem(item);
      if (problem !== undefined || !isScalar(item)) throw this.problem(problem ?? "", start);
      items.push(item);
    }
    return Object.freeze(items);
  }

  private quotedText(quote: number): string {
    const start = this.position;
    let from = start + 1;
    let index = from;
    let text = "";
    let isSuspect = false;
    for (;;) {
      const unit = this.text.charCodeAt(index);
      if (unit === quote) break;
      if (Number.isNaN(unit)) throw this.problem("this text has no closing quote", start);
      if (unit === code.backslash) {
        text += this.text.slice(from, index);
        text += this.escaped(index);
        index += this.text.charCodeAt(index + 1) === code.lowerU ? 6 : 2;
        from = index;
        isSuspect = true;
        continue;
      }
      if (unit === 0 || isSurrogate(unit)) isSuspect = true;
      index++;
    }
    this.position = index + 1;
    text = from === start + 1 ? this.text.slice(from, index) : text + this.text.slice(from, index);
    const problem = isSuspect ? textProblem(text) : undefined;
    if (problem !== undefined) throw this.problem(problem, start);
    return text;
  }

  private escaped(index: number): string {
    const letter = this.text.charAt(index + 1);
    const plain = escapes.get(letter);
    if (plain !== undefined) return plain;
    const digits = this.text.slice(index + 2, index + 6);
    if (letter === "u" && /^[0-9A-Fa-f]{4}$/.test(digits)) return String.fromCharCode(Number.parseInt(digits, 16));
    throw this.problem(
      String.raw`unknown escape: known are \\ \' \" \n \r \t and \uXXXX with four hexadecimal digits`,
      index,
    );
  }

  private countCondition(): void {
    if (++this.conditions > filterLimit.conditions) throw limitError("conditions");
  }

  private skipSpace(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.position);
      if (unit !== 32 && unit !== 10 && unit !== 9 && unit !== 13) return;
      this.position++;
    }
  }

  /** Passes over one mark and the space before it, where it is next. */
  private take(mark: number): boolean {
    this.skipSpace();
    if (this.text.charCodeAt(this.position) !== mark) return false;
    this.position++;
    return true;
  }

  private expected(what: string): ValidationError {
    const found = this.text.codePointAt(this.position);
    const shown = found === undefined ? "the end" : quoted(String.fromCodePoint(found));
    return this.problem(`expected ${what}, found ${shown}`, this.position);
  }

  private problem(message: string, at: number): ValidationError {
    return new ValidationError(`Filter, column ${at + 1}: ${message}`);
  }
}
