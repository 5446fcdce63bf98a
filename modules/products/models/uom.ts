/** Units of measure. Units of one category convert into each other through the category's base unit. */
import { boolean, char, defineModel, float, manyToOne, positive } from "fullfinity";

export const UoMCategory = defineModel("UoMCategory", {
  label: "Unit category",
  table: "uom_category",
  order: ["name ASC"],
  fields: { name: char({ required: true, unique: "ignore_case" }) },
});

export const UoM = defineModel("UoM", {
  label: "Unit of measure",
  table: "uom",
  order: ["name ASC"],
  fields: {
    name: char({ required: true }),
    category: manyToOne("UoMCategory", { required: true, relatedName: "units", onDelete: "RESTRICT", index: true }),
    factor: float({
      required: true,
      precision: 12,
      default: 1,
      hint: "How many base units one of this unit is",
      validators: [positive],
    }),
    rounding: float({ required: true, precision: 6, default: "0.01", validators: [positive] }),
    is_base_uom: boolean({ label: "Base unit" }),
  },
  unique: [
    {
      fields: ["category"],
      where: "is_base_uom",
      message: "a category of units has exactly one base unit, and this one has another already",
    },
    { fields: ["category", "name"], message: "the category has a unit of this name already" },
  ],
  checks: [
    {
      name: "base_factor",
      sql: "not is_base_uom or factor = 1",
      field: "factor",
      message: "must be 1 for the base unit",
    },
    { name: "factor_positive", sql: "factor > 0", field: "factor", message: "must be greater than zero" },
  ],
});

declare global {
  namespace Fullfinity {
    interface Models {
      UoMCategory: typeof UoMCategory;
      UoM: typeof UoM;
    }
  }
}
