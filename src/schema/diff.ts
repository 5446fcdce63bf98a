/** Compares what a database has with what the models want and gives the steps between; touches nothing. */
import type { FieldError } from "../errors.ts";
import { CHANGE_TABLE } from "../sql/change-table.ts";
import { countChanges, prepareChangeCount } from "./change-count.ts";
import { addColumn, isCompleteWhenAdded, relaxColumn, requireColumn, setDefault, widenColumn } from "./column.ts";
import { addConstraint, changeConstraint, dropConstraint, isSameConstraint } from "./constraint.ts";
import { isSameDefault } from "./expression.ts";
import { planFolded } from "./folded-column.ts";
import { endHistory, recordHistory } from "./history.ts";
import { isConstraintName } from "./name.ts";
import { OPERATION_KINDS, type Operation } from "./operation.ts";
import { possibleShape, prepareSearch } from "./search.ts";
import type { Column, Constraint, PrimaryKey, Shape, Table } from "./shape.ts";
import { commentTable, createTable } from "./table.ts";
import { addIndex, changeIndex, dropIndex, isSameIndex } from "./table-index.ts";
import { isWidening } from "./widening.ts";

/** A change that is not made by itself: where (`product.price`) and why. */
export type Refusal = FieldError;

export interface Plan {
  /** The steps in the order in which they run. */
  readonly operations: readonly Operation[];
  /** Changes that only a ledger step may make; with any of them nothing is applied. */
  readonly refusals: readonly Refusal[];
  /** Tables (`old_product`) and columns (`product.old_code`) that nothing declares; they stay as they are. */
  readonly unused: readonly string[];
}

interface Findings {
  readonly operations: Operation[];
  readonly refusals: Refusal[];
  readonly unused: string[];
}

const POSITION = new Map(OPERATION_KINDS.map((kind, position) => [kind, position]));

/**
 * Plans the way from one shape to another, without losing data.
 *
 * What is wanted is added. What restricts writes beyond the declaration (not-null, unique, check and foreign key of our naming)
 * is removed. Tables, columns and plain indexes that nothing declares stay. A change of type that could lose data is refused.
 *
 * @param actual what the database has
 * @param wanted everything that is declared: a part of it would loosen the rest
 */
export function diffShapes(actual: Shape, wanted: Shape): Plan {
  const desired = possibleShape(actual, wanted);
  const findings: Findings = { operations: prepareSearch(actual, desired), refusals: [], unused: [] };
  for (const table of desired.tables.values()) {
    const existing = actual.tables.get(table.name);
    if (existing === undefined) diffNewTable(table, findings);
    else diffTable(existing, table, findings);
  }
  diffChangeCounts(actual, desired, findings);
  diffHistory(actual, desired, findings);
  for (const name of actual.tables.keys()) {
    if (!desired.tables.has(name) && name !== CHANGE_TABLE) findings.unused.push(name);
  }
  return {
    operations: findings.operations.sort((left, right) => positionOf(left) - positionOf(right)),
    refusals: findings.refusals,
    unused: findings.unused.sort(),
  };
}

function diffChangeCounts(actual: Shape, desired: Shape, { operations }: Findings): void {
  const uncounted = [...desired.tables.values()].filter(
    ({ name, counted }) => counted === true && actual.tables.get(name)?.counted !== true,
  );
  if (uncounted.length === 0) return;
  operations.push(prepareChangeCount(), ...uncounted.map(({ name }) => countChanges(name)));
}

function diffHistory(actual: Shape, desired: Shape, { operations }: Findings): void {
  for (const { name, history } of desired.tables.values()) {
    const existing = actual.tables.get(name)?.history;
    if (existing?.name === history?.name) continue;
    operations.push(history === undefined ? endHistory(name) : recordHistory(name, history));
  }
}

function diffNewTable(table: Table, { operations }: Findings): void {
  operations.push(createTable(table));
  for (const constraint of table.constraints.values()) {
    if (constraint.kind === "foreign") operations.push(addConstraint(table.name, constraint, false));
  }
  for (const index of table.indexes.values()) operations.push(addIndex(table.name, index, false));
}

