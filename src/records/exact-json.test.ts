/** Decimals in JSON are numbers, exactly; everything else is as JSON.stringify prints it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Decimal } from "../fields/decimal.ts";
import { printJson } from "./exact-json.ts";

test.each<[unknown, string]>([
  [new Decimal("99.99"), "99.99"],
  [
    { a: new Decimal("90071992547409.9301"), b: [new Decimal("-0.10"), "0.10"] },
    '{"a":90071992547409.9301,"b":[-0.1,"0.10"]}',
  ],
  [{ a: new Decimal("1e21"), b: undefined, c: null }, '{"a":1000000000000000000000,"c":null}'],
  ["no decimal at all", '"no decimal at all"'],
])("%o", (value, text) => {
  expect(printJson(value)).toBe(text);
});

test("without decimals it is plain JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(printJson(value)).toBe(JSON.stringify(value));
    }),
  );
});
