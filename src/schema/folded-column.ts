/** The way to the folded columns that a table wants: texts without case, which PostgreSQL keeps beside those that are searched. */
import type { FieldError } from "../errors.ts";
import { isFoldedName } from "../models/column-name.ts";
import { quoteIdentifier } from "../sql/fragment.ts";
import { columnSql, declareDefault } from "./column.ts";
import type { Operation } from "./operation.ts";
import { type Column, type Index, type Table, tableOf } from "./shape.ts";
import { dropIndexSql, isSameIndex } from "./table-index.ts";

/** What becomes of the folded columns of a table. */
export interface FoldedPlan {
  readonly operations: readonly Operation[];
  readonly refusals: readonly FieldError[];
  /** The table without the columns and indexes that the operations take away. */
  readonly rest: Table;
}

/**
 * Plans the folded columns of a table. They lose nothing, so those that nothing declares any more go; and what is made otherwise than
 * declared, or of a column that gets another type, is made anew.
 *
 * Such a column comes with a table and all its indexes written anew, once for all columns of a table. Indexes that change anyway are taken off
 * before: those of searches, where they have another form.
 */
export function planFolded(actual: Table, desired: Table): FoldedPlan {
  const wanted = [...desired.columns.values()].filter(({ generated }) => generated !== undefined);
  const stale = [...actual.columns.values()].filter((column) => isStale(column, actual, desired));
  const others = [...actual.columns.values()].filter((column) => !stale.includes(column));
  const missing = wanted.filter(({ name }) => !others.some((column) => column.name === name));
  const taken = others.filter(
    ({ name, generated }) => generated === undefined && wanted.some((each) => each.name === name),
  );
  const gone = [...actual.indexes.values()].filter(({ keys }) =>
    stale.some(({ name }) => keys.some((key) => key.includes(name))),
  );
  const replaced = [...actual.indexes.values()].filter((index) => {
    const other = desired.indexes.get(index.name);
    return missing.length > 0 && other !== undefined && !isSameIndex(index, other) && !gone.includes(index);
  });
  const off = new Set([...gone, ...replaced]);
  const { name, columns: _, constraints, indexes, ...more } = actual;
  return {
    operations: [
      ...(stale.length === 0 ? [] : [dropFolded(actual, stale)]),
      ...(missing.length === 0 ? [] : [addFolded(desired, missing, replaced), gatherStatistics(name)]),
    ],
    refusals: taken.map((column) => ({
      path: `${name}.${column.name}`,
      message: "is there already, and is not what searches need; drop it or call it otherwise",
    })),
    rest: tableOf(name, {
      ...more,
      columns: others,
      constraints: [...constraints.values()],
      indexes: [...indexes.values()].filter((index) => !off.has(index)),
    }),
  };
}

function isStale(column: Column, actual: Table, desired: Table): boolean {
  if (column.generated === undefined || !isFoldedName(column.name)) return false;
  const wanted = desired.columns.get(column.name);
  if (wanted?.generated !== column.generated) return true;
  // PostgreSQL changes no type of which a column is made.
  return sourcesOf(column, actual).some(({ name, type }) => desired.columns.get(name)?.type !== type);
}

function dropFolded(table: Table, columns: readonly Column[]): Operation {
  const drops = columns.map(({ name }) => `DROP COLUMN ${quoteIdentifier(name)}`);
  return {
    kind: "drop folded columns",
    table: table.name,
    description: `keep ${describeSources(table, columns)} without case no more`,
    statements: [`ALTER TABLE ${quoteIdentifier(table.name)} ${drops.join(", ")}`],
  };
}

function addFolded(table: Table, columns: readonly Column[], replaced: readonly Index[]): Operation {
  const adds = columns.map((column) => `ADD COLUMN ${columnSql(column, false)}`);
  return {
    kind: "add folded columns",
    table: table.name,
    description: `keep ${describeSources(table, columns)} without case, for searches`,
    statements: [
      ...replaced.map(dropIndexSql),
      `ALTER TABLE ${quoteIdentifier(table.name)} ${adds.join(", ")}`,
      ...columns.flatMap((column) => declareDefault(table.name, column)),
    ],
  };
}

/** PostgreSQL gathers them by itself only once many rows have changed, and knows nothing of the new columns until then. */
function gatherStatistics(table: string): Operation {
  return {
    kind: "gather statistics",
    table,
    description: `look at ${table} as a whole, so that searches are planned well`,
    statements: [`ANALYZE ${quoteIdentifier(table)}`],
  };
}

/** The columns that a folded one is made of. */
function sourcesOf({ generated = "" }: Column, table: Table): Column[] {
  return [...table.columns.values()].filter(({ name }) => generated.includes(quoteIdentifier(name)));
}

function describeSources(table: Table, columns: readonly Column[]): string {
  const sources = columns.flatMap((column) => sourcesOf(column, table));
  return sources.map(({ name }) => `${table.name}.${name}`).join(", ");
}
