/** Parameterised SQL fragments: values are always bound, identifiers pass through one quoting function. */
import sql, { empty, join, raw, type Sql } from "sql-template-tag";

export { empty, join, raw, type Sql } from "sql-template-tag";
export { sql };

/**
 * Quotes a table, column or alias name.
 *
 * @param name an identifier of at most 63 bytes, as PostgreSQL keeps them
 * @returns a fragment that holds the quoted name
 * @throws Error when the name is empty, too long or holds a NUL: such a name is a fault of the program, never input
 */
export function identifier(name: string): Sql {
  return raw(quoteIdentifier(name));
}

/** The text form of {@link identifier}, for places that assemble plain text such as schema operations. */
export function quoteIdentifier(name: string): string {
  if (name === "" || name.includes("\0") || Buffer.byteLength(name) > 63) {
    throw new Error(`not a usable identifier: ${JSON.stringify(name)}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as an SQL literal, for the few places where PostgreSQL takes no parameter (defaults, comments). */
export function quoteLiteral(text: string): string {
  const escaped = text.replaceAll("'", "''");
  return escaped.includes("\\") ? `E'${escaped.replaceAll("\\", "\\\\")}'` : `'${escaped}'`;
}

/** Joins fragments with `separator`, or gives an empty fragment when there are none. */
export function joinOrEmpty(fragments: readonly Sql[], separator: string): Sql {
  return fragments.length === 0 ? empty : join([...fragments], separator);
}
