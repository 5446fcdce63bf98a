/** What invoices rely on and may therefore not change under them: the rates of taxes, and the decimals of currencies. */
import { implementModel } from "fullfinity";
import { keepFields } from "../../sales/status-guard.ts";

export const TaxInvoicingBehaviour = implementModel("Tax", {
  hooks: {
    beforeUpdate: keepFields(
      ["rate", "price_included"],
      async (env, ids) => (await env.elevated().model("InvoiceLine").filter({ taxes__in: ids }).count()) > 0,
      "The tax is used by invoices, whose amounts must stay: make a new tax and archive this one",
    ),
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
