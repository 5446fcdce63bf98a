/** What the form for billing orders does while somebody chooses: its lines show what is billed so, and for how much. */
import { type Environment, implementWizard, wizardEffect } from "fullfinity";
import { type InvoicePreview, loadPreview } from "../invoice-preview.ts";
import { type ChoiceInputs, choiceOf } from "./create-invoice.ts";

/** What would be billed of the orders of the form. */
function previewOf(
  env: Environment,
  orders: readonly { readonly id: number }[],
  choice: ChoiceInputs,
): Promise<InvoicePreview> {
  return loadPreview(
    env,
    orders.map(({ id }) => id),
    choiceOf(choice),
  );
}

/** Fills the lines, where they follow from the mode. What cannot be billed is told at the field that has changed. */
function fillLines(field: "mode" | "percentage") {
  return wizardEffect<"CreateInvoiceWizard">(async ({ orders, mode, percentage }, { env, change, warn }) => {
    const isOpen = mode === null || mode === "lines" || (mode === "percentage" && percentage === null);
    if (isOpen || orders.length === 0) return;
    const { lines, untaxed_amount, refusals } = await previewOf(env, orders, { mode, percentage, lines: [] });
    for (const refusal of refusals) warn(field, refusal);
    if (refusals.length === 0) change({ lines, untaxed_amount });
  });
}

export const CreateInvoiceEffects = implementWizard("CreateInvoiceWizard", {
  effects: {
    mode: fillLines("mode"),
    percentage: fillLines("percentage"),
    /** Chosen lines get their amounts; one that is not filled in yet stays as it is. */
    lines: wizardEffect(async ({ orders, mode, lines }, { env, change, warn }) => {
      const chosen = lines.flatMap(({ line, quantity }) => (line === null ? [] : [{ line, quantity }]));
      if (mode !== "lines" || chosen.length === 0 || orders.length === 0) return;
      const preview = await previewOf(env, orders, { mode, percentage: null, lines: chosen });
      for (const refusal of preview.refusals) warn("lines", refusal);
      if (preview.refusals.length > 0) return;
      const amounts = new Map(preview.lines.map(({ line, amount }) => [line, amount]));
      change({
        lines: lines.map(({ line, quantity }) => ({
          ...(line === null ? {} : { line: line.id, amount: amounts.get(line.id) ?? "0" }),
          quantity,
        })),
        untaxed_amount: preview.untaxed_amount,
      });
    }),
  },
});
