/** Checks the directory of a packed workbook before anything is unpacked, so that no file costs more than its bounds. */
import { inflateRawSync } from "node:zlib";
import { TableProblem, tableLimit } from "./table-row.ts";

const END = 0x06054b50;
const END_LENGTH = 22;
const LONGEST_COMMENT = 65_535;
const ENTRY = 0x02014b50;
const ENTRY_LENGTH = 46;
const LOCAL_LENGTH = 30;
const ENCRYPTED = 1;
const BEYOND_32_BITS = 0xffff_ffff;

/** Parts that are read row by row, and may therefore be large. */
const SHEET = /^xl\/worksheets\/[^/]+\.xml$/i;
const WORKBOOK = "xl/workbook.xml";

/** A part of an archive. */
interface Entry {
  readonly name: string;
  readonly packed: number;
  readonly unpacked: number;
  /** Where its local header begins. */
  readonly place: number;
}

/**
 * Checks that a workbook can be unpacked within the bounds. What the directory says is binding: a part that unpacks to more
 * than it announces is refused while it is unpacked.
 *
 * @returns the names of the sheets, in their order
 * @throws TableProblem
 */
export function checkArchive(bytes: Uint8Array): string[] {
  const entries = new Map<string, Entry>();
  let others = 0;
  for (const entry of listEntries(bytes)) {
    const { name, packed, unpacked } = entry;
    if (entries.has(name) || (packed > 0 && unpacked === 0)) throw broken();
    entries.set(name, entry);
    const isSheet = SHEET.test(name);
    // Sizes beyond 32 bits read as the largest number.
    if (unpacked > (isSheet ? tableLimit.sheetSize : tableLimit.partSize)) throw tooLarge();
    // Of the rest only texts are unpacked, all of them at once.
    if (!isSheet && /\.(xml|rels)$/i.test(name)) others += unpacked;
    if (others > tableLimit.partSize) throw tooLarge();
  }
  const workbook = entries.get(WORKBOOK);
  if (!entries.has("[Content_Types].xml") || workbook === undefined) {
    throw new TableProblem("is an archive, but no .xlsx workbook");
  }
  return sheetNames(unpackText(bytes, workbook));
}

function* listEntries(bytes: Uint8Array): Generator<Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let place = view.getUint32(end + 16, true);
  if (count > tableLimit.parts || place === BEYOND_32_BITS) throw tooLarge();
  for (let entry = 0; entry < count; entry += 1) {
    if (place + ENTRY_LENGTH > view.byteLength || view.getUint32(place, true) !== ENTRY) throw broken();
    if ((view.getUint16(place + 8, true) & ENCRYPTED) !== 0) throw new TableProblem("is protected by a password");
    const nameLength = view.getUint16(place + 28, true);
    const start = place + ENTRY_LENGTH;
    yield {
      name: new TextDecoder().decode(bytes.subarray(start, start + nameLength)),
      packed: view.getUint32(place + 20, true),
      unpacked: view.getUint32(place + 24, true),
      place: view.getUint32(place + 42, true),
    };
    place = start + nameLength + view.getUint16(place + 30, true) + view.getUint16(place + 32, true);
  }
}

function findEnd(view: DataView): number {
  const last = view.byteLength - END_LENGTH;
  for (let place = last; place >= Math.max(0, last - LONGEST_COMMENT); place -= 1) {
    if (view.getUint32(place, true) === END) return place;
  }
  throw broken();
}

function unpackText(bytes: Uint8Array, { place, packed, unpacked }: Entry): string {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = place + LOCAL_LENGTH + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
    const content = bytes.subarray(start, start + packed);
    const isPacked = view.getUint16(place + 8, true) !== 0;
    return new TextDecoder().decode(isPacked ? inflateRawSync(content, { maxOutputLength: unpacked }) : content);
  } catch {
    throw broken();
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function sheetNames(workbook: string): string[] {
  const names = workbook.matchAll(/<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"/g);
  return [...names].map(([, name = ""]) => name.replaceAll(/&(\w+);/g, (text, key: string) => ENTITIES[key] ?? text));
}

/** The error for an archive that cannot be unpacked. */
export function broken(): TableProblem {
  return new TableProblem("is a broken archive: it cannot be unpacked");
}

function tooLarge(): TableProblem {
  const mebibytes = tableLimit.sheetSize / 1024 / 1024;
  return new TableProblem(`unpacks to too much: a sheet may have ${mebibytes} MiB; send it in parts, or as csv`);
}
