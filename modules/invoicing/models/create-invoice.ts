/** Billing orders: all of what is left, a part of everything, or chosen lines. */
import {
  action,
  boolean,
  Decimal,
  date,
  defineWizard,
  float,
  implementModel,
  implementWizard,
  manyToMany,
  manyToOne,
  method,
  monetary,
  selection,
  today,
  UserError,
  ValidationError,
  wizardLines,
} from "fullfinity";
import type { InvoiceChoice } from "../invoice-plan.ts";
import { previewInvoice } from "../invoice-preview.ts";
import { draftOf, type InvoiceDraft, join, loadParts, planLines } from "../order-billing.ts";

export const CreateInvoiceWizard = defineWizard("CreateInvoiceWizard", {
  label: "Create invoice",
  view: "invoicing.create_invoice_form",
  fields: {
    orders: manyToMany("SaleOrder", { readonly: true, hint: "That are invoiced" }),
    mode: selection(
      { all: "Everything that is left", percentage: "A part of everything", lines: "Chosen lines" },
      { required: true, default: "all" },
    ),
    percentage: float({ precision: 4, hint: "Of what was ordered" }),
    lines: wizardLines("CreateInvoiceWizardLine"),
    untaxed_amount: monetary({
      decimals: 6,
      readonly: true,
      hint: "Of all lines, where they are in one currency",
    }),
    date: date({ hint: "Of the invoice; today unless given" }),
    post: boolean({ hint: "Posts them at once" }),
  },
});

export const CreateInvoiceWizardLine = defineWizard("CreateInvoiceWizardLine", {
  label: "Line to invoice",
  fields: {
    line: manyToOne("SaleOrderLine", { required: true }),
    quantity: float({ precision: 4, hint: "All that is left unless given" }),
    amount: monetary({ decimals: 6, readonly: true, hint: "Without taxes, in the currency of the order" }),
  },
});

export const CreateInvoiceBehaviour = implementWizard("CreateInvoiceWizard", {
  validate: {
    percentage: {
      fields: ["mode", "percentage"],
      check: ({ mode, percentage }) => {
        if (mode !== "percentage") return null;
        const isPart = percentage !== null && new Decimal(percentage).gt(0) && new Decimal(percentage).lte(100);
        return isPart ? null : "a part is more than 0 and at most 100 percent";
      },
    },
  },
});

export const SaleOrderBilling = implementModel("SaleOrder", {
  methods: {
    create_invoice: method(
      {
        scope: "records",
        needs: "write",
        label: "Create invoice",
        description:
          "Makes draft invoices of confirmed orders: one for all orders of a customer in a currency. Never more than was ordered.",
        reads: [
          "name",
          "status",
          "contact.id",
          "company.id",
          "currency.id",
          "currency.decimal_places",
          "payment_term.id",
          "salesperson.id",
          "invoice_address",
          "customer_reference",
          "lines.sequence",
          "lines.product.id",
          "lines.description",
          "lines.quantity",
          "lines.uom.id",
          "lines.unit_price",
          "lines.discount",
          "lines.taxes.rate",
          "lines.taxes.price_included",
          "lines.subtotal",
          "lines.tax_amount",
        ],
        wizard: "CreateInvoiceWizard",
        defaults: async (orders, { env }) => {
          const ids = orders.map(({ id }) => id);
          const { lines, untaxed_amount } = previewInvoice(orders, await loadParts(env, ids), { mode: "all" });
          return { orders: ids, lines, untaxed_amount };
        },
      },
      async (orders, { env, inputs }) => {
        const choice = choiceOf(inputs);
        const known = new Set(orders.flatMap(({ lines }) => lines.map(({ id }) => id)));
        const strange = inputs.lines.findIndex(({ line }) => !known.has(line.id));
        if (choice.mode === "lines" && strange !== -1) {
          throw ValidationError.ofFields([
            { path: `lines[${strange}].line`, message: "is not a line of one of these orders" },
          ]);
        }
        const parts = await loadParts(
          env,
          orders.map(({ id }) => id),
        );
        const invoices = new Map<string, InvoiceDraft>();
        for (const order of orders) {
          if (order.status !== "confirmed") {
            throw new UserError(`Order ${order.name} is ${order.status}: only confirmed orders are invoiced`);
          }
          if (choice.mode === "lines" && !order.lines.some(({ id }) => choice.quantities.has(id))) continue;
          const lines = planLines(order, parts, choice);
          const key = JSON.stringify([order.contact.id, order.company.id, order.currency.id, order.payment_term?.id]);
          const invoice = invoices.get(key);
          if (invoice === undefined) invoices.set(key, draftOf(order, lines, inputs.date ?? today(env.clock)));
          else join(invoice, order, lines);
        }
        if (invoices.size === 0) throw new UserError("Choose at least one line");
        const ids: number[] = [];
        // Who may change an order may bill it, without the right to any other invoice.
        for (const invoice of invoices.values()) ids.push((await env.elevated().model("Invoice").create(invoice)).id);
        if (inputs.post) await env.model("Invoice").call("post", ids);
        const [id] = ids;
        return ids.length === 1 && id !== undefined
          ? action("window_action", { identifier: "invoicing.invoice", record_id: id })
          : action("notify", { message: `${ids.length} invoices created`, color: "success" });
      },
    ),
  },
});

/** What of a wizard's values says what is billed. */
export interface ChoiceInputs {
  readonly mode: "all" | "percentage" | "lines";
  readonly percentage: string | null;
  readonly lines: readonly { readonly line: { readonly id: number }; readonly quantity: string | null }[];
}

/** What is to be billed of each line. */
export function choiceOf({ mode, percentage, lines }: ChoiceInputs): InvoiceChoice {
  if (mode === "percentage") return { mode, percentage: percentage ?? "0" };
  if (mode === "lines") return { mode, quantities: new Map(lines.map(({ line, quantity }) => [line.id, quantity])) };
  return { mode };
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      CreateInvoiceWizard: typeof CreateInvoiceWizard;
      CreateInvoiceWizardLine: typeof CreateInvoiceWizardLine;
    }
    interface Behaviours {
      SaleOrderBilling: typeof SaleOrderBilling;
    }
  }
}
