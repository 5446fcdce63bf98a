/** Requests that are wrong in every way that comes to mind: each gets an error that says what is wrong, and none harms the server. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { BODY_LIMIT, QUERY, type Row, startCorpus } from "../support/corpus.ts";

const { api, check, judge } = startCorpus();

describe("bodies", () => {
  const text = (name: string, body: string | Buffer, status = 400, says?: RegExp): Row =>
    says === undefined ? { name, body, status } : { name, body, status, says };
  check([
    text("empty", "", 400, /empty/),
    { name: "none, where none is needed", status: 200 },
    { name: "none, where one is needed", path: "/api/create/Product", status: 400, says: /body is required/ },
    text("null", "null", 400, /must be an object, not null/),
    text("a list", "[]", 400, /must be an object, not a list/),
    text("a number", "1", 400, /must be an object/),
    text("cut off", '{"limit":1', 400, /not valid JSON/),
    text("a comma too many", '{"limit":1,}', 400, /not valid JSON/),
    text("comments", '{"limit":1 /* one */}', 400, /not valid JSON/),
    text("single quotes", "{'limit':1}", 400, /not valid JSON/),
    text("NaN", '{"limit":NaN}', 400, /not valid JSON/),
    text("two values", "{}{}", 400, /not valid JSON/),
    text("a member twice", '{"limit":1,"limit":2}', 400, /limit: is given twice/),
    text("a byte order mark", "\uFEFF{}", 400, /not valid JSON/),
    text("UTF-16", Buffer.from('{"limit":1}', "utf16le"), 400),
    text("Latin-1", Buffer.from('{"q_filter":"é"}', "latin1"), 400, /UTF-8/),
    text("a hundred thousand lists", "[".repeat(100_000), 400, /deeper/),
    text("a hundred thousand objects", '{"a":'.repeat(100_000), 400, /deeper/),
    text("larger than the limit", `{"q_filter":"${"x".repeat(BODY_LIMIT)}"}`, 413, /at most 1048576 bytes/),
    {
      name: "plain text",
      body: "{}",
      headers: { "content-type": "text/plain" },
      status: 415,
      says: /application\/json/,
    },
    { name: "a form", body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" }, status: 415 },
    {
      name: "XML",
      body: "<a/>",
      headers: { "content-type": "application/xml" },
      status: 415,
      says: /"application\/xml"/,
    },
    { name: "a broken media type", body: "{}", headers: { "content-type": "json" }, status: 415 },
    {
      name: "another charset in the header",
      body: "{}",
      headers: { "content-type": "application/json; charset=utf-8" },
      status: 200,
    },
    {
      name: "compressed",
      body: gzipSync("{}"),
      headers: { "content-encoding": "gzip" },
      status: 415,
      says: /compressed/,
    },
    { name: "with GET", method: "GET", body: { q_filter: "Q()" }, status: 400, says: /takes no body/ },
    {
      name: "with DELETE",
      method: "DELETE",
      path: "/api/delete/Product/1",
      body: {},
      status: 400,
      says: /takes no body/,
    },
  ]);
});

