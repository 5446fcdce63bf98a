/** What forms of orders do while people fill them in: the customer brings its terms, a product its price. */
import { effect, implementModel } from "fullfinity";
import { findCustomerChange, showProduct } from "../line-effect.ts";

export const SaleOrderEffects = implementModel("SaleOrder", {
  effects: {
    contact: effect({ reads: ["contact.id"] }, async ({ contact }, { env, change }) => {
      const found = await findCustomerChange(env, contact);
      if (found === null) return;
      const { address, ...terms } = found;
      change({ ...terms, invoice_address: address, delivery_address: address });
    }),
  },
});

export const SaleOrderLineEffects = implementModel("SaleOrderLine", {
  effects: {
    product: effect(
      { reads: ["product.id", "order.currency.id", "order.company.id", "order.date"] },
      ({ product, order }, { env, ...form }) => showProduct(env, product, order, form),
    ),
  },
});
