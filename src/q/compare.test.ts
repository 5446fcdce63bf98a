/** Order of values: text by code point, decimals exactly, lower case by character; and the names of lookups. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ValidationError } from "../errors.ts";
import { compareText, compareValues, type Operand, type ValueKind } from "./compare.ts";
import { checkLookup } from "./lookup.ts";

test("text is ordered as its UTF-8 bytes are", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareText(left, right))).toBe(bytes);
    }),
    { numRuns: 2000 },
  );
  expect(compareText("😀", "～")).toBeGreaterThan(0);
});

test.each<[value: unknown, operand: Operand, kind: ValueKind | undefined, sign: number | undefined]>([
  ["0.10", 0.1, "number", 0],
  ["0.10", "0.1", "number", 0],
  ["0.10", "0.1", "text", 1],
  [0.1, { kind: "decimal", text: "0.1000000000000000055" }, undefined, -1],
  ["12345678901234567.89", { kind: "decimal", text: "12345678901234567.890" }, undefined, 0],
  ["12345678901234567.89", { kind: "decimal", text: "12345678901234567.88" }, undefined, 1],
  ["5", { kind: "decimal", text: "1e1000" }, "number", -1],
  [10, "9", undefined, 1],
  [10, "nine", undefined, undefined],
  ["ten", 10, undefined, undefined],
  [true, false, "boolean", 1],
  [true, 1, "boolean", undefined],
  [true, "true", "boolean", undefined],
  [{}, "x", undefined, undefined],
  [{}, 1, undefined, undefined],
  ["2024-06-15", { kind: "datetime", instant: "2024-06-14T22:30:00.000Z" }, "date", 0],
  ["2024-06-14T22:00:00Z", { kind: "date", date: "2024-06-15" }, "datetime", 0],
  ["2024-06-14T22:00:00Z", "2024-06-15", "datetime", 0],
  [20240615, { kind: "date", date: "2024-06-15" }, undefined, undefined],
])("%o against %o as %s", (value, operand, kind, sign) => {
  const order = compareValues(value, operand, kind, "Europe/Berlin");
  expect(order === undefined ? undefined : Math.sign(order)).toBe(sign);
});

test("an unknown lookup is answered with those there are", () => {
  expect(checkLookup("gte")).toBe("gte");
  expect(() => checkLookup("toString")).toThrow(ValidationError);
  expect(() => checkLookup("like")).toThrow(/^Unknown lookup "like": use one of eq, neq, gt, .*, between$/);
});
