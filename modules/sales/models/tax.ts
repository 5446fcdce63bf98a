/** Taxes and payment terms: what sales and invoices are reckoned by. */
import { boolean, char, defineModel, extendModel, float, integer, manyToMany, manyToOne, text } from "fullfinity";

export const Tax = defineModel("Tax", {
  label: "Tax",
  order: ["sequence ASC", "name ASC"],
  search: ["name"],
  fields: {
    name: char({ required: true, unique: "ignore_case" }),
    rate: float({
      required: true,
      precision: 4,
      hint: "Percent",
      validators: [(value) => (Math.abs(Number(value)) <= 100 ? null : "must be between -100 and 100")],
    }),
    price_included: boolean({ label: "Included in the price", hint: "The unit price contains the tax already" }),
    sequence: integer({ sequence: true, default: 10 }),
    active: boolean({ default: true }),
  },
  checks: [
    {
      name: "included_rate",
      sql: "not price_included or rate >= 0",
      field: "rate",
      message: "must not be negative where the price includes the tax",
    },
  ],
});

export const PaymentTerm = defineModel("PaymentTerm", {
  label: "Payment term",
  order: ["days ASC", "name ASC"],
  fields: {
    name: char({ required: true, unique: "ignore_case" }),
    days: integer({
      required: true,
      default: 0,
      hint: "Days from the date of an invoice until it is due",
      validators: [(value) => (value >= 0 && value <= 3650 ? null : "must be between 0 and 3650")],
    }),
    note: text({ hint: "As it stands on an invoice" }),
    active: boolean({ default: true }),
  },
});

export const ContactSales = extendModel("Contact", {
  fields: { payment_term: manyToOne("PaymentTerm", { onDelete: "RESTRICT" }) },
});

export const ProductSales = extendModel("Product", {
  fields: { taxes: manyToMany("Tax", { hint: "Taxes of new order lines with the product" }) },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Tax: typeof Tax;
      PaymentTerm: typeof PaymentTerm;
    }
    interface Extensions {
      ContactSales: typeof ContactSales;
      ProductSales: typeof ProductSales;
    }
  }
}
