/** The history of a module's tables: steps that a comparison cannot find by itself, because they move or lose data. */
import { foldedName } from "../models/column-name.ts";
import { quoteIdentifier } from "../sql/fragment.ts";
import { declareDefault } from "./column.ts";
import type { Refusal } from "./diff.ts";
import { constraintName, isConstraintName } from "./name.ts";
import type { Operation, OperationKind } from "./operation.ts";
import { type Column, type Constraint, type Index, type Shape, shapeOf, type Table, tableOf } from "./shape.ts";

/** One step. Fields are given as the author knows them; which column or table of pairs keeps one is seen in the database. */
export type LedgerStep =
  | { readonly kind: "rename table"; readonly from: string; readonly to: string }
  | { readonly kind: "rename field"; readonly table: string; readonly from: string; readonly to: string }
  /** `using`: SQL over the columns of the row that gives the new value. */
  | { readonly kind: "convert field"; readonly table: string; readonly field: string; readonly using: string }
  | { readonly kind: "drop field"; readonly table: string; readonly field: string }
  | { readonly kind: "drop table"; readonly table: string }
  | { readonly kind: "run"; readonly description: string; readonly statements: readonly string[] };

/** What steps come to, and what the database is like after them. */
export interface PlannedLedger {
  readonly operations: readonly Operation[];
  readonly refusals: readonly Refusal[];
  readonly shape: Shape;
}

interface World {
  readonly shape: Shape;
  readonly desired: Shape;
  /** The table of pairs of a many-to-many field. */
  readonly linkTable: (table: string, field: string) => string;
}

type Planned = { readonly operations: readonly Operation[]; readonly shape: Shape } | Refusal | null;
type Planner<Kind extends LedgerStep["kind"]> = (step: Extract<LedgerStep, { kind: Kind }>, world: World) => Planned;

/** How each kind is planned; null where the database has nothing that the step speaks of, as after it has run. */
const PLANNERS: { readonly [Kind in LedgerStep["kind"]]: Planner<Kind> } = {
  "rename table": ({ from, to }, { shape }) => {
    const table = shape.tables.get(from);
    if (table === undefined) return null;
    if (shape.tables.has(to)) return { path: to, message: `is there already, ${from} cannot be renamed to it` };
    return { operations: [renameTable(table, to)], shape: withRenamedTable(shape, table, to) };
  },
  "rename field": ({ table: name, from, to }, { shape, linkTable }) => {
    const table = shape.tables.get(name);
    const column = table === undefined ? undefined : columnOfField(table, from);
    if (table === undefined || column === undefined) {
      const step = { kind: "rename table" as const, from: linkTable(name, from), to: linkTable(name, to) };
      return PLANNERS["rename table"](step, { shape, desired: shape, linkTable });
    }
    const renamed = column.name === from ? to : `${to}_id`;
    const taken = columnOfField(table, to);
    if (taken !== undefined) {
      return { path: `${name}.${taken.name}`, message: `is there already, ${column.name} cannot be renamed to it` };
    }
    const moved = new Map([[column, { ...column, name: renamed }]]);
    const folded = foldedOf(table, column);
    if (folded !== undefined) moved.set(folded, renamedFolded(folded, column.name, renamed));
    const { loose, rest } = withoutKeysOf(table, [...moved.keys()]);
    const statements = [...moved].flatMap(([before, after]) => [
      `ALTER TABLE ${quoteIdentifier(name)} RENAME COLUMN ${quoteIdentifier(before.name)} TO ${quoteIdentifier(after.name)}`,
      ...(after.generated === undefined ? [] : declareDefault(name, after)),
    ]);
    const columns = [...table.columns.values()].map((each) => moved.get(each) ?? each);
    return {
      operations: [
        step("rename column", name, `rename column ${name}.${column.name} to ${renamed}`, [...loose, ...statements]),
      ],
      shape: withTable(shape, tableOf(name, { ...partsOf(rest), columns })),
    };
  },
  "convert field": ({ table: name, field, using }, { shape, desired }) => {
    const table = shape.tables.get(name);
    const from = table === undefined ? undefined : columnOfField(table, field);
    const wanted = desired.tables.get(name);
    const to = wanted === undefined ? undefined : columnOfField(wanted, field);
    if (table === undefined || from === undefined || to === undefined) return null;
    if (from.name === to.name && from.type === to.type) return null;
    // PostgreSQL changes no type of which a column is made.
    const folded = foldedOf(table, from);
    const { loose, rest } = withoutKeysOf(table, folded === undefined ? [from] : [from, folded]);
    const dropped = folded === undefined ? [] : [dropColumn(name, folded)];
    const converted = { ...from, name: to.name, type: to.type, default: null, notNull: false };
    const columns = [...table.columns.values()]
      .filter((each) => each !== folded)
      .map((each) => (each === from ? converted : each));
    return {
      operations: [
        step(
          "convert column",
          name,
          `convert ${name}.${from.name} (${from.type}) to ${to.name} (${to.type}) by ${using}`,
          [...loose, ...dropped, ...convertStatements(name, from, converted, using)],
        ),
      ],
      shape: withTable(shape, tableOf(name, { ...partsOf(rest), columns })),
    };
  },
  "drop field": ({ table: name, field }, { shape, linkTable, desired }) => {
    const table = shape.tables.get(name);
    const column = table === undefined ? undefined : columnOfField(table, field);
    if (table === undefined || column === undefined) {
      const dropped = { kind: "drop table" as const, table: linkTable(name, field) };
      return PLANNERS["drop table"](dropped, { shape, linkTable, desired });
    }
    // The folded column goes with it.
    const folded = foldedOf(table, column);
    const { rest } = withoutKeysOf(table, folded === undefined ? [column] : [column, folded]);
    const columns = [...table.columns.values()].filter((each) => each !== column && each !== folded);
    const drop = step("drop column", name, `drop column ${name}.${column.name} with its data`, [
      dropColumn(name, column),
    ]);
    return {
      operations: [{ ...drop, destructive: true }],
      shape: withTable(shape, tableOf(name, { ...partsOf(rest), columns })),
    };
  },
  "drop table": ({ table: name }, { shape }) => {
    if (!shape.tables.has(name)) return null;
    const drop = step("drop table", name, `drop table ${name} with its data`, [
      `DROP TABLE ${quoteIdentifier(name)} CASCADE`,
    ]);
    return { operations: [{ ...drop, destructive: true }], shape: withoutTable(shape, name) };
  },
  run: ({ description, statements }, { shape }) => ({
    operations: [step("run", "", description, statements)],
    shape,
  }),
};

