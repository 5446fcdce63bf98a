/** Which changes of a column's type lose nothing. */
import { expect, it } from "vitest";
import { isWidening } from "./widening.ts";

const rows: [from: string, to: string, widening: boolean][] = [
  ["smallint", "integer", true],
  ["integer", "bigint", true],
  ["bigint", "integer", false],
  ["integer", "numeric", true],
  ["integer", "double precision", true],
  ["bigint", "double precision", false],
  ["integer", "numeric(5,2)", false],
  ["numeric", "integer", false],
  ["numeric(12,2)", "numeric", true],
  ["numeric(12,2)", "numeric(14,2)", true],
  ["numeric(12,2)", "numeric(14,4)", true],
  ["numeric(12,2)", "numeric(12,4)", false],
  ["numeric(12,2)", "numeric(14,1)", false],
  ["numeric", "numeric(12,2)", false],
  ["character varying(64)", "character varying(128)", true],
  ["character varying(64)", "character varying(63)", false],
  ["character varying(9)", "character varying(10)", true],
  ["character varying(64)", "text", true],
  ["character varying", "text", true],
  ["text", "character varying(64)", false],
  ["timestamp(3) with time zone", "timestamp(6) with time zone", true],
  ["timestamp(3) with time zone", "timestamp with time zone", true],
  ["timestamp(6) with time zone", "timestamp(3) with time zone", false],
  ["timestamp with time zone", "date", false],
  ["date", "timestamp with time zone", false],
  ["text", "jsonb", false],
  ["boolean", "integer", false],
];

it.each(rows)("%s -> %s: %s", (from, to, widening) => {
  expect(isWidening(from, to)).toBe(widening);
});
