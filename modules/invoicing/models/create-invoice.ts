/** Billing orders: all of what is left, a part of everything, or chosen lines. */
import {
  action,
  boolean,
  Decimal,
  date,
  defineWizard,
  type Environment,
  float,
  implementModel,
  implementWizard,
  manyToOne,
  method,
  selection,
  today,
  UserError,
  ValidationError,
  wizardLines,
} from "fullfinity";
import { type BilledPart, billedQuantity, type InvoiceChoice, planInvoice } from "../invoice-plan.ts";

export const CreateInvoiceWizard = defineWizard("CreateInvoiceWizard", {
  label: "Create invoice",
  fields: {
    mode: selection(
      { all: "Everything that is left", percentage: "A part of everything", lines: "Chosen lines" },
      { required: true, default: "all" },
    ),
    percentage: float({ precision: 4, hint: "Of what was ordered" }),
    lines: wizardLines("CreateInvoiceWizardLine"),
    date: date({ hint: "Of the invoice; today unless given" }),
    post: boolean({ hint: "Posts them at once" }),
  },
});

export const CreateInvoiceWizardLine = defineWizard("CreateInvoiceWizardLine", {
  label: "Line to invoice",
  fields: {
    line: manyToOne("SaleOrderLine", { required: true }),
    quantity: float({ precision: 4, hint: "All that is left unless given" }),
  },
});

export const CreateInvoiceBehaviour = implementWizard("CreateInvoiceWizard", {
  validate: {
    percentage: {
      fields: ["mode", "percentage"],
      check: ({ mode, percentage }) => {
        if (mode !== "percentage") return null;
        const isPart = percentage !== null && new Decimal(percentage).gt(0) && new Decimal(percentage).lte(100);
        return isPart ? null : "a part is more than 0 and at most 100 percent";
      },
    },
  },
});

export const SaleOrderBilling = implementModel("SaleOrder", {
  methods: {
    create_invoice: method(
      {
        scope: "records",
        needs: "write",
        label: "Create invoice",
        description:
          "Makes draft invoices of confirmed orders: one for all orders of a customer in a currency. Never more than was ordered.",
        reads: [
          "name",
          "status",
          "contact.id",
          "company.id",
          "currency.id",
          "currency.decimal_places",
          "payment_term.id",
          "salesperson.id",
          "invoice_address",
          "customer_reference",
          "lines.sequence",
          "lines.product.id",
          "lines.description",
          "lines.quantity",
          "lines.uom.id",
          "lines.unit_price",
          "lines.discount",
          "lines.taxes.rate",
          "lines.taxes.price_included",
          "lines.subtotal",
          "lines.tax_amount",
        ],
        wizard: "CreateInvoiceWizard",
        defaults: async (orders, { env }) => {
          const parts = await loadParts(
            env,
            orders.map(({ id }) => id),
          );
          return {
            lines: orders.flatMap(({ lines }) =>
              lines.flatMap(({ id, quantity }) => {
                const left = new Decimal(quantity).minus(billedQuantity(parts.get(id) ?? []));
                return left.eq(0) ? [] : [{ line: id, quantity: left.toFixed() }];
              }),
            ),
          };
        },
      },
      async (orders, { env, inputs }) => {
        const choice = choiceOf(inputs);
        const known = new Set(orders.flatMap(({ lines }) => lines.map(({ id }) => id)));
        const strange = inputs.lines.findIndex(({ line }) => !known.has(line.id));
        if (choice.mode === "lines" && strange !== -1) {
          throw ValidationError.ofFields([
            { path: `lines[${strange}].line`, message: "is not a line of one of these orders" },
          ]);
        }
        const parts = await loadParts(
          env,
          orders.map(({ id }) => id),
        );
        const invoices = new Map<string, InvoiceDraft>();
        for (const order of orders) {
          if (order.status !== "confirmed") {
            throw new UserError(`Order ${order.name} is ${order.status}: only confirmed orders are invoiced`);
          }
          if (choice.mode === "lines" && !order.lines.some(({ id }) => choice.quantities.has(id))) continue;
          const lines = planLines(order, parts, choice);
          const key = JSON.stringify([order.contact.id, order.company.id, order.currency.id, order.payment_term?.id]);
          const invoice = invoices.get(key);
          if (invoice === undefined) invoices.set(key, draftOf(order, lines, inputs.date ?? today(env.clock)));
          else join(invoice, order, lines);
        }
        if (invoices.size === 0) throw new UserError("Choose at least one line");
        const ids: number[] = [];
        // Who may change an order may bill it, without the right to any other invoice.
        for (const invoice of invoices.values()) ids.push((await env.elevated().model("Invoice").create(invoice)).id);
        if (inputs.post) await env.model("Invoice").call("post", ids);
        const [id] = ids;
        return ids.length === 1 && id !== undefined
          ? action("window_action", { identifier: "invoicing.invoice", record_id: id })
          : action("notify", { message: `${ids.length} invoices created`, color: "success" });
      },
    ),
  },
});

interface InvoiceDraft {
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

interface BillableOrder {
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

function draftOf(order: BillableOrder, lines: ReturnType<typeof planLines>, day: string): InvoiceDraft {
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
function join(invoice: InvoiceDraft, { id, customer_reference }: BillableOrder, lines: InvoiceDraft["lines"]): void {
  invoice.orders.push(id);
  invoice.lines.push(...lines);
  invoice.reference = [invoice.reference, customer_reference].filter((each) => each !== null).join(", ") || null;
}

function planLines(order: BillableOrder, parts: ReadonlyMap<number, BilledPart[]>, choice: InvoiceChoice) {
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

interface WizardInputs {
  readonly mode: "all" | "percentage" | "lines";
  readonly percentage: string | null;
  readonly lines: readonly { readonly line: { readonly id: number }; readonly quantity: string | null }[];
}

function choiceOf({ mode, percentage, lines }: WizardInputs): InvoiceChoice {
  if (mode === "percentage") return { mode, percentage: percentage ?? "0" };
  if (mode === "lines") return { mode, quantities: new Map(lines.map(({ line, quantity }) => [line.id, quantity])) };
  return { mode };
}

/** What has been billed of orders' lines, whoever may see the invoices: line -> its parts. */
async function loadParts(env: Environment, orders: readonly number[]): Promise<ReadonlyMap<number, BilledPart[]>> {
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

declare global {
  namespace Fullfinity {
    interface Wizards {
      CreateInvoiceWizard: typeof CreateInvoiceWizard;
      CreateInvoiceWizardLine: typeof CreateInvoiceWizardLine;
    }
    interface Behaviours {
      SaleOrderBilling: typeof SaleOrderBilling;
    }
  }
}
