/** Invoices in the making: which part of which orders, on one invoice for all orders of a customer in a currency. */
import { type Environment, UserError } from "fullfinity";
import { type BilledPart, type InvoiceChoice, planInvoice } from "./invoice-plan.ts";

/** An invoice that is to be created. */
export interface InvoiceDraft {
  readonly contact: number;
  readonly company: number;
  readonly currency: number;
  readonly payment_term: number | null;
  readonly salesperson: number | null;
  readonly invoice_address: string | null;
  reference: string | null;
  readonly date: string;
  readonly orders: number[];
  readonly lines: ReturnType<typeof planLines>;
}

/** An order that is to be billed, with all that its invoice takes from it. */
export interface BillableOrder {
  readonly id: number;
  readonly name: string;
  readonly contact: { readonly id: number };
  readonly company: { readonly id: number };
  readonly currency: { readonly id: number; readonly decimal_places: number };
  readonly payment_term: { readonly id: number } | null;
  readonly salesperson: { readonly id: number } | null;
  readonly invoice_address: string | null;
  readonly customer_reference: string | null;
  readonly lines: readonly {
    readonly id: number;
    readonly sequence: number | null;
    readonly product: { readonly id: number } | null;
    readonly description: string;
    readonly quantity: string;
    readonly uom: { readonly id: number } | null;
    readonly unit_price: string;
    readonly discount: string;
    readonly taxes: readonly { readonly id: number; readonly rate: string; readonly price_included: boolean }[];
    readonly subtotal: string | null;
    readonly tax_amount: string | null;
  }[];
}

/** The invoice of the first order of a customer. */
export function draftOf(order: BillableOrder, lines: ReturnType<typeof planLines>, day: string): InvoiceDraft {
  return {
    contact: order.contact.id,
    company: order.company.id,
    currency: order.currency.id,
    payment_term: order.payment_term?.id ?? null,
    salesperson: order.salesperson?.id ?? null,
    invoice_address: order.invoice_address,
    reference: order.customer_reference,
    date: day,
    orders: [order.id],
    lines,
  };
}

/** Puts another order of the same customer on an invoice. */
export function join(
  invoice: InvoiceDraft,
  { id, customer_reference }: BillableOrder,
  lines: InvoiceDraft["lines"],
): void {
  invoice.orders.push(id);
  invoice.lines.push(...lines);
  invoice.reference = [invoice.reference, customer_reference].filter((each) => each !== null).join(", ") || null;
}

/**
 * The lines of the next invoice of an order.
 *
 * @param parts what has been billed already
 * @throws UserError naming the order of which more is asked for than is left
 */
export function planLines(order: BillableOrder, parts: ReadonlyMap<number, BilledPart[]>, choice: InvoiceChoice) {
  const billable = order.lines.map((line) => ({ ...line, invoice_lines: parts.get(line.id) ?? [] }));
  const planned = inOrder(order.name, () => planInvoice(billable, choice, order.currency.decimal_places));
  return planned.flatMap((part) => {
    const line = order.lines.find(({ id }) => id === part.order_line);
    if (line === undefined) return [];
    const { sequence, product, description, uom, unit_price, discount, taxes } = line;
    return [
      {
        ...part,
        sequence,
        product: product?.id ?? null,
        description,
        uom: uom?.id ?? null,
        unit_price,
        discount,
        taxes: taxes.map(({ id }) => id),
      },
    ];
  });
}

/** Says in which order something was refused. */
function inOrder<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`Order ${name}: ${error.message}`, { cause: error }) : error;
  }
}

/** What has been billed of orders' lines, whoever may see the invoices: line -> its parts. */
export async function loadParts(
  env: Environment,
  orders: readonly number[],
): Promise<ReadonlyMap<number, BilledPart[]>> {
  const kernel = env.elevated();
  const lines = await kernel
    .model("InvoiceLine")
    .filter({ order_line__order__in: orders })
    .all("order_line", "quantity", "unit_price", "discount", "taxes", "subtotal", "tax_amount", "invoice");
  const invoices = await kernel.model("Invoice").filter({ lines__order_line__order__in: orders }).all("status", "type");
  const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]));
  const parts = new Map<number, BilledPart[]>();
  for (const { order_line, invoice, ...line } of lines) {
    const owner = byId.get(invoice.id);
    if (order_line === null || owner === undefined) continue;
    parts.set(order_line.id, [...(parts.get(order_line.id) ?? []), { ...line, invoice: owner }]);
  }
  return parts;
}
