/** Values, filters and headers that are wrong in every way that comes to mind: each is refused by name, and none harms the server. */
import { describe, expect, test } from "vitest";
import { QUERY, type Row, startCorpus } from "../support/corpus.ts";

const { check, judge, send } = startCorpus();

describe("values", () => {
  const create = (name: string, values: object, says: RegExp): Row => ({
    name,
    path: "/api/create/Product",
    body: values,
    status: 400,
    says,
  });
  check([
    create("nothing", {}, /name: is required/),
    create("an unknown field", { name: "x", nope: 1 }, /nope/),
    create("a kernel field", { name: "x", id: 1 }, /id: is read-only/),
    create("an audit field", { name: "x", create_uid: 1 }, /create_uid: is read-only/),
    create("a version", { name: "x", version: 0 }, /version: is read-only/),
    create("a column", { name: "x", category_id: 1 }, /category_id/),
    create("NUL in a text", { name: "a\0b" }, /name: .*NUL/),
    create("half of a surrogate pair", { name: "\ud800" }, /name: .*Unicode/),
    create("a text that is too long", { name: "x".repeat(256) }, /name: .*255/),
    create("a number for a text", { name: 5 }, /name/),
    create("a price that is no number", { name: "x", price: "NaN" }, /price/),
    create("an endless price", { name: "x", price: "Infinity" }, /price/),
    create("a price of a thousand digits", { name: "x", price: "9".repeat(1000) }, /price/),
    create("a price with an exponent beyond reason", { name: "x", price: "1e400" }, /price/),
    create("a list for a price", { name: "x", price: [1] }, /price/),
    create("a category that does not exist", { name: "x", category: 999_999 }, /category/),
    create("a category by name", { name: "x", category: "Desks" }, /category/),
    create("a category beyond all numbers", { name: "x", category: 1e300 }, /category/),
    create("a text for a switch", { name: "x", active: "true" }, /active/),
    create("null for what is required", { name: null }, /name: is required/),
    create("bytes that are none", { name: "x", image: "$$$" }, /image/),
    create("all errors at once", { nope: 1, price: "a", active: 2 }, /nope.*; price.*; active.*; name|name.*/s),
    {
      name: "a code that is taken",
      path: "/api/create/Country",
      body: { name: "x", code: "DE" },
      status: 400,
      says: /code/,
    },
    {
      name: "lines that are not there",
      path: "/api/create/Category",
      body: { name: "x", products: [999_999_999] },
      status: 400,
      says: /products/,
    },
  ]);
  test("each wrong field is listed with its place", async () => {
    const answer = await send({ name: "", path: "/api/create/Product", body: { nope: 1, price: "a" }, status: 400 });
    const fields = answer.json.fields as readonly { path: string }[];
    expect(fields.map(({ path }) => path).sort()).toEqual(["name", "nope", "price"]);
  });
});

