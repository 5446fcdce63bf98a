/** The JSON form: the same trees as the text form, and the same limits and faults. */
import { describe, expect, test } from "vitest";
import { ValidationError } from "../errors.ts";
import { parseFilter } from "./parse-filter.ts";
import { parseQJson } from "./parse-json.ts";
import { parseQ } from "./parse-text.ts";

test.each<[json: unknown, text: string]>([
  [{}, "Q()"],
  [{ a: 1 }, "Q(a=1)"],
  [{ a: 1, b__gte: 2 }, "Q(a=1, b__gte=2)"],
  [{ and: [{ a: 1 }, { b: 2 }] }, "Q(a=1) & Q(b=2)"],
  [{ or: [{ a: 1 }, { b: 2 }] }, "Q(a=1) | Q(b=2)"],
  [{ and: [{ a: 1 }] }, "Q(a=1)"],
  [{ not: { a: 1 } }, "~Q(a=1)"],
  [{ a: 1, or: [{ b: 2 }, { c: 3 }] }, "Q(a=1, Q(b=2) | Q(c=3))"],
  [{ or: [{ b: 2 }, { c: 3 }], a: 1 }, "Q(a=1) & (Q(b=2) | Q(c=3))"],
  [{ and: [{ and: [{ a: 1 }, { b: 2 }] }, { c: 3 }] }, "Q(a=1) & Q(b=2) & Q(c=3)"],
  [{ and__eq: 1 }, "Q(and__eq=1)"],
  [{ "a.b": null }, "Q(a.b=None)"],
  [{ a__neq: null }, "Q(a__neq=None)"],
  [{ a: "uid" }, "Q(a='uid')"],
  [{ a: "D('today')" }, `Q(a="D('today')")`],
  [{ a: { name: "uid" } }, "Q(a=uid)"],
  [{ a__in: { name: "cids" } }, "Q(a__in=cids)"],
  [{ a__gte: { D: "today-7d" } }, "Q(a__gte=D('today-7d'))"],
  [{ a__in: [1, "x", null, true, { name: "uid" }, { D: "now" }] }, "Q(a__in=[1, 'x', None, True, uid, D('now')])"],
  [{ a: -0 }, "Q(a=0)"],
  [{ a: 0.1 + 0.2 }, "Q(a=0.30000000000000004)"],
  [{ a: 1e-7 }, "Q(a=1e-7)"],
  [
    JSON.parse('{"constructor": 1, "hasOwnProperty__eq": 2}', (key, value) =>
      key === "hasOwnProperty__eq" ? undefined : value,
    ),
    "Q(constructor=1)",
  ],
  [Object.assign(Object.create(null), { a: 1 }), "Q(a=1)"],
])("%j is %s", (json, text) => {
  expect(parseQJson(json)).toEqual(parseQ(text));
});

describe("faults say where and what", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.not = cyclic;
  test.each<[json: unknown, message: string]>([
    [null, 'Filter: expected an object such as {"active": true}, found null'],
    [[], 'Filter: expected an object such as {"active": true}, found a list'],
    [5, 'found number "5"'],
    [undefined, "found undefined"],
    [new Date(0), "found an object of another form"],
    [new Map([["a", 1]]), "found an object of another form"],
    [{ and: [] }, "Filter, at and: expected a list of at least one filter"],
    [{ or: [] }, "Filter, at or: expected a list of at least one filter"],
    [{ and: { a: 1 } }, "Filter, at and: expected a list"],
    [{ and: ["Q(a=1)"] }, 'Filter, at and[0]: expected an object such as {"active": true}, found the text "Q(a=1)"'],
    [{ not: [{ a: 1 }] }, "Filter, at not: expected an object"],
    [{ or: [{ a: 1 }, { not: { a__in: 5 } }] }, 'Filter, at or[1].not.a__in: "in" takes a list'],
    [{ or: [{ a: 1 }, null] }, "Filter, at or[1]: expected an object"],
    // biome-ignore lint/suspicious/noSparseArray: a hole must not be skipped
    [{ or: [{ a: 1 }, , { a: 1 }] }, "Filter, at or[1]: expected an object"],
    [{ Name: 1 }, '"Name" is not a path'],
    [{ "": 1 }, '"" is not a path'],
    [{ "a b": 1 }, '"a b" is not a path'],
    [{ "a\n": 1 }, "Filter, at a\\n:"],
    [{ toString: 1 }, '"toString" is not a path'],
    [JSON.parse('{"__proto__": {"a": 1}}'), '"__proto__" is not a path'],
    [JSON.parse('{"a": {"__proto__": "uid"}}'), "expected text, a number"],
    [{ a: { name: "password" } }, "expected text, a number"],
    [{ a: { name: "toString" } }, "expected text, a number"],
    [{ a: { name: "uid", D: "now" } }, "expected text, a number"],
    [{ a: { D: 5 } }, "expected text, a number"],
    [{ a: { D: "2024-02-30" } }, 'Filter, at a: D("2024-02-30"): there is no day 30 in 2024-02'],
    [{ a: {} }, "expected text, a number"],
    [{ a: undefined }, "expected text, a number"],
    [{ a: 10n }, "expected text, a number"],
    [{ a: Number.NaN }, "NaN is not a number that can be compared"],
    [{ a: Number.POSITIVE_INFINITY }, "Infinity is not a number that can be compared"],
    [{ a: 2 ** 53 }, "a whole number beyond 2^53 is not exact in JSON: send it as text"],
    [{ a: "\0" }, "Filter, at a: text must not contain the NUL character"],
    [{ a__in: ["x", "\ud800"] }, "Filter, at a__in[1]: text must not contain half of a surrogate pair"],
    [{ a__in: [[1]] }, "Filter, at a__in[0]: a list cannot contain a list"],
    [{ a__in: [{ name: "cids" }] }, "cids is a list already"],
    [{ a: [1] }, '"eq" takes one value'],
    [{ a__gt: null }, '"gt" cannot compare with None'],
    [cyclic, "deeper than 64 levels"],
  ])("%o", (json, message) => {
    expect(() => parseQJson(json)).toThrow(ValidationError);
    expect(() => parseQJson(json)).toThrow(message);
  });
});

describe("parseFilter takes either form", () => {
  test("text, JSON, JSON as text", () => {
    const { q } = parseFilter("Q(a__gte=1) | Q(b='x')");
    const json = { or: [{ a__gte: 1 }, { b: "x" }] };
    expect(parseFilter(json).q).toEqual(q);
    expect(parseFilter(JSON.stringify(json)).q).toEqual(q);
  });

  test.each([['{"a":'], ["{"], ["{a: 1}"], [`{"a": 1} x`], [""], [null], [5]])("%j is refused", (value) => {
    expect(() => parseFilter(value)).toThrow(ValidationError);
  });

  test("nothing leaks into prototypes", () => {
    expect(() => parseFilter('{"__proto__": {"polluted": true}}')).toThrow(ValidationError);
    expect(() => parseFilter('{"a": {"__proto__": {"polluted": true}}}')).toThrow(ValidationError);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
