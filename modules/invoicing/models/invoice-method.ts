/** What people do with invoices: post them, cancel them, credit them, and ask who owes how much. */
import {
  action,
  addDays,
  Decimal,
  date,
  drawNumbers,
  type Environment,
  implementModel,
  manyToOne,
  method,
  today,
  UserError,
} from "fullfinity";
import { loadConversion } from "../../core/currency-conversion.ts";
import { AMOUNTS, ageReceivables } from "../receivables.ts";
import { loadReceivables } from "../receivables-load.ts";

export const InvoiceMethods = implementModel("Invoice", {
  methods: {
    post: method(
      {
        scope: "records",
        needs: "write",
        description:
          "Gives draft invoices their numbers, without gaps in the year of their date; from then on they do not change.",
        reads: [
          "name",
          "type",
          "status",
          "date",
          "due_date",
          "payment_term.days",
          "total",
          "lines.id",
          "currency.id",
          "company.currency.id",
          "reversed_invoice.id",
        ],
        confirm: { message: "Post {count} invoices? Posted invoices cannot be changed.", confirmLabel: "Post" },
      },
      async (invoices, { env }) => {
        for (const invoice of invoices) checkPostable(invoice);
        const inOrder = [...invoices].sort((a, b) => a.date.localeCompare(b.date) || a.id - b.id);
        for (const type of ["invoice", "credit_note"] as const) {
          for (const [day, mine] of byDay(inOrder.filter((invoice) => invoice.type === type))) {
            const numbers = await drawNumbers(env, type, mine.length, day);
            for (const [index, invoice] of mine.entries()) await postInvoice(env, invoice, numbers[index] ?? "");
          }
        }
        return action("notify", { message: `${invoices.length} posted`, color: "success" });
      },
    ),
    cancel: method(
      {
        scope: "records",
        needs: "write",
        description: "Takes back invoices on which nothing has been paid or credited. Numbers stay taken.",
        reads: ["name", "status", "total", "amount_due"],
        confirm: { message: "Cancel {count} invoices?", variant: "danger" },
      },
      async (invoices, { env }) => {
        for (const { id, name, status, amount_due, ...invoice } of invoices) {
          const label = `Invoice ${name ?? `#${id}`}`;
          if (status === "cancelled") throw new UserError(`${label} is cancelled already`);
          if (!new Decimal(amount_due ?? 0).eq(invoice.total ?? 0)) {
            throw new UserError(`${label} has payments or credits: cancel those first, or make a credit note`);
          }
        }
        await env
          .elevated()
          .model("Invoice")
          .updateMany(
            invoices.map(({ id }) => id),
            { status: "cancelled" },
          );
        return action("notify", { message: `${invoices.length} cancelled` });
      },
    ),
    reset_to_draft: method(
      {
        scope: "records",
        needs: "write",
        description: "Takes cancelled invoices up again that were never posted.",
        reads: ["name", "status"],
      },
      async (invoices, { env }) => {
        for (const { id, name, status } of invoices) {
          const label = `Invoice ${name ?? `#${id}`}`;
          if (status !== "cancelled")
            throw new UserError(`${label} is ${status}: only what is cancelled is taken up again`);
          if (name !== null) throw new UserError(`${label} has been posted, so it stays as it is`);
        }
        await env
          .elevated()
          .model("Invoice")
          .updateMany(
            invoices.map(({ id }) => id),
            { status: "draft" },
          );
        return action("notify", { message: `${invoices.length} reset to draft` });
      },
    ),
    aged_receivables: method(
      {
        scope: "model",
        readonly: true,
        description: "What customers owe on a day, by how long it has been due.",
        inputs: {
          date: date({ hint: "Today unless given" }),
          contact: manyToOne("Contact"),
          currency: manyToOne("Currency", { hint: "Converts all amounts at the rates of the day" }),
        },
      },
      async (_none, { env, inputs }) => {
        const asOf = inputs.date ?? today(env.clock);
        const open = await loadReceivables(env, asOf, inputs.contact?.id ?? null, inputs.currency);
        const rows = ageReceivables(open, asOf).map(({ contact, currency, ...amounts }) => ({
          contact,
          currency,
          ...Object.fromEntries(AMOUNTS.map((name) => [name, amounts[name]])),
        }));
        return { date: asOf, rows };
      },
    ),
  },
});

interface Postable {
  readonly id: number;
  readonly type: "invoice" | "credit_note";
  readonly name: string | null;
  readonly status: string;
  readonly date: string;
  readonly due_date: string | null;
  readonly payment_term: { readonly days: number } | null;
  readonly total: string | null;
  readonly lines: readonly unknown[];
  readonly currency: { readonly id: number };
  readonly company: { readonly currency: { readonly id: number } };
  readonly reversed_invoice: { readonly id: number } | null;
}

/** The invoices of each day, the earliest first, as they come. */
function byDay<Dated extends { readonly date: string }>(invoices: readonly Dated[]): ReadonlyMap<string, Dated[]> {
  const days = new Map<string, Dated[]>();
  for (const invoice of invoices) days.set(invoice.date, [...(days.get(invoice.date) ?? []), invoice]);
  return days;
}

function checkPostable({ id, name, status, lines, ...invoice }: Postable): void {
  const label = `Invoice ${name ?? `#${id}`}`;
  if (status !== "draft") throw new UserError(`${label} is ${status}: only drafts are posted`);
  if (lines.length === 0) throw new UserError(`${label} has no lines`);
  if (new Decimal(invoice.total ?? 0).lt(0)) {
    throw new UserError(`${label} is below zero: what goes back to the customer is a credit note`);
  }
}

async function postInvoice(env: Environment, invoice: Postable, name: string): Promise<void> {
  const { id, due_date, payment_term, currency, company, reversed_invoice } = invoice;
  await env
    .elevated()
    .model("Invoice")
    .update(id, {
      name,
      status: "posted",
      due_date: due_date ?? addDays(invoice.date, payment_term?.days ?? 0),
      company_total: await convertTotal(env, invoice.total ?? "0", currency.id, company.currency.id, invoice.date),
    });
  if (reversed_invoice !== null) await useCredit(env, id, reversed_invoice.id);
}

/** The total in the company's currency; null where there is no rate, which must not keep anybody from billing. */
async function convertTotal(
  env: Environment,
  total: string,
  from: number,
  to: number,
  date: string,
): Promise<string | null> {
  try {
    return (await loadConversion(env, from, to, date)).convert(total).toFixed();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Sets a credit note against the invoice that it takes back, as far as that is still due. */
async function useCredit(env: Environment, credit: number, invoice: number): Promise<void> {
  const kernel = env.elevated();
  const dueOf = async (id: number) =>
    new Decimal((await kernel.model("Invoice").get(id, "amount_due")).amount_due ?? 0);
  const [credited, due] = [await dueOf(credit), await dueOf(invoice)];
  const amount = credited.lt(due) ? credited : due;
  if (amount.lte(0)) return;
  await kernel.model("CreditAllocation").create({ credit_note: credit, invoice, amount: amount.toFixed() });
}

declare global {
  namespace Fullfinity {
    interface Behaviours {
      InvoiceMethods: typeof InvoiceMethods;
    }
  }
}
