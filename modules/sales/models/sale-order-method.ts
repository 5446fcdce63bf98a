/** What people do with orders: confirm them, cancel them, and take them up again. */
import { action, Decimal, implementModel, method, UserError } from "fullfinity";

export const SaleOrderMethods = implementModel("SaleOrder", {
  methods: {
    confirm: method(
      {
        scope: "records",
        needs: "write",
        description: "Makes agreements of draft orders; from then on their content does not change.",
        reads: ["name", "status", "lines.quantity"],
        confirm: { message: "Confirm {count} orders?", confirmLabel: "Confirm" },
      },
      async (orders, { env }) => {
        for (const { name, status, lines } of orders) {
          if (status !== "draft") throw new UserError(`Order ${name} is ${status}: only drafts are confirmed`);
          if (lines.length === 0) throw new UserError(`Order ${name} has no lines`);
          if (lines.every(({ quantity }) => new Decimal(quantity).eq(0))) {
            throw new UserError(`Order ${name} is about nothing: all its quantities are 0`);
          }
        }
        await env.elevated().model("SaleOrder").updateMany(idsOf(orders), { status: "confirmed" });
        return action("notify", { message: `${orders.length} confirmed`, color: "success" });
      },
    ),
    cancel: method(
      {
        scope: "records",
        needs: "write",
        description: "Cancels draft and confirmed orders.",
        reads: ["name", "status"],
        confirm: { message: "Cancel {count} orders?", confirmLabel: "Cancel the orders", variant: "danger" },
      },
      async (orders, { env }) => {
        for (const { name, status } of orders) {
          if (status === "cancelled") throw new UserError(`Order ${name} is cancelled already`);
        }
        await env.elevated().model("SaleOrder").updateMany(idsOf(orders), { status: "cancelled" });
        return action("notify", { message: `${orders.length} cancelled` });
      },
    ),
    reset_to_draft: method(
      {
        scope: "records",
        needs: "write",
        label: "Reset to draft",
        description: "Takes confirmed and cancelled orders up again, so that they can be changed.",
        reads: ["name", "status"],
      },
      async (orders, { env }) => {
        for (const { name, status } of orders) {
          if (status === "draft") throw new UserError(`Order ${name} is a draft already`);
        }
        await env.elevated().model("SaleOrder").updateMany(idsOf(orders), { status: "draft" });
        return action("notify", { message: `${orders.length} reset to draft` });
      },
    ),
  },
});

function idsOf(records: readonly { readonly id: number }[]): number[] {
  return records.map(({ id }) => id);
}

declare global {
  namespace Fullfinity {
    interface Behaviours {
      SaleOrderMethods: typeof SaleOrderMethods;
    }
  }
}