describe("filters, orders and paths", () => {
  const filter = (name: string, q_filter: unknown, status = 400): Row => ({ name, body: { q_filter }, status });
  check([
    filter("a call", "Q(name__eq=().__class__)"),
    filter("code", "Q(name=process.exit())"),
    filter("a template", "Q(name=`1`)"),
    filter("a comment", "Q(name='a') -- x"),
    filter("an empty text", ""),
    filter("an unknown field", "Q(nope=1)"),
    filter("a secret", "Q(create_uid__password__startswith='$')"),
    filter("NUL", "Q(name='a\0b')"),
    filter("half of a surrogate pair", "Q(name='\ud800')"),
    filter("an impossible day", "Q(created_date__gte='2024-02-30')"),
    filter("the year zero", "Q(created_date__gte='0000-01-01')"),
    filter("a year beyond all calendars", "Q(created_date__gte='275760-09-13')"),
    filter("24 o'clock", "Q(created_date__gte='2024-01-01T24:00:00Z')"),
    filter("a leap second", "Q(created_date__gte='2016-12-31T23:59:60Z')"),
    filter("a number beyond all doubles, which an exact price could be", "Q(price__gt=1e400)", 200),
    filter("a text for a number", "Q(price__gt='a')"),
    filter("an id beyond all ids", "Q(id=9223372036854775808)"),
    filter("a wildcard matches itself", "Q(name__contains='%')", 200),
    filter("another wildcard", "Q(name__contains='_')", 200),
    filter("a backslash", "Q(name__contains='\\\\')", 200),
    filter("quotes and placeholders", `Q(name="'; drop table product; -- $1 ? :: ")`, 200),
    filter("ten thousand levels", `${"Q(".repeat(10_000)}${")".repeat(10_000)}`),
    filter("fifty thousand terms", Array(50_000).fill("Q(id=1)").join("|")),
    filter("a list of a hundred thousand", `Q(id__in=[${Array(100_000).fill(1)}])`),
    { name: "SQL as an order", body: { order_by: ["name; drop table product"] }, status: 400 },
    { name: "a subquery as an order", body: { order_by: ["(select pg_sleep(5))"] }, status: 400 },
    { name: "a secret as an order", body: { order_by: ["create_uid.password ASC"] }, status: 400 },
    { name: "a direction that is none", body: { order_by: ["name UP"] }, status: 400 },
    { name: "quotes in a field", body: { fields: [`name" from "user`] }, status: 400 },
    { name: "an alias", body: { fields: ["p:name"] }, status: 400 },
    { name: "an endless path", body: { fields: [Array(50).fill("category").join(".")] }, status: 400 },
    { name: "too many fields", body: { fields: Array(5000).fill("name") }, status: 400 },
    { name: "an empty field in a text", body: { fields: "id,,name" }, status: 400, says: /fields\[1\]/ },
    { name: "a relation that is none", path: "/api/fetch/Product/2", body: { related: ["name"] }, status: 400 },
    {
      name: "a JSON filter in a URL",
      method: "GET",
      path: `${QUERY}?q_filter=${encodeURIComponent('{"id":2}')}`,
      status: 200,
    },
    {
      name: "a broken JSON filter in a URL",
      method: "GET",
      path: `${QUERY}?q_filter=%7B`,
      status: 400,
      says: /not valid JSON/,
    },
  ]);
});

describe("headers", () => {
  const update = (name: string, ifMatch: string, status: number): Row => {
    const row = { method: "PUT", path: "/api/update/Product/3", body: {}, headers: { "if-match": ifMatch } };
    return { name: `If-Match ${name}`, ...row, status };
  };
  check([
    update("that holds", '"1"', 200),
    update("for any version", "*", 200),
    update("of another version", '"99"', 412),
    update("without quotes", "1", 400),
    update("that is weak", 'W/"1"', 400),
    update("of a list", '"1", "2"', 400),
    update("of a text", '"abc"', 400),
    update("of zero", '"0"', 400),
    update("beyond all numbers", '"99999999999999999"', 400),
    update("that is empty", "", 400),
    { ...update("for many records", '"1"', 400), path: "/api/bulk-update/Product", body: { ids: [3], values: {} } },
    { ...update("for a new record", '"1"', 400), method: "POST", path: "/api/create/Product", body: { name: "New" } },
    { ...update("of a reader", '"1"', 400), method: "GET", path: "/api/get_registry", body: undefined },
  ]);
  const ids: readonly (readonly [given: string, kept: boolean])[] = [
    ["abc-1.2_X", true],
    ["x".repeat(64), true],
    ["x".repeat(65), false],
    ["a b", false],
    ["<script>", false],
    ["", false],
  ];
  test.each(ids)("X-Request-Id %j", async (given, kept) => {
    for (const path of [QUERY, "/nowhere", "/%"]) {
      const answer = await send({ name: given, path, body: {}, headers: { "x-request-id": given }, status: 0 });
      expect(answer.headers["x-request-id"] === given).toBe(kept);
      expect(answer.headers["x-request-id"]).toMatch(/^[\w.-]{1,64}$/);
    }
  });
});

judge(80);
