/** Code that must compile: methods of announced behaviours, called by name. */
import { char, date, implementModel, method, openedRecord, wrapMethod } from "fullfinity";
import type { methods, withWizard } from "./right.ts";

export const wrapping = implementModel("Product", {
  methods: { reprice: wrapMethod({ inputs: { note: char() } }, (_products, { next }) => next()) },
});

/** Methods called by name: of announced behaviours, those of one that calls others included. */
export const callers = implementModel("Contact", {
  methods: {
    settle: method(
      { scope: "records", inputs: { day: date({ required: true }) } },
      async (contacts, { env, inputs }) => {
        await env.model("Product").call("reprice", [1], { percent: 5, category: 3, tags: [1, 2], note: "x" });
        await env.model("Product").call("reprice", [1], { percent: 5 });
        const count: unknown = await env.model("Product").call("count", []);
        await env.model("Category").call("go", [1, 2]);
        await env
          .model("Category")
          .call("go", [1], { mode: "lines", lines: [{ product: 5, quantity: "2" }], note: "x" });
        await env.model("Contact").call("settle", [contacts[0]?.id ?? 1], { day: inputs.day });
        const opened: number | null = openedRecord(
          await env.model("SaleOrder").call("create_invoice", [1], { mode: "all" }),
        );
        await env
          .elevated()
          .model("Invoice")
          .call("post", [opened ?? 1]);
        return [count, opened];
      },
    ),
  },
});

declare global {
  namespace Fullfinity {
    interface Behaviours {
      TypingProduct: typeof methods;
      TypingWrapping: typeof wrapping;
      TypingCategory: typeof withWizard;
      TypingContact: typeof callers;
    }
  }
}
