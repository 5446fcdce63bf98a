/** Names for statements that are sent again and again: each is parsed once on a connection, and soon planned once. */
import { LRUCache } from "lru-cache";
import type { Sql } from "../sql/fragment.ts";
import type { SqlValue } from "../sql/value.ts";
import type { Statement } from "./session.ts";

/** Texts whose names are remembered; one that is forgotten gets another name. */
const MOST_TEXTS = 1000;
const names = new LRUCache<string, string>({ max: MOST_TEXTS });
let given = 0;

/**
 * Prepares a statement under a name that stands for its text.
 *
 * For statements of which a program has as many as its models make, however many requests there are: without a name each is parsed and planned anew, which takes longer than to
 * find a few records.
 */
export function repeated({ text, values }: Sql): Statement {
  let name = names.get(text);
  if (name === undefined) {
    given += 1;
    name = `r${given}`;
    names.set(text, name);
  }
  return { name, text, values: values as readonly SqlValue[] };
}
