/** What is calculated of categories: their name with those above it, and how many products they hold. */
import { implementModel } from "fullfinity";

export const CategoryBehaviour = implementModel("Category", {
  calculate: {
    complete_name: (categories) =>
      categories.map(({ name, parent }) => (parent === null ? name : `${parent.complete_name ?? ""} / ${name}`)),
    product_count: (categories) => categories.map(({ products }) => products.filter(({ active }) => active).length),
  },
});
