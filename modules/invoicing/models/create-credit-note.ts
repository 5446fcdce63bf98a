/** Crediting invoices: a draft that takes back the whole, of which lines may be changed before it is posted. */
import {
  action,
  char,
  date,
  defineWizard,
  type Environment,
  implementModel,
  method,
  today,
  UserError,
} from "fullfinity";

export const CreateCreditNoteWizard = defineWizard("CreateCreditNoteWizard", {
  label: "Create credit note",
  fields: {
    reason: char({ maxLength: 500 }),
    date: date({ required: true, default: today }),
  },
});

export const InvoiceCredit = implementModel("Invoice", {
  methods: {
    create_credit_note: method(
      {
        scope: "records",
        needs: "write",
        label: "Create credit note",
        description:
          "Makes drafts of credit notes that take back posted invoices. Posting them sets them against what is due.",
        reads: ["name", "type", "status", "total", "credited_amount"],
        wizard: "CreateCreditNoteWizard",
      },
      async (invoices, { env, inputs }) => {
        const ids: number[] = [];
        for (const { id, name, type, status } of invoices) {
          const label = `Invoice ${name ?? `#${id}`}`;
          if (type !== "invoice") throw new UserError(`${label} is a credit note itself`);
          if (status !== "posted") throw new UserError(`${label} is ${status}: only posted invoices are credited`);
          ids.push(await creditInvoice(env, id, inputs.date, inputs.reason));
        }
        const [id] = ids;
        return ids.length === 1 && id !== undefined
          ? action("window_action", { identifier: "invoicing.credit_note", record_id: id })
          : action("notify", { message: `${ids.length} credit notes created` });
      },
    ),
  },
});

async function creditInvoice(env: Environment, id: number, day: string, reason: string | null): Promise<number> {
  const invoice = await env
    .model("Invoice")
    .get(id, "name", "contact", "company", "currency", "invoice_address", "salesperson", "orders");
  const lines = await env
    .model("InvoiceLine")
    .filter({ invoice: id })
    .all(
      "sequence",
      "product",
      "description",
      "quantity",
      "uom",
      "unit_price",
      "discount",
      "taxes",
      "order_line",
      "subtotal_difference",
      "tax_difference",
    );
  const idOf = (reference: { readonly id: number } | null) => reference?.id ?? null;
  const created = await env
    .elevated()
    .model("Invoice")
    .create({
      type: "credit_note",
      contact: invoice.contact.id,
      company: invoice.company.id,
      currency: invoice.currency.id,
      invoice_address: invoice.invoice_address,
      salesperson: idOf(invoice.salesperson),
      reference: invoice.name,
      date: day,
      payment_term: null,
      note: reason,
      reversed_invoice: id,
      orders: invoice.orders.map((order) => order.id),
      lines: lines.map(({ id: _id, product, uom, taxes, order_line, ...line }) => ({
        ...line,
        product: idOf(product),
        uom: idOf(uom),
        taxes: taxes.map((tax) => tax.id),
        order_line: idOf(order_line),
      })),
    });
  return created.id;
}

declare global {
  namespace Fullfinity {
    interface Wizards {
      CreateCreditNoteWizard: typeof CreateCreditNoteWizard;
    }
    interface Behaviours {
      InvoiceCredit: typeof InvoiceCredit;
    }
  }
}
