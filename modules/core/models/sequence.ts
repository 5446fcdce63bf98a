/** Series of numbers, such as those of orders and invoices. */
import { boolean, char, defineModel, implementModel, integer, json, positive, selection } from "fullfinity";

export const Sequence = defineModel("Sequence", {
  label: "Sequence",
  order: ["code ASC"],
  fields: {
    name: char({ required: true }),
    code: char({ required: true, unique: true, maxLength: 64, hint: "What modules know the series by" }),
    prefix: char({ maxLength: 40, hint: "May hold {year}, {month} and {day}" }),
    suffix: char({ maxLength: 40, hint: "May hold {year}, {month} and {day}" }),
    padding: integer({
      required: true,
      default: 5,
      hint: "Figures at least",
      validators: [(value) => (value >= 0 && value <= 20 ? null : "must be between 0 and 20")],
    }),
    gapless: boolean({
      label: "Without gaps",
      hint: "Writes that number records then wait for each other, and numbers that were not used are used again",
    }),
    next: integer({
      required: true,
      default: 1,
      validators: [positive],
      hint: "Of a series without gaps: its next number",
    }),
    begins: selection(["never", "year", "month"], {
      label: "Begins again",
      required: true,
      default: "never",
      hint: "For series without gaps",
    }),
    period: char({
      readonly: true,
      clone: false,
      maxLength: 7,
      hint: "The latest year or month of which there is a number",
    }),
    earlier: json({ readonly: true, clone: false, hint: "Of earlier years or months: the next number of each" }),
  },
});

export const SequenceBehaviour = implementModel("Sequence", {
  validate: {
    begins: {
      fields: ["begins", "gapless"],
      check: ({ begins, gapless }) => (begins === "never" || gapless ? null : "is for series without gaps"),
    },
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Sequence: typeof Sequence;
    }
  }
}
