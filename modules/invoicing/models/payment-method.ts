/** What people do with payments: cancel them, so that what they paid is due again. */
import { action, implementModel, method, UserError } from "fullfinity";

export const PaymentMethods = implementModel("Payment", {
  methods: {
    cancel: method(
      {
        scope: "records",
        needs: "write",
        description: "Takes back payments: what they paid is due again.",
        reads: ["name", "status", "allocations.id"],
        confirm: { message: "Cancel {count} payments?", confirmLabel: "Cancel the payments", variant: "danger" },
      },
      async (payments, { env }) => {
        for (const { name, status } of payments) {
          if (status === "cancelled") throw new UserError(`Payment ${name} is cancelled already`);
        }
        const kernel = env.elevated();
        // The status goes first: what a posted payment pays is kept.
        await kernel.model("Payment").updateMany(
          payments.map(({ id }) => id),
          { status: "cancelled" },
        );
        await kernel
          .model("PaymentAllocation")
          .deleteMany(payments.flatMap(({ allocations }) => allocations.map(({ id }) => id)));
        return action("notify", { message: `${payments.length} cancelled` });
      },
    ),
  },
});

declare global {
  namespace Fullfinity {
    interface Behaviours {
      PaymentMethods: typeof PaymentMethods;
    }
  }
}
