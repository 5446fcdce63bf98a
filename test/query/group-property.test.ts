/** Any grouping of any data: the groups share out all records, and each group's filter selects exactly its own. */
import Big from "big.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatQ } from "../../src/q/format.ts";
import { arbitraryFilterData, arbitraryQ } from "../fixtures/arbitrary-q.ts";
import { type FilterData, filterModel } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor, groupsOf, idsOf } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createGroupDatabase();
});
afterAll(() => made.drop());

describe("any grouping of any data", () => {
  const keys = [
    "active",
    "category",
    "category.parent",
    "category__name",
    "price",
    "code",
    "released",
    "released__month",
  ];
  const instantKeys = ["updated", "updated__day", "updated__week", "updated.quarter", "updated__year", "display_name"];
  const manyKeys = ["tags", "lines", "category.products"];
  const aggregates = ["price__sum", "price__avg", "price__min", "price__max", "code__count", "code__count_distinct"];
  const request = fc.record({
    group_by: fc.uniqueArray(fc.constantFrom(...keys, ...instantKeys, ...manyKeys), { maxLength: 3 }),
    filter: arbitraryQ(filterModel, "Product"),
    order_by: fc.uniqueArray(fc.constantFrom("count DESC", "price__sum", "code__min DESC NULLS LAST"), {
      maxLength: 2,
    }),
  });
  const rules = {
    Product: "Q(id__neq=2) & ~Q(tags__name='b%')",
    Category: "Q(sequence__gt=0) | Q(parent__isnull=True)",
    Tag: "Q(id__neq=1)",
    Line: "Q(quantity__gte=1)",
  };
  const readers = [
    { name: "without rules, in Berlin", settings: {} },
    { name: "without rules, in New York", settings: { timeZone: "America/New_York" } },
    { name: "with rules on every model", settings: { rules } },
  ];

  /** The same aggregates, computed of the rows that are stored. */
  function aggregated(data: FilterData, ids: readonly number[]): object {
    const products = data.Product.filter(({ id }) => ids.includes(id));
    const prices = products.flatMap(({ price }) => (price === null ? [] : [new Big(price)]));
    const codes = products.flatMap(({ code }) => (code === null ? [] : [code]));
    const sorted = prices.toSorted((a, b) => a.cmp(b));
    const sum = prices.reduce((total, price) => total.plus(price), new Big(0));
    const none = prices.length === 0;
    return {
      price__sum: none ? null : sum.toFixed(),
      // Big rounds half away from zero too, to as many digits as are asked for.
      price__avg: none ? null : sum.times("1e8").div(prices.length).round(0, Big.roundHalfUp).div("1e8").toFixed(),
      price__min: sorted[0]?.toFixed() ?? null,
      price__max: sorted.at(-1)?.toFixed() ?? null,
      code__count: codes.length,
      code__count_distinct: new Set(codes).size,
    };
  }

  const plain = (value: unknown): unknown => (typeof value === "string" ? new Big(value).toFixed() : value);

  test.each(readers)("$name", { timeout: 60_000 }, async ({ settings }) => {
    const reader = environmentFor(made, settings);
    await fc.assert(
      fc.asyncProperty(
        arbitraryFilterData,
        fc.array(request, { minLength: 8, maxLength: 8 }),
        async (data, requests) => {
          await storeFilterData(made.database, data);
          for (const { group_by, filter, order_by } of requests) {
            const q_filter = formatQ(filter);
            const matching = await idsOf(reader, q_filter);
            const asked = { group_by, aggregates, order_by, q_filter, limit: 10_000 };
            const { groups, total } = await groupsOf(reader, asked);
            expect(total).toBe(groups.length);
            const seen: number[] = [];
            for (const group of groups) {
              const ids = await idsOf(reader, group.q_filter);
              expect({ q_filter: group.q_filter, count: group.count }).toEqual({
                q_filter: group.q_filter,
                count: ids.length,
              });
              const given = Object.fromEntries(aggregates.map((name) => [name, plain(group[name])]));
              expect({ q_filter: group.q_filter, ...given }).toEqual({
                q_filter: group.q_filter,
                ...aggregated(data, ids),
              });
              seen.push(...ids);
            }
            const isMany = group_by.some((key) => manyKeys.includes(key));
            const sorted = (isMany ? [...new Set(seen)] : seen).toSorted((a, b) => a - b);
            expect({ group_by, ids: sorted }).toEqual({ group_by, ids: matching });
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
