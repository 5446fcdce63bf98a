/** The evaluator: the shared rows, its own rules, and laws that hold for every filter and all data. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryFilterData, arbitraryQ } from "../../test/fixtures/arbitrary-q.ts";
import {
  evaluationContext,
  filterData,
  filterModel,
  filterSession,
  linkedRecords,
} from "../../test/fixtures/filter-data.ts";
import { filterRows } from "../../test/fixtures/filter-rows.ts";
import { ValidationError } from "../errors.ts";
import { evaluateQ } from "./evaluate.ts";
import { type Lookup, lookupNames } from "./lookup.ts";
import { parseFilter } from "./parse-filter.ts";
import { parseQ } from "./parse-text.ts";
import { and, condition, group, not, or } from "./tree.ts";

const records = linkedRecords(filterData);

describe("rows that SQL answers alike", () => {
  test.each(filterRows)("$name", ({ model = "Product", filter, expect: ids }) => {
    const { q } = parseFilter(filter);
    const found = records[model].filter((record) => evaluateQ(q, record, evaluationContext(model)));
    expect(found.map(({ id }) => id)).toEqual(ids);
  });

  test("every lookup has rows", () => {
    const used = new Set<Lookup>();
    const collect = (q: ReturnType<typeof parseQ>): void => {
      if (q.kind === "group") for (const { lookup } of q.conditions) used.add(lookup);
      else if (q.kind === "not") collect(q.item);
      else q.items.forEach(collect);
    };
    for (const { filter } of filterRows) collect(parseFilter(filter).q);
    expect(lookupNames.filter((lookup) => !used.has(lookup))).toEqual([]);
  });
});

describe("without knowledge of the fields", () => {
  const plain = { names: {}, clock: filterSession.clock };
  test.each<[filter: string, record: Record<string, unknown>, result: boolean]>([
    ["Q(price=10)", { price: "10.00" }, true],
    ["Q(price__gt=9)", { price: "10.00" }, true],
    ["Q(count='10.0')", { count: 10 }, true],
    ["Q(code='10.00')", { code: "10.0" }, false],
    ["Q(name=5)", { name: "five" }, false],
    ["Q(name__neq=5)", { name: "five" }, true],
    ["Q(active=1)", { active: true }, false],
    ["Q(at='2024-06-15T14:00:00+02:00')", { at: "2024-06-15T12:00:00Z" }, true],
    ["Q(at__gte=D('2024-06-15'))", { at: "2024-06-14T22:00:00Z" }, true],
    ["Q(at__gte=D('2024-06-15'))", { at: "2024-06-14T21:59:59Z" }, false],
    ["Q(at__gt='2024-06-15')", { at: "2024-06-14T23:00:00Z" }, true],
    ["Q(at__gt='2024-06-15T00:00:00.000001Z')", { at: "2024-06-15T00:00:00.000002Z" }, true],
    ["Q(at=D('today'))", { at: "not a date" }, false],
    ["Q(contact=5)", { contact: { id: 5, display_name: "x" } }, true],
    ["Q(contact=5)", { contact: 5 }, true],
    ["Q(tags=5)", { tags: [4, 5] }, true],
    ["Q(tags__neq=5)", { tags: [4, 5] }, false],
    ["Q(lines__isnull=False)", { lines: [{ name: "not saved yet" }] }, true],
    ["Q(contact__isnull=False)", { contact: { name: "not saved yet" } }, true],
    ["Q(missing=None)", {}, true],
    ["Q(missing__name=None)", {}, true],
    ["Q(constructor=None)", {}, true],
    ["Q(contact__constructor__name=None)", { contact: {} }, true],
    ["Q(name__icontains='ΟΔΟΣ')", { name: "οδοσ" }, true],
    ["Q(name__istartswith='i')", { name: "İstanbul" }, true],
  ])("%s on %o is %s", (filter, record, result) => {
    expect(evaluateQ(parseQ(filter), record, plain)).toBe(result);
  });

  test.each([
    ["Q(id=uid)", { id: 1 }, "uid has no value here"],
    ["Q(name__first='x')", { name: "text" }, '"name__first" goes on behind "name"'],
    ["Q(tags__name='x')", { tags: [1] }, '"tags__name" goes on behind "tags"'],
  ])("%s fails", (filter, record, message) => {
    expect(() => evaluateQ(parseQ(filter), record, plain)).toThrow(ValidationError);
    expect(() => evaluateQ(parseQ(filter), record, plain)).toThrow(message);
  });
});

describe("laws", () => {
  const context = evaluationContext("Product");
  const pair = fc.tuple(arbitraryFilterData, arbitraryQ(filterModel, "Product"), arbitraryQ(filterModel, "Product"));

  test("not, and, or are those of two values", () => {
    fc.assert(
      fc.property(pair, ([data, left, right]) => {
        for (const record of linkedRecords(data).Product) {
          const first = evaluateQ(left, record, context);
          const second = evaluateQ(right, record, context);
          expect(evaluateQ(not(left), record, context)).toBe(!first);
          expect(evaluateQ(and([left, right]), record, context)).toBe(first && second);
          expect(evaluateQ(or([left, right]), record, context)).toBe(first || second);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each<[Lookup, Lookup, string[]]>([
    ["eq", "neq", ["code"]],
    ["eq", "neq", ["category", "name"]],
    ["eq", "neq", ["tags"]],
    ["in", "nin", ["code"]],
    ["in", "nin", ["tags"]],
  ])("%s and %s of %s are complements", (positive, negative, path) => {
    const values = path[0] === "tags" ? [1, 2, 3] : ["a", "A", "é", "%"];
    fc.assert(
      fc.property(arbitraryFilterData, fc.constantFrom<string | number>(...values), (data, value) => {
        const operand = positive === "in" ? [value] : value;
        for (const record of linkedRecords(data).Product) {
          const holds = evaluateQ(group([condition(path, positive, operand)]), record, context);
          expect(evaluateQ(group([condition(path, negative, operand)]), record, context)).toBe(!holds);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("filters select something and leave something out often enough to prove anything", () => {
    let selected = 0;
    let seen = 0;
    for (const [data, q] of fc.sample(pair, { numRuns: 300, seed: 1 })) {
      for (const record of linkedRecords(data).Product) {
        seen++;
        if (evaluateQ(q, record, context)) selected++;
      }
    }
    expect(selected / seen).toBeGreaterThan(0.15);
    expect(selected / seen).toBeLessThan(0.85);
  });
});
