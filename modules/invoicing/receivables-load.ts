/** Reads what was open on a day: what is due of invoices now, and what has come off them since. */
import { Decimal, type Environment } from "fullfinity";
import { type Conversion, loadConversion } from "../core/currency-conversion.ts";
import type { OpenInvoice } from "./receivables.ts";

/** Values that the list of a filter may have. */
const MOST_IDS = 10_000;

/**
 * Reads what was open on a day of posted invoices and credit notes, as far as the user sees them: it takes no right to the payments
 * and credit notes. The number of statements is the same however many are open; ten thousand that were paid or credited later take one more.
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
  const since = await loadReductions(env, asOf);
  const changed = portionsOf([...since.keys()]).map((ids) => mine.filter({ id__in: ids }));
  const lists = await Promise.all(
    [mine.filter({ amount_due__gt: 0 }), ...changed].map((list) =>
      list.all("type", "contact", "currency", "date", "due_date", "amount_due"),
    ),
  );
  const invoices = new Map(lists.flat().map((invoice) => [invoice.id, invoice]));
  const open = [...invoices.values()]
    .map(({ id, type, contact: customer, currency: own, date, due_date, amount_due }): OpenInvoice => {
      const left = (since.get(id) ?? new Decimal(0)).plus(amount_due ?? 0);
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

/** Ids in portions that a filter takes. */
function portionsOf(ids: readonly number[]): number[][] {
  const count = Math.ceil(ids.length / MOST_IDS);
  return Array.from({ length: count }, (_, index) => ids.slice(index * MOST_IDS, (index + 1) * MOST_IDS));
}

/** What has come off invoices after a day, whoever may see by what: an amount due is the same for everybody. */
async function loadReductions(env: Environment, asOf: string): Promise<ReadonlyMap<number, Decimal>> {
  const kernel = env.elevated();
  const [paid, credited] = await Promise.all([
    kernel
      .model("PaymentAllocation")
      .filter({ payment__date__gt: asOf, invoice__date__lte: asOf })
      .all("invoice", "amount"),
    kernel
      .model("CreditAllocation")
      .filter({ credit_note__date__gt: asOf, invoice__date__lte: asOf })
      .all("invoice", "amount"),
  ]);
  const found = new Map<number, Decimal>();
  for (const { invoice, amount } of [...paid, ...credited]) {
    found.set(invoice.id, (found.get(invoice.id) ?? new Decimal(0)).plus(amount));
  }
  return found;
}

async function convertAll(
  env: Environment,
  open: readonly OpenInvoice[],
  currency: OpenInvoice["currency"],
  asOf: string,
): Promise<OpenInvoice[]> {
  const conversions = new Map<number, Conversion>();
  for (const id of new Set(open.map((invoice) => invoice.currency.id))) {
    conversions.set(id, await loadConversion(env, id, currency.id, asOf));
  }
  return open.map((invoice) => {
    const conversion = conversions.get(invoice.currency.id);
    return { ...invoice, currency, open: conversion?.convert(invoice.open) ?? invoice.open };
  });
}
