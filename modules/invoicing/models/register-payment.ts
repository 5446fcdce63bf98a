/** Registering payments: of one invoice or of several, of all that is due or of a part. */
import {
  action,
  boolean,
  char,
  Decimal,
  date,
  defineWizard,
  implementModel,
  method,
  monetary,
  positive,
  selection,
  today,
  ValidationError,
} from "fullfinity";
import { checkPayable, distributePayment, sumDue } from "../payment-distribution.ts";
import { PAYMENT_METHODS } from "./payment.ts";

export const RegisterPaymentWizard = defineWizard("RegisterPaymentWizard", {
  label: "Register payment",
  fields: {
    amount: monetary({ decimals: 6, validators: [positive], hint: "All that is due unless given" }),
    date: date({ required: true, default: today }),
    method: selection(PAYMENT_METHODS, { required: true, default: "bank" }),
    reference: char({ maxLength: 140 }),
    on_account: boolean({ hint: "What exceeds the amount due stays with the payment, for other invoices" }),
  },
});

export const InvoicePayment = implementModel("Invoice", {
  methods: {
    register_payment: method(
      {
        scope: "records",
        needs: "write",
        label: "Register payment",
        description: "Enters a payment of posted invoices of one customer; the earliest due is paid first.",
        reads: [
          "name",
          "type",
          "status",
          "contact.display_name",
          "company.id",
          "currency.display_name",
          "currency.decimal_places",
          "due_date",
          "amount_due",
        ],
        wizard: "RegisterPaymentWizard",
        defaults: (invoices) => {
          const due = sumDue(invoices);
          return { amount: due.gt(0) ? due.toFixed() : null };
        },
      },
      async (invoices, { env, inputs }) => {
        const { type, contact, company, currency } = checkPayable(invoices);
        const decimals = invoices[0]?.currency.decimal_places ?? 2;
        const due = sumDue(invoices);
        const amount = new Decimal(inputs.amount ?? due);
        checkAmount(amount, due, decimals, currency.display_name, inputs.on_account);
        const { id } = await env.model("Payment").create({
          type: type === "invoice" ? "inbound" : "outbound",
          contact: contact.id,
          company: company.id,
          currency: currency.id,
          amount: amount.toFixed(),
          date: inputs.date,
          method: inputs.method,
          reference: inputs.reference,
          allocations: distributePayment(amount, invoices),
        });
        const { name } = await env.model("Payment").get(id, "name");
        const left = due.minus(amount);
        const rest = left.gte(0) ? `${left.toFixed(decimals)} still due` : `${left.neg().toFixed(decimals)} on account`;
        const notify = `${name}: ${amount.toFixed(decimals)} ${currency.display_name}, ${rest}`;
        return action("close", { reload: true, notify });
      },
    ),
  },
});

function checkAmount(amount: Decimal, due: Decimal, decimals: number, code: string, onAccount: boolean): void {
  const refuse = (message: string) => {
    throw ValidationError.ofFields([{ path: "amount", message }]);
  };
  if (!amount.round(decimals).eq(amount)) refuse(`${code} has ${decimals} decimals`);
  if (amount.gt(due) && !onAccount) {
    const excess = amount.minus(due).toFixed(decimals);
    refuse(
      `exceeds the ${due.toFixed(decimals)} ${code} that are due by ${excess}; on_account keeps that for other invoices`,
    );
  }
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      RegisterPaymentWizard: typeof RegisterPaymentWizard;
    }
  }
}
