/** Names of constraints and indexes: readable, short enough, never shared by two. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constraintName, isConstraintName, type NameSuffix } from "./name.ts";

const long = "a_table_with_a_name_that_leaves_hardly_any_room_for_more";

const rows: [table: string, columns: string[], suffix: NameSuffix, name: string][] = [
  ["product", ["id"], "pkey", "product_pkey"],
  ["product", ["code"], "key", "product__code_key"],
  ["product", ["company", "code"], "key", "product__company__code_key"],
  ["sale_order", ["line_tax"], "idx", "sale_order__line_tax_idx"],
  ["sale_order_line", ["tax"], "idx", "sale_order_line__tax_idx"],
  [long, ["company"], "fkey", "a_table_with_a_name_that_leaves_hardly_any_room_f_a9248bba_fkey"],
];

describe("constraintName", () => {
  it.each(rows)("%s %j %s", (table, columns, suffix, name) => {
    expect(constraintName(table, columns, suffix)).toBe(name);
  });

  it("keeps within 63 bytes and tells different columns apart", () => {
    const words = fc.stringMatching(/^[a-zé](?:_?[a-z0-9]){0,40}$/);
    const subject = fc.tuple(words, fc.array(words, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(subject, subject, (left, right) => {
        const names = [left, right].map(([table, columns]) => constraintName(table, columns, "idx"));
        for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        expect(names[0] === names[1]).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
    );
  });
});

describe("isConstraintName", () => {
  it.each([
    ["product__code_key", true],
    ["product__code_check", true],
    ["product_code_key", false],
    ["product__by_hand", false],
    ["product_line__code_key", false],
  ])("product: %s is %s", (name, expected) => {
    expect(isConstraintName("product", name)).toBe(expected);
  });
});
