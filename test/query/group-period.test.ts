/** Groups by parts of instants: the days, weeks and months of the reader's zone, over every change of its clocks. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filterData } from "../fixtures/filter-data.ts";
import { storeFilterData } from "../fixtures/filter-registry.ts";
import { createGroupDatabase, environmentFor, groupsOf, idsOf } from "../fixtures/group-reader.ts";
import type { TestDatabase } from "../support/database.ts";

let made: TestDatabase;
beforeAll(async () => {
  made = await createGroupDatabase();
});
afterAll(() => made.drop());

describe("days and months in the reader's zone", () => {
  const utc = (day: string, time: string) => `2024-${day}T${time}.000Z`;
  interface ZoneRow {
    readonly name: string;
    readonly timeZone: string;
    readonly key: string;
    readonly instants: readonly string[];
    /** First day of the period -> number of instants. */
    readonly groups: Readonly<Record<string, number>>;
    /** The condition of the first group. */
    readonly first: string;
  }
  const zones: readonly ZoneRow[] = [
    {
      name: "the short day in Berlin",
      timeZone: "Europe/Berlin",
      key: "updated__day",
      instants: [
        utc("03-30", "22:59:59"),
        utc("03-30", "23:00:00"),
        utc("03-31", "01:00:00"),
        utc("03-31", "21:59:59"),
        utc("03-31", "22:00:00"),
      ],
      groups: { "2024-03-30": 1, "2024-03-31": 3, "2024-04-01": 1 },
      first: "Q(updated__gte='2024-03-29T23:00:00.000Z', updated__lt='2024-03-30T23:00:00.000Z')",
    },
    {
      name: "the long day in Berlin, with the hour that comes twice",
      timeZone: "Europe/Berlin",
      key: "updated.day",
      instants: [
        utc("10-26", "22:00:00"),
        utc("10-27", "00:30:00"),
        utc("10-27", "01:30:00"),
        utc("10-27", "22:59:59"),
        utc("10-27", "23:00:00"),
      ],
      groups: { "2024-10-27": 4, "2024-10-28": 1 },
      first: "Q(updated__gte='2024-10-26T22:00:00.000Z', updated__lt='2024-10-27T23:00:00.000Z')",
    },
    {
      name: "the month of the change in New York",
      timeZone: "America/New_York",
      key: "updated__month",
      instants: [
        utc("03-01", "04:59:59"),
        utc("03-01", "05:00:00"),
        utc("04-01", "03:59:59"),
        utc("04-01", "04:00:00"),
      ],
      groups: { "2024-02-01": 1, "2024-03-01": 2, "2024-04-01": 1 },
      first: "Q(updated__gte='2024-02-01T05:00:00.000Z', updated__lt='2024-03-01T05:00:00.000Z')",
    },
    {
      name: "the week of the change in New York begins on Monday",
      timeZone: "America/New_York",
      key: "updated__week",
      instants: [utc("11-04", "04:59:59"), utc("11-04", "05:00:00"), utc("10-28", "03:59:59")],
      groups: { "2024-10-21": 1, "2024-10-28": 1, "2024-11-04": 1 },
      first: "Q(updated__gte='2024-10-21T04:00:00.000Z', updated__lt='2024-10-28T04:00:00.000Z')",
    },
    {
      name: "quarters in New York",
      timeZone: "America/New_York",
      key: "updated__quarter",
      instants: [utc("01-01", "04:59:59"), utc("01-01", "05:00:00"), utc("04-01", "03:59:59")],
      groups: { "2023-10-01": 1, "2024-01-01": 2 },
      first: "Q(updated__gte='2023-10-01T04:00:00.000Z', updated__lt='2024-01-01T05:00:00.000Z')",
    },
    {
      name: "a day whose midnight does not exist",
      timeZone: "Asia/Beirut",
      key: "updated__day",
      instants: [utc("03-30", "21:59:59"), utc("03-30", "22:00:00")],
      groups: { "2024-03-30": 1, "2024-03-31": 1 },
      first: "Q(updated__gte='2024-03-29T22:00:00.000Z', updated__lt='2024-03-30T22:00:00.000Z')",
    },
    {
      name: "a day whose midnight comes twice",
      timeZone: "America/Havana",
      key: "updated__day",
      instants: [utc("11-03", "03:59:59"), utc("11-03", "04:30:00"), utc("11-03", "05:30:00")],
      groups: { "2024-11-02": 1, "2024-11-03": 2 },
      first: "Q(updated__gte='2024-11-02T04:00:00.000Z', updated__lt='2024-11-03T04:00:00.000Z')",
    },
    {
      name: "what is still in the year 9999 in UTC is so in Berlin",
      timeZone: "Europe/Berlin",
      key: "updated__year",
      instants: ["9999-12-31T22:00:00.000Z", "9999-12-31T23:59:59.999Z", "9998-12-31T23:00:00.000Z"],
      groups: { "9999-01-01": 3 },
      first: "Q(updated__gte='9998-12-31T23:00:00.000Z')",
    },
    {
      name: "what is in the year 1 already in UTC is so in New York",
      timeZone: "America/New_York",
      key: "updated__day",
      instants: ["0001-01-01T00:00:00.000Z", "0001-01-01T12:00:00.000Z"],
      groups: { "0001-01-01": 2 },
      first: "Q(updated__lt='0001-01-02T04:56:02.000Z')",
    },
  ];

  test.each(zones)("$name", async ({ timeZone, key, instants, groups: expected, first }) => {
    const [product] = filterData.Product;
    if (product === undefined) throw new Error("no product");
    const products = instants.map((updated, index) => ({
      ...product,
      id: index + 1,
      updated,
      category: null,
      tags: [],
    }));
    await storeFilterData(made.database, { ...filterData, Product: products, Line: [] });
    const reader = environmentFor(made, { timeZone });
    const { groups } = await groupsOf(reader, { group_by: [key] });
    expect(Object.fromEntries(groups.map((group) => [group[key], group.count]))).toEqual(expected);
    expect(groups[0]?.q_filter).toBe(first);
    // The filter speaks of instants, so it says the same to a reader elsewhere.
    const elsewhere = environmentFor(made, { timeZone: "Pacific/Auckland" });
    for (const { q_filter, count } of groups) {
      expect({ q_filter, count: (await idsOf(elsewhere, q_filter)).length }).toEqual({ q_filter, count });
    }
  });
});
