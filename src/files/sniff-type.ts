/** Finds out what a content is by how it begins: what clients say of it is believed only where it does no harm. */
import { isUtf8 } from "node:buffer";

/** Bytes that are looked at. */
export const SNIFFED_BYTES = 4096;

interface Signature {
  readonly mimetype: string;
  /** Bytes in latin1. */
  readonly bytes: string;
  readonly at?: number;
  /** Types that such contents may have too, when the client says so. */
  readonly also?: RegExp;
}

const OFFICE = /^application\/vnd\.(openxmlformats-officedocument|oasis\.opendocument)\.[a-z0-9.-]+$/;

/** Every form that is known by its first bytes. */
const signatures: readonly Signature[] = [
  { mimetype: "image/png", bytes: "\x89PNG\r\n\x1a\n" },
  { mimetype: "image/jpeg", bytes: "\xff\xd8\xff" },
  { mimetype: "image/gif", bytes: "GIF87a" },
  { mimetype: "image/gif", bytes: "GIF89a" },
  { mimetype: "image/webp", bytes: "WEBP", at: 8 },
  { mimetype: "image/avif", bytes: "ftypavif", at: 4 },
  { mimetype: "application/pdf", bytes: "%PDF-" },
  { mimetype: "application/zip", bytes: "PK\x03\x04", also: OFFICE },
  { mimetype: "application/gzip", bytes: "\x1f\x8b" },
  { mimetype: "audio/mpeg", bytes: "ID3" },
  { mimetype: "audio/ogg", bytes: "OggS" },
  { mimetype: "video/mp4", bytes: "ftyp", at: 4 },
];

/** Texts that no browser runs. */
const HARMLESS_TEXT = new Set([
  "text/csv",
  "text/plain",
  "application/json",
  "text/markdown",
  "text/calendar",
  "text/vcard",
]);

/**
 * The media type of a content.
 *
 * @param head its first {@link SNIFFED_BYTES}
 * @param given what the client says
 */
export function sniffType(head: Uint8Array, given: string): string {
  const bytes = Buffer.from(head);
  const said = given.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const found = signatures.find(
    ({ bytes: start, at = 0 }) => bytes.toString("latin1", at, at + start.length) === start,
  );
  if (found !== undefined) return found.also?.test(said) === true ? said : found.mimetype;
  if (!isText(bytes)) return "application/octet-stream";
  return HARMLESS_TEXT.has(said) ? said : "text/plain";
}

/** The last character may be cut off. */
function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  return [0, 1, 2, 3].some((cut) => cut <= bytes.length && isUtf8(bytes.subarray(0, bytes.length - cut)));
}
