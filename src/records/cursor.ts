/** Cursors: where a list goes on, as an opaque text that only this server's key can have made. */
import { hash, timingSafeEqual } from "node:crypto";
import { foreignCursor } from "../query/keyset.ts";

/** The values of the order's steps in the last record of a page, as PostgreSQL prints them. */
export type CursorValues = readonly (string | null)[];

/** Bytes of the signature: 16 of 32 are more than anybody can guess. */
const SIGNATURE = 16;
/** Characters of a cursor; as many as a request may send back. */
const LONGEST = 65_536;

/**
 * Makes a cursor.
 *
 * @param key the secret of the database
 * @param request everything that the cursor is bound to: model, user, order, filter and its values
 * @returns null where the values are too long to be sent around
 */
export function makeCursor(key: string, request: string, values: CursorValues): string | null {
  const payload = Buffer.from(JSON.stringify(values));
  const cursor = Buffer.concat([sign(key, request, payload), payload]).toString("base64url");
  return cursor.length <= LONGEST ? cursor : null;
}

/**
 * Reads a cursor.
 *
 * @throws ValidationError when it is malformed, or was made for another request
 */
export function readCursor(key: string, request: string, cursor: string): CursorValues {
  const bytes = cursor.length > LONGEST ? Buffer.alloc(0) : Buffer.from(cursor, "base64url");
  const payload = bytes.subarray(SIGNATURE);
  const signature = bytes.subarray(0, SIGNATURE);
  if (signature.length < SIGNATURE || !timingSafeEqual(signature, sign(key, request, payload))) {
    throw foreignCursor();
  }
  return JSON.parse(payload.toString()) as CursorValues;
}

/** The cut hash cannot be continued, so a key in front is a sound signature, at a fraction of the cost of an HMAC. */
function sign(key: string, request: string, payload: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from(`${key}\0${request}\0`), payload]);
  return hash("sha512-256", message, "buffer").subarray(0, SIGNATURE);
}
