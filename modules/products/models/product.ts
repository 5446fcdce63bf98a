/** Products and the tree of their categories. */
import { binary, boolean, char, defineModel, integer, manyToOne, monetary, notNegative, text } from "fullfinity";

export const Category = defineModel("Category", {
  label: "Product category",
  order: ["sequence ASC", "name ASC"],
  fields: {
    name: char({ required: true }),
    parent: manyToOne("Category", { relatedName: "children", onDelete: "RESTRICT", index: true, acyclic: true }),
    sequence: integer({ sequence: true, default: 10 }),
    complete_name: text({
      hint: "The name behind those of all categories above it",
      calculate: "complete_name",
      dependsOn: ["name", "parent.complete_name"],
    }),
    product_count: integer({
      label: "Number of products",
      hint: "Active products in this very category",
      calculate: "product_count",
      dependsOn: ["products.active"],
      stored: false,
    }),
  },
});

export const Product = defineModel("Product", {
  label: "Product",
  order: ["name ASC"],
  search: ["name", "code"],
  ignoreAccents: true,
  fields: {
    name: char({ required: true, index: "search" }),
    code: char({ unique: true, index: "search", maxLength: 64, hint: "Article number" }),
    description: text(),
    price: monetary({ required: true, default: 0, validators: [notNegative] }),
    cost: monetary({ validators: [notNegative] }),
    category: manyToOne("Category", { relatedName: "products", onDelete: "RESTRICT", index: true }),
    uom: manyToOne("UoM", { label: "Unit of measure", onDelete: "RESTRICT" }),
    active: boolean({ default: true }),
    image: binary(),
  },
});

declare global {
  namespace Fullfinity {
    interface Models {
      Category: typeof Category;
      Product: typeof Product;
    }
  }
}
