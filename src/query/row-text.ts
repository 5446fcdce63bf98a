/** Reads rows as PostgreSQL prints them when they are one value: `(1,"Office Chair",,t)`. */
import type { TextRow } from "../sql/value.ts";

const [QUOTE, CLOSE, COMMA] = [0x22, 0x29, 0x2c];

/**
 * Reads rows that stand one behind the other.
 *
 * Texts with anything in them that could be taken for more than text stand in quotes, where quotes and backslashes are doubled; a null is nothing at all.
 *
 * @param visit gets each row, and says whether to go on; the list is used again for the next one
 * @returns whether all have been read
 * @see https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
export function readRows(text: string, visit: (row: TextRow) => boolean): boolean {
  const row: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    row.length = 0;
    do {
      // Behind the parenthesis or the comma.
      at += 1;
      const next = text.charCodeAt(at);
      if (next === COMMA || next === CLOSE) {
        row.push(null);
      } else if (next === QUOTE) {
        const end = endOfQuoted(text, at);
        row.push(unquoted(text.slice(at + 1, end)));
        at = end + 1;
      } else {
        const start = at;
        do at += 1;
        while (!isEnd(text.charCodeAt(at)));
        row.push(text.slice(start, at));
      }
    } while (text.charCodeAt(at) === COMMA);
    at += 1;
    if (!visit(row)) return false;
  }
  return true;
}

function isEnd(code: number): boolean {
  // Behind the end of a text that is cut off there is no number.
  return code === COMMA || code === CLOSE || Number.isNaN(code);
}

/** The place of the quote that ends the text whose quote stands at `start`. */
function endOfQuoted(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (text.charCodeAt(end + 1) === QUOTE) end = text.indexOf('"', end + 2);
  return end;
}

function unquoted(inner: string): string {
  const single = inner.includes('"') ? inner.replaceAll('""', '"') : inner;
  return single.includes("\\") ? single.replaceAll("\\\\", "\\") : single;
}
