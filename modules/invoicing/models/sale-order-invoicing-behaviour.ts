/** What orders know of their invoices: how much of them has been billed, which is never more than was ordered. */
import { action, Decimal, type Environment, implementModel, UserError, wrapMethod } from "fullfinity";
import { billedQuantity } from "../invoice-plan.ts";

export const SaleOrderInvoicingBehaviour = implementModel("SaleOrder", {
  calculate: {
    invoice_status: (orders) =>
      orders.map(({ status, lines }) => {
        if (status !== "confirmed") return "none";
        const open = lines.filter((line) => !new Decimal(line.invoiced_quantity ?? 0).eq(line.quantity));
        if (open.length === 0) return "invoiced";
        return lines.every((line) => new Decimal(line.invoiced_quantity ?? 0).eq(0)) ? "to_invoice" : "partial";
      }),
  },
  methods: {
    cancel: wrapMethod({ reads: ["name", "invoices.name", "invoices.status"] }, async (orders, { env, next }) => {
      await checkUnbilled(env, orders);
      return next();
    }),
    reset_to_draft: wrapMethod(
      { reads: ["name", "invoices.name", "invoices.status"] },
      async (orders, { env, next }) => {
        await checkUnbilled(env, orders);
        return next();
      },
    ),
  },
});

interface BilledOrder {
  readonly id: number;
  readonly name: string;
  readonly invoices: readonly { readonly id: number; readonly name: string | null; readonly status: string }[];
}

/** An order stays as it is while an invoice bills it, whoever may see the invoice; what it is called is told only who does. */
async function checkUnbilled(env: Environment, orders: readonly BilledOrder[]): Promise<void> {
  for (const { name, invoices } of orders) {
    const standing = invoices.find(({ status }) => status !== "cancelled");
    if (standing === undefined) continue;
    const invoice = standing.name ?? `#${standing.id}`;
    throw new UserError(`Order ${name} is billed by invoice ${invoice}, which is ${standing.status}`, {
      action: action("window_action", { identifier: "invoicing.invoice", record_id: standing.id }),
    });
  }
  const [billed] = await env
    .elevated()
    .model("SaleOrder")
    .filter({ id__in: orders.map(({ id }) => id), invoices__status__neq: "cancelled" })
    .limit(1)
    .all("name");
  if (billed !== undefined) throw new UserError(`Order ${billed.name} is billed by an invoice that you may not see`);
}

export const SaleOrderLineInvoicingBehaviour = implementModel("SaleOrderLine", {
  calculate: {
    invoiced_quantity: (lines) => lines.map(({ invoice_lines }) => billedQuantity(invoice_lines).toFixed()),
  },
  validate: {
    billed: {
      fields: ["quantity", "invoiced_quantity"],
      check: ({ quantity, invoiced_quantity }) => {
        const billed = new Decimal(invoiced_quantity ?? 0);
        // Of a line below zero, less than nothing is billed.
        const isWithin = billed.abs().lte(new Decimal(quantity).abs()) && billed.times(quantity).gte(0);
        if (isWithin) return null;
        return `no more can be invoiced than was ordered: ${billed.toFixed()} of ${new Decimal(quantity).toFixed()}`;
      },
    },
  },
});
