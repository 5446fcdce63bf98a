/** Payments, and what of them and of credit notes goes to which invoice. */
import {
  char,
  date,
  defineModel,
  manyToMany,
  manyToOne,
  monetary,
  oneToMany,
  positive,
  selection,
  today,
} from "fullfinity";
import { customerField, numberField } from "../../sales/document-fields.ts";

/** How money is handed over. */
export const PAYMENT_METHODS = { bank: "Bank transfer", card: "Card", cash: "Cash" } as const;

export const Payment = defineModel("Payment", {
  label: "Payment",
  companyScoped: true,
  order: ["date DESC", "id DESC"],
  search: ["name", "reference"],
  fields: {
    name: numberField("payment"),
    type: selection({ inbound: "Received", outbound: "Paid back" }, { required: true, default: "inbound" }),
    contact: customerField("payments"),
    company: manyToOne("Company", { required: true, onDelete: "RESTRICT", index: true }),
    date: date({ required: true, clone: false, index: true, default: today }),
    amount: monetary({ currency: "currency", required: true, track: true, validators: [positive] }),
    currency: manyToOne("Currency", { required: true, onDelete: "RESTRICT" }),
    method: selection(PAYMENT_METHODS, { required: true, default: "bank" }),
    reference: char({ clone: false, maxLength: 140, index: "search" }),
    status: selection(["posted", "cancelled"], {
      required: true,
      readonly: true,
      clone: false,
      index: true,
      track: true,
      default: "posted",
    }),
    allocations: oneToMany("PaymentAllocation", "payment", { clone: false }),
    invoices: manyToMany("Invoice", {
      through: "PaymentAllocation",
      clone: false,
      hint: "For a new payment: the invoices that it pays, the earliest due first",
    }),
    unallocated: monetary({
      currency: "currency",
      hint: "What of the amount no invoice has taken yet",
      track: true,
      calculate: "unallocated",
      dependsOn: ["amount", "status", "allocations.amount"],
    }),
  },
  checks: [
    {
      name: "spread",
      sql: "unallocated >= 0",
      field: "unallocated",
      message: "the parts of a payment must not exceed its amount",
    },
  ],
});

export const PaymentAllocation = defineModel("PaymentAllocation", {
  label: "Payment of an invoice",
  companyScoped: "payment",
  displayName: [],
  order: ["id ASC"],
  fields: {
    payment: manyToOne("Payment", { required: true, onDelete: "CASCADE", index: true }),
    invoice: manyToOne("Invoice", { required: true, onDelete: "RESTRICT", relatedName: "allocations", index: true }),
    amount: monetary({ currency: "invoice.currency", required: true, validators: [positive] }),
  },
  unique: [{ fields: ["payment", "invoice"], message: "the payment pays this invoice already" }],
});

export const CreditAllocation = defineModel("CreditAllocation", {
  label: "Use of a credit note",
  companyScoped: "credit_note",
  readonly: true,
  displayName: [],
  order: ["id ASC"],
  fields: {
    credit_note: manyToOne("Invoice", {
      required: true,
      onDelete: "RESTRICT",
      relatedName: "credit_uses",
      index: true,
    }),
    invoice: manyToOne("Invoice", { required: true, onDelete: "RESTRICT", relatedName: "credits", index: true }),
    amount: monetary({ currency: "invoice.currency", required: true, validators: [positive] }),
  },
  unique: [{ fields: ["credit_note", "invoice"], message: "the credit note is set against this invoice already" }],
});

declare global {
  namespace Fullfinity {
    interface Models {
      Payment: typeof Payment;
      PaymentAllocation: typeof PaymentAllocation;
      CreditAllocation: typeof CreditAllocation;
    }
  }
}
