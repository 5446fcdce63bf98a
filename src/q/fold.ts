/** Text without case or accents, in step with the functions that PostgreSQL does it with (`src/sql/caseless-text.ts`). */

/** Letters that are no letter with an accent to Unicode, but to people. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ["ς", "σ"],
  ["ø", "o"],
  ["đ", "d"],
  ["ð", "d"],
  ["ł", "l"],
  ["ħ", "h"],
  ["ŧ", "t"],
  ["ı", "i"],
  ["ŋ", "n"],
  ["ß", "ss"],
  ["æ", "ae"],
  ["œ", "oe"],
  ["þ", "th"],
  ["ĳ", "ij"],
]);
const LETTER = new RegExp(`[${[...LETTERS.keys()].join("")}]`, "gu");

/** Takes a text to the form in which it is compared. */
export type Fold = (text: string) => string;

/** A text without case. A sigma at the end of a word is a sigma. */
export function foldCase(text: string): string {
  return text.toLowerCase().replaceAll("ς", "σ");
}

/**
 * A text without case and without the accents of Latin, Greek and Cyrillic letters.
 *
 * What is left is composed again, so that the letters of other scripts stay whole.
 */
export function foldAccents(text: string): string {
  const bare = text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC");
  return bare.replace(LETTER, (letter) => LETTERS.get(letter) ?? letter);
}
