/** What invoice lines do: they reckon their amounts, and follow the state of their invoice. */
import { Decimal, type Environment, implementModel } from "fullfinity";
import { completeDetachedLines } from "../../sales/draft-defaults.ts";
import { calculateLine, total } from "../../sales/line-amounts.ts";
import { checkOwners, guardLines } from "../../sales/status-guard.ts";
import { INVOICE_FREEZE, loadFrozen } from "./invoice-behaviour.ts";

/** What the amounts of a line follow from. */
const TERMS = ["quantity", "unit_price", "discount", "taxes"];

const guard = guardLines("invoice", checkLines);

export const InvoiceLineBehaviour = implementModel("InvoiceLine", {
  calculate: {
    subtotal: (lines) =>
      lines.map((line) =>
        calculateLine(line, line.invoice.currency.decimal_places).subtotal.plus(line.subtotal_difference).toFixed(),
      ),
    tax_amount: (lines) =>
      lines.map((line) =>
        calculateLine(line, line.invoice.currency.decimal_places).tax.plus(line.tax_difference).toFixed(),
      ),
    total: (lines) => lines.map(({ subtotal, tax_amount }) => total([subtotal ?? "0", tax_amount ?? "0"]).toFixed()),
  },
  hooks: {
    ...guard,
    beforeCreate: async (lines, env, next) =>
      next(
        await completeDetachedLines(env, lines, "invoice", (ids) =>
          env.model("Invoice").filter({ id__in: ids }).all("currency", "company", "date"),
        ),
      ),
    afterUpdate: async (changes, env, next) => {
      await guard.afterUpdate(changes, env, next);
      await dropDifferences(
        env,
        changes.filter(({ values }) => TERMS.some((name) => name in values)).map(({ id }) => id),
      );
    },
  },
});

async function checkLines(env: Environment, ids: readonly number[]): Promise<void> {
  const lines = await env
    .model("InvoiceLine")
    .filter({ id__in: ids, invoice__status__neq: "draft" })
    .limit(1)
    .all("invoice");
  checkOwners(
    INVOICE_FREEZE,
    await loadFrozen(
      env,
      lines.map(({ invoice }) => invoice.id),
    ),
  );
}

/** A line that somebody has changed is the last part of nothing any more. */
async function dropDifferences(env: Environment, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const lines = await env.model("InvoiceLine").filter({ id__in: ids }).all("subtotal_difference", "tax_difference");
  const wrong = lines
    .filter((line) => ![line.subtotal_difference, line.tax_difference].every((each) => new Decimal(each).eq(0)))
    .map(({ id }) => id);
  if (wrong.length === 0) return;
  await env.elevated().model("InvoiceLine").updateMany(wrong, { subtotal_difference: 0, tax_difference: 0 });
}