function diffTable(existing: Table, desired: Table, findings: Findings): void {
  const { operations } = findings;
  const folded = planFolded(existing, desired);
  const actual = folded.rest;
  operations.push(...folded.operations);
  findings.refusals.push(...folded.refusals);
  if (desired.comment !== undefined && desired.comment !== actual.comment) {
    operations.push(commentTable(desired.name, desired.comment));
  }
  for (const column of desired.columns.values()) {
    if (column.generated !== undefined) continue;
    const found = actual.columns.get(column.name);
    if (found === undefined) diffNewColumn(desired.name, column, operations);
    else diffColumn(desired.name, found, column, findings);
  }
  diffUnusedColumns(actual, desired, findings);
  diffConstraints(actual, desired, findings);
  diffIndexes(actual, desired, operations);
}

function diffNewColumn(table: string, column: Column, operations: Operation[]): void {
  operations.push(addColumn(table, column));
  if (column.notNull && !isCompleteWhenAdded(column)) operations.push(requireColumn(table, column));
}

function diffColumn(table: string, actual: Column, desired: Column, { operations, refusals }: Findings): void {
  const path = `${table}.${desired.name}`;
  if (actual.type !== desired.type) {
    if (isWidening(actual.type, desired.type)) operations.push(widenColumn(table, actual, desired));
    else {
      refusals.push({ path, message: `${actual.type} -> ${desired.type} could lose data; it needs a ledger step` });
    }
  }
  if (desired.identity && !actual.identity) {
    refusals.push({ path, message: "exists without generated numbers; to number it needs a ledger step" });
  } else if (!actual.identity && !isSameDefault(desired.type, actual.default, desired.default)) {
    operations.push(setDefault(table, actual, desired));
  }
  if (desired.notNull && !actual.notNull) operations.push(requireColumn(table, desired));
  if (actual.notNull && !desired.notNull) {
    operations.push(relaxColumn(table, desired, "no longer declared as required"));
  }
}

/** Columns that nothing declares stay, but must not stop inserts that know nothing of them. */
function diffUnusedColumns(actual: Table, desired: Table, { operations, unused }: Findings): void {
  const keyColumns = primaryKeyOf(actual)?.columns ?? [];
  for (const column of actual.columns.values()) {
    if (desired.columns.has(column.name)) continue;
    unused.push(`${actual.name}.${column.name}`);
    const isFilled = column.default !== null || column.identity || column.generated !== undefined;
    const blocksInserts = column.notNull && !isFilled;
    if (blocksInserts && !keyColumns.includes(column.name)) {
      operations.push(relaxColumn(actual.name, column, "no longer declared"));
    }
  }
}

function diffConstraints(actual: Table, desired: Table, { operations, refusals }: Findings): void {
  for (const constraint of desired.constraints.values()) {
    const existing = constraint.kind === "primary" ? primaryKeyOf(actual) : actual.constraints.get(constraint.name);
    if (existing === undefined) operations.push(addConstraint(desired.name, constraint, true));
    else if (isSameConstraint(existing, constraint)) continue;
    else if (existing.kind === "primary" || constraint.kind === "primary") {
      refusals.push({ path: desired.name, message: `another primary key than ${existing.name} needs a ledger step` });
    } else operations.push(changeConstraint(desired.name, existing, constraint));
  }
  for (const constraint of actual.constraints.values()) {
    if (desired.constraints.has(constraint.name) || !isConstraintName(desired.name, constraint.name)) continue;
    if (restrictsDeclared(constraint, desired)) operations.push(dropConstraint(desired.name, constraint));
  }
}

function diffIndexes(actual: Table, desired: Table, operations: Operation[]): void {
  for (const index of desired.indexes.values()) {
    const existing = actual.indexes.get(index.name);
    if (existing === undefined) operations.push(addIndex(desired.name, index, true));
    else if (!isSameIndex(existing, index)) operations.push(changeIndex(desired.name, existing, index));
  }
  for (const index of actual.indexes.values()) {
    const leftover = !desired.indexes.has(index.name) && isConstraintName(desired.name, index.name);
    if (leftover && index.unique) operations.push(dropIndex(desired.name, index));
  }
}

/** Tells whether a constraint that nothing declares stands in the way of writes; on unused columns it cannot, they stay empty. */
function restrictsDeclared(constraint: Constraint, desired: Table): boolean {
  return constraint.kind === "check" || constraint.columns.every((column) => desired.columns.has(column));
}

/** There is at most one, whatever its name: it is told by its kind. */
function primaryKeyOf(table: Table): PrimaryKey | undefined {
  for (const constraint of table.constraints.values()) if (constraint.kind === "primary") return constraint;
  return undefined;
}

function positionOf(operation: Operation): number {
  return POSITION.get(operation.kind) ?? OPERATION_KINDS.length;
}
