/** Rates of exchange, by day. */
import { date, defineModel, float, manyToOne, positive, today } from "fullfinity";

export const CurrencyRate = defineModel("CurrencyRate", {
  label: "Rate of exchange",
  description: "What a currency is worth from a day on, until its next rate.",
  displayName: ["date"],
  order: ["currency ASC", "date DESC"],
  fields: {
    currency: manyToOne("Currency", { required: true, onDelete: "CASCADE", relatedName: "rates", index: true }),
    date: date({ required: true, default: today }),
    rate: float({
      required: true,
      precision: 12,
      validators: [positive],
      hint: "Units of the currency for one unit of the reference currency, whose own rate is 1",
    }),
  },
  unique: [{ fields: ["currency", "date"], message: "the currency has a rate of this day already" }],
});

declare global {
  namespace Fullfinity {
    interface Models {
      CurrencyRate: typeof CurrencyRate;
    }
  }
}
