/** What a request for groups may not say: each wrong part is named, and what is hidden is as unknown as what is not there. */
import { describe, expect, test } from "vitest";
import { clubModule } from "../../test/fixtures/club-registry.ts";
import { filterModule } from "../../test/fixtures/filter-registry.ts";
import { composeRegistry } from "../models/compose.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { type Grouping, resolveGrouping } from "./group-resolution.ts";
import { type Scope, unrestricted } from "./scope.ts";

const registry = composeRegistry([filterModule, clubModule]);
/** Everybody outside of "hr" reads like this. */
const scope: Scope = {
  ...unrestricted(registry),
  canRead: ({ name }) => name !== "Badge",
  canReadField: (_model, { field }) => field.options.groups === undefined,
};

interface Request extends Partial<Omit<Grouping, "filter" | "having">> {
  readonly filter?: string;
  readonly having?: string;
}

function resolve(model: string, { filter, having, ...request }: Request) {
  const parse = (text: string | undefined) => (text === undefined ? null : parseFilter(text).q);
  const grouping = { keys: [], aggregates: [], order: [], limit: 80, hasOffset: false, ...request };
  return resolveGrouping(scope, modelOf(registry, model), {
    ...grouping,
    filter: parse(filter),
    having: parse(having),
  });
}

const unknownSalary = 'Person has no field "salary"';

