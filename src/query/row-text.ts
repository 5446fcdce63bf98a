/**
 * Reads rows as PostgreSQL prints them when they are one value: `(1,"Office Chair",,t)`. Texts with anything in them that could be taken for
 * more than text stand in quotes, where quotes and backslashes are doubled; a null is nothing at all.
 *
 * Nearly all that stands in quotes is a JSON string as it stands, and answers are made of JSON strings: so that is what a value is given as.
 */

/** A value: null, a JSON string, or the printed value itself where that stands without quotes and so needs none of JSON's escapes. */
export type RowValue = string | null;

/** The values of a row. */
export type RowValues = readonly RowValue[];

const [QUOTE, CLOSE, COMMA, BACKSLASH, SPACE] = [0x22, 0x29, 0x2c, 0x5c, 0x20];

/**
 * Reads rows that stand one behind the other.
 *
 * @param visit gets each row, and says whether to go on; the list is used again for the next one
 * @returns whether all have been read
 * @see https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
export function readRows(text: string, visit: (row: RowValues) => boolean): boolean {
  const row: RowValue[] = [];
  let at = 0;
  while (at < text.length) {
    let values = 0;
    let code = COMMA;
    do {
      // Behind the parenthesis or the comma.
      at += 1;
      const start = at;
      // Whether JSON writes the value in the same way.
      let isPlain = true;
      code = text.charCodeAt(at);
      if (code === QUOTE) {
        for (;;) {
          at += 1;
          code = text.charCodeAt(at);
          if (code === QUOTE) {
            if (text.charCodeAt(at + 1) !== QUOTE) break;
            at += 1;
            isPlain = false;
          } else if (code === BACKSLASH || code < SPACE) isPlain = false;
          else if (at >= text.length) throw cutOff();
        }
        at += 1;
        code = text.charCodeAt(at);
        row[values] = isPlain ? text.slice(start, at) : quotedJson(text.slice(start + 1, at - 1));
      } else {
        while (code !== COMMA && code !== CLOSE) {
          if (code < SPACE) isPlain = false;
          at += 1;
          if (at >= text.length) throw cutOff();
          code = text.charCodeAt(at);
        }
        const printed = text.slice(start, at);
        row[values] = at === start ? null : isPlain ? printed : JSON.stringify(printed);
      }
      values += 1;
    } while (code === COMMA);
    if (code !== CLOSE) throw cutOff();
    row.length = values;
    at += 1;
    if (!visit(row)) return false;
  }
  return true;
}

/** What PostgreSQL prints of a value by itself. */
export function printedValue(value: string): string {
  return isJsonString(value) ? (JSON.parse(value) as string) : value;
}

/** A value as a JSON string. */
export function textJson(value: string): string {
  return isJsonString(value) ? value : `"${value}"`;
}

/** PostgreSQL gives no half rows: looking for the end of one would not come to an end. */
function cutOff(): Error {
  return new Error("a row that PostgreSQL has printed is cut off");
}

function isJsonString(value: string): boolean {
  return value.charCodeAt(0) === QUOTE;
}

function quotedJson(inner: string): string {
  return JSON.stringify(inner.replaceAll('""', '"').replaceAll("\\\\", "\\"));
}
