/** Sales orders and their lines. */
import { char, defineModel, manyToOne, monetary, oneToMany, selection, text } from "fullfinity";
import {
  customerField,
  LINE_TERMS,
  numberField,
  pricedLineFields,
  termFields,
  totalFields,
} from "../document-fields.ts";

export const SaleOrder = defineModel("SaleOrder", {
  label: "Sales order",
  companyScoped: true,
  order: ["date DESC", "id DESC"],
  search: ["name", "customer_reference"],
  fields: {
    name: numberField("sale.order"),
    contact: customerField("sale_orders"),
    customer_reference: char({
      clone: false,
      maxLength: 100,
      index: "search",
      track: true,
      hint: "The customer's own order number",
    }),
    ...termFields(),
    delivery_address: text({ hint: "As it is printed; taken from the customer" }),
    status: selection(["draft", "confirmed", "cancelled"], {
      required: true,
      readonly: true,
      clone: false,
      index: true,
      track: true,
      default: "draft",
    }),
    lines: oneToMany("SaleOrderLine", "order"),
    ...totalFields(),
    note: text({ label: "Terms and notes" }),
  },
});

export const SaleOrderLine = defineModel("SaleOrderLine", {
  label: "Sales order line",
  companyScoped: "order",
  displayName: ["description"],
  order: ["sequence ASC", "id ASC"],
  fields: {
    order: manyToOne("SaleOrder", { required: true, onDelete: "CASCADE", index: true }),
    ...pricedLineFields(),
    subtotal: monetary({
      currency: "order.currency",
      hint: "Without taxes",
      calculate: "subtotal",
      dependsOn: [...LINE_TERMS, "order.currency.decimal_places"],
    }),
    tax_amount: monetary({
      currency: "order.currency",
      calculate: "tax_amount",
      dependsOn: [...LINE_TERMS, "order.currency.decimal_places"],
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
