/** How large a filter may be, in either of its forms, and the error for one that is larger. */
import { ValidationError } from "../errors.ts";

/** Bounds of one filter. They are checked while it is read, so that a hostile filter costs no more than a legal one. */
export const filterLimit = {
  /** Nesting of parentheses, `Q(...)`, `~`, JSON objects; also the number of names in one path. */
  levels: 64,
  /** Conditions of the whole filter; an empty `Q()` counts as one. */
  conditions: 1000,
  /** Items of all lists of the filter together. */
  listItems: 10_000,
  /** UTF-8 bytes of the text form; in the JSON form, of all keys and text values together. */
  textBytes: 65_536,
} as const;

const limitText: Readonly<Record<keyof typeof filterLimit, string>> = {
  levels: `Filter is nested deeper than ${filterLimit.levels} levels`,
  conditions: `Filter has more than ${filterLimit.conditions} conditions`,
  listItems: `Filter has more than ${filterLimit.listItems} list items`,
  textBytes: `Filter is longer than ${filterLimit.textBytes / 1024} KiB`,
};

/** The error for a filter that goes beyond the named limit. */
export function limitError(limit: keyof typeof filterLimit): ValidationError {
  return new ValidationError(limitText[limit]);
}
