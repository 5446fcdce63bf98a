/** Constraints and indexes, as they are and as they shall be: the steps between and what they ask the data. */
import { describe, expect, it } from "vitest";
import {
  category,
  check,
  code,
  column,
  type DiffRow,
  expectPlan,
  foreign,
  index,
  price,
  product,
  unique,
} from "./product-fixture.ts";
import { tableOf } from "./shape.ts";

const ADD = 'ALTER TABLE "product" ADD';
const ALTER = 'ALTER TABLE "product" ALTER COLUMN';
const FOREIGN = 'CONSTRAINT "product__category_fkey" FOREIGN KEY ("category") REFERENCES "category" ("id")';
const DUPLICATES = (keys: string, where: string) =>
  `SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM "product" WHERE ${where} GROUP BY ${keys} HAVING count(*) > 1) AS d`;

const rows: DiffRow[] = [
  [
    "unique",
    [product([code])],
    [product([code], [unique])],
    {
      steps: [["add unique product (code)", `${ADD} CONSTRAINT "product__code_key" UNIQUE ("code")`]],
      checks: [
        [
          "product.code",
          "cannot be unique, there is the same value in {rows}",
          DUPLICATES('"code"', '"code" IS NOT NULL'),
        ],
      ],
    },
  ],
  [
    "unique over other columns",
    [product([code, category], [unique])],
    [product([code, category], [{ ...unique, columns: ["code", "category"] }])],
    {
      steps: [
        [
          "change unique product (code) => unique product (code, category)",
          'ALTER TABLE "product" DROP CONSTRAINT "product__code_key"',
          `${ADD} CONSTRAINT "product__code_key" UNIQUE ("code", "category")`,
        ],
      ],
      checks: [
        [
          "product (code, category)",
          "cannot be unique, there is the same value in {rows}",
          DUPLICATES('"code", "category"', '"code" IS NOT NULL AND "category" IS NOT NULL'),
        ],
      ],
    },
  ],
  [
    "a check, added and changed",
    [product([price], [check("price > 0")])],
    [product([price], [check("price >= 0"), { kind: "check", name: "product__id_check", expression: "id > 0" }])],
    {
      steps: [
        [
          "add check product: id > 0",
          `${ADD} CONSTRAINT "product__id_check" CHECK (id > 0)`,
          `COMMENT ON CONSTRAINT "product__id_check" ON "product" IS 'declared as: id > 0'`,
        ],
        [
          "change check product: price > 0 => check product: price >= 0",
          'ALTER TABLE "product" DROP CONSTRAINT "product__price_check"',
          `${ADD} CONSTRAINT "product__price_check" CHECK (price >= 0)`,
          `COMMENT ON CONSTRAINT "product__price_check" ON "product" IS 'declared as: price >= 0'`,
        ],
      ],
      checks: [
        [
          "product",
          "cannot be added, it is false in {rows}: id > 0",
          'SELECT count(*) FROM "product" WHERE NOT (id > 0)',
        ],
        [
          "product",
          "cannot be added, it is false in {rows}: price >= 0",
          'SELECT count(*) FROM "product" WHERE NOT (price >= 0)',
        ],
      ],
    },
  ],
  [
    "a foreign key",
    [product([category])],
    [product([category], [foreign()])],
    {
      steps: [
        [
          "add foreign key product (category) -> category (id), on delete RESTRICT",
          `${ADD} ${FOREIGN} ON DELETE RESTRICT`,
        ],
      ],
      checks: [
        [
          "product.category",
          "cannot refer to category, it has no record for the value in {rows}",
          'SELECT count(*) FROM "product" AS t WHERE t."category" IS NOT NULL AND NOT EXISTS (SELECT FROM "category" AS r WHERE r."id" = t."category")',
        ],
      ],
    },
  ],
  [
    "a foreign key with another action",
    [product([category], [foreign({ deferrable: false })])],
    [product([category], [foreign({ onDelete: "SET NULL" })])],
    {
      steps: [
        [
          "change foreign key product (category) -> category (id), on delete RESTRICT" +
            " => foreign key product (category) -> category (id), on delete SET NULL",
          'ALTER TABLE "product" DROP CONSTRAINT "product__category_fkey"',
          `${ADD} ${FOREIGN} ON DELETE SET NULL`,
        ],
      ],
      checks: [["product.category", expect.any(String), expect.any(String)]],
    },
  ],
  [
    "indexes, added and changed",
    [product([code], [], [index()])],
    [
      product(
        [code],
        [],
        [index({ unique: true }), index({ name: "product__data_idx", method: "gin", keys: ['"data"'] })],
      ),
    ],
    {
      steps: [
        ["add gin index product (data)", 'CREATE INDEX "product__data_idx" ON "product" USING gin ("data")'],
        [
          "change index product (code) => unique index product (code)",
          'DROP INDEX "product__code_idx"',
          'CREATE UNIQUE INDEX "product__code_idx" ON "product" USING btree ("code")',
        ],
      ],
      checks: [
        [
          "product.code",
          "cannot be unique, there is the same value in {rows}",
          DUPLICATES('"code"', '"code" IS NOT NULL'),
        ],
      ],
    },
  ],
  [
    "what restricts declared columns and is no longer declared",
    [product([code, category, price], [unique, foreign(), check("price > 0")], [index({ unique: true })])],
    [product([code, category, price])],
    {
      steps: [
        ["drop unique product (code): no longer declared", 'ALTER TABLE "product" DROP CONSTRAINT "product__code_key"'],
        [
          "drop foreign key product (category) -> category (id), on delete RESTRICT: no longer declared",
          'ALTER TABLE "product" DROP CONSTRAINT "product__category_fkey"',
        ],
        [
          "drop check product: price > 0: no longer declared",
          'ALTER TABLE "product" DROP CONSTRAINT "product__price_check"',
        ],
        ["drop unique index product (code): no longer declared", 'DROP INDEX "product__code_idx"'],
      ],
    },
  ],
  [
    "what others made by hand, and plain indexes, stay",
    [product([code], [{ ...unique, name: "by_hand" }], [index(), index({ name: "also_by_hand", unique: true })])],
    [product([code])],
    {},
  ],
  [
    "columns and tables that nothing declares: only what stops inserts goes",
    [
      product(
        [
          column("old", "text", { notNull: true }),
          column("filled", "text", { notNull: true, default: "''" }),
          column("numbered", "bigint", { notNull: true, identity: true }),
          category,
        ],
        [foreign(), { kind: "unique", name: "product__old_key", columns: ["old"] }],
      ),
      tableOf("old_table", { columns: [column("x", "text", { notNull: true })] }),
    ],
    [product([])],
    {
      steps: [["allow product.old to be empty: no longer declared", `${ALTER} "old" DROP NOT NULL`]],
      unused: ["old_table", "product.category", "product.filled", "product.numbered", "product.old"],
    },
  ],
];

describe("diffShapes", () => {
  it.each(rows)("%s", (_name, actual, desired, expected) => expectPlan(actual, desired, expected));
});
