/** Finds out what a file is by its content: a workbook or text, in which encoding, with which separator. */
import { type Encoding, SEPARATORS, type Separator, TableProblem } from "./table-row.ts";

/** What the first bytes of a file say. */
export type FileKind = "xlsx" | "csv";

const ZIP = [0x50, 0x4b, 0x03, 0x04];
const EMPTY_ZIP = [0x50, 0x4b, 0x05, 0x06];
const OLE2 = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/**
 * Tells the kind of a file.
 *
 * @param head its first bytes
 * @throws TableProblem for what is neither, or cannot be read
 */
export function sniffKind(head: Uint8Array): FileKind {
  if (head.length === 0) throw new TableProblem("is empty");
  if (begins(head, ZIP) || begins(head, EMPTY_ZIP)) return "xlsx";
  if (begins(head, OLE2)) {
    throw new TableProblem("is a workbook of the old .xls form, or one with a password; save it as .xlsx without one");
  }
  return "csv";
}

/** The encoding that a byte order mark names; null without one. */
export function encodingOfMark(head: Uint8Array): Encoding | null {
  if (begins(head, [0xef, 0xbb, 0xbf])) return "utf-8";
  if (begins(head, [0xff, 0xfe])) return "utf-16le";
  if (begins(head, [0xfe, 0xff])) return "utf-16be";
  return null;
}

/**
 * The encoding of text without a mark. ASCII in UTF-16 has a zero in every other byte.
 *
 * @param isUtf8 whether the whole file is valid UTF-8
 * @throws TableProblem for bytes that no text has
 */
export function sniffEncoding(head: Uint8Array, isUtf8: boolean): Encoding {
  const zeros = [0, 0];
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const half = head.length / 2;
  const [even = 0, odd = 0] = zeros;
  if (odd > half / 2 && even < half / 10) return "utf-16le";
  if (even > half / 2 && odd < half / 10) return "utf-16be";
  const control = head.find((byte) => byte < 0x20 && byte !== 0 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  if (control !== undefined || even + odd > half / 10) throw new TableProblem("is neither csv nor xlsx");
  return isUtf8 ? "utf-8" : "windows-1252";
}

function begins(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

/** Lines that are looked at to find the separator. */
const LINES = 20;

/**
 * The separator of a text: the one that parts all of the first lines into as many cells, and into the most of them.
 *
 * @param text the beginning of the file; its last line may be cut off
 * @param whole whether the text is the whole file
 */
export function sniffSeparator(text: string, whole: boolean): Separator {
  let best: { separator: Separator; even: boolean; cells: number } = { separator: ",", even: false, cells: 1 };
  for (const separator of SEPARATORS) {
    const counts = countCells(text, separator, whole);
    const cells = counts[0] ?? 1;
    if (cells < 2) continue;
    const even = counts.every((count) => count === cells);
    if ((even && !best.even) || (even === best.even && cells > best.cells)) best = { separator, even, cells };
  }
  return best.separator;
}

/** Cells of the first lines; separators and line ends within quotes are text. */
function countCells(text: string, separator: Separator, whole: boolean): number[] {
  const counts: number[] = [];
  let cells = 1;
  let quoted = false;
  let empty = true;
  for (const char of text) {
    if (counts.length >= LINES) return counts;
    if (char === '"') quoted = !quoted;
    if (quoted || (char !== "\n" && char !== separator)) {
      if (char !== "\r") empty = false;
      continue;
    }
    if (char === separator) {
      cells += 1;
      empty = false;
      continue;
    }
    if (!empty) counts.push(cells);
    cells = 1;
    empty = true;
  }
  if (!empty && (whole || counts.length === 0)) counts.push(cells);
  return counts;
}
