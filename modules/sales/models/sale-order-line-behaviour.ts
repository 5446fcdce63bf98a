/** What order lines do: they reckon their amounts, take what is missing from the product, and follow the state of their order. */
import { type Environment, implementModel } from "fullfinity";
import { completeDetachedLines } from "../draft-defaults.ts";
import { calculateLine, total } from "../line-amounts.ts";
import { checkOwners, guardLines } from "../status-guard.ts";
import { loadFrozen, ORDER_FREEZE } from "./sale-order-behaviour.ts";

export const SaleOrderLineBehaviour = implementModel("SaleOrderLine", {
  calculate: {
    subtotal: (lines) =>
      lines.map((line) => calculateLine(line, line.order.currency.decimal_places).subtotal.toFixed()),
    tax_amount: (lines) => lines.map((line) => calculateLine(line, line.order.currency.decimal_places).tax.toFixed()),
    total: (lines) => lines.map(({ subtotal, tax_amount }) => total([subtotal ?? "0", tax_amount ?? "0"]).toFixed()),
  },
  hooks: {
    ...guardLines("order", checkLines),
    beforeCreate: async (lines, env, next) =>
      next(
        await completeDetachedLines(env, lines, "order", (ids) =>
          env.model("SaleOrder").filter({ id__in: ids }).all("currency", "company", "date"),
        ),
      ),
  },
});

async function checkLines(env: Environment, ids: readonly number[]): Promise<void> {
  const lines = await env
    .model("SaleOrderLine")
    .filter({ id__in: ids, order__status__neq: "draft" })
    .limit(1)
    .all("order");
  const orders = lines.map(({ order }) => order.id);
  checkOwners(ORDER_FREEZE, await loadFrozen(env, orders, ["confirmed", "cancelled"]));
}
