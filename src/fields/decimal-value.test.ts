/** Decimals against big.js and against PostgreSQL's own numeric: exact, and rounded half away from zero. */
import Big from "big.js";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { parseDecimal } from "./decimal-value.ts";
import { ValueProblem } from "./field.ts";

let place: TestDatabase;
beforeAll(async () => {
  place = await createTestDatabase();
});
afterAll(() => place.drop());

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
/** Numerals below the limit, with and without a fraction, an exponent, or a tie at the end. */
const numeral = fc
  .tuple(
    fc.constantFrom("", "-", "+"),
    digits(20),
    fc.option(digits(20)),
    fc.constantFrom("", "5", "50"),
    fc.integer({ min: -9, max: 3 }),
  )
  .map(([sign, whole, fraction, tie, exponent]) => {
    const text = fraction === null ? `${sign}${whole}` : `${sign}${whole}.${fraction}${tie}`;
    return exponent === 0 ? text : `${text}e${exponent}`;
  });
const scale = fc.integer({ min: 0, max: 12 });

test("rounding is that of PostgreSQL's numeric", async () => {
  const samples = fc.sample(fc.tuple(numeral, scale), 2000);
  const rows = await place.database.rows<{ rounded: string }>({
    text: `select round(value::numeric, scale)::text as rounded
      from unnest($1::text[], $2::int[]) with ordinality as given(value, scale, place) order by place`,
    values: [samples.map(([value]) => value), samples.map(([, digitsAfter]) => digitsAfter)],
  });
  expect(samples.map(([value, digitsAfter]) => parseDecimal(value, digitsAfter))).toEqual(
    rows.map((row) => row.rounded),
  );
});

test("without a scale nothing is lost", () => {
  fc.assert(
    fc.property(numeral, (text) => {
      expect(new Big(parseDecimal(text, null)).eq(new Big(text.replace("+", "")))).toBe(true);
    }),
  );
});

test("a JSON number gives what its decimal text gives, or is refused", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e18, max: 1e18 }),
      scale,
      (value, digitsAfter) => {
        let parsed: string;
        try {
          parsed = parseDecimal(value, digitsAfter);
        } catch (error) {
          expect(error).toBeInstanceOf(ValueProblem);
          return;
        }
        const exact = new Big(String(value)).round(digitsAfter, Big.roundHalfUp);
        expect(new Big(parsed).eq(exact)).toBe(true);
        expect(parsed).toMatch(digitsAfter === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digitsAfter}}$`));
        expect(parsed).not.toMatch(/^-0(\.0*)?$/);
      },
    ),
  );
});

test("a JSON number that has lost digits of its text on the way is refused", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 10n ** 15n, max: 10n ** 24n - 1n }), (cents) => {
      const text = `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
      const value: unknown = JSON.parse(text);
      let parsed: string;
      try {
        parsed = parseDecimal(value, 2);
      } catch (error) {
        expect(error).toBeInstanceOf(ValueProblem);
        return;
      }
      expect(parsed).toBe(text);
    }),
  );
});
