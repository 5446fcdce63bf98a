/** Grouping in PostgreSQL: keys, aggregates, having, order, pages; each group with the filter that selects its records. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { type GroupRequest, groupValues } from "../../src/records/group.ts";
import { filterData } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor, groupsOf, idsOf } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
let env: Environment;
beforeAll(async () => {
  made = await createGroupDatabase();
  env = environmentFor(made);
});
afterAll(() => made.drop());

const chairs = { id: 2, display_name: "Chairs" };
const desks = { id: 3, display_name: "Desks" };
const furniture = { id: 1, display_name: "Furniture" };
const toys = { id: 4, display_name: "Toys" };

interface Row {
  readonly name: string;
  readonly request: GroupRequest;
  /** The groups, without their filters. */
  readonly groups: readonly object[];
  /** The number of groups where the page does not hold them all. */
  readonly total?: number;
}

const rows: readonly Row[] = [
  {
    name: "a to-one relation, by name",
    request: { group_by: ["category"] },
    groups: [
      { category: chairs, count: 1 },
      { category: desks, count: 2 },
      { category: furniture, count: 1 },
      { category: toys, count: 1 },
      { category: null, count: 1 },
    ],
  },
  {
    name: "a path of to-one relations",
    request: { group_by: ["category.parent"] },
    groups: [
      { "category.parent": furniture, count: 3 },
      { "category.parent": null, count: 3 },
    ],
  },
  {
    name: "a column behind a relation, named as it was asked for",
    request: { group_by: ["category__name"], q_filter: "Q(active=False)" },
    groups: [
      { category__name: "Desks", count: 1 },
      { category__name: "Furniture", count: 1 },
    ],
  },
  {
    name: "a many-to-many relation counts a record once for each",
    request: { group_by: ["tags"], aggregates: ["price__sum"] },
    groups: [
      { tags: { id: 3, display_name: "eco" }, count: 3, price__sum: "12345678901234567.99" },
      { tags: { id: 1, display_name: "new" }, count: 3, price__sum: "12345678901234667.88" },
      { tags: { id: 2, display_name: "sale" }, count: 3, price__sum: "12345678901234917.88" },
      { tags: null, count: 1, price__sum: "19.90" },
    ],
  },
  {
    name: "a one-to-many relation",
    request: { group_by: ["lines"], q_filter: "Q(id__in=[1, 3])" },
    groups: [
      { lines: { id: 2, display_name: "#2" }, count: 1 },
      { lines: { id: 1, display_name: "first" }, count: 1 },
      { lines: null, count: 1 },
    ],
  },
  {
    name: "a to-many relation behind a to-one relation",
    request: { group_by: ["category.children"], q_filter: "Q(id__in=[1, 6])" },
    groups: [
      { "category.children": chairs, count: 1 },
      { "category.children": desks, count: 1 },
      { "category.children": null, count: 1 },
    ],
  },
  {
    name: "several keys",
    request: { group_by: ["active", "category"], q_filter: "Q(category__isnotnull=True)" },
    groups: [
      { active: false, category: desks, count: 1 },
      { active: false, category: furniture, count: 1 },
      { active: true, category: chairs, count: 1 },
      { active: true, category: desks, count: 1 },
      { active: true, category: toys, count: 1 },
    ],
  },
  {
    name: "a date by quarter",
    request: { group_by: ["released__quarter"] },
    groups: [
      { released__quarter: "2024-01-01", count: 2 },
      { released__quarter: "2024-04-01", count: 1 },
      { released__quarter: "2024-10-01", count: 1 },
      { released__quarter: "2025-01-01", count: 1 },
      { released__quarter: null, count: 1 },
    ],
  },
  {
    name: "a datetime itself, as the wire prints it",
    request: { group_by: ["updated"], q_filter: "Q(id__in=[5, 6])" },
    groups: [
      { updated: "2024-06-15T12:00:00.000Z", count: 1 },
      { updated: "2024-12-31T23:59:59.999Z", count: 1 },
    ],
  },
  {
    name: "a datetime by month is the month of the reader's zone",
    request: { group_by: ["updated.month"] },
    groups: [
      { "updated.month": "2024-02-01", count: 1 },
      { "updated.month": "2024-03-01", count: 1 },
      { "updated.month": "2024-06-01", count: 1 },
      { "updated.month": "2025-01-01", count: 2 },
      { "updated.month": null, count: 1 },
    ],
  },
  {
    name: "no key is one group",
    request: { group_by: null, aggregates: ["price__sum", "price__avg", "price__min", "price__max", "price__count"] },
    groups: [
      {
        count: 6,
        price__sum: "12345678901234937.88",
        price__avg: "2469135780246987.576",
        price__min: "0.10",
        price__max: "12345678901234567.89",
        price__count: 5,
      },
    ],
  },
  {
    name: "one group over nothing",
    request: { group_by: [], aggregates: ["price__sum", "code__count_distinct"], q_filter: "~Q()" },
    groups: [{ count: 0, price__sum: null, code__count_distinct: 0 }],
  },
  { name: "no groups over nothing", request: { group_by: ["active"], q_filter: "~Q()" }, groups: [] },
  {
    name: "an average is rounded six digits beyond the field's own",
    request: { group_by: null, aggregates: ["category.sequence__avg", "price__avg"], q_filter: "Q(id__in=[1, 2, 3])" },
    groups: [{ count: 3, "category.sequence__avg": 2.666667, price__avg: "123.29666667" }],
  },
  {
    name: "also the average of large amounts",
    request: { group_by: null, aggregates: ["price__avg"], q_filter: "Q(id__in=[1, 2, 6])" },
    groups: [{ count: 3, price__avg: "4115226300411639.29333333" }],
  },
  {
    name: "least and greatest of dates, instants and texts",
    request: {
      group_by: null,
      aggregates: [
        "released__min",
        "updated__max",
        "name__min",
        "name__max",
        "display_name__max",
        "category__count_distinct",
      ],
    },
    groups: [
      {
        count: 6,
        released__min: "2024-01-31",
        updated__max: "2025-01-01T00:00:00.000Z",
        name__min: "Desk 100%",
        name__max: "～ tilde",
        display_name__max: "～ tilde",
        category__count_distinct: 4,
      },
    ],
  },
  {
    name: "having over an aggregate that is not asked for, and the count",
    request: { group_by: ["category"], having: "Q(price__sum__gte=100, count__gt=1)" },
    groups: [{ category: desks, count: 2 }],
  },
  {
    name: "having as JSON, with dates and a null",
    request: {
      group_by: ["category"],
      having: { or: [{ "released.max": { D: "year_start+1y" } }, { not: { price__min__gt: 0.1 } }] },
    },
    groups: [
      { category: toys, count: 1 },
      { category: null, count: 1 },
    ],
  },
  { name: "having on the one group", request: { group_by: null, having: "Q(count__gt=6)" }, groups: [], total: 0 },
  {
    name: "the values of having follow those of the filter",
    request: { group_by: ["active"], q_filter: "Q(price__gte=0.1, price__lt=1000)", having: "Q(count=2)" },
    groups: [{ active: true, count: 2 }],
  },
  {
    name: "by an aggregate, nulls where the request wants them",
    request: { group_by: ["active"], aggregates: ["price__max"], order_by: ["price__max DESC NULLS LAST"] },
    groups: [
      { active: false, count: 2, price__max: "12345678901234567.89" },
      { active: true, count: 3, price__max: "250.00" },
      { active: null, count: 1, price__max: "0.10" },
    ],
  },
  {
    name: "by an aggregate that is not asked for",
    request: { group_by: ["active"], order_by: ["released__min ASC"] },
    groups: [
      { active: true, count: 3 },
      { active: false, count: 2 },
      { active: null, count: 1 },
    ],
  },
  {
    name: "by the count, ties by the keys",
    request: { group_by: ["category"], order_by: ["count DESC"], limit: 3 },
    groups: [
      { category: desks, count: 2 },
      { category: chairs, count: 1 },
      { category: furniture, count: 1 },
    ],
    total: 5,
  },
  {
    name: "by a key in another spelling, from the second on",
    request: { group_by: ["category.name"], order_by: ["category__name DESC NULLS FIRST"], limit: 2, offset: 1 },
    groups: [
      { "category.name": "Toys", count: 1 },
      { "category.name": "Furniture", count: 1 },
    ],
    total: 5,
  },
  { name: "behind the last group", request: { group_by: ["active"], offset: 7 }, groups: [], total: 3 },
  { name: "only the total", request: { group_by: ["active"], limit: 0 }, groups: [], total: 3 },
];

