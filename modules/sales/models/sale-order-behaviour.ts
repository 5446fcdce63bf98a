/** What sales orders do: they are completed from the customer, total their lines, and stay as they are once confirmed. */
import { type Environment, implementModel } from "fullfinity";
import { completeChanges, completeDrafts } from "../draft-defaults.ts";
import { totalOf } from "../line-amounts.ts";
import { checkChanges, checkDeletion, type Freeze, type FrozenRecord } from "../status-guard.ts";

/** A confirmed order is an agreement: only what says nothing about its content may still change. */
export const ORDER_FREEZE: Freeze = {
  label: "Order",
  open: ["status", "salesperson", "note", "customer_reference"],
  advice: "reset it to draft first",
};

export const SaleOrderBehaviour = implementModel("SaleOrder", {
  calculate: {
    untaxed_amount: (orders) => orders.map(({ lines }) => totalOf(lines, ({ subtotal }) => subtotal)),
    tax_amount: (orders) => orders.map(({ lines }) => totalOf(lines, ({ tax_amount }) => tax_amount)),
    total: (orders) => orders.map(({ lines }) => totalOf(lines, (line) => line.total)),
  },
  hooks: {
    beforeCreate: async (orders, env, next) =>
      next(await completeDrafts(env, orders, ["invoice_address", "delivery_address"])),
    beforeUpdate: async (changes, env, next) => {
      const found = await env
        .model("SaleOrder")
        .filter({ id__in: changes.map(({ id }) => id) })
        .all("name", "status", "currency", "company", "date");
      const frozen = found.filter(({ status }) => status !== "draft");
      checkChanges(ORDER_FREEZE, frozen, changes);
      return next(await completeChanges(env, changes, found));
    },
    beforeDelete: async (ids, env, next) => {
      checkDeletion({ ...ORDER_FREEZE, advice: "cancel it" }, await loadFrozen(env, ids, ["confirmed"]));
      await next(ids);
    },
  },
});

/** The orders among these that are in one of the states, as the user sees them. */
export function loadFrozen(
  env: Environment,
  ids: readonly number[],
  states: readonly ("draft" | "confirmed" | "cancelled")[],
): Promise<FrozenRecord[]> {
  return env.model("SaleOrder").filter({ id__in: ids, status__in: states }).all("name", "status");
}