describe("hostile names", () => {
  const names = ["constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];
  const everywhere = (name: string): Row[] => [
    { name: `${name} as a member of a query`, body: { [name]: 1 }, status: 400, says: new RegExp(name) },
    { name: `${name} as a field to read`, body: { fields: [name] }, status: 400, says: new RegExp(name) },
    { name: `${name} in an order`, body: { order_by: [`${name} ASC`] }, status: 400 },
    { name: `${name} in a filter`, body: { q_filter: `Q(${name}=1)` }, status: 400 },
    { name: `${name} in a JSON filter`, body: { q_filter: { [name]: 1 } }, status: 400 },
    { name: `${name} as a lookup`, body: { q_filter: `Q(name__${name}=1)` }, status: 400 },
    { name: `${name} as a model`, path: `/api/query/${name}`, body: {}, status: 404 },
    { name: `${name} as a model of the registry`, method: "GET", path: `/api/get_registry/${name}`, status: 404 },
    {
      name: `${name} as a field to write`,
      path: "/api/create/Product",
      body: { name: "x", [name]: {} },
      status: 400,
      says: new RegExp(name),
    },
    { name: `${name} as a parameter`, method: "GET", path: `${QUERY}?${name}=1`, status: 400, says: new RegExp(name) },
  ];
  check(names.flatMap(everywhere));
  check([
    { name: "__proto__ in a query", body: '{"__proto__":{"limit":1}}', status: 400, says: /__proto__/ },
    { name: "__proto__ in a JSON filter", body: '{"q_filter":{"__proto__":1}}', status: 400, says: /__proto__/ },
    {
      name: "__proto__ among values",
      path: "/api/create/Product",
      body: '{"name":"x","__proto__":{"a":1}}',
      status: 400,
      says: /__proto__/,
    },
    {
      name: "__proto__ in a reference",
      path: "/api/create/Product",
      body: '{"name":"x","category":{"__proto__":{"id":1}}}',
      status: 400,
    },
    { name: "__proto__ as a model", path: "/api/query/__proto__", body: {}, status: 404 },
    { name: "__proto__ as a parameter", method: "GET", path: `${QUERY}?__proto__=1`, status: 400, says: /__proto__/ },
  ]);
  test("nothing has been polluted", () => {
    expect(({} as Record<string, unknown>).limit).toBeUndefined();
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("pages", () => {
  const page = (body: object, status: number): Row => ({ name: JSON.stringify(body), body, status });
  check([
    page({ limit: 0 }, 200),
    page({ limit: 10_000 }, 200),
    page({ limit: 10_001 }, 400),
    page({ limit: -1 }, 400),
    page({ limit: 1e9 }, 400),
    page({ limit: 1.5 }, 400),
    page({ limit: "10" }, 400),
    page({ limit: null }, 400),
    page({ limit: true }, 400),
    page({ limit: [] }, 400),
    page({ offset: -1 }, 400),
    page({ offset: 9e15 }, 200),
    page({ offset: 9e18 }, 400),
    page({ offset: "0" }, 400),
    page({ count: "all" }, 400),
    page({ group_by: null }, 200),
    page({ group_by: ["category"] }, 200),
    page({ group_by: "category" }, 200),
    page({ group_by: [] }, 200),
    page({ group_by: [1] }, 400),
    page({ group_by: ["nope"] }, 400),
    page({ group_by: ["category"], fields: ["id"] }, 400),
    page({ group_by: ["category"], cursor: "x" }, 400),
    page({ having: "Q(count__gt=1)" }, 400),
    page({ aggregates: ["price__sum"] }, 200),
    page({ aggregates: ["price__median"] }, 400),
    page({ cursor: "x" }, 400),
    page({ cursor: "" }, 400),
    page({ cursor: "A".repeat(100) }, 400),
    page({ cursor: 5 }, 400),
    page({ count: "estimated" }, 200),
    { name: "limit=10 in a URL", method: "GET", path: `${QUERY}?limit=10`, status: 200 },
    ...["-1", "1e3", "1.5", "0x10", " 1", "1 ", "", "NaN", "99999999999999999999"].map((limit): Row => {
      const path = `${QUERY}?limit=${encodeURIComponent(limit)}`;
      return { name: `limit=${JSON.stringify(limit)} in a URL`, method: "GET", path, status: 400, says: /limit/ };
    }),
    {
      name: "limit twice in a URL",
      method: "GET",
      path: `${QUERY}?limit=1&limit=2`,
      status: 400,
      says: /limit: is given twice/,
    },
    { name: "an unknown parameter", method: "GET", path: `${QUERY}?page=2`, status: 400, says: /page: is not known/ },
    { name: "a parameter with POST", path: `${QUERY}?limit=2`, body: {}, status: 400, says: /limit: is not known/ },
    {
      name: "a parameter that cannot be decoded",
      method: "GET",
      path: `${QUERY}?q_filter=%ff`,
      status: 400,
      says: /decoded/,
    },
    { name: "a method override in the URL", path: `${QUERY}?_method=DELETE`, body: {}, status: 400, says: /_method/ },
  ]);
});

describe("ids", () => {
  const ids: readonly (readonly [id: string, status: number])[] = [
    ["999999", 404],
    ["2147483648", 404],
    ["9007199254740991", 404],
    ["9007199254740993", 404],
    ["9223372036854775808", 404],
    ["9".repeat(90), 404],
    ["9".repeat(200), 404],
    ["0", 400],
    ["-1", 400],
    ["+1", 400],
    ["01", 400],
    ["1.5", 400],
    ["1e3", 400],
    ["0x1", 400],
    ["1%20", 400],
    ["%00", 400],
    ["true", 400],
    ["null", 400],
    ["[]", 400],
    ["１", 400],
    ["1;drop table product", 400],
    ["1'", 400],
    ["%ff", 400],
    ["%", 400],
  ];
  check(
    ids.flatMap(([id, status]): Row[] => {
      const path = (endpoint: string) => `/api/${endpoint}/Product/${id.includes("%") ? id : encodeURIComponent(id)}`;
      return [
        { name: `fetch ${id.slice(0, 30)}`, path: path("fetch"), body: {}, status },
        { name: `update ${id.slice(0, 30)}`, method: "PUT", path: path("update"), body: { name: "x" }, status },
        { name: `delete ${id.slice(0, 30)}`, method: "DELETE", path: path("delete"), status },
      ];
    }),
  );
});

describe("paths", () => {
  check([
    { name: "/API", path: "/API/query/Product", body: {}, status: 404 },
    { name: "a slash at the end", path: "/api/query/Product/", body: {}, status: 404 },
    { name: "two slashes", path: "//api/query/Product", body: {}, status: 404 },
    { name: "an encoded slash", path: "/api/query%2fProduct", body: {}, status: 404 },
    { name: "an encoded slash in a name", path: "/api/query/Product%2f", body: {}, status: 404 },
    { name: "a semicolon", path: "/api/query/Product;x=1", body: {}, status: 404 },
    { name: "a model in small letters", path: "/api/query/product", body: {}, status: 404, says: /"product"/ },
    { name: "a model's table", path: "/api/query/uom_category", body: {}, status: 404 },
    { name: "a model that is the kernel's own", path: "/api/query/RefreshToken", body: {}, status: 404 },
    { name: "a very long model", path: `/api/query/${"x".repeat(5000)}`, body: {}, status: 404 },
    { name: "a model with NUL", path: "/api/query/Prod%00uct", body: {}, status: 404 },
    { name: "no path at all", method: "GET", path: "/", status: 404 },
    { name: "malformed JSON to nowhere", path: "/api/nowhere", body: "{", status: 404 },
    {
      name: "GET of what is POST",
      method: "GET",
      path: "/api/create/Product",
      status: 405,
      header: ["allow", /^POST, OPTIONS$/],
    },
    {
      name: "PATCH of what is PUT",
      method: "PATCH",
      path: "/api/update/Product/1",
      body: {},
      status: 405,
      header: ["allow", /PUT/],
    },
    { name: "DELETE of a list", method: "DELETE", path: QUERY, status: 405, header: ["allow", /POST, GET, HEAD/] },
    { name: "malformed JSON with a wrong method", method: "PUT", path: QUERY, body: "{", status: 405 },
    { name: "OPTIONS", method: "OPTIONS", path: QUERY, status: 204, header: ["allow", /POST/] },
    {
      name: "a method override header",
      path: "/api/fetch/Product/2",
      body: {},
      headers: { "x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-http-method": "DELETE" },
      status: 200,
    },
  ]);
  test("the override has deleted nothing", async () => {
    expect((await api().call("POST", "/api/fetch/Product/2", {})).status).toBe(200);
  });
});

judge(200);
