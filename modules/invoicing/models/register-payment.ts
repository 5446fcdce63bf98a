/** Registering payments: of one invoice or of several, of all that is due or of a part. The form says what is left. */
import {
  action,
  boolean,
  char,
  Decimal,
  date,
  defineWizard,
  type Environment,
  implementModel,
  implementWizard,
  manyToMany,
  manyToOne,
  method,
  monetary,
  positive,
  selection,
  today,
  ValidationError,
  wizardEffect,
} from "fullfinity";
import { checkPayable, distributePayment, type PayableInvoice, sumDue } from "../payment-distribution.ts";
import { tryRule } from "../refusal.ts";
import { PAYMENT_METHODS } from "./payment.ts";
import { loadPayable } from "./payment-behaviour.ts";

export const RegisterPaymentWizard = defineWizard("RegisterPaymentWizard", {
  label: "Register payment",
  view: "invoicing.register_payment_form",
  fields: {
    invoices: manyToMany("Invoice", {
      hint: "Those that are paid, of the ones that were chosen; all of them unless given. Goes with an amount",
    }),
    amount: monetary({
      decimals: 6,
      validators: [positive],
      hint: "All that is due of the ones that were chosen unless given",
    }),
    currency: manyToOne("Currency", { readonly: true }),
    date: date({ required: true, default: today }),
    method: selection(PAYMENT_METHODS, { required: true, default: "bank" }),
    reference: char({ maxLength: 140 }),
    on_account: boolean({ hint: "What exceeds the amount due stays with the payment, for other invoices" }),
    left: monetary({ decimals: 6, readonly: true, label: "Still due afterwards" }),
  },
});

const showLeft = wizardEffect<"RegisterPaymentWizard">(
  async ({ invoices, amount, on_account }, { env, change, warn }) => {
    const found = await loadChosen(env, invoices);
    const [first] = found;
    if (first === undefined) return;
    const due = sumDue(found);
    const left = due.minus(amount ?? due);
    if (left.lt(0) && on_account !== true) warn("amount", excessOf(due, left, first.currency.display_name));
    change({ left: (left.lt(0) ? new Decimal(0) : left).toFixed() });
  },
);

export const RegisterPaymentBehaviour = implementWizard("RegisterPaymentWizard", {
  effects: {
    invoices: wizardEffect(async ({ invoices }, { env, change, warn }) => {
      const found = await loadChosen(env, invoices);
      const terms = tryRule(() => checkPayable(found));
      if (terms.refusal !== null) warn("invoices", terms.refusal);
      else change({ currency: terms.result.currency.id, amount: sumDue(found).toFixed(), left: 0 });
    }),
    amount: showLeft,
    on_account: showLeft,
  },
});

/** The invoices of a form, as the user sees them. */
function loadChosen(env: Environment, invoices: readonly { readonly id: number }[]): Promise<PayableInvoice[]> {
  return loadPayable(
    env,
    invoices.map(({ id }) => id),
  );
}

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
          return {
            invoices: invoices.map(({ id }) => id),
            amount: due.gt(0) ? due.toFixed() : null,
            currency: invoices[0]?.currency.id ?? null,
            left: 0,
          };
        },
      },
      async (records, { env, inputs }) => {
        const invoices = chosenOf(records, inputs.invoices);
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

/** Those of the records that are to be paid. */
function chosenOf<Invoice extends { readonly id: number }>(
  records: readonly Invoice[],
  chosen: readonly { readonly id: number }[],
): Invoice[] {
  return chosen.map(({ id }, index) => {
    const record = records.find((each) => each.id === id);
    if (record !== undefined) return record;
    const message = "is none of those that the payment is registered for";
    throw ValidationError.ofFields([{ path: `invoices[${index}]`, message }]);
  });
}

/** @param left what the payment leaves, below zero */
function excessOf(due: Decimal, left: Decimal, code: string, decimals?: number): string {
  const [most, excess] = [due, left.neg()].map((amount) => amount.toFixed(decimals));
  return `exceeds the ${most} ${code} that are due by ${excess}; on_account keeps that for other invoices`;
}

function checkAmount(amount: Decimal, due: Decimal, decimals: number, code: string, onAccount: boolean): void {
  const refuse = (message: string) => {
    throw ValidationError.ofFields([{ path: "amount", message }]);
  };
  if (!amount.round(decimals).eq(amount)) refuse(`${code} has ${decimals} decimals`);
  if (amount.gt(due) && !onAccount) {
    refuse(excessOf(due, due.minus(amount), code, decimals));
  }
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      RegisterPaymentWizard: typeof RegisterPaymentWizard;
    }
    interface Behaviours {
      InvoicePayment: typeof InvoicePayment;
    }
  }
}
