/** What orders, invoices and payments have in common: their number, customer, terms and totals, and the lines that are priced. */
import { char, date, float, integer, manyToMany, manyToOne, monetary, nextNumber, text, today } from "fullfinity";

/** The number that a new record draws from a series. */
export function numberField(series: string) {
  return char({
    label: "Number",
    required: true,
    unique: true,
    readonly: true,
    clone: false,
    index: "search",
    default: nextNumber(series),
  });
}

/** @param relatedName what the customer calls these records */
export function customerField<const Name extends string>(relatedName: Name) {
  return manyToOne("Contact", {
    label: "Customer",
    required: true,
    onDelete: "RESTRICT",
    relatedName,
    index: true,
    track: true,
  });
}

/** Whose record it is, and on which terms. */
export function termFields() {
  return {
    company: manyToOne("Company", { required: true, onDelete: "RESTRICT", index: true }),
    date: date({ required: true, clone: false, index: true, track: true, default: today }),
    currency: manyToOne("Currency", { required: true, onDelete: "RESTRICT", track: true }),
    payment_term: manyToOne("PaymentTerm", { onDelete: "RESTRICT", track: true }),
    invoice_address: text({ hint: "As it is printed; taken from the customer" }),
    salesperson: manyToOne("User", {
      onDelete: "SET NULL",
      index: true,
      track: true,
      hint: "Who creates it, unless given",
    }),
  };
}

/** The totals of the lines. The last one is in the change history, as what the lines come to. */
export function totalFields() {
  return {
    untaxed_amount: monetary({ currency: "currency", calculate: "untaxed_amount", dependsOn: ["lines.subtotal"] }),
    tax_amount: monetary({ currency: "currency", calculate: "tax_amount", dependsOn: ["lines.tax_amount"] }),
    total: monetary({ currency: "currency", calculate: "total", dependsOn: ["lines.total"], track: true }),
  };
}

/** What a line is about, and at which price. */
export function pricedLineFields() {
  return {
    sequence: integer({ sequence: true, default: 10 }),
    product: manyToOne("Product", { onDelete: "RESTRICT", index: true }),
    description: char({ required: true, maxLength: 500, hint: "The name of the product unless given" }),
    quantity: float({ required: true, precision: 4, default: 1 }),
    uom: manyToOne("UoM", { label: "Unit of measure", onDelete: "RESTRICT" }),
    unit_price: monetary({ required: true, decimals: 4, default: 0 }),
    discount: float({
      required: true,
      precision: 4,
      default: 0,
      hint: "Percent",
      validators: [(value) => (Number(value) >= 0 && Number(value) <= 100 ? null : "must be between 0 and 100")],
    }),
    taxes: manyToMany("Tax"),
  };
}

/** What the amounts of a line depend on, besides the decimals of its currency. */
export const LINE_TERMS = ["quantity", "unit_price", "discount", "taxes.rate", "taxes.price_included"] as const;
