/** How a payment is spread over invoices: the earliest due first, never more than is due. */
import { Decimal, UserError } from "fullfinity";

/** An invoice that a payment may pay. */
export interface PayableInvoice {
  readonly id: number;
  readonly name: string | null;
  readonly type: "invoice" | "credit_note";
  readonly status: string;
  readonly contact: { readonly id: number; readonly display_name: string };
  readonly company: { readonly id: number };
  readonly currency: { readonly id: number; readonly display_name: string };
  readonly due_date: string | null;
  readonly amount_due: string | null;
}

/** What all invoices of a payment have in common. */
export type PaymentTerms = Pick<PayableInvoice, "type" | "contact" | "company" | "currency">;

/** A part of a payment. */
export interface Allocation {
  readonly invoice: number;
  readonly amount: string;
}

/**
 * Checks that one payment can pay these invoices together.
 *
 * @throws UserError naming the invoice that cannot be paid, or that differs from the first one
 */
export function checkPayable(invoices: readonly PayableInvoice[]): PaymentTerms {
  const [first] = invoices;
  if (first === undefined) throw new UserError("A payment needs at least one invoice");
  for (const invoice of invoices) {
    const name = nameOf(invoice);
    if (invoice.status !== "posted") throw new UserError(`${name} is ${invoice.status}: only posted invoices are paid`);
    if (new Decimal(invoice.amount_due ?? 0).lte(0)) throw new UserError(`${name} is paid already`);
    for (const [what, pick] of Object.entries(SHARED)) {
      if (pick(invoice) === pick(first)) continue;
      throw new UserError(`${name} and ${nameOf(first)} cannot be paid together: they have different ${what}`);
    }
  }
  return first;
}

const SHARED: Readonly<Record<string, (invoice: PayableInvoice) => unknown>> = {
  types: ({ type }) => type,
  customers: ({ contact }) => contact.id,
  companies: ({ company }) => company.id,
  currencies: ({ currency }) => currency.id,
};

/** What is due of invoices together. */
export function sumDue(invoices: readonly Pick<PayableInvoice, "amount_due">[]): Decimal {
  return invoices.reduce((sum, { amount_due }) => sum.plus(amount_due ?? 0), new Decimal(0));
}

/**
 * Spreads an amount over invoices. What exceeds their amounts due is left over.
 *
 * @param amount a numeral above zero
 */
export function distributePayment(amount: Decimal | string, invoices: readonly PayableInvoice[]): Allocation[] {
  const sorted = [...invoices].sort((a, b) => (a.due_date ?? "").localeCompare(b.due_date ?? "") || a.id - b.id);
  let left = new Decimal(amount);
  return sorted.flatMap(({ id, amount_due }): Allocation[] => {
    const due = new Decimal(amount_due ?? 0);
    const part = left.lt(due) ? left : due;
    left = left.minus(part);
    return part.gt(0) ? [{ invoice: id, amount: part.toFixed() }] : [];
  });
}

function nameOf({ id, name, type }: PayableInvoice): string {
  return `${type === "credit_note" ? "Credit note" : "Invoice"} ${name ?? `#${id}`}`;
}
