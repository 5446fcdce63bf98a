/** How each PostgreSQL type arrives, and what is sent for each JavaScript value. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import type { SqlValue } from "../sql/value.ts";
import { ConstraintViolation } from "./error-code.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const value = async (expression: string, values: readonly SqlValue[] = []) => {
  const [row] = await test.database.rows<{ v: unknown }>({ text: `SELECT ${expression} AS v`, values });
  return row?.v;
};

describe("values that arrive", () => {
  it.each<[string, unknown]>([
    ["NULL::int", null],
    ["true", true],
    ["42::smallint", 42],
    ["(-2147483648)::int", -2147483648],
    ["9007199254740991::bigint", Number.MAX_SAFE_INTEGER],
    ["1.50::numeric(10,2)", "1.50"],
    ["'NaN'::numeric", "NaN"],
    ["0.1::float8", 0.1],
    ["'Infinity'::float8", Number.POSITIVE_INFINITY],
    ["'2024-02-29'::date", "2024-02-29"],
    ["'2024-01-01 10:00:00'::timestamp", "2024-01-01 10:00:00"],
    ["'2024-01-01 10:00:00.123456+02'::timestamptz", "2024-01-01 08:00:00.123456+00"],
    ["'{\"a\": [1, null]}'::jsonb", { a: [1, null] }],
    ["'null'::json", null],
    ["'\\x00ff'::bytea", Buffer.from([0, 255])],
    ["'a\"b\\c'::text", 'a"b\\c'],
    ["ARRAY[1, NULL, 3]::int[]", [1, null, 3]],
    [
      "ARRAY[[1,2],[3,4]]::bigint[]",
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["ARRAY['a,b', NULL, 'NULL', '']::text[]", ["a,b", null, "NULL", ""]],
    ["ARRAY['1.10']::numeric[]", ["1.10"]],
    ["ARRAY['{\"a\":1}']::jsonb[]", [{ a: 1 }]],
    ["ARRAY['2024-02-29']::date[]", ["2024-02-29"]],
    ["'1 day'::interval", "1 day"],
    ["'(1,2)'::point", "(1,2)"],
    ["current_setting('TimeZone')", "UTC"],
    ["current_setting('jit')", "off"],
    ["current_setting('application_name')", "fullfinity"],
    ["current_setting('transaction_isolation')", "read committed"],
    ["current_setting('client_encoding')", "UTF8"],
    ["current_setting('statement_timeout')", "30s"],
  ])("%s", async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  it.each(["9007199254740992::bigint", "ARRAY[-9007199254740992]::bigint[]"])(
    "%s is refused, not rounded, and the database goes on",
    async (expression) => {
      await expect(value(expression)).rejects.toThrow("outside the range of exact numbers");
      expect(await value("1")).toBe(1);
    },
  );
});

describe("values that are sent", () => {
  it.each<[string, string, SqlValue, unknown]>([
    ["text", "$1::text", "a'b\\c\"🙂", "a'b\\c\"🙂"],
    ["null", "$1::text", null, null],
    ["number", "$1::int", 7, 7],
    ["boolean", "$1::bool", false, false],
    ["bytes", "$1::bytea", new Uint8Array([0, 1, 255]), Buffer.from([0, 1, 255])],
    ["list of integers", "$1::int[]", [3, 1], [3, 1]],
    ["empty list", "cardinality($1::int[])", [], 0],
    ["list of texts", "$1::text[]", ["a,b", '"', "\\", "NULL", null], ["a,b", '"', "\\", "NULL", null]],
  ])("%s", async (_label, expression, sent, expected) => {
    expect(await value(expression, [sent])).toEqual(expected);
  });

  it("refuses a NUL as a bad value", async () => {
    const refused = await value("$1::text", ["a\0b"]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConstraintViolation);
    expect(refused).toMatchObject({ kind: "value" });
  });
});
