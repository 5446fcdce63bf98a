/** What customers owe on a day, by how long it has been due. */
import { Decimal } from "fullfinity";

/** What is open of a posted invoice. */
export interface OpenInvoice {
  readonly contact: { readonly id: number; readonly display_name: string };
  readonly currency: { readonly id: number; readonly display_name: string };
  /** `YYYY-MM-DD` */
  readonly due_date: string;
  /** Below zero for a credit note. */
  readonly open: Decimal;
}

/** The buckets by the first day that an amount of them is overdue, the latest last. */
const BUCKETS = [
  { name: "not_due", from: Number.NEGATIVE_INFINITY },
  { name: "days_1_30", from: 1 },
  { name: "days_31_60", from: 31 },
  { name: "days_61_90", from: 61 },
  { name: "over_90", from: 91 },
] as const;
type Bucket = (typeof BUCKETS)[number]["name"];
type Amounts = { readonly [Name in Bucket | "total"]: Decimal };

/** What one customer owes in one currency. */
export type AgedRow = Pick<OpenInvoice, "contact" | "currency"> & Amounts;

const DAY_MS = 86_400_000;
const ZERO = new Decimal(0);
const NOTHING: Amounts = {
  not_due: ZERO,
  days_1_30: ZERO,
  days_31_60: ZERO,
  days_61_90: ZERO,
  over_90: ZERO,
  total: ZERO,
};

/** The names of a row's amounts. */
export const AMOUNTS = Object.keys(NOTHING) as readonly (keyof Amounts)[];

/**
 * Sums up what is open by customer and currency.
 *
 * @param asOf `YYYY-MM-DD`
 * @returns rows in the order in which their customers come first; those of which nothing is open are left out
 */
export function ageReceivables(invoices: readonly OpenInvoice[], asOf: string): AgedRow[] {
  const rows = new Map<string, AgedRow>();
  for (const { contact, currency, due_date, open } of invoices) {
    const key = `${contact.id} ${currency.id}`;
    const row = rows.get(key) ?? { contact, currency, ...NOTHING };
    const bucket = bucketOf(Math.round((Date.parse(asOf) - Date.parse(due_date)) / DAY_MS));
    rows.set(key, { ...row, [bucket]: row[bucket].plus(open), total: row.total.plus(open) });
  }
  return [...rows.values()].filter((row) => BUCKETS.some(({ name }) => !row[name].eq(0)));
}

/** @param days since the due date; below zero before it */
function bucketOf(days: number): Bucket {
  return BUCKETS.findLast(({ from }) => days >= from)?.name ?? "not_due";
}
