/** Invoices and credit notes, and their lines. */
import {
  char,
  date,
  defineModel,
  extendModel,
  float,
  manyToMany,
  manyToOne,
  monetary,
  oneToMany,
  selection,
  text,
} from "fullfinity";
import { customerField, LINE_TERMS, pricedLineFields, termFields, totalFields } from "../../sales/document-fields.ts";

export const Invoice = defineModel("Invoice", {
  label: "Invoice",
  companyScoped: true,
  order: ["date DESC", "id DESC"],
  search: ["name", "reference"],
  fields: {
    name: char({
      label: "Number",
      unique: true,
      readonly: true,
      clone: false,
      index: "search",
      track: true,
      hint: "Given when the invoice is posted, without gaps",
    }),
    type: selection(["invoice", "credit_note"], { required: true, index: true, default: "invoice" }),
    contact: customerField("invoices"),
    reference: char({ clone: false, maxLength: 100, index: "search", hint: "What the customer knows it by" }),
    ...termFields(),
    due_date: date({
      clone: false,
      index: true,
      track: true,
      hint: "From the payment term when the invoice is posted, unless given",
    }),
    status: selection(["draft", "posted", "cancelled"], {
      required: true,
      readonly: true,
      clone: false,
      index: true,
      track: true,
      default: "draft",
    }),
    lines: oneToMany("InvoiceLine", "invoice"),
    orders: manyToMany("SaleOrder", { relatedName: "invoices", readonly: true, clone: false }),
    reversed_invoice: manyToOne("Invoice", {
      label: "Credits",
      hint: "The invoice that a credit note takes back",
      readonly: true,
      clone: false,
      onDelete: "RESTRICT",
      relatedName: "credit_notes",
      index: true,
    }),
    ...totalFields(),
    company_total: monetary({
      currency: "company.currency",
      label: "Total in the company's currency",
      readonly: true,
      clone: false,
      hint: "At the rate of the date; empty where there was none when the invoice was posted",
    }),
    amount_due: monetary({
      currency: "currency",
      hint: "What is still to be paid; of a credit note, what is still to be used or refunded",
      track: true,
      calculate: "amount_due",
      dependsOn: ["total", "status", "allocations.amount", "credits.amount", "credit_uses.amount"],
    }),
    payment_status: selection(["none", "unpaid", "partial", "paid"], {
      calculate: "payment_status",
      dependsOn: ["total", "amount_due", "status"],
    }),
    credited_amount: monetary({
      currency: "currency",
      hint: "What posted credit notes take back",
      calculate: "credited_amount",
      dependsOn: ["credit_notes.total", "credit_notes.status"],
    }),
    note: text({ label: "Terms and notes" }),
  },
  checks: [
    {
      name: "due_after_date",
      sql: "due_date >= date",
      field: "due_date",
      message: "must not be before the date",
    },
    {
      name: "overpaid",
      sql: "status <> 'posted' or amount_due >= 0",
      field: "amount_due",
      message: "no more can be paid or credited than is due",
    },
    {
      name: "credited",
      sql: "credited_amount <= abs(total)",
      field: "credited_amount",
      message: "no more can be credited than was invoiced",
    },
  ],
});

export const InvoiceLine = defineModel("InvoiceLine", {
  label: "Invoice line",
  companyScoped: "invoice",
  displayName: ["description"],
  order: ["sequence ASC", "id ASC"],
  fields: {
    invoice: manyToOne("Invoice", { required: true, onDelete: "CASCADE", index: true }),
    ...pricedLineFields(),
    order_line: manyToOne("SaleOrderLine", {
      readonly: true,
      clone: false,
      onDelete: "RESTRICT",
      relatedName: "invoice_lines",
      index: true,
    }),
    subtotal_difference: monetary({
      currency: "invoice.currency",
      required: true,
      default: 0,
      readonly: true,
      clone: false,
      hint: "What the last part of an order line adds, so that all parts make up the whole",
    }),
    tax_difference: monetary({
      currency: "invoice.currency",
      required: true,
      default: 0,
      readonly: true,
      clone: false,
      hint: "The same of the taxes",
    }),
    subtotal: monetary({
      currency: "invoice.currency",
      hint: "Without taxes",
      calculate: "subtotal",
      dependsOn: [...LINE_TERMS, "subtotal_difference", "invoice.currency.decimal_places"],
    }),
    tax_amount: monetary({
      currency: "invoice.currency",
      calculate: "tax_amount",
      dependsOn: [...LINE_TERMS, "tax_difference", "invoice.currency.decimal_places"],
    }),
    total: monetary({ currency: "invoice.currency", calculate: "total", dependsOn: ["subtotal", "tax_amount"] }),
  },
});

export const SaleOrderInvoicing = extendModel("SaleOrder", {
  fields: {
    invoice_status: selection(["none", "to_invoice", "partial", "invoiced"], {
      calculate: "invoice_status",
      dependsOn: ["status", "lines.quantity", "lines.invoiced_quantity"],
    }),
  },
});

export const SaleOrderLineInvoicing = extendModel("SaleOrderLine", {
  fields: {
    invoiced_quantity: float({
      precision: 4,
      hint: "On invoices that are not cancelled, less posted credit notes",
      calculate: "invoiced_quantity",
      dependsOn: ["invoice_lines.quantity", "invoice_lines.invoice.status", "invoice_lines.invoice.type"],
    }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Invoice: typeof Invoice;
      InvoiceLine: typeof InvoiceLine;
    }
    interface Extensions {
      SaleOrderInvoicing: typeof SaleOrderInvoicing;
      SaleOrderLineInvoicing: typeof SaleOrderLineInvoicing;
    }
  }
}