/**
 * Plans ledger steps, one after the other, each on what those before it leave.
 *
 * @param actual what the database has
 * @param desired what the models want, where conversions find their types
 * @param linkTable names the table of pairs of a many-to-many field
 */
export function planLedger(
  actual: Shape,
  steps: readonly LedgerStep[],
  desired: Shape,
  linkTable: World["linkTable"],
): PlannedLedger {
  let shape = actual;
  const operations: Operation[] = [];
  const refusals: Refusal[] = [];
  for (const each of steps) {
    // The compiler cannot follow that the entry fits the step it was found by.
    const plan = PLANNERS[each.kind] as Planner<LedgerStep["kind"]>;
    const planned = plan(each, { shape, desired, linkTable });
    if (planned === null) continue;
    if ("path" in planned) {
      refusals.push(planned);
      continue;
    }
    operations.push(...planned.operations);
    shape = planned.shape;
  }
  return { operations, refusals, shape };
}

function step(kind: OperationKind, table: string, description: string, statements: readonly string[]): Operation {
  return { kind, table, description, statements };
}

/** A field is kept under its own name, or as a reference under its name with `_id`. */
function columnOfField(table: Table, field: string): Column | undefined {
  return table.columns.get(field) ?? table.columns.get(`${field}_id`);
}

/** The folded column beside a column. */
function foldedOf(table: Table, { name }: Column): Column | undefined {
  const folded = table.columns.get(foldedName(name));
  return folded?.generated === undefined ? undefined : folded;
}

/** PostgreSQL goes on calculating it of the column that has another name now. */
function renamedFolded(folded: Column, from: string, to: string): Column {
  const generated = folded.generated?.replaceAll(quoteIdentifier(from), quoteIdentifier(to)) ?? "";
  return { ...folded, name: foldedName(to), generated };
}

function dropColumn(table: string, { name }: Column): string {
  return `ALTER TABLE ${quoteIdentifier(table)} DROP COLUMN ${quoteIdentifier(name)} CASCADE`;
}

function convertStatements(table: string, from: Column, to: Column, using: string): string[] {
  const name = quoteIdentifier(table);
  const [old, next] = [quoteIdentifier(from.name), quoteIdentifier(to.name)];
  if (from.name === to.name) {
    return [
      `ALTER TABLE ${name} ALTER COLUMN ${old} DROP DEFAULT, ALTER COLUMN ${old} DROP NOT NULL`,
      `ALTER TABLE ${name} ALTER COLUMN ${old} TYPE ${to.type} USING (${using})`,
    ];
  }
  return [
    `ALTER TABLE ${name} ADD COLUMN ${next} ${to.type}`,
    `UPDATE ${name} SET ${next} = (${using})`,
    dropColumn(table, from),
  ];
}

/**
 * Takes the constraints and indexes of our naming off that one of the columns is part of: the comparison that follows makes them
 * again under the names that fit.
 */
