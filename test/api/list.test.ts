/** Lists over HTTP beyond a plain page: cursors, estimates, groups, in the body and in the URL. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

interface List {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly total: number | null;
  readonly total_is_exact?: boolean;
  readonly next_cursor?: string;
}

const QUERY = "/api/query/Product";
const listOf = (answer: Answer): List => {
  expect(answer.status, answer.text).toBe(200);
  return answer.json as unknown as List;
};
const post = async (body: object): Promise<List> => listOf(await api.call("POST", QUERY, body));
const get = async (query: Readonly<Record<string, string>>): Promise<List> =>
  listOf(await api.call("GET", `${QUERY}?${new URLSearchParams(query)}`));

describe("cursors", () => {
  const request = { fields: ["name", "price"], order_by: ["price DESC", "name ASC"], limit: 7 };

  test.each(["POST", "GET"])("lead from page to page with %s", async (method) => {
    const ask = (cursor: object) =>
      method === "POST"
        ? post({ ...request, ...cursor })
        : get({ fields: "name,price", order_by: "price DESC,name ASC", limit: "7", ...cursor });
    const all = await post({ ...request, limit: 1000 });
    expect(all.next_cursor).toBeUndefined();
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page: List = await ask(cursor === undefined ? {} : { cursor });
      expect(page.total).toBe(all.total);
      seen.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all.data);
  });

  const refused: readonly (readonly [name: string, body: object, says: RegExp])[] = [
    ["with another order", { order_by: ["price ASC"] }, /^cursor: is not one that this list gave/],
    ["with another filter", { q_filter: "Q(active=True)" }, /^cursor: is not one that this list gave/],
    ["together with an offset", { offset: 5 }, /^cursor: cannot be given together with offset/],
    ["for groups", { group_by: "category", fields: undefined }, /cursor: is for records/],
  ];
  test.each(refused)("are refused %s", async (_name, change, says) => {
    const { next_cursor: cursor } = await post(request);
    const answer = await api.call("POST", QUERY, { ...request, cursor, ...change });
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toMatch(says);
  });
});

describe("totals", () => {
  test("are exact, estimated or left out", async () => {
    const { total } = await post({});
    expect(total).toBeGreaterThan(20);
    expect(await post({ limit: 0 })).toEqual({ data: [], total });
    expect(await post({ count: "none", limit: 0 })).toEqual({ data: [], total: null });
    expect(await post({ count: "estimated", limit: 1000, fields: ["id"] })).toMatchObject({
      total,
      total_is_exact: true,
    });
    const estimate = await post({ count: "estimated", limit: 1 });
    expect(estimate.total_is_exact).toBe(false);
    expect(estimate.total).toBeTypeOf("number");
  });
});

describe("groups", () => {
  test("share out the records, and each tells how to read its own", async () => {
    const { total } = await post({ limit: 0 });
    const request = { group_by: ["category"], aggregates: ["price__sum", "price__max"], order_by: ["count DESC"] };
    const groups = await post(request);
    expect(groups.total).toBe(groups.data.length);
    expect(groups.data.reduce((sum, { count }) => sum + Number(count), 0)).toBe(total);
    for (const { category, count, q_filter } of groups.data.slice(0, 5)) {
      const own = await post({ q_filter, fields: ["category"] });
      expect(own.total).toBe(count);
      expect(
        own.data.every((record) => (record.category as { id: number }).id === (category as { id: number }).id),
      ).toBe(true);
    }
    const paged = await post({ ...request, limit: 2, offset: 1 });
    expect(paged).toEqual({ data: groups.data.slice(1, 3), total: groups.total });
    const url = { group_by: "category", aggregates: "price__sum,price__max", order_by: "count DESC" };
    expect(await get(url)).toEqual(groups);
  });

  test("meet the condition over their aggregates", async () => {
    const request = { group_by: "category", having: { count__gte: 3 } };
    const { data } = await post(request);
    expect(data.length).toBeGreaterThan(0);
    expect(data.every(({ count }) => Number(count) >= 3)).toBe(true);
    expect((await get({ group_by: "category", having: "Q(count__gte=3)" })).data).toEqual(data);
    expect((await get({ group_by: "category", having: '{"count__gte":3}' })).data).toEqual(data);
  });

  test("are one row over everything without keys", async () => {
    const { total } = await post({ limit: 0 });
    const { data } = await post({ group_by: null, aggregates: ["id__count", "price__min"] });
    expect(data).toEqual([
      { id__count: total, price__min: expect.any(Number), count: total, q_filter: expect.any(String) },
    ]);
  });

  const refused: readonly (readonly [body: object, says: RegExp])[] = [
    [{ group_by: ["nope"] }, /group_by\[0\]: .*nope/],
    [{ group_by: ["category"], aggregates: ["price__median"] }, /median/],
    [{ group_by: ["category"], order_by: ["name"] }, /order_by\[0\]/],
    [{ group_by: ["category"], having: "Q(price__gt=1)" }, /^having/],
    [{ group_by: ["category"], fields: ["id"] }, /fields: is for records/],
    [{ having: "Q(count__gt=1)" }, /having: is for groups/],
    [{ group_by: ["create_uid__password"] }, /password/],
  ];
  test.each(refused)("refuse %j", async (body, says) => {
    const answer = await api.call("POST", QUERY, body);
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toMatch(says);
  });
});
