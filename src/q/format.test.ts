/** Writing filters and their shapes: round trips, and which filters share a shape. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryQ } from "../../test/fixtures/arbitrary-q.ts";
import { filterModel } from "../../test/fixtures/filter-data.ts";
import { filterRows } from "../../test/fixtures/filter-rows.ts";
import { formatQ } from "./format.ts";
import { parseFilter } from "./parse-filter.ts";
import { parseQ } from "./parse-text.ts";
import { describeFilter, literalsOf, shapeOf } from "./shape.ts";
import { and, condition, group, not, or } from "./tree.ts";

describe("formatQ", () => {
  test.each([
    ["Q()", "Q()"],
    ["Q(active=true)", "Q(active__eq=True)"],
    ["Q( a.b = null , c__neq = None )", "Q(a__b__isnull=True, c__isnotnull=True)"],
    ["Q(contains=1)", "Q(contains__eq=1)"],
    [
      `Q(a__in=("x", 1e3, 1e-7, 12345678901234567890, uid, D('today'),))`,
      "Q(a__in=['x', 1000, 1e-7, 12345678901234567890, uid, D('today')])",
    ],
    ["~(Q(a=1)|Q(b=2))&~~Q()", "~(Q(a__eq=1) | Q(b__eq=2)) & ~~Q()"],
    ["Q(a=1) & (Q(b=2) | Q(c=3) & Q(d=4))", "Q(a__eq=1) & (Q(b__eq=2) | (Q(c__eq=3) & Q(d__eq=4)))"],
    [String.raw`Q(a="it's \"\\\n\r\t\u0001\u007f é😀")`, String.raw`Q(a__eq='it\'s "\\\n\r\t\u0001\u007f é😀')`],
  ])("%s", (text, formatted) => {
    expect(formatQ(parseQ(text))).toBe(formatted);
    expect(formatQ(parseQ(formatted))).toBe(formatted);
  });

  test("what is written parses to the same tree", () => {
    fc.assert(
      fc.property(arbitraryQ(filterModel, "Product"), (q) => {
        expect(parseQ(formatQ(q))).toEqual(q);
      }),
      { numRuns: 2000 },
    );
  });

  test("every text and number comes back", () => {
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(value, (raw) => {
        fc.pre(typeof raw !== "string" || !raw.includes("\0"));
        fc.pre(typeof raw !== "number" || !Number.isInteger(raw) || Number.isSafeInteger(raw));
        const { q } = parseFilter({ a__eq: raw });
        expect(parseQ(formatQ(q))).toEqual(q);
      }),
      { numRuns: 2000 },
    );
  });

  test("an empty and holds always, an empty or never", () => {
    expect(and([])).toEqual(group([]));
    expect(or([])).toEqual(not(group([])));
  });
});

describe("shape", () => {
  test.each([
    ["Q(a=1)", "Q(a='x')"],
    ["Q(a=1)", "Q(a__eq=D('today'))"],
    ["Q(a=True)", "Q(a=False)"],
    ["Q(a.b=1)", "Q(a__b__eq=uid)"],
    ["Q(a__in=[1])", "Q(a__in=[1, 2, 3])"],
    ["Q(a__in=[])", "Q(a__in=cids)"],
    ["Q(a__in=[None])", "Q(a__in=[1, None])"],
    ["Q(a=None)", "Q(a__isnull=True)"],
    ["(Q(a=1) & Q(b=2)) & Q(c=3)", "Q(a=2) & (Q(b=3) & Q(c=4))"],
  ])("%s and %s share one", (left, right) => {
    expect(parseFilter(left).shape).toBe(parseFilter(right).shape);
  });

  test("these have one each", () => {
    const texts = [
      "Q()",
      "~Q()",
      "~~Q()",
      "Q(a=1)",
      "Q(b=1)",
      "Q(a_b=1)",
      "Q(a__b=1)",
      "Q(a__gt=1)",
      "Q(a=None)",
      "Q(a__isnull=False)",
      "Q(a__isnotnull=True)",
      "Q(a__in=[1])",
      "Q(a__in=[1, None])",
      "Q(a__nin=[1])",
      "Q(a=1, b=2)",
      "Q(b=2, a=1)",
      "Q(a=1) & Q(b=2)",
      "Q(a=1) | Q(b=2)",
      "~(Q(a=1) & Q(b=2))",
      "~Q(a=1) & Q(b=2)",
      "Q(a=1) & ~Q(b=2)",
      "(Q(a=1) | Q(b=2)) & Q(c=3)",
      "Q(a=1) | (Q(b=2) & Q(c=3))",
      "(Q(a=1) | Q(b=2) & Q(c=3)) & Q()",
    ];
    expect(new Set(texts.map((text) => parseFilter(text).shape)).size).toBe(texts.length);
  });

  test("values are not in it", () => {
    for (const { filter } of filterRows) {
      expect(parseFilter(filter).shape).toMatch(/^[Q()&|~a-z0-9_.:=,]*$/);
      expect(parseFilter("Q(a='secret', b__in=['secret'], c=31337)").shape).not.toMatch(/secret|31337/);
    }
  });

  test("equal shapes with equal values are equal filters", () => {
    fc.assert(
      fc.property(arbitraryQ(filterModel, "Product"), arbitraryQ(filterModel, "Product"), (left, right) => {
        const isSame = formatQ(left) === formatQ(right);
        const first = describeFilter(left);
        const second = describeFilter(right);
        const hasSameKey =
          first.shape === second.shape && JSON.stringify(first.literals) === JSON.stringify(second.literals);
        expect(hasSameKey).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });

  test("one value for each condition, in the order of the tree", () => {
    const filter = "Q(a=1, b__isnull=False) & ~(Q(c__in=[1, None]) | Q(d=None)) & Q(e='x')";
    expect(literalsOf(parseQ(filter))).toEqual([1, false, [1, null], true, "x"]);
    expect(parseFilter(filter).literals).toEqual(literalsOf(parseQ(filter)));
    expect(parseFilter(filter).shape).toBe(shapeOf(parseQ(filter)));
    expect(shapeOf(group([condition(["a", "b"], "gte", 5)]))).toBe("Q(a.b:gte=s,)");
  });
});
