/** Changing the prices of many products at once: the form, and what it does. */
import {
  action,
  Decimal,
  defineWizard,
  divideToMultiple,
  float,
  implementModel,
  implementWizard,
  method,
  positive,
  wizardMethod,
} from "fullfinity";

export const ChangePricesWizard = defineWizard("ChangePricesWizard", {
  label: "Change prices",
  view: "products.change_prices_form",
  fields: {
    percent: float({
      label: "Change in percent",
      precision: 4,
      required: true,
      default: 0,
      hint: "Negative to lower the prices",
    }),
    round_to: float({ precision: 4, required: true, default: "0.01", validators: [positive] }),
  },
});

export const ChangePricesBehaviour = implementWizard("ChangePricesWizard", {
  validate: {
    lowest: {
      fields: ["percent"],
      check: ({ percent }) =>
        new Decimal(percent).lt(-100) ? "must be -100 or more, since no price is negative" : null,
    },
  },
  methods: {
    preview: wizardMethod(
      {
        of: "Product",
        needs: "write",
        readonly: true,
        description: "The prices as they would be, and changes nothing.",
        reads: ["name", "price"],
      },
      (products, { inputs }) =>
        products.map(({ id, name, price }) => ({ id, name, price, new_price: changedPrice(price, inputs) })),
    ),
  },
});

export const PriceBehaviour = implementModel("Product", {
  methods: {
    change_prices: method(
      {
        scope: "records",
        label: "Change prices",
        reads: ["price"],
        wizard: "ChangePricesWizard",
        confirm: { message: "Change the prices of {count} products?", confirmLabel: "Change" },
      },
      async (products, { env, inputs }) => {
        for (const { id, price } of products) {
          await env.model("Product").update(id, { price: changedPrice(price, inputs) });
        }
        return action("close", { reload: true, notify: `The prices of ${products.length} products have changed` });
      },
    ),
  },
});

function changedPrice(
  price: string,
  { percent, round_to }: { readonly percent: string; readonly round_to: string },
): string {
  return divideToMultiple(new Decimal(price).times(new Decimal(100).plus(percent)), 100, round_to).toFixed();
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      ChangePricesWizard: typeof ChangePricesWizard;
    }
    interface Behaviours {
      PriceBehaviour: typeof PriceBehaviour;
    }
  }
}
