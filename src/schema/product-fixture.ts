/** A product table in variations, and how the plans for them are compared: for the tests of the diff. */
import { expect } from "vitest";
import { diffShapes } from "./diff.ts";
import {
  type Column,
  type Constraint,
  type ForeignKey,
  type Index,
  type PrimaryKey,
  shapeOf,
  type Table,
  tableOf,
  type Unique,
} from "./shape.ts";

export const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  name,
  type,
  notNull: false,
  default: null,
  identity: false,
  ...more,
});
export const id = column("id", "bigint", { notNull: true, identity: true });
export const primary: PrimaryKey = { kind: "primary", name: "product_pkey", columns: ["id"] };
export const product = (columns: Column[], constraints: Constraint[] = [], indexes: Index[] = []): Table =>
  tableOf("product", { columns: [id, ...columns], constraints: [primary, ...constraints], indexes });
export const unique: Unique = { kind: "unique", name: "product__code_key", columns: ["code"] };
export const check = (expression: string): Constraint => ({ kind: "check", name: "product__price_check", expression });
export const foreign = (more: Partial<ForeignKey> = {}): ForeignKey => ({
  kind: "foreign",
  name: "product__category_fkey",
  columns: ["category"],
  references: { table: "category", columns: ["id"] },
  onDelete: "RESTRICT",
  ...more,
});
export const index = (more: Partial<Index> = {}): Index => ({
  name: "product__code_idx",
  unique: false,
  method: "btree",
  keys: ['"code"'],
  ...more,
});
export const code = column("code", "text");
export const price = column("price", "numeric");
export const category = column("category", "bigint");

export interface Expected {
  /** For each step its description, then its statements. */
  steps?: string[][];
  /** The questions to the data: path, message, query. */
  checks?: string[][];
  refusals?: string[];
  unused?: string[];
}

export type DiffRow = [name: string, actual: Table[], desired: Table[], expected: Expected];

/** Compares everything that a plan says with what a row expects; what the row leaves out must be empty. */
export function expectPlan(actual: Table[], desired: Table[], expected: Expected): void {
  const plan = diffShapes(shapeOf(actual), shapeOf(desired));
  const checks = plan.operations.flatMap((operation) => operation.check ?? []);
  expect({
    steps: plan.operations.map(({ description, statements }) => [description, ...statements]),
    checks: checks.map(({ path, message, count }) => [path, message, count]),
    refusals: plan.refusals.map(({ path, message }) => `${path}: ${message}`),
    unused: plan.unused,
  }).toEqual({ steps: [], checks: [], refusals: [], unused: [], ...expected });
}