describe("requests and their groups", () => {
  beforeAll(() => storeFilterData(made.database, filterData));

  test.each(rows)("$name", async ({ request, groups: expected, total = expected.length }) => {
    for (const _attempt of ["compiled", "prepared"]) {
      const { result, texts } = await made.statements.during(() => groupsOf(env, request));
      expect(texts).toHaveLength(1);
      expect(result.groups.map(({ q_filter: _, ...group }) => group)).toEqual(expected);
      expect(result.total).toBe(total);
      for (const { q_filter, count } of result.groups) {
        expect({ q_filter, count: (await idsOf(env, q_filter)).length }).toEqual({ q_filter, count });
      }
    }
  });

  test("a group's filter keeps the names and dates of the request's", async () => {
    const { groups } = await groupsOf(env, {
      group_by: ["category", "tags"],
      q_filter: "Q(id=uid) | Q(released__gt=D('today'))",
    });
    expect(groups.map(({ q_filter }) => q_filter)).toContain(
      "(Q(id__eq=uid) | Q(released__gt=D('today'))) & Q(category__eq=2, tags__eq=1)",
    );
    const all = await groupsOf(env, { group_by: null, q_filter: "Q(id=uid)" });
    expect(all.groups.map(({ q_filter }) => q_filter)).toEqual(["Q(id__eq=uid)"]);
  });

  test("groups without filters are the same groups", async () => {
    for (const request of [{ group_by: ["category"] }, { group_by: ["active"], limit: 0 }]) {
      const { groups } = await groupsOf(env, request);
      const values = JSON.parse(await groupValues(env, "Product", request));
      expect(values).toEqual(groups.map(({ q_filter: _, ...group }) => group));
    }
  });
});
