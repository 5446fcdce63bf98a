/** Defaults as written and as PostgreSQL prints them, and declared texts in comments. */
import { describe, expect, it } from "vitest";
import { canonicalDefault, declaredComment, declaredText, isConstant, isSameDefault } from "./expression.ts";

const defaults: [type: string, written: string, canonical: string | undefined][] = [
  ["boolean", "TRUE", "true"],
  ["integer", "0", "0"],
  ["integer", "-0", "0"],
  ["integer", "'-1'::integer", "-1"],
  ["integer", "(-1)", "-1"],
  ["integer", "007", undefined],
  ["bigint", "'3000000000'::bigint", "3000000000"],
  ["numeric(12,2)", "'-0.50'::numeric", "-0.50"],
  ["numeric", "1e3", undefined],
  ["numeric", "(1 + 1)", undefined],
  ["text", "'draft'::text", "'draft'"],
  ["text", "'it''s'", "'it's'"],
  ["text", "E'a\\\\b'", "'a\\b'"],
  ["text", "E'a\\nb'", undefined],
  ["text", "'a' || 'b'", undefined],
  ["character varying(64)", "'draft'::character varying", "'draft'"],
  ["timestamp(3) with time zone", "now()", "now()"],
  ["date", "current_date", "CURRENT_DATE"],
  ["date", "'2020-01-01'", undefined],
  ["jsonb", "'{}'::jsonb", undefined],
];

describe("canonicalDefault", () => {
  it.each(defaults)("%s default %s", (type, written, canonical) => {
    expect(canonicalDefault(type, written)).toBe(canonical);
  });
});

describe("isSameDefault", () => {
  it.each<[type: string, left: string | null, right: string | null, same: boolean]>([
    ["text", null, null, true],
    ["text", null, "''", false],
    ["text", "''", null, false],
    ["text", "'a'", "'a'::text", true],
    ["text", "'a'", "'A'", false],
    ["jsonb", "'{}'::jsonb", "'{}'::jsonb", true],
    ["jsonb", "'{}'::jsonb", "'[]'::jsonb", false],
  ])("%s: %s and %s", (type, left, right, same) => {
    expect(isSameDefault(type, left, right)).toBe(same);
  });
});

describe("isConstant", () => {
  it.each([
    ["text", "'x'", true],
    ["jsonb", "'{}'::jsonb", true],
    ["date", "'2020-01-01'::date", true],
    ["integer", "5", true],
    ["integer", '"other" + 1', false],
    ["text", '"name"', false],
    ["text", "'a' || \"name\" || 'b'", false],
    ["bigint", '(SELECT min("id") FROM "company")', false],
  ])("%s: %s is %s", (type, expression, constant) => {
    expect(isConstant(type, expression)).toBe(constant);
  });
});

it("reads back what it keeps in a comment, and nothing else", () => {
  expect(declaredText(declaredComment("price > 0"))).toBe("price > 0");
  expect(declaredText("a comment of somebody else")).toBeUndefined();
  expect(declaredText(null)).toBeUndefined();
});
