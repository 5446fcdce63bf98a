/** What forms of invoices do while people fill them in: terms of the customer, prices of products, and when it is due. */
import { addDays, effect, implementModel } from "fullfinity";
import { findCustomerChange, findProductChange } from "../../sales/line-effect.ts";

const dueDate = effect<"Invoice", ["date", "payment_term.days"]>(
  { reads: ["date", "payment_term.days"] },
  ({ date, payment_term }, { change }) => {
    if (date !== null && payment_term !== null) change({ due_date: addDays(date, payment_term.days ?? 0) });
  },
);

export const InvoiceEffects = implementModel("Invoice", {
  effects: {
    contact: effect({ reads: ["contact.id"] }, async ({ contact }, { env, change }) => {
      const found = await findCustomerChange(env, contact);
      if (found === null) return;
      const { address, ...terms } = found;
      change({ ...terms, invoice_address: address });
    }),
    payment_term: dueDate,
    date: dueDate,
  },
});

export const InvoiceLineEffects = implementModel("InvoiceLine", {
  effects: {
    product: effect(
      { reads: ["product.id", "invoice.currency.id", "invoice.company.id", "invoice.date"] },
      async ({ product, invoice }, { env, change, warn }) => {
        const { values, problem } = await findProductChange(env, product, invoice);
        change(values);
        if (problem !== null) warn("unit_price", problem);
      },
    ),
  },
});
