/** Names of constraints and indexes: the same for the same columns, always, and never longer than PostgreSQL keeps. */
import { createHash } from "node:crypto";

/** What a constraint or index is for, as the last part of its name. */
export type NameSuffix = "pkey" | "key" | "fkey" | "check" | "idx";

const MAX_BYTES = 63;
const SUFFIXED = /_(?:key|fkey|check|idx)$/;

/**
 * Names a constraint or index after its table and columns.
 *
 * Parts are joined by two underscores, because index names are unique in the whole schema: with one, `line_tax` of
 * `sale_order` and `tax` of `sale_order_line` would meet. A name that gets too long is cut and carries a hash of the whole.
 *
 * @param columns in the order of the definition; for `check` and `idx` any words that tell it from others of the table
 * @returns a name of at most 63 bytes
 */
export function constraintName(table: string, columns: readonly string[], suffix: NameSuffix): string {
  const stem = suffix === "pkey" ? table : [table, ...columns].join("__");
  const name = `${stem}_${suffix}`;
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  const tail = `_${hash}_${suffix}`;
  return cutToBytes(stem, MAX_BYTES - tail.length) + tail;
}

/**
 * Tells whether a constraint or index of `table` was named by {@link constraintName}.
 *
 * What others made by hand is left alone for that. A hashed name that lost the whole table name counts as theirs.
 */
export function isConstraintName(table: string, name: string): boolean {
  return name.startsWith(`${table}__`) && SUFFIXED.test(name);
}

function cutToBytes(text: string, bytes: number): string {
  let cut = "";
  let length = 0;
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    cut += character;
  }
  return cut;
}
