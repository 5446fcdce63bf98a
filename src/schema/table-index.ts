/** Indexes in SQL and in words, and how their declared text is kept. */
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { uniqueCheck } from "./constraint.ts";
import { declaredComment, declaredText } from "./expression.ts";
import { type DataCheck, type Operation, SEARCH_STATISTICS } from "./operation.ts";
import type { Index } from "./shape.ts";

const QUOTED_NAME = /^"(?:[^"]|"")+"$/;

/** The part of an index that PostgreSQL may print in other words. */
type DeclaredParts = Pick<Index, "keys" | "where">;

/** Tells whether two indexes of one name are the same. */
export function isSameIndex(left: Index, right: Index): boolean {
  return (
    left.unique === right.unique &&
    left.method === right.method &&
    left.where === right.where &&
    left.keys.length === right.keys.length &&
    left.keys.every((key, at) => key === right.keys[at])
  );
}

/**
 * Adds an index; a unique one only when the rows allow it.
 *
 * @param index the keys of a unique one are plain columns or expressions, without `DESC` or an operator class
 * @param hasRows whether the table may have any
 */
export function addIndex(table: string, index: Index, hasRows: boolean): Operation {
  return {
    kind: "add index",
    table,
    description: `add ${describeIndex(table, index)}`,
    statements: createSql(table, index),
    ...(hasRows && index.unique ? { check: indexCheck(table, index) } : {}),
  };
}

/** Replaces an index by another of the same name. */
export function changeIndex(table: string, from: Index, to: Index): Operation {
  return {
    kind: "change index",
    table,
    description: `change ${describeIndex(table, from)} => ${describeIndex(table, to)}`,
    statements: [dropIndexSql(from), ...createSql(table, to)],
    ...(to.unique ? { check: indexCheck(table, to) } : {}),
  };
}

/** Removes an index that nothing declares any more. */
export function dropIndex(table: string, index: Index): Operation {
  return {
    kind: "drop index",
    table,
    description: `drop ${describeIndex(table, index)}: no longer declared`,
    statements: [dropIndexSql(index)],
  };
}

/** Reads the declared parts back from the comment of an index; undefined when the comment is none of ours. */
export function declaredIndex(comment: string | null): DeclaredParts | undefined {
  const text = declaredText(comment);
  if (text === undefined) return undefined;
  try {
    const parts = JSON.parse(text) as Partial<DeclaredParts> | null;
    return Array.isArray(parts?.keys) ? (parts as DeclaredParts) : undefined;
  } catch {
    // Somebody edited the comment: the index is read as if it had none, and made anew.
    return undefined;
  }
}

function createSql(table: string, index: Index): string[] {
  const where = index.where === undefined ? "" : ` WHERE (${index.where})`;
  const create =
    `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quoteIdentifier(index.name)} ON ${quoteIdentifier(table)}` +
    ` USING ${index.method} (${index.keys.join(", ")})${where}`;
  if (index.where === undefined && index.keys.every((key) => QUOTED_NAME.test(key))) return [create];
  const name = quoteIdentifier(index.name);
  const declared: DeclaredParts = {
    keys: index.keys,
    ...(index.where === undefined ? {} : { where: index.where }),
  };
  const comment = quoteLiteral(declaredComment(JSON.stringify(declared)));
  const statistics = `ALTER INDEX ${name} ALTER COLUMN 1 SET STATISTICS ${SEARCH_STATISTICS}`;
  return [create, `COMMENT ON INDEX ${name} IS ${comment}`, ...(index.trigrams === true ? [statistics] : [])];
}

/** The statement that takes an index off. */
export function dropIndexSql(index: Index): string {
  return `DROP INDEX ${quoteIdentifier(index.name)}`;
}

function indexCheck(table: string, { keys, where }: Index): DataCheck {
  const [first = ""] = keys;
  const path =
    keys.length === 1 && QUOTED_NAME.test(first) ? `${table}.${unquote(first)}` : `${table} (${keyNames(keys)})`;
  return uniqueCheck(table, path, keys, where);
}

function describeIndex(table: string, index: Index): string {
  const words = `${index.unique ? "unique " : ""}${index.method === "btree" ? "" : `${index.method} `}index`;
  return `${words} ${table} (${keyNames(index.keys)})${index.where === undefined ? "" : ` where ${index.where}`}`;
}

function keyNames(keys: readonly string[]): string {
  return keys.map((key) => (QUOTED_NAME.test(key) ? unquote(key) : key)).join(", ");
}

function unquote(name: string): string {
  return name.slice(1, -1).replaceAll('""', '"');
}