describe("refused", () => {
  test.each<[name: string, model: string, request: Request, message: string]>([
    [
      "an unknown key",
      "Product",
      { keys: ["categroy"] },
      'group_by[0]: Product has no field "categroy"; did you mean "category"?',
    ],
    [
      "an unknown name in a path",
      "Product",
      { keys: ["id", "category.nam"] },
      'group_by[1]: Category has no field "nam" in "category.nam"',
    ],
    ["a hidden key", "Person", { keys: ["salary"] }, `group_by[0]: ${unknownSalary}`],
    ["a secret key", "Person", { keys: ["secret"] }, 'group_by[0]: Person has no field "secret"'],
    ["a relation to a hidden model", "Person", { keys: ["badge"] }, 'group_by[0]: Person has no field "badge"'],
    ["a binary key", "Person", { keys: ["photo"] }, 'group_by[0]: Binary fields such as "photo" cannot be grouped by'],
    ["a JSON key", "Person", { keys: ["notes"] }, 'group_by[0]: JSON fields such as "notes" cannot be grouped by'],
    [
      "a to-many relation on the way",
      "Product",
      { keys: ["tags.name"] },
      'group_by[0]: "tags.name" passes through "tags", which holds many records',
    ],
    [
      "a path behind a column",
      "Product",
      { keys: ["name.id"] },
      'group_by[0]: "name.id" cannot be grouped by, since "name" is no relation',
    ],
    [
      "a part of what is no date",
      "Product",
      { keys: ["name__month"] },
      'Char fields such as "name" have no date parts',
    ],
    [
      "an unknown part",
      "Product",
      { keys: ["updated__hour"] },
      'group_by[0]: "hour" is no part of a date; there are day, week, month, quarter, year',
    ],
    ["a part from the prototype", "Product", { keys: ["updated__constructor"] }, '"constructor" is no part of a date'],
    [
      "a path behind a part",
      "Product",
      { keys: ["updated__month__day"] },
      'goes on behind "updated", which is no relation',
    ],
    [
      "a key twice",
      "Product",
      { keys: ["category.name", "category__name"] },
      'group_by[1]: "category__name" is the key of group_by[0] again',
    ],
    ["nine keys", "Product", { keys: Array(9).fill("id") }, "group_by: at most 8 keys"],
    ["an empty key", "Product", { keys: [""] }, 'group_by[0]: Product has no field ""'],
    ["SQL for a key", "Product", { keys: ['id"; drop table product; --'] }, "group_by[0]: Product has no field"],
    ["too deep a path", "Category", { keys: [`${"parent.".repeat(7)}id`] }, "passes through more than 6 relations"],

    [
      "an unknown function",
      "Product",
      { aggregates: ["price__median"] },
      'aggregates[0]: "price__median" is no aggregate; one is a path, "__" and sum, avg, min, max, count, count_distinct',
    ],
    [
      "a function from the prototype",
      "Product",
      { aggregates: ["price__toString"] },
      '"price__toString" is no aggregate',
    ],
    ["a function alone", "Product", { aggregates: ["sum"] }, 'aggregates[0]: "sum" is no aggregate'],
    [
      "an unknown field",
      "Product",
      { aggregates: ["id__count", "prize__sum"] },
      'aggregates[1]: Product has no field "prize" in "prize__sum"',
    ],
    ["a hidden field", "Person", { aggregates: ["salary__min"] }, `aggregates[0]: ${unknownSalary} in "salary__min"`],
    ["a secret field", "Person", { aggregates: ["secret__count"] }, 'aggregates[0]: Person has no field "secret"'],
    [
      "a sum of texts",
      "Product",
      { aggregates: ["name__sum"] },
      '"name__sum" is over a Char field, but sum takes Integer, Float and Monetary fields',
    ],
    ["an average of dates", "Product", { aggregates: ["released.avg"] }, '"released.avg" is over a Date field'],
    [
      "the sum of a relation's ids",
      "Product",
      { aggregates: ["category__sum"] },
      '"category__sum" is over a ManyToOne field',
    ],
    ["the least truth", "Product", { aggregates: ["active__min"] }, "but min takes numbers, dates and texts"],
    [
      "distinct images",
      "Person",
      { aggregates: ["photo__count_distinct"] },
      "count_distinct takes to-one relations and columns but Binary",
    ],
    ["over lines", "Product", { aggregates: ["lines.price.sum"] }, 'passes through "lines", which holds many records'],
    ["the number of lines", "Product", { aggregates: ["lines__count"] }, '"lines__count" is over a OneToMany field'],

    [
      "having a field",
      "Product",
      { aggregates: ["price__sum"], having: "Q(price=1)" },
      'having: "price" is not about groups; use count, price__sum, or a path',
    ],
    ["having a hidden field", "Person", { having: "Q(salary__min__gt=1)" }, `having: ${unknownSalary}`],
    [
      "having a lookup that numbers do not have",
      "Product",
      { having: "Q(count__contains='1')" },
      'having: "count__contains" uses the lookup "contains"; allowed: isnull',
    ],
    ["having behind the count", "Product", { having: "Q(count__id=1)" }, 'having: "count__id" is not about groups'],

    [
      "order by what is no key",
      "Product",
      { keys: ["active"], order: ["name"] },
      'order_by[0]: groups are ordered by active, count or an aggregate, not by "name"',
    ],
    ["order by a hidden field", "Person", { order: ["salary__max DESC"] }, `order_by[0]: ${unknownSalary}`],
    [
      "order in another form",
      "Product",
      { order: ["count DOWN"] },
      'order_by[0]: must be "path ASC|DESC [NULLS FIRST|LAST]"',
    ],
    ["too long an order", "Product", { order: Array(17).fill("count") }, "order_by: at most 16 steps"],
    ["a hidden field in the filter", "Person", { filter: "Q(salary__gt=1)" }, `Filter: ${unknownSalary}`],
  ])("%s", (_name, model, request, message) => {
    expect(() => resolve(model, request)).toThrow(message);
  });

  test("more than 32 aggregates, wherever they are asked for", () => {
    const path = (depth: number) => `${"parent.".repeat(depth)}sequence`;
    const functions = ["sum", "avg", "min", "max", "count", "count_distinct"];
    const many = [0, 1, 2, 3, 4, 5].flatMap((depth) => functions.map((each) => `${path(depth)}.${each}`));
    expect(resolve("Category", { aggregates: many.slice(0, 32) }).computed).toHaveLength(32);
    const places: Request[] = [
      { aggregates: many.slice(0, 33) },
      { order: many.slice(32, 33) },
      { having: `Q(${many[32]}=1)` },
    ];
    for (const place of places) {
      const aggregates = many.slice(0, 32);
      expect(() => resolve("Category", { aggregates, ...place })).toThrow("at most 32");
    }
  });
});

test("an aggregate is computed once, however it is spelt and wherever it stands", () => {
  const { aggregates, computed } = resolve("Product", {
    aggregates: ["category.sequence.sum", "category__sequence__sum", "category.sequence.sum"],
    having: "Q(category__sequence__sum__gt=1, count__gt=0)",
    order: ["category.sequence__sum DESC"],
  });
  expect(aggregates.map(({ name }) => name)).toEqual(["category.sequence.sum", "category__sequence__sum"]);
  expect(computed).toHaveLength(1);
});
