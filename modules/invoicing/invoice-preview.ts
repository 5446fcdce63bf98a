/** What the next invoice of orders would bill, and for how much, while somebody still chooses. */
import type { Environment } from "fullfinity";
import { calculateLine, total } from "../sales/line-amounts.ts";
import { type BillableLine, type BilledPart, type InvoiceChoice, planInvoice } from "./invoice-plan.ts";
import { loadParts } from "./order-billing.ts";
import { tryRule } from "./refusal.ts";

/** An order, as far as its next invoice goes by it. */
export interface PreviewOrder {
  readonly name: string;
  readonly currency: { readonly id: number; readonly decimal_places: number };
  readonly lines: readonly Omit<BillableLine, "invoice_lines">[];
}

/** What would be billed of one order line. */
export interface PreviewLine {
  readonly line: number;
  readonly quantity: string;
  readonly amount: string;
}

/** What would be billed. */
export interface InvoicePreview {
  readonly lines: PreviewLine[];
  /** Null where the lines are in several currencies. */
  readonly untaxed_amount: string | null;
  /** Why it cannot be billed so, for each order that is refused. */
  readonly refusals: readonly string[];
}

/** Plans the next invoice of orders without making it. */
export function previewInvoice(
  orders: readonly PreviewOrder[],
  parts: ReadonlyMap<number, BilledPart[]>,
  choice: InvoiceChoice,
): InvoicePreview {
  const refusals: string[] = [];
  const lines = orders.flatMap(({ name, currency, lines: all }) => {
    const billable = all.map((line) => ({ ...line, invoice_lines: parts.get(line.id) ?? [] }));
    const planned = tryRule(() => planInvoice(billable, choice, currency.decimal_places));
    if (planned.refusal !== null) {
      refusals.push(`Order ${name}: ${planned.refusal}`);
      return [];
    }
    return planned.result.flatMap(({ order_line, quantity, subtotal_difference }): PreviewLine[] => {
      const line = all.find(({ id }) => id === order_line);
      if (line === undefined) return [];
      const { subtotal } = calculateLine({ ...line, quantity }, currency.decimal_places);
      return [{ line: order_line, quantity, amount: subtotal.plus(subtotal_difference).toFixed() }];
    });
  });
  const isOne = new Set(orders.map(({ currency }) => currency.id)).size === 1;
  return { lines, untaxed_amount: isOne ? total(lines.map(({ amount }) => amount)).toFixed() : null, refusals };
}

/**
 * Reads orders and plans their next invoice.
 *
 * @param ids orders that the user sees
 */
export async function loadPreview(
  env: Environment,
  ids: readonly number[],
  choice: InvoiceChoice,
): Promise<InvoicePreview> {
  const orders = await env.model("SaleOrder").filter({ id__in: ids }).all("name", "currency");
  const lines = await env
    .model("SaleOrderLine")
    .filter({ order__in: ids })
    .all("order", "description", "quantity", "unit_price", "discount", "taxes", "subtotal", "tax_amount");
  const kernel = env.elevated();
  const taxes = new Map((await kernel.model("Tax").all("rate", "price_included")).map((tax) => [tax.id, tax]));
  const currencies = await kernel
    .model("Currency")
    .filter({ id__in: [...new Set(orders.map(({ currency }) => currency.id))] })
    .all("decimal_places");
  const whole = orders.map(({ id, name, currency }) => ({
    name,
    currency: {
      id: currency.id,
      decimal_places: currencies.find((each) => each.id === currency.id)?.decimal_places ?? 2,
    },
    lines: lines
      .filter(({ order }) => order.id === id)
      .map((line) => ({ ...line, taxes: line.taxes.flatMap((tax) => taxes.get(tax.id) ?? []) })),
  }));
  return previewInvoice(whole, await loadParts(env, ids), choice);
}
