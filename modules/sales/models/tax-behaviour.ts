/** What orders rely on and may therefore not change under them: the rates of taxes, and the decimals of currencies. */
import { type Environment, implementModel } from "fullfinity";
import { keepFields, keepRecords } from "../status-guard.ts";

// Whoever keeps taxes and currencies need not see the orders that use them.
async function isTaxUsed(env: Environment, ids: readonly number[]): Promise<boolean> {
  return (await env.elevated().model("SaleOrderLine").filter({ taxes__in: ids }).count()) > 0;
}

export const TaxBehaviour = implementModel("Tax", {
  hooks: {
    beforeUpdate: keepFields(
      ["rate", "price_included"],
      isTaxUsed,
      "The tax is used by sales orders, whose amounts must stay: make a new tax and archive this one",
    ),
    // The lines would lose the tax with it, confirmed or not.
    beforeDelete: keepRecords(isTaxUsed, "The tax is used by sales orders, whose amounts must stay: archive it"),
  },
});

export const CurrencySalesBehaviour = implementModel("Currency", {
  hooks: {
    beforeUpdate: keepFields(
      ["decimal_places"],
      async (env, ids) => (await env.elevated().model("SaleOrder").filter({ currency__in: ids }).count()) > 0,
      "Sales orders have amounts in the currency: its decimal_places cannot change any more",
    ),
  },
});
