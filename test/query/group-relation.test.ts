/** Groups over relations of every kind, over doubles, and what record rules hide from them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/records/environment.ts";
import { type GroupRequest, groupRecords } from "../../src/records/group.ts";
import { queryRecords } from "../../src/records/read.ts";
import { createRecord } from "../../src/records/write.ts";
import { filterData } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor, type Group, groupsOf, idsOf } from "../fixtures/group-reader.ts";
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

describe("other relations and numbers", () => {
  beforeAll(async () => {
    const create = async (model: string, values: object) => (await createRecord(env, model, { ...values })).id;
    const [chess, go] = [await create("Club", { name: "Chess" }), await create("Club", { name: "Go" })];
    const ada = await create("Person", { name: "Ada", weight: 0.1 });
    const bob = await create("Person", { name: "Bob", weight: 1e308 });
    await create("Person", { name: "Cyd", weight: 1e308 });
    // Ada joined the chess club twice.
    const memberships = [
      [ada, chess],
      [ada, chess],
      [ada, go],
      [bob, chess],
    ];
    for (const [person, club] of memberships) await create("Membership", { person, club });
    await create("Badge", { code: "B-1", person: bob });
  });

  interface ClubRow {
    readonly name: string;
    readonly request: GroupRequest;
    readonly rules?: Record<string, string>;
    readonly data: readonly object[];
  }
  test.each<ClubRow>([
    {
      name: "a pair that a model keeps twice counts once",
      request: { group_by: ["clubs"], aggregates: ["name__max"] },
      data: [
        { clubs: { id: 1, display_name: "Chess" }, count: 2, name__max: "Bob", q_filter: "Q(clubs__eq=1)" },
        { clubs: { id: 2, display_name: "Go" }, count: 1, name__max: "Ada", q_filter: "Q(clubs__eq=2)" },
        { clubs: null, count: 1, name__max: "Cyd", q_filter: "Q(clubs__isnull=True)" },
      ],
    },
    {
      name: "hidden pairs link nothing",
      request: { group_by: ["clubs"] },
      rules: { Membership: "Q(club__name='Go')" },
      data: [
        { clubs: { id: 2, display_name: "Go" }, count: 1, q_filter: "Q(clubs__eq=2)" },
        { clubs: null, count: 2, q_filter: "Q(clubs__isnull=True)" },
      ],
    },
    {
      name: "the reverse side of a one-to-one relation",
      request: { group_by: ["badge", "badge.code"], aggregates: ["badge__count"] },
      data: [
        {
          badge: { id: 1, display_name: "B-1" },
          "badge.code": "B-1",
          count: 1,
          badge__count: 1,
          q_filter: "Q(badge__eq=1, badge__code__eq='B-1')",
        },
        {
          badge: null,
          "badge.code": null,
          count: 2,
          badge__count: 0,
          q_filter: "Q(badge__isnull=True, badge__code__isnull=True)",
        },
      ],
    },
    {
      name: "doubles",
      request: { group_by: ["weight"], aggregates: ["weight__max"] },
      data: [
        { weight: 0.1, count: 1, weight__max: 0.1, q_filter: "Q(weight__eq=0.1)" },
        { weight: 1e308, count: 2, weight__max: 1e308, q_filter: "Q(weight__eq=1e+308)" },
      ],
    },
    {
      name: "the average of doubles whose squares are none",
      request: { group_by: null, aggregates: ["weight__avg"], q_filter: "Q(id__lt=3)" },
      data: [{ count: 2, weight__avg: 5e307, q_filter: "Q(id__lt=3)" }],
    },
  ])("$name", async ({ request, rules = {}, data }) => {
    const reader = environmentFor(made, { rules });
    const page = await groupRecords(reader, "Person", request);
    const groups = JSON.parse(page.data.toString()) as Group[];
    expect(groups).toEqual(data);
    for (const { q_filter, count } of groups) {
      expect((await queryRecords(reader, "Person", { fields: ["id"], q_filter })).total).toBe(count);
    }
  });

  test("a sum beyond all doubles is refused, not a fault", async () => {
    const request = { group_by: null, aggregates: ["weight__sum"] };
    await expect(groupRecords(env, "Person", request)).rejects.toThrow("aggregates: the number is out of range");
  });

  test.each<[name: string, request: GroupRequest, message: string]>([
    ["too many groups", { group_by: null, limit: 10_001 }, "limit: must be a whole number from 0 to 10000"],
    ["a broken having", { group_by: null, having: "Q(" }, "having: Filter"],
    [
      "a value that does not fit the aggregate",
      { group_by: null, having: "Q(count=1.5)" },
      '"count" must be a whole number',
    ],
    ["a date for a sum", { group_by: null, having: "Q(weight__sum=D('today'))" }, "must not be a date expression"],
  ])("%s", async (_name, request, message) => {
    await expect(groupRecords(env, "Person", request)).rejects.toThrow(message);
  });

  test("an unknown model", async () => {
    await expect(groupRecords(env, "Persn", { group_by: null })).rejects.toThrow('Unknown model "Persn"');
  });
});

describe("what rules hide", () => {
  beforeAll(() => storeFilterData(made.database, filterData));
  const rows: readonly {
    name: string;
    rules: Record<string, string>;
    request: GroupRequest;
    groups: readonly object[];
  }[] = [
    {
      name: "records themselves",
      rules: { Product: "Q(active=True)" },
      request: { group_by: ["category"], aggregates: ["price__max"] },
      groups: [
        { category: chairs, count: 1, price__max: "99.99" },
        { category: desks, count: 1, price__max: "250.00" },
        { category: toys, count: 1, price__max: null },
      ],
    },
    {
      name: "a hidden to-one record is none",
      rules: { Category: "~Q(name='Desks')" },
      request: { group_by: ["category"], aggregates: ["category__count", "category.name__max"] },
      groups: [
        { category: chairs, count: 1, category__count: 1, "category.name__max": "Chairs" },
        { category: furniture, count: 1, category__count: 1, "category.name__max": "Furniture" },
        { category: toys, count: 1, category__count: 1, "category.name__max": "Toys" },
        { category: null, count: 3, category__count: 0, "category.name__max": null },
      ],
    },
    {
      name: "what is behind a hidden record is not seen",
      rules: { Category: "Q(parent__isnull=False)" },
      request: { group_by: ["category.parent", "category.name"] },
      groups: [
        { "category.parent": null, "category.name": "Chairs", count: 1 },
        { "category.parent": null, "category.name": "Desks", count: 2 },
        { "category.parent": null, "category.name": null, count: 3 },
      ],
    },
    {
      name: "hidden linked records make no groups",
      rules: { Tag: "Q(name='eco')" },
      request: { group_by: ["tags"] },
      groups: [
        { tags: { id: 3, display_name: "eco" }, count: 3 },
        { tags: null, count: 3 },
      ],
    },
  ];

  test.each(rows)("$name", async ({ rules, request, groups: expected }) => {
    const reader = environmentFor(made, { rules });
    const { groups, total } = await groupsOf(reader, request);
    expect(groups.map(({ q_filter: _, ...group }) => group)).toEqual(expected);
    expect(total).toBe(expected.length);
    for (const { q_filter, count } of groups) expect(await idsOf(reader, q_filter)).toHaveLength(count);
  });
});
