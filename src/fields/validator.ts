/** Ready-made validators. All of them take time linear in the length of the value. */
import Big from "big.js";
import type { Validator } from "./field.ts";

const EMAIL_LOCAL = /^[^\s@<>()[\]\\,;:"]{1,64}$/u;
const HOST_LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;

function isHost(text: string): boolean {
  const labels = text.split(".");
  return text.length <= 253 && labels.length >= 2 && labels.every((label) => HOST_LABEL.test(label));
}

/** An e-mail address as people have them: `local@host.example`, without quoting or comments. */
export const emailAddress: Validator<string> = (value) => {
  const at = value.lastIndexOf("@");
  const fine = value === "" || (EMAIL_LOCAL.test(value.slice(0, at)) && isHost(value.slice(at + 1)));
  return fine ? null : "must be an e-mail address such as name@example.com";
};

/** An absolute http or https address. */
export const webAddress: Validator<string> = (value) => {
  const fine = value === "" || (/^https?:\/\/\S+$/.test(value) && URL.canParse(value));
  return fine ? null : "must be a web address such as https://example.com";
};

/**
 * Texts that a pattern matches as a whole.
 *
 * @param pattern the author's pattern; it must not backtrack without bound
 * @param message what is allowed, such as `must be three capital letters`
 */
export function matching(pattern: RegExp, message: string): Validator<string> {
  // Sticky and global patterns remember where they stopped; with `m` a single line would do.
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ""));
  return (value) => (whole.test(value) ? null : message);
}

/** Numbers above zero. */
export const positive: Validator<number | string> = (value) =>
  new Big(value).gt(0) ? null : "must be greater than zero";

/** Zero and numbers above it. */
export const notNegative: Validator<number | string> = (value) =>
  (typeof value === "string" && /^\d/.test(value)) || new Big(value).gte(0) ? null : "must not be negative";

/** A time zone of the IANA database, such as `Europe/Berlin`. */
export const timeZone: Validator<string> = (value) => {
  try {
    // Offsets such as +02:00 are time zones to JavaScript, and to PostgreSQL with the sign turned round.
    if (!/^[A-Za-z]/.test(value)) throw new RangeError(value);
    new Intl.DateTimeFormat("en", { timeZone: value });
    return null;
  } catch {
    return "must be a time zone such as Europe/Berlin";
  }
};
