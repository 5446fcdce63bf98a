/** Conversion between the units that are shipped, and between any units at all. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type ConvertibleUnit, convertQuantity } from "./uom-conversion.ts";

interface Entry {
  readonly data_type: string;
  readonly identifier: string;
  readonly values: {
    readonly name: string;
    readonly category: string;
    readonly factor: string;
    readonly rounding: string;
  };
}

const entries = parse(readFileSync(new URL("data/units.yaml", import.meta.url), "utf8")) as readonly Entry[];
const categories = entries.filter(({ data_type }) => data_type === "UoMCategory");
const units: ReadonlyMap<string, ConvertibleUnit> = new Map(
  entries
    .filter(({ data_type }) => data_type === "UoM")
    .map(({ identifier, values: { name, category, factor, rounding } }) => {
      const index = categories.findIndex((each) => each.identifier === category);
      return [
        identifier,
        { name, factor, rounding, category: { id: index + 1, display_name: categories[index]?.values.name ?? "" } },
      ];
    }),
);

function shipped(identifier: string): ConvertibleUnit {
  const unit = units.get(identifier);
  if (unit === undefined) throw new Error(`no unit ${identifier}; there are ${[...units.keys()].join(", ")}`);
  return unit;
}

const unit = (factor: string, rounding: string): ConvertibleUnit => ({
  name: `x${factor}`,
  factor,
  rounding,
  category: { id: 1, display_name: "Any" },
});

test.each([
  ["1", "uom_dozen", "uom_unit", "12"],
  ["30", "uom_unit", "uom_dozen", "3"],
  ["29", "uom_unit", "uom_dozen", "2"],
  ["-30", "uom_unit", "uom_dozen", "-3"],
  ["2.5", "uom_kg", "uom_kg", "2.5"],
  [0, "uom_kg", "uom_kg", "0"],
])("%s %s is %s: %s", (quantity, from, to, expected) => {
  expect(convertQuantity(quantity, shipped(from), shipped(to))).toBe(expected);
});

test.each([
  ["1", unit("0.45359237", "0.01"), unit("1", "0.001"), "0.454"],
  ["1", unit("1", "1"), unit("3", "0.01"), "0.33"],
  ["0.125", unit("1", "1"), unit("1", "0.05"), "0.15"],
  ["-0.125", unit("1", "1"), unit("1", "0.05"), "-0.15"],
  ["123456789012.123456", unit("1.000000000001", "1"), unit("1", "0.000001"), "123456789012.246913"],
  ["1", unit("0.000000000001", "1"), unit("1", "0.01"), "0"],
  ["1e3", unit("1", "1"), unit("1", "1"), "1000"],
])("%s of %o is %o: %s", (quantity, from, to, expected) => {
  expect(convertQuantity(quantity, from, to)).toBe(expected);
});

test("units of different categories do not convert", () => {
  const convert = () => convertQuantity(1, shipped("uom_kg"), shipped("uom_unit"));
  expect(convert).toThrow(
    "Kilogram (Weight) cannot be converted to Unit (Unit): they are units of different categories",
  );
  expect(convert).toThrow(expect.objectContaining({ name: "UserError" }));
});

test("there and back again differs by no more than both roundings", () => {
  const pairs = [...units.values()].flatMap((from) =>
    [...units.values()].filter((to) => to.category.id === from.category.id).map((to) => [from, to] as const),
  );
  fc.assert(
    fc.property(fc.constantFrom(...pairs), fc.integer({ min: -100_000, max: 100_000 }), ([from, to], quantity) => {
      const back = Number(convertQuantity(convertQuantity(quantity, from, to), to, from));
      const bound = (Number(to.rounding) / 2) * (Number(to.factor) / Number(from.factor)) + Number(from.rounding) / 2;
      expect(Math.abs(back - quantity)).toBeLessThanOrEqual(bound * (1 + 1e-9));
    }),
  );
});
