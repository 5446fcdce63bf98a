/** The filters of groups, as text. */
import { expect, test } from "vitest";
import { clubModule } from "../../test/fixtures/club-registry.ts";
import { filterModule } from "../../test/fixtures/filter-registry.ts";
import { composeRegistry } from "../models/compose.ts";
import { modelOf } from "../models/model.ts";
import { parseFilter } from "../q/parse-filter.ts";
import { groupFilterWriter } from "./group-filter.ts";
import { resolveGroupKeys } from "./group-key.ts";
import { unrestricted } from "./scope.ts";

const registry = composeRegistry([filterModule, clubModule]);

function write(model: string, keys: string[], texts: (string | null)[], filter: string | null, timeZone: string) {
  const resolved = resolveGroupKeys(unrestricted(registry), modelOf(registry, model), keys);
  return groupFilterWriter(filter === null ? null : parseFilter(filter).q, resolved, timeZone)(texts);
}

test.each<
  [name: string, model: string, keys: string[], texts: (string | null)[], filter: string | null, expected: string]
>([
  ["no key and no filter", "Product", [], [], null, "Q()"],
  ["no key", "Product", [], [], "Q(id=1) | Q(id=cid)", "Q(id__eq=1) | Q(id__eq=cid)"],
  ["the filter that is always true", "Product", ["id"], ["7"], "Q()", "Q(id__eq=7)"],
  ["after and", "Product", ["id"], ["7"], "Q(id=1) & Q(id=2)", "Q(id__eq=1) & Q(id__eq=2) & Q(id__eq=7)"],
  ["after or", "Product", ["id"], ["7"], "Q(id=1) | Q(id=2)", "(Q(id__eq=1) | Q(id__eq=2)) & Q(id__eq=7)"],
  ["after not", "Product", ["id"], ["7"], "~(Q(id=1) | Q(id=2))", "~(Q(id__eq=1) | Q(id__eq=2)) & Q(id__eq=7)"],
  [
    "relations by id",
    "Product",
    ["category.parent", "tags"],
    ["5", null],
    null,
    "Q(category__parent__eq=5, tags__isnull=True)",
  ],
  ["texts", "Product", ["name", "code"], ["it's \\ \n", ""], null, String.raw`Q(name__eq='it\'s \\ \n', code__eq='')`],
  ["truth", "Product", ["active"], ["false"], null, "Q(active__eq=False)"],
  [
    "decimals beyond doubles",
    "Product",
    ["price"],
    ["12345678901234567.89"],
    null,
    "Q(price__eq=12345678901234567.89)",
  ],
  ["doubles", "Person", ["weight"], ["1e+25"], null, "Q(weight__eq=1e+25)"],
  ["days", "Product", ["released"], ["2024-02-29"], null, "Q(released__eq='2024-02-29')"],
  [
    "days of a date",
    "Product",
    ["released__day"],
    ["2024-02-29"],
    null,
    "Q(released__gte='2024-02-29', released__lt='2024-03-01')",
  ],
  [
    "weeks of a date",
    "Product",
    ["released__week"],
    ["2024-12-30"],
    null,
    "Q(released__gte='2024-12-30', released__lt='2025-01-06')",
  ],
  [
    "quarters of a date",
    "Product",
    ["released__quarter"],
    ["2024-10-01"],
    null,
    "Q(released__gte='2024-10-01', released__lt='2025-01-01')",
  ],
  ["the last year of a date", "Product", ["released__year"], ["9999-01-01"], null, "Q(released__gte='9999-01-01')"],
  ["no date", "Product", ["updated__month"], [null], null, "Q(updated__isnull=True)"],
  [
    "months in a zone",
    "Product",
    ["updated__month"],
    ["2024-03-01"],
    null,
    "Q(updated__gte='2024-02-29T23:00:00.000Z', updated__lt='2024-03-31T22:00:00.000Z')",
  ],
])("%s", (_name, model, keys, texts, filter, expected) => {
  const text = write(model, keys, texts, filter, "Europe/Berlin");
  expect(text).toBe(expected);
  expect(() => parseFilter(text)).not.toThrow();
});
