/** Databases in the form that they had before texts without case were kept in columns: searches had indexes over expressions. */
import type { Registry } from "../../src/models/model.ts";
import { type Index, type Shape, shapeOf, tableOf } from "../../src/schema/shape.ts";
import { quoteIdentifier, quoteLiteral } from "../../src/sql/fragment.ts";

interface OldIndex extends Index {
  readonly table: string;
  readonly folded: string;
}

/** The indexes of then, each with the folded column that its field has now. */
function oldIndexes({ models }: Registry): OldIndex[] {
  return [...models.values()].flatMap(({ table, fields, ignoreAccents }) =>
    [...fields.values()].flatMap((field): OldIndex[] => {
      if (field.kind !== "stored" || field.folded === null) return [];
      const fold = ignoreAccents ? "fullfinity_fold_accents_1" : "fullfinity_fold_case_1";
      const key = `(${fold}(${quoteIdentifier(field.column)})) collate "C"`;
      const shared = { table, folded: field.folded, unique: false };
      return [
        { ...shared, name: `${table}__${field.column}__prefix_idx`, method: "btree", keys: [key, '"id"'] },
        {
          ...shared,
          name: `${table}__${field.column}__infix_idx`,
          method: "gin",
          keys: [`${key} gin_trgm_ops`],
          trigrams: true,
        },
      ];
    }),
  );
}

/** What a registry wanted then, of what it wants now. */
export function unfoldedShape(registry: Registry, shape: Shape): Shape {
  const old = oldIndexes(registry);
  const tables = [...shape.tables.values()].map(({ name, columns, constraints, indexes, ...more }) =>
    tableOf(name, {
      ...more,
      columns: [...columns.values()].filter(({ generated }) => generated === undefined),
      constraints: [...constraints.values()],
      indexes: [...indexes.values()].map((index) => {
        const before = old.find((each) => each.name === index.name);
        if (before === undefined) return index;
        const { table: _, folded: __, ...plain } = before;
        return plain;
      }),
    }),
  );
  return shapeOf(tables, shape.search);
}

/** The statements that bring a database back to that form. */
export function unfoldStatements(registry: Registry): string[] {
  const old = oldIndexes(registry);
  const columns = new Map(old.map(({ table, folded }) => [`${table}.${folded}`, { table, folded }]));
  return [
    ...[...columns.values()].map(
      ({ table, folded }) => `ALTER TABLE ${quoteIdentifier(table)} DROP COLUMN ${quoteIdentifier(folded)}`,
    ),
    ...old.flatMap(({ table, name, method, keys }) => [
      `CREATE INDEX ${name} ON ${quoteIdentifier(table)} USING ${method} (${keys.join(", ")})`,
      `COMMENT ON INDEX ${name} IS ${quoteLiteral(`declared as: ${JSON.stringify({ keys })}`)}`,
    ]),
  ];
}
