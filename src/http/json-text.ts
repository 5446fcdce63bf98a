/** Checks what `JSON.parse` lets pass: nesting without bound, a member given twice, and `__proto__`. */
import { ValidationError } from "../errors.ts";

/** Deepest nesting of objects and lists. A filter of 64 levels in its JSON form needs 130. */
export const DEEPEST_JSON = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;
const LIST_START = 0x5b;
const LIST_END = 0x5d;

/**
 * Checks a JSON text before it is parsed. What is no JSON at all is left for the parser to refuse.
 *
 * @throws ValidationError naming the member or the limit
 */
export function checkJsonText(text: string): void {
  /** The members seen so far of each object around the current place; null for a list, which has none. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case OBJECT_START:
        open.push(new Set());
        checkDepth(open.length);
        break;
      case LIST_START:
        open.push(null);
        checkDepth(open.length);
        break;
      case OBJECT_END:
      case LIST_END:
        open.pop();
        break;
      case QUOTE: {
        const end = endOfText(text, at);
        if (end === -1) return;
        if (isMember(text, end + 1)) addMember(open.at(-1), text.slice(at, end + 1));
        at = end;
        break;
      }
    }
  }
}

function checkDepth(depth: number): void {
  if (depth > DEEPEST_JSON) throw new ValidationError(`The body is nested deeper than ${DEEPEST_JSON} levels`);
}

/** The place of the quote that ends the text which begins at `start`; -1 where there is none. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even number of backslashes means that none of them belongs to the quote.
    if ((end - before) % 2 === 1) return end;
  }
  return -1;
}

/** Whether a colon follows, so that the text before was the name of a member. */
function isMember(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return text.charCodeAt(at) === COLON;
}

function addMember(members: Set<string> | null | undefined, quoted: string): void {
  if (members === null || members === undefined) return;
  const name = quoted.includes("\\") ? unescaped(quoted) : quoted.slice(1, -1);
  if (name === "__proto__") throw ValidationError.ofFields([{ path: name, message: "is not known here" }]);
  if (members.has(name)) throw ValidationError.ofFields([{ path: name.slice(0, 100), message: "is given twice" }]);
  members.add(name);
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
