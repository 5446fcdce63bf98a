/** Companies, and the currencies and countries of the world. */
import { binary, boolean, char, defineModel, integer, manyToOne, matching } from "fullfinity";

export const Currency = defineModel("Currency", {
  label: "Currency",
  displayName: ["code"],
  order: ["code ASC"],
  search: ["code", "name"],
  fields: {
    name: char({ required: true }),
    code: char({
      required: true,
      unique: true,
      maxLength: 3,
      hint: "ISO 4217",
      validators: [matching(/[A-Z]{3}/, "must be three capital letters, as ISO 4217 has them")],
    }),
    symbol: char({ maxLength: 8 }),
    decimal_places: integer({
      required: true,
      default: 2,
      validators: [(value) => (value >= 0 && value <= 6 ? null : "must be between 0 and 6")],
    }),
    active: boolean({ default: true }),
  },
});

export const Country = defineModel("Country", {
  label: "Country",
  order: ["name ASC"],
  search: ["name", "code"],
  fields: {
    name: char({ required: true }),
    code: char({
      required: true,
      unique: true,
      maxLength: 2,
      hint: "ISO 3166-1 alpha-2",
      validators: [matching(/[A-Z]{2}/, "must be two capital letters, as ISO 3166-1 has them")],
    }),
    code3: char({ unique: true, maxLength: 3, label: "Three-letter code", hint: "ISO 3166-1 alpha-3" }),
    numeric_code: char({ maxLength: 3, hint: "ISO 3166-1 numeric" }),
    phone_code: char({ maxLength: 16, label: "Calling code", hint: "Without the plus sign" }),
    currency: manyToOne("Currency", { onDelete: "RESTRICT" }),
  },
});

export const Company = defineModel("Company", {
  label: "Company",
  order: ["name ASC"],
  fields: {
    name: char({ required: true }),
    currency: manyToOne("Currency", { required: true, onDelete: "RESTRICT" }),
    country: manyToOne("Country", { onDelete: "RESTRICT" }),
    image: binary({ label: "Logo" }),
    tax_number: char({ maxLength: 32 }),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Currency: typeof Currency;
      Country: typeof Country;
      Company: typeof Company;
    }
  }
}