function withoutKeysOf(table: Table, columns: readonly Column[]): { loose: string[]; rest: Table } {
  const names = (text: string): boolean =>
    columns.some(({ name }) => text.includes(quoteIdentifier(name)) || new RegExp(`\\b${name}\\b`).test(text));
  const isLoose = (constraint: Constraint): boolean =>
    constraint.kind === "check"
      ? names(constraint.expression)
      : columns.some(({ name }) => constraint.columns.includes(name));
  const constraints = [...table.constraints.values()].filter(
    (constraint) => constraint.kind !== "primary" && isOurs(table, constraint.name) && isLoose(constraint),
  );
  const indexes = [...table.indexes.values()].filter(
    (index) => isOurs(table, index.name) && [...index.keys, index.where ?? ""].some(names),
  );
  return takeOff(table, constraints, indexes);
}

function isOurs(table: Table, name: string): boolean {
  return isConstraintName(table.name, name);
}

function takeOff(
  table: Table,
  constraints: readonly Constraint[],
  indexes: readonly Index[],
): { loose: string[]; rest: Table } {
  const name = quoteIdentifier(table.name);
  const parts = partsOf(table);
  return {
    loose: [
      ...constraints.map((each) => `ALTER TABLE ${name} DROP CONSTRAINT ${quoteIdentifier(each.name)} CASCADE`),
      ...indexes.map((each) => `DROP INDEX ${quoteIdentifier(each.name)}`),
    ],
    rest: tableOf(table.name, {
      ...parts,
      constraints: parts.constraints.filter((each) => !constraints.includes(each)),
      indexes: parts.indexes.filter((each) => !indexes.includes(each)),
    }),
  };
}

/** Everything of ours that carries the table's name goes along or is made again by the comparison. */
function renameParts(table: Table, to: string): { loose: string[]; rest: Table; primary: Constraint | undefined } {
  const constraints = [...table.constraints.values()].filter(
    (each) => each.kind !== "primary" && isOurs(table, each.name),
  );
  const indexes = [...table.indexes.values()].filter((each) => isOurs(table, each.name));
  const primary = [...table.constraints.values()].find((each) => each.kind === "primary");
  const { loose, rest } = takeOff(table, constraints, indexes);
  if (primary === undefined || primary.kind !== "primary") return { loose, rest, primary: undefined };
  return { loose, rest, primary: { ...primary, name: constraintName(to, primary.columns, "pkey") } };
}

function renameTable(table: Table, to: string): Operation {
  const { loose, primary } = renameParts(table, to);
  const old = [...table.constraints.values()].find((each) => each.kind === "primary");
  const statements = [...loose, `ALTER TABLE ${quoteIdentifier(table.name)} RENAME TO ${quoteIdentifier(to)}`];
  if (primary !== undefined && old !== undefined && old.name !== primary.name) {
    statements.push(
      `ALTER TABLE ${quoteIdentifier(to)} RENAME CONSTRAINT ${quoteIdentifier(old.name)} TO ${quoteIdentifier(primary.name)}`,
    );
  }
  return step("rename table", table.name, `rename table ${table.name} to ${to}`, statements);
}

function withRenamedTable(shape: Shape, table: Table, to: string): Shape {
  const { rest, primary } = renameParts(table, to);
  const parts = partsOf(rest);
  const constraints = parts.constraints.map((each) => (each.kind === "primary" && primary ? primary : each));
  const tables = [...shape.tables.values()].map((each) =>
    each === table ? tableOf(to, { ...parts, constraints }) : withReferences(each, table.name, to),
  );
  return shapeOf(tables, shape.search);
}

function withReferences(table: Table, from: string, to: string): Table {
  const parts = partsOf(table);
  const constraints = parts.constraints.map((each) =>
    each.kind === "foreign" && each.references.table === from
      ? { ...each, references: { ...each.references, table: to } }
      : each,
  );
  return tableOf(table.name, { ...parts, constraints });
}

function partsOf(table: Table) {
  const { columns, constraints, indexes, comment, counted } = table;
  return {
    columns: [...columns.values()],
    constraints: [...constraints.values()],
    indexes: [...indexes.values()],
    comment,
    counted: counted === true,
  };
}

function withTable(shape: Shape, table: Table): Shape {
  return shapeOf(
    [...shape.tables.values()].map((each) => (each.name === table.name ? table : each)),
    shape.search,
  );
}

/** Foreign keys to a table go with it. */
function withoutTable(shape: Shape, name: string): Shape {
  const tables = [...shape.tables.values()].filter((each) => each.name !== name);
  return shapeOf(
    tables.map((table) => {
      const parts = partsOf(table);
      const refers = (each: Constraint): boolean => each.kind === "foreign" && each.references.table === name;
      return tableOf(table.name, { ...parts, constraints: parts.constraints.filter((each) => !refers(each)) });
    }),
    shape.search,
  );
}
