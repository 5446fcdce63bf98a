/** What invoices rely on and may therefore not change under them: the rates of taxes, and the decimals of currencies. */
import { type Environment, implementModel } from "fullfinity";
import { keepFields, keepRecords } from "../../sales/status-guard.ts";

async function isTaxUsed(env: Environment, ids: readonly number[]): Promise<boolean> {
  return (await env.elevated().model("InvoiceLine").filter({ taxes__in: ids }).count()) > 0;
}

export const TaxInvoicingBehaviour = implementModel("Tax", {
  hooks: {
    beforeUpdate: keepFields(
      ["rate", "price_included"],
      isTaxUsed,
      "The tax is used by invoices, whose amounts must stay: make a new tax and archive this one",
    ),
    // The lines would lose the tax with it, posted or not.
    beforeDelete: keepRecords(isTaxUsed, "The tax is used by invoices, whose amounts must stay: archive it"),
  },
});

export const CurrencyInvoicingBehaviour = implementModel("Currency", {
  hooks: {
    beforeUpdate: keepFields(
      ["decimal_places"],
      async (env, ids) => (await env.elevated().model("Invoice").filter({ currency__in: ids }).count()) > 0,
      "Invoices have amounts in the currency: its decimal_places cannot change any more",
    ),
  },
});
