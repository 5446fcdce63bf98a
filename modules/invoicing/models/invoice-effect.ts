/** What forms of invoices do while people fill them in: terms of the customer, prices of products, and when it is due. */
import { addDays, effect, implementModel } from "fullfinity";
import { findCustomerChange, showProduct } from "../../sales/line-effect.ts";

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
      ({ product, invoice }, { env, ...form }) => showProduct(env, product, invoice, form),
    ),
  },
});
