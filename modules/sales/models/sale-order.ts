/** Sales orders and their lines. */
import {
  char,
  date,
  defineModel,
  float,
  integer,
  manyToMany,
  manyToOne,
  monetary,
  nextNumber,
  oneToMany,
  selection,
  text,
  today,
} from "fullfinity";

export const SaleOrder = defineModel("SaleOrder", {
  label: "Sales order",
  order: ["date DESC", "id DESC"],
  search: ["name", "customer_reference"],
  fields: {
    name: char({
      label: "Number",
      required: true,
      unique: true,
      readonly: true,
      clone: false,
      index: "search",
      default: nextNumber("sale.order"),
    }),
    contact: manyToOne("Contact", {
      label: "Customer",
      required: true,
      onDelete: "RESTRICT",
      relatedName: "sale_orders",
      index: true,
    }),
    company: manyToOne("Company", { required: true, onDelete: "RESTRICT", index: true }),
    customer_reference: char({
      clone: false,
      maxLength: 100,
      index: "search",
      hint: "The customer's own order number",
    }),
    date: date({ required: true, clone: false, index: true, default: today }),
    currency: manyToOne("Currency", { required: true, onDelete: "RESTRICT" }),
    payment_term: manyToOne("PaymentTerm", { onDelete: "RESTRICT" }),
    invoice_address: text({ hint: "As it is printed; taken from the customer" }),
    delivery_address: text({ hint: "As it is printed; taken from the customer" }),
    salesperson: manyToOne("User", { onDelete: "SET NULL", index: true, hint: "Who creates the order, unless given" }),
    status: selection(["draft", "confirmed", "cancelled"], {
      required: true,
      readonly: true,
      clone: false,
      index: true,
      default: "draft",
    }),
    lines: oneToMany("SaleOrderLine", "order"),
    untaxed_amount: monetary({ currency: "currency", calculate: "untaxed_amount", dependsOn: ["lines.subtotal"] }),
    tax_amount: monetary({ currency: "currency", calculate: "tax_amount", dependsOn: ["lines.tax_amount"] }),
    total: monetary({ currency: "currency", calculate: "total", dependsOn: ["lines.total"] }),
    note: text({ label: "Terms and notes" }),
  },
});

export const SaleOrderLine = defineModel("SaleOrderLine", {
  label: "Sales order line",
  displayName: ["description"],
  order: ["sequence ASC", "id ASC"],
  fields: {
    order: manyToOne("SaleOrder", { required: true, onDelete: "CASCADE", index: true }),
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
    subtotal: monetary({
      currency: "order.currency",
      hint: "Without taxes",
      calculate: "subtotal",
      dependsOn: [
        "quantity",
        "unit_price",
        "discount",
        "taxes.rate",
        "taxes.price_included",
        "order.currency.decimal_places",
      ],
    }),
    tax_amount: monetary({
      currency: "order.currency",
      calculate: "tax_amount",
      dependsOn: [
        "quantity",
        "unit_price",
        "discount",
        "taxes.rate",
        "taxes.price_included",
        "order.currency.decimal_places",
      ],
    }),
    total: monetary({ currency: "order.currency", calculate: "total", dependsOn: ["subtotal", "tax_amount"] }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      SaleOrder: typeof SaleOrder;
      SaleOrderLine: typeof SaleOrderLine;
    }
  }
}
