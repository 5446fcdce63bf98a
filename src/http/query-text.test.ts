/** Query strings: what they say, and which are malformed. */
import { expect, test } from "vitest";
import { parseQueryText } from "./query-text.ts";

const rows: readonly (readonly [url: string, parameters: Readonly<Record<string, string>>])[] = [
  ["/x", {}],
  ["/x?", {}],
  ["/x?a=1&b=2", { a: "1", b: "2" }],
  ["/x?a", { a: "" }],
  ["/x?a=", { a: "" }],
  ["/x?a=b=c", { a: "b=c" }],
  ["/x?a=b+c%20d%2B", { a: "b c d+" }],
  ["/x?q=Q(name%3D'%C3%A9')", { q: "Q(name='é')" }],
  ["/x?constructor=1&toString=2", { constructor: "1", toString: "2" }],
];

test.each(rows)("%s", (url, parameters) => {
  expect({ ...parseQueryText(url) }).toEqual(parameters);
});

test("__proto__ is a parameter like any other", () => {
  expect(Object.keys(parseQueryText("/x?__proto__=1"))).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(parseQueryText("/x?__proto__=1"))).toBeNull();
});

const malformed: readonly (readonly [url: string, message: RegExp])[] = [
  ["/x?a=%", /"%" cannot be decoded/],
  ["/x?a=%ff", /cannot be decoded/],
  ["/x?a=%ed%a0%80", /cannot be decoded/],
  ["/x?%zz=1", /cannot be decoded/],
  ["/x?a=1&a=2", /^a: is given twice$/],
  ["/x?a=1&%61=2", /^a: is given twice$/],
  ["/x?=1", /without a name/],
  ["/x?a=1&&b=2", /without a name/],
];

test.each(malformed)("%s is malformed", (url, message) => {
  expect(() => parseQueryText(url)).toThrow(message);
});
