/** The amounts of lines: rows that were reckoned by hand, and what must hold for any line. */

import fc from "fast-check";
import { Decimal } from "fullfinity";
import { expect, test } from "vitest";
import { calculateLine, type LineTax, type PricedLine } from "./line-amounts.ts";

const added = (rate: string): LineTax => ({ rate, price_included: false });
const included = (rate: string): LineTax => ({ rate, price_included: true });
const line = (quantity: string, unit_price: string, discount: string, ...taxes: LineTax[]): PricedLine => ({
  quantity,
  unit_price,
  discount,
  taxes,
});

test.each<[string, PricedLine, decimals: number, subtotal: string, tax: string, total: string]>([
  ["no tax", line("3", "9.99", "0"), 2, "29.97", "0", "29.97"],
  ["one tax", line("1", "99.99", "0", added("20")), 2, "99.99", "20", "119.99"],
  ["half a cent goes up", line("1", "0.125", "0"), 2, "0.13", "0", "0.13"],
  ["and down below zero", line("-1", "0.125", "0"), 2, "-0.13", "0", "-0.13"],
  ["a discount of a third", line("10", "81.35", "33.33"), 2, "542.36", "0", "542.36"],
  ["all of it discounted", line("7", "12.34", "100", added("20")), 2, "0", "0", "0"],
  ["included: 20 % of 120", line("1", "120", "0", included("20")), 2, "100", "20", "120"],
  ["included: what is paid stays what was told", line("1", "9.99", "0", included("20")), 2, "8.32", "1.67", "9.99"],
  ["included with a rate that has no end", line("1", "10", "0", included("7")), 2, "9.35", "0.65", "10"],
  ["two included", line("1", "100", "0", included("5.5"), included("10")), 2, "86.58", "13.42", "100"],
  [
    "three taxes, each rounded by itself",
    line("1", "0.33", "0", added("5"), added("5"), added("5")),
    2,
    "0.33",
    "0.06",
    "0.39",
  ],
  [
    "three taxes of a kind, some included",
    line("3", "33.33", "0", included("10"), added("20"), added("2.1")),
    2,
    "90.9",
    "29.18",
    "120.08",
  ],
  ["JPY has no decimals", line("15", "3333", "10", added("10")), 0, "44996", "4500", "49496"],
  ["JPY, included", line("1", "999", "0", included("10")), 0, "908", "91", "999"],
  ["KWD has three", line("3", "1.2345", "0", added("5")), 3, "3.704", "0.185", "3.889"],
  ["a price of four decimals", line("1000", "0.0125", "0", added("20")), 2, "12.5", "2.5", "15"],
  ["a tax below zero", line("1", "100", "0", added("20"), added("-3")), 2, "100", "17", "117"],
  ["more than a double holds", line("1", "90071992547409.9301", "0"), 3, "90071992547409.93", "0", "90071992547409.93"],
])("%s", (_name, priced, decimals, subtotal, tax, total) => {
  const amounts = calculateLine(priced, decimals);
  expect([amounts.subtotal, amounts.tax, amounts.total].map((amount) => amount.toFixed())).toEqual([
    subtotal,
    tax,
    total,
  ]);
});

const numeral = (most: number, places: number) =>
  fc.integer({ min: -most, max: most }).map((units) => new Decimal(units).times(`1e-${places}`).toFixed());
const percent = fc.integer({ min: 0, max: 1_000_000 }).map((units) => new Decimal(units).times("1e-4").toFixed());
const tax = fc.record({ rate: percent, price_included: fc.boolean() });
const anyLine = fc.record({
  quantity: numeral(10_000_000, 4),
  unit_price: numeral(100_000_000, 4),
  discount: percent,
  taxes: fc.array(tax, { maxLength: 4 }),
});

test("a line adds up, has no digits beyond its currency, and turns around with its quantity", () => {
  fc.assert(
    fc.property(anyLine, fc.integer({ min: 0, max: 4 }), (priced, decimals) => {
      const { subtotal, tax: taxes, total } = calculateLine(priced, decimals);
      expect(subtotal.plus(taxes).eq(total)).toBe(true);
      for (const amount of [subtotal, taxes, total]) expect(amount.round(decimals).eq(amount)).toBe(true);
      const back = calculateLine({ ...priced, quantity: new Decimal(priced.quantity).neg().toFixed() }, decimals);
      expect(back.total.neg().eq(total)).toBe(true);
    }),
  );
});

test("where all taxes are included, the total is what was told, rounded", () => {
  fc.assert(
    fc.property(anyLine, fc.integer({ min: 0, max: 4 }), (priced, decimals) => {
      const all = { ...priced, taxes: priced.taxes.map((each) => ({ ...each, price_included: true })) };
      const told = new Decimal(priced.quantity)
        .times(priced.unit_price)
        .times(new Decimal(100).minus(priced.discount))
        .times("0.01");
      expect(calculateLine(all, decimals).total.eq(told.round(decimals))).toBe(true);
    }),
  );
});
