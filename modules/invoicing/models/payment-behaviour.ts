/** What payments do: they spread themselves over the invoices that they are for, and stay as they are. */
import { Decimal, type Environment, implementModel, UserError, ValidationError } from "fullfinity";
import { type Draft, findCompany, idOf } from "../../sales/draft-defaults.ts";
import { total } from "../../sales/line-amounts.ts";
import { checkChanges, checkDeletion, type Freeze } from "../../sales/status-guard.ts";
import { checkPayable, distributePayment, type PayableInvoice, sumDue } from "../payment-distribution.ts";

const PAYMENT_FREEZE: Freeze = {
  label: "Payment",
  open: ["status", "reference", "allocations"],
  advice: "cancel it and enter another one",
};

export const PaymentBehaviour = implementModel("Payment", {
  calculate: {
    unallocated: (payments) =>
      payments.map(({ amount, status, allocations }) => {
        const left = new Decimal(amount).minus(total(allocations.map((each) => each.amount)));
        return (status === "posted" ? left : new Decimal(0)).toFixed();
      }),
  },
  hooks: {
    beforeCreate: async (payments, env, next) => {
      const company = await findCompany(env);
      const whole: Draft[] = [];
      for (const payment of payments) whole.push(await spread(env, { company, ...payment }));
      return next(whole);
    },
    beforeUpdate: async (changes, env, next) => {
      const payments = env.model("Payment").filter({ id__in: changes.map(({ id }) => id) });
      checkChanges(PAYMENT_FREEZE, await payments.all("name", "status"), changes);
      return next(changes);
    },
    beforeDelete: async (ids, env, next) => {
      const posted = env.model("Payment").filter({ id__in: ids, status: "posted" });
      checkDeletion({ ...PAYMENT_FREEZE, advice: "cancel it" }, await posted.all("name", "status"));
      await next(ids);
    },
  },
});

/** A payment that names invoices pays them in the order in which they are due, and is about their customer. */
async function spread(env: Environment, payment: Draft): Promise<Draft> {
  const { invoices, ...values } = payment;
  if (invoices === undefined || values.allocations !== undefined || !Array.isArray(invoices)) return payment;
  const ids = invoices.map(idOf);
  if (ids.length === 0 || !isAmount(values.amount) || !ids.every((id) => id !== null)) return payment;
  const found = await loadPayable(env, ids);
  const { type, contact, company, currency } = checkPayable(found);
  const amount = new Decimal(values.amount);
  const due = sumDue(found);
  if (amount.gt(due)) {
    const message = `exceeds the ${due.toFixed()} ${currency.display_name} that are due`;
    throw ValidationError.ofFields([{ path: "amount", message }]);
  }
  const defaults = {
    type: type === "invoice" ? "inbound" : "outbound",
    contact: contact.id,
    company: company.id,
    currency: currency.id,
  };
  return { ...defaults, ...values, allocations: distributePayment(amount, found) };
}

function isAmount(value: unknown): value is string | number {
  return (typeof value === "number" || typeof value === "string") && /^\d+(\.\d+)?$/.test(String(value));
}

/**
 * Reads invoices that are to be paid.
 *
 * @throws ValidationError where one is not there for this user
 */
export async function loadPayable(env: Environment, ids: readonly number[]): Promise<PayableInvoice[]> {
  const found = await env
    .model("Invoice")
    .filter({ id__in: ids })
    .all("name", "type", "status", "contact", "company", "currency", "due_date", "amount_due");
  const known = new Set(found.map(({ id }) => id));
  const missing = ids.findIndex((id) => !known.has(id));
  if (missing !== -1) {
    const message = `Invoice ${ids[missing]} does not exist`;
    throw ValidationError.ofFields([{ path: `invoices[${missing}]`, message }]);
  }
  return found;
}

export const PaymentAllocationBehaviour = implementModel("PaymentAllocation", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkAllocations(env, ids);
    },
    beforeUpdate: () => {
      throw new UserError("What a payment pays is not changed: cancel the payment and enter another one");
    },
    beforeDelete: async (ids, env, next) => {
      const [kept] = await env
        .model("PaymentAllocation")
        .filter({ id__in: ids, payment__status: "posted" })
        .limit(1)
        .all("payment");
      if (kept !== undefined) throw new UserError(`Payment ${kept.payment.display_name} is posted: cancel it first`);
      await next(ids);
    },
  },
});

/** What is paid must be owed, in the currency and direction of the payment. */
async function checkAllocations(env: Environment, ids: readonly number[]): Promise<void> {
  const made = await env.elevated().model("PaymentAllocation").filter({ id__in: ids }).all("payment", "invoice");
  const payments = await env
    .elevated()
    .model("Payment")
    .filter({ id__in: made.map(({ payment }) => payment.id) })
    .all("type", "status", "currency", "company");
  const invoices = await env
    .elevated()
    .model("Invoice")
    .filter({ id__in: made.map(({ invoice }) => invoice.id) })
    .all("name", "type", "status", "currency", "company");
  for (const { payment, invoice } of made) {
    const paying = payments.find(({ id }) => id === payment.id);
    const paid = invoices.find(({ id }) => id === invoice.id);
    if (paying === undefined || paid === undefined) continue;
    const name = `Invoice ${paid.name ?? `#${paid.id}`}`;
    if (paid.status !== "posted") throw new UserError(`${name} is ${paid.status}: only posted invoices are paid`);
    if (paying.status !== "posted") throw new UserError("A cancelled payment pays nothing");
    if (paying.currency.id !== paid.currency.id) {
      throw new UserError(
        `${name} is in ${paid.currency.display_name}, the payment in ${paying.currency.display_name}`,
      );
    }
    if (paying.company.id !== paid.company.id) throw new UserError(`${name} is of another company than the payment`);
    if ((paying.type === "inbound") !== (paid.type === "invoice")) {
      throw new UserError("Payments that are received pay invoices; credit notes are paid back");
    }
  }
}
