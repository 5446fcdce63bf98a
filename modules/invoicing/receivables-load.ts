/** Reads what was open on a day: invoices, less what came off them until then. */
import { Decimal, type Environment } from "fullfinity";
import { loadConversion } from "../core/currency-conversion.ts";
import type { OpenInvoice } from "./receivables.ts";

/** What came off an invoice on a day. */
interface Reduction {
  readonly amount: string;
  /** `YYYY-MM-DD` */
  readonly date: string;
}

/**
 * Reads what was open on a day of posted invoices and credit notes, as far as the user sees them.
 *
 * @param asOf `YYYY-MM-DD`; what was invoiced, paid or credited later does not count
 * @param contact null for all customers
 * @param currency converts everything into this one; null leaves amounts as they are
 * @returns by customer; those of which nothing is open are left out
 * @throws UserError where a rate of exchange is missing
 */
export async function loadReceivables(
  env: Environment,
  asOf: string,
  contact: number | null,
  currency: OpenInvoice["currency"] | null,
): Promise<OpenInvoice[]> {
  const all = env.model("Invoice").filter({ status: "posted", date__lte: asOf });
  const mine = contact === null ? all : all.filter({ contact });
  const lists = await Promise.all(
    [
      mine.filter({ amount_due__gt: 0 }),
      mine.filter({ allocations__payment__date__gt: asOf }),
      mine.filter({ credits__credit_note__date__gt: asOf }),
    ].map((list) => list.all("type", "contact", "currency", "date", "due_date", "total")),
  );
  const invoices = [...new Map(lists.flat().map((invoice) => [invoice.id, invoice])).values()];
  const reductions = await loadReductions(
    env,
    invoices.map(({ id }) => id),
  );
  const open = invoices
    .map(({ id, type, contact: customer, currency: own, date, due_date, total }): OpenInvoice => {
      const off = (reductions.get(id) ?? []).filter((each) => each.date <= asOf);
      const left = off.reduce((sum, { amount }) => sum.minus(amount), new Decimal(total ?? 0));
      return {
        contact: customer,
        currency: own,
        due_date: due_date ?? date,
        open: type === "credit_note" ? left.neg() : left,
      };
    })
    .filter((invoice) => !invoice.open.eq(0))
    .sort((a, b) => a.contact.display_name.localeCompare(b.contact.display_name, "en") || a.contact.id - b.contact.id);
  return currency === null ? open : convertAll(env, open, currency, asOf);
}

/** What came off invoices, whoever may see it: an amount due is the same for everybody. */
async function loadReductions(env: Environment, ids: readonly number[]): Promise<ReadonlyMap<number, Reduction[]>> {
  const kernel = env.elevated();
  const found = new Map<number, Reduction[]>();
  const add = (id: number, reduction: Reduction) => found.set(id, [...(found.get(id) ?? []), reduction]);
  const paid = await kernel.model("PaymentAllocation").filter({ invoice__in: ids }).all("invoice", "payment", "amount");
  const payments = await kernel
    .model("Payment")
    .filter({ id__in: paid.map(({ payment }) => payment.id) })
    .all("date");
  const paidOn = new Map(payments.map(({ id, date }) => [id, date]));
  for (const { invoice, payment, amount } of paid) add(invoice.id, { amount, date: paidOn.get(payment.id) ?? "" });
  const uses = await Promise.all([
    kernel.model("CreditAllocation").filter({ invoice__in: ids }).all("invoice", "credit_note", "amount"),
    kernel.model("CreditAllocation").filter({ credit_note__in: ids }).all("invoice", "credit_note", "amount"),
  ]);
  const notes = await kernel
    .model("Invoice")
    .filter({ id__in: uses.flat().map(({ credit_note }) => credit_note.id) })
    .all("date");
  const creditedOn = new Map(notes.map(({ id, date }) => [id, date]));
  const dateOf = ({ credit_note }: { credit_note: { id: number } }) => creditedOn.get(credit_note.id) ?? "";
  for (const use of uses[0]) add(use.invoice.id, { amount: use.amount, date: dateOf(use) });
  for (const use of uses[1]) add(use.credit_note.id, { amount: use.amount, date: dateOf(use) });
  return found;
}

async function convertAll(
  env: Environment,
  open: readonly OpenInvoice[],
  currency: OpenInvoice["currency"],
  asOf: string,
): Promise<OpenInvoice[]> {
  const converted: OpenInvoice[] = [];
  for (const invoice of open) {
    const { convert } = await loadConversion(env, invoice.currency.id, currency.id, asOf);
    converted.push({ ...invoice, currency, open: convert(invoice.open) });
  }
  return converted;
}
