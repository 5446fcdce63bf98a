/** What orders know of their invoices: how much of them has been billed, which is never more than was ordered. */
import { action, Decimal, type Environment, implementModel, UserError, wrapMethod } from "fullfinity";
import { billedQuantity } from "../invoice-plan.ts";

/** What of an order tells whether it may change. */
const BILLING = ["name", "lines.invoiced_quantity", "invoices.id"] as const;

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
    cancel: wrapMethod({ reads: BILLING }, async (orders, { env, next }) => {
      await checkUnbilled(env, orders);
      return next();
    }),
    reset_to_draft: wrapMethod({ reads: BILLING }, async (orders, { env, next }) => {
      await checkUnbilled(env, orders);
      return next();
    }),
  },
});

interface BilledOrder {
  readonly id: number;
  readonly name: string;
  readonly lines: readonly { readonly invoiced_quantity: string | null }[];
  /** As far as the user sees them. */
  readonly invoices: readonly { readonly id: number }[];
}

/** An order stays as it is while something bills it, whoever may see that; what it is called is told only who does. */
async function checkUnbilled(env: Environment, orders: readonly BilledOrder[]): Promise<void> {
  const found = await env
    .elevated()
    .model("Invoice")
    .filter({ orders__in: orders.map(({ id }) => id), status__neq: "cancelled" })
    .order("id ASC")
    .all("name", "type", "status", "total", "credited_amount", "orders");
  for (const order of orders) {
    const standing = found.find((invoice) => isStanding(invoice) && invoice.orders.some(({ id }) => id === order.id));
    if (standing !== undefined) throw refusalOf(order, standing);
    if (order.lines.some((line) => !new Decimal(line.invoiced_quantity ?? 0).eq(0))) {
      throw new UserError(`Order ${order.name} is invoiced: make credit notes of its invoices first`);
    }
  }
}

interface StandingInvoice {
  readonly id: number;
  readonly name: string | null;
  readonly type: "invoice" | "credit_note";
  readonly status: string;
  readonly total: string | null;
  readonly credited_amount: string | null;
}

/** Whether an invoice that is not cancelled still says something about its orders: not one that has been credited, nor what has credited it. */
function isStanding({ type, status, total, credited_amount }: StandingInvoice): boolean {
  if (status === "draft") return true;
  return type === "invoice" && new Decimal(credited_amount ?? 0).lt(total ?? 0);
}

function refusalOf({ name, invoices }: BilledOrder, { id, type, status, ...standing }: StandingInvoice): UserError {
  if (!invoices.some((invoice) => invoice.id === id)) {
    return new UserError(`Order ${name} is billed by an invoice that you may not see`);
  }
  const label = type === "invoice" ? "invoice" : "credit note";
  return new UserError(`Order ${name} is billed by ${label} ${standing.name ?? `#${id}`}, which is ${status}`, {
    action: action("window_action", { identifier: `invoicing.${type}`, record_id: id }),
  });
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
