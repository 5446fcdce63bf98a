/** Which part of order lines the next invoice bills: never more than is left, and in the end exactly the whole. */
import { Decimal, UserError } from "fullfinity";
import { calculateLine, type LineTax, type PricedLine, total } from "../sales/line-amounts.ts";

/** A line of an invoice that bills a part of an order line already. */
export interface BilledPart extends Omit<PricedLine, "taxes"> {
  readonly subtotal: string | null;
  readonly tax_amount: string | null;
  readonly taxes: readonly { readonly id: number }[];
  readonly invoice: { readonly status: string; readonly type: string };
}

/** An order line with what has been billed of it. */
export interface BillableLine extends Omit<PricedLine, "taxes"> {
  readonly id: number;
  readonly description: string;
  readonly subtotal: string | null;
  readonly tax_amount: string | null;
  readonly taxes: readonly (LineTax & { readonly id: number })[];
  readonly invoice_lines: readonly BilledPart[];
}

/** What of each line is to be billed. */
export type InvoiceChoice =
  | { readonly mode: "all" }
  /** Percent of what was ordered, as a numeral. */
  | { readonly mode: "percentage"; readonly percentage: string }
  /** Order line -> quantity; null for all that is left of it. */
  | { readonly mode: "lines"; readonly quantities: ReadonlyMap<number, string | null> };

/** A line of the next invoice. */
export interface PlannedLine {
  readonly order_line: number;
  readonly quantity: string;
  /** What rounding the parts by themselves has lost or gained, where this part is the last one. */
  readonly subtotal_difference: string;
  readonly tax_difference: string;
}

/** Digits after the point of a quantity. */
const QUANTITY_DECIMALS = 4;

/** The quantity of an order line that is on invoices: those not cancelled, less posted credit notes. */
export function billedQuantity(parts: readonly Pick<BilledPart, "quantity" | "invoice">[]): Decimal {
  return total(parts.map(signed).map(({ quantity, sign }) => new Decimal(quantity).times(sign)));
}

/** 1 for a part that is billed, -1 for one that has been credited, 0 for what does not count. */
function signed<Part extends Pick<BilledPart, "invoice">>(part: Part): Part & { readonly sign: number } {
  const { status, type } = part.invoice;
  const sign = type === "credit_note" ? (status === "posted" ? -1 : 0) : status === "cancelled" ? 0 : 1;
  return { ...part, sign };
}

/**
 * Plans the next invoice of order lines.
 *
 * @param decimals of the order's currency
 * @throws UserError where more is asked for than is left, or where nothing is left at all
 */
export function planInvoice(lines: readonly BillableLine[], choice: InvoiceChoice, decimals: number): PlannedLine[] {
  const planned = lines.flatMap((line): PlannedLine[] => {
    const left = new Decimal(line.quantity).minus(billedQuantity(line.invoice_lines));
    const quantity = quantityOf(line, choice, left);
    if (quantity.eq(0)) return [];
    if (quantity.times(left).lt(0) || quantity.abs().gt(left.abs())) {
      const said = `${line.description}: ${quantity.toFixed()} of ${new Decimal(line.quantity).toFixed()} cannot be invoiced`;
      throw new UserError(`${said}; ${left.eq(0) ? "nothing" : left.toFixed()} is left`);
    }
    const differences = quantity.eq(left) ? differencesOf(line, quantity, decimals) : NO_DIFFERENCE;
    return [{ order_line: line.id, quantity: quantity.toFixed(), ...differences }];
  });
  if (planned.length === 0) throw new UserError("Nothing is left to be invoiced");
  return planned;
}

function quantityOf(line: BillableLine, choice: InvoiceChoice, left: Decimal): Decimal {
  if (choice.mode === "all") return left;
  if (choice.mode === "percentage") {
    return new Decimal(line.quantity).times(choice.percentage).times("0.01").round(QUANTITY_DECIMALS);
  }
  const quantity = choice.quantities.get(line.id);
  if (quantity === undefined) return new Decimal(0);
  return quantity === null ? left : new Decimal(quantity);
}

const NO_DIFFERENCE = { subtotal_difference: "0", tax_difference: "0" };

/** Parts that are rounded by themselves need not make up the whole; the last one does so. */
function differencesOf(line: BillableLine, quantity: Decimal, decimals: number): typeof NO_DIFFERENCE {
  const earlier = line.invoice_lines.map(signed).filter(({ sign }) => sign !== 0);
  // Where somebody has agreed on another price for a part, there is no whole to be made up.
  if (!earlier.every((part) => hasSameTerms(part, line))) return NO_DIFFERENCE;
  const part = calculateLine({ ...line, quantity: quantity.toFixed() }, decimals);
  const difference = (whole: string | null, pick: (part: BilledPart) => string | null, last: Decimal) =>
    new Decimal(whole ?? 0)
      .minus(total(earlier.map((each) => new Decimal(pick(each) ?? 0).times(each.sign))))
      .minus(last)
      .toFixed();
  return {
    subtotal_difference: difference(line.subtotal, ({ subtotal }) => subtotal, part.subtotal),
    tax_difference: difference(line.tax_amount, ({ tax_amount }) => tax_amount, part.tax),
  };
}

function hasSameTerms(part: BilledPart, line: BillableLine): boolean {
  const idsOf = (taxes: readonly { readonly id: number }[]) =>
    taxes
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .join();
  const same = (one: string, other: string) => new Decimal(one).eq(other);
  return (
    same(part.unit_price, line.unit_price) &&
    same(part.discount, line.discount) &&
    idsOf(part.taxes) === idsOf(line.taxes)
  );
}
