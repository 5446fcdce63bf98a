/** What invoices do: total their lines, know what is due of them, and stay as they are once they are posted. */
import { Decimal, type Environment, implementModel } from "fullfinity";
import { completeChanges, completeDrafts } from "../../sales/draft-defaults.ts";
import { total, totalOf } from "../../sales/line-amounts.ts";
import { checkChanges, checkDeletion, type Freeze, type FrozenRecord } from "../../sales/status-guard.ts";

/** A posted invoice is in the books, and with the customer. */
export const INVOICE_FREEZE: Freeze = {
  label: "Invoice",
  open: ["status"],
  advice: "what is posted is corrected by a credit note",
};

export const InvoiceBehaviour = implementModel("Invoice", {
  calculate: {
    untaxed_amount: (invoices) => invoices.map(({ lines }) => totalOf(lines, ({ subtotal }) => subtotal)),
    tax_amount: (invoices) => invoices.map(({ lines }) => totalOf(lines, ({ tax_amount }) => tax_amount)),
    total: (invoices) => invoices.map(({ lines }) => totalOf(lines, (line) => line.total)),
    amount_due: (invoices) =>
      invoices.map(({ status, allocations, credits, credit_uses, ...invoice }) => {
        if (status === "cancelled") return "0";
        const paid = total([...allocations, ...credits, ...credit_uses].map(({ amount }) => amount));
        return new Decimal(invoice.total ?? 0).minus(paid).toFixed();
      }),
    payment_status: (invoices) =>
      invoices.map(({ status, amount_due, ...invoice }) => {
        if (status !== "posted") return "none";
        const due = new Decimal(amount_due ?? 0);
        if (due.lte(0)) return "paid";
        return due.eq(invoice.total ?? 0) ? "unpaid" : "partial";
      }),
    credited_amount: (invoices) =>
      invoices.map(({ credit_notes }) =>
        totalOf(
          credit_notes.filter(({ status }) => status === "posted"),
          (note) => note.total,
        ),
      ),
  },
  hooks: {
    beforeCreate: async (invoices, env, next) => next(await completeDrafts(env, invoices, ["invoice_address"])),
    beforeUpdate: async (changes, env, next) => {
      const found = await env
        .model("Invoice")
        .filter({ id__in: changes.map(({ id }) => id) })
        .all("name", "status", "currency", "company", "date");
      const frozen = found.filter(({ status }) => status !== "draft");
      checkChanges(INVOICE_FREEZE, frozen, changes);
      return next(await completeChanges(env, changes, found));
    },
    beforeDelete: async (ids, env, next) => {
      checkDeletion(
        INVOICE_FREEZE,
        (await loadFrozen(env, ids)).filter(({ status, name }) => status === "posted" || name !== null),
      );
      await next(ids);
    },
  },
});

/** The invoices among these that are no drafts any more, as the user sees them. */
export function loadFrozen(env: Environment, ids: readonly number[]): Promise<FrozenRecord[]> {
  return env.model("Invoice").filter({ id__in: ids, status__neq: "draft" }).all("name", "status");
}
