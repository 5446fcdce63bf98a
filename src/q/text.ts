/** Rules for text inside filters: what may be stored in PostgreSQL, its size, and how it is shown in messages. */

const longestExcerpt = 40;

/**
 * Says why a text cannot be a value: PostgreSQL has no NUL, and UTF-8 has no half surrogate pairs.
 *
 * @returns the reason, or undefined where the text is fine
 */
export function textProblem(text: string): string | undefined {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0) return "text must not contain the NUL character";
    if (!isSurrogate(code)) continue;
    const next = text.charCodeAt(index + 1);
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) {
      return "text must not contain half of a surrogate pair";
    }
    index++;
  }
  return undefined;
}

/** Whether a UTF-16 code unit is one half of a pair. */
export function isSurrogate(code: number): boolean {
  return (code & 0xf800) === 0xd800;
}

/** Size of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // Both halves of a pair count two bytes each: four together.
    bytes += code < 0x800 || isSurrogate(code) ? 1 : 2;
  }
  return bytes;
}

/** A client's text in a message: quoted, shortened, without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > longestExcerpt ? `${text.slice(0, longestExcerpt)}…` : text);
}
