/** Parts of order lines on invoices: never more than the whole, and in the end exactly the whole. */

import fc from "fast-check";
import { Decimal } from "fullfinity";
import { expect, test } from "vitest";
import { calculateLine, type LineTax, total } from "../sales/line-amounts.ts";
import {
  type BillableLine,
  type BilledPart,
  type InvoiceChoice,
  type PlannedLine,
  planInvoice,
} from "./invoice-plan.ts";

type Tax = LineTax & { readonly id: number };
interface Terms {
  readonly quantity: string;
  readonly unit_price: string;
  readonly discount: string;
  readonly taxes: readonly Tax[];
}

const TAXES: readonly Tax[] = [
  { id: 1, rate: "20", price_included: false },
  { id: 2, rate: "5.5", price_included: false },
  { id: 3, rate: "10", price_included: true },
];

function orderLine(id: number, terms: Terms, decimals: number, parts: readonly BilledPart[] = []): BillableLine {
  const { subtotal, tax } = calculateLine(terms, decimals);
  return {
    ...terms,
    id,
    description: `Line ${id}`,
    subtotal: subtotal.toFixed(),
    tax_amount: tax.toFixed(),
    invoice_lines: parts,
  };
}

/** A line of an invoice as it would stand in the database. */
function billed(
  { quantity, subtotal_difference, tax_difference }: PlannedLine,
  terms: Terms,
  decimals: number,
  invoice = { status: "posted", type: "invoice" },
): BilledPart {
  const { subtotal, tax } = calculateLine({ ...terms, quantity }, decimals);
  return {
    ...terms,
    quantity,
    subtotal: subtotal.plus(subtotal_difference).toFixed(),
    tax_amount: tax.plus(tax_difference).toFixed(),
    invoice,
  };
}

const ten: Terms = { quantity: "10", unit_price: "0.99", discount: "0", taxes: TAXES.slice(0, 1) };
const part = (quantity: string, invoice?: BilledPart["invoice"]) =>
  billed({ order_line: 1, quantity, subtotal_difference: "0", tax_difference: "0" }, ten, 2, invoice);

test.each<[string, BilledPart[], InvoiceChoice, string | RegExp]>([
  ["everything", [], { mode: "all" }, "10"],
  ["what is left", [part("3.5")], { mode: "all" }, "6.5"],
  ["a part", [], { mode: "percentage", percentage: "33.33" }, "3.333"],
  ["chosen", [], { mode: "lines", quantities: new Map([[1, "4"]]) }, "4"],
  ["chosen: what is left", [part("4")], { mode: "lines", quantities: new Map([[1, null]]) }, "6"],
  ["a cancelled invoice does not count", [part("10", { status: "cancelled", type: "invoice" })], { mode: "all" }, "10"],
  ["a draft does", [part("6", { status: "draft", type: "invoice" })], { mode: "all" }, "4"],
  [
    "what was credited is billed again",
    [part("10"), part("4", { status: "posted", type: "credit_note" })],
    { mode: "all" },
    "4",
  ],
  [
    "a credit note that is no more than a draft does not count",
    [part("10"), part("4", { status: "draft", type: "credit_note" })],
    { mode: "all" },
    /^Nothing is left to be invoiced$/,
  ],
  ["nothing left", [part("10")], { mode: "all" }, /^Nothing is left to be invoiced$/],
  ["nothing chosen", [], { mode: "lines", quantities: new Map() }, /^Nothing is left to be invoiced$/],
  [
    "a percentage beyond what is left",
    [part("6")],
    { mode: "percentage", percentage: "50" },
    /^Line 1: 5 of 10 cannot be invoiced; 4 is left$/,
  ],
  [
    "more than is left",
    [part("6")],
    { mode: "lines", quantities: new Map([[1, "4.0001"]]) },
    /^Line 1: 4.0001 of 10 cannot be invoiced; 4 is left$/,
  ],
  [
    "below zero",
    [],
    { mode: "lines", quantities: new Map([[1, "-1"]]) },
    /^Line 1: -1 of 10 cannot be invoiced; 10 is left$/,
  ],
  [
    "more of a line that is done",
    [part("10")],
    { mode: "lines", quantities: new Map([[1, "1"]]) },
    /cannot be invoiced; nothing is left$/,
  ],
])("%s", (_name, parts, choice, expected) => {
  const plan = () => planInvoice([orderLine(1, ten, 2, parts)], choice, 2);
  if (expected instanceof RegExp) expect(plan).toThrow(expected);
  else expect(plan()).toEqual([expect.objectContaining({ order_line: 1, quantity: expected })]);
});

test("the last part makes up for rounding, unless a part has been given another price", () => {
  const line: Terms = { quantity: "3", unit_price: "33.335", discount: "0", taxes: TAXES.slice(0, 1) };
  const one = (terms: Terms) =>
    billed({ order_line: 1, quantity: "1", subtotal_difference: "0", tax_difference: "0" }, terms, 2);
  // 100.01 in three parts of 33.34 would be 100.02.
  expect(planInvoice([orderLine(1, line, 2, [one(line), one(line)])], { mode: "all" }, 2)).toEqual([
    { order_line: 1, quantity: "1", subtotal_difference: "-0.01", tax_difference: "-0.01" },
  ]);
  const agreed = { ...line, unit_price: "30" };
  expect(planInvoice([orderLine(1, line, 2, [one(line), one(agreed)])], { mode: "all" }, 2)).toEqual([
    { order_line: 1, quantity: "1", subtotal_difference: "0", tax_difference: "0" },
  ]);
});

const decimal = (most: number, places: number) =>
  fc.integer({ min: 1, max: most }).map((units) => new Decimal(units).times(`1e-${places}`).toFixed());
const terms = fc.record({
  quantity: decimal(1_000_000, 4),
  unit_price: decimal(10_000_000, 4),
  discount: fc.integer({ min: 0, max: 10_000 }).map((units) => new Decimal(units).times("0.01").toFixed()),
  taxes: fc.subarray([...TAXES]),
});

test("whatever the parts are, invoices add up to the order", () => {
  fc.assert(
    fc.property(
      fc.array(terms, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
      fc.array(fc.boolean(), { maxLength: 5 }),
      fc.constantFrom(0, 2, 3),
      (lines, percentages, cancellations, decimals) => {
        const parts = lines.map((): BilledPart[] => []);
        const bill = (choice: InvoiceChoice, cancelled: boolean) => {
          const open = lines.map((each, index) => orderLine(index, each, decimals, parts[index] ?? []));
          let planned: PlannedLine[];
          try {
            planned = planInvoice(open, choice, decimals);
          } catch {
            return;
          }
          for (const each of planned) {
            const status = cancelled ? "cancelled" : "posted";
            const of = lines[each.order_line] as Terms;
            parts[each.order_line]?.push(billed(each, of, decimals, { status, type: "invoice" }));
          }
        };
        percentages.forEach((each, index) => {
          bill({ mode: "percentage", percentage: String(each) }, cancellations[index] === true);
        });
        bill({ mode: "all" }, false);
        lines.forEach((each, index) => {
          const standing = (parts[index] ?? []).filter(({ invoice }) => invoice.status === "posted");
          const { subtotal, tax } = calculateLine(each, decimals);
          expect(total(standing.map((one) => one.quantity)).eq(each.quantity)).toBe(true);
          expect(total(standing.map((one) => one.subtotal ?? "0")).toFixed()).toBe(subtotal.toFixed());
          expect(total(standing.map((one) => one.tax_amount ?? "0")).toFixed()).toBe(tax.toFixed());
        });
      },
    ),
  );
});
