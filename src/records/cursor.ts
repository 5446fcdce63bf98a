/** Cursors: where a list goes on, as an opaque text that only this server's key can have made. */
import { hash, timingSafeEqual } from "node:crypto";
import { foreignCursor } from "../query/keyset.ts";

/** The values of the order's steps in the last record of a page, as PostgreSQL prints them. */
export type CursorValues = readonly (string | null)[];

/** Characters of the signature, of 6 bits each: more than anybody can guess. */
const SIGNATURE = 22;
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
  const payload = JSON.stringify(values);
  const cursor = sign(key, request, payload) + Buffer.from(payload).toString("base64url");
  return cursor.length <= LONGEST ? cursor : null;
}

/**
 * Reads a cursor.
 *
 * @throws ValidationError when it is malformed, or was made for another request
 */
export function readCursor(key: string, request: string, cursor: string): CursorValues {
  if (cursor.length > LONGEST) throw foreignCursor();
  const payload = Buffer.from(cursor.slice(SIGNATURE), "base64url").toString();
  const signature = Buffer.from(cursor.slice(0, SIGNATURE));
  const expected = Buffer.from(sign(key, request, payload));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) throw foreignCursor();
  return JSON.parse(payload) as CursorValues;
}

/** The cut hash cannot be continued, so a key in front is a sound signature, at a fraction of the cost of an HMAC. */
function sign(key: string, request: string, payload: string): string {
  return hash("sha512-256", `${key}\0${request}\0${payload}`, "base64url").slice(0, SIGNATURE);
}
