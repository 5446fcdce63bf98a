/** Bodies that JSON.parse would take and we do not, and bodies that must pass. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkJsonText, DEEPEST_JSON } from "./json-text.ts";

const refused: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ["a member twice", '{"a":1,"a":2}', /^a: is given twice$/],
  ["a member twice, once escaped", '{"a":1,"\\u0061":2}', /^a: is given twice$/],
  ["a member twice, further in", '[{"x":[{"b":1,"b":1}]}]', /^b: is given twice$/],
  ["a member twice, with space before the colon", '{"a" : 1, "a"\n\t:2}', /^a: is given twice$/],
  ["__proto__", '{"__proto__":{"polluted":1}}', /^__proto__: is not known here$/],
  ["__proto__ written with escapes", '{"\\u005f_proto__":1}', /^__proto__: is not known here$/],
  ["__proto__ behind a quote in a text", '{"a":"\\\\","b":{"__proto__":1}}', /^__proto__/],
  ["lists too deep", "[".repeat(DEEPEST_JSON + 1), /deeper than 200 levels/],
  ["objects too deep", '{"a":'.repeat(DEEPEST_JSON + 1), /deeper than 200 levels/],
  ["a hundred thousand lists", "[".repeat(100_000) + "]".repeat(100_000), /deeper than 200 levels/],
];

test.each(refused)("refuses %s", (_name, text, message) => {
  expect(() => checkJsonText(text)).toThrow(message);
});

const passed: readonly (readonly [name: string, text: string])[] = [
  ["the same name in different objects", '[{"a":1},{"a":2},{"b":{"a":3}}]'],
  ["a text that looks like a member", '{"a":"\\"b\\":1","b":1}'],
  ["texts in a list, twice", '["a","a"]'],
  ["the deepest nesting", "[".repeat(DEEPEST_JSON) + "]".repeat(DEEPEST_JSON)],
  ["many lists side by side", `[${"[],".repeat(1000)}[]]`],
  ["constructor, which the schema refuses", '{"constructor":{"prototype":{}}}'],
  ["what is no JSON", '{"a'],
  ["a bracket too many", "]]]]{"],
  ["nothing", ""],
];

test.each(passed)("leaves %s alone", (_name, text) => {
  expect(() => checkJsonText(text)).not.toThrow();
});

describe("any value", () => {
  test("passes as JSON.stringify writes it, unless it has __proto__", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        if (!text.includes("__proto__")) checkJsonText(text);
      }),
    );
  });

  test("is refused when one of its members is doubled", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, value) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        expect(() => checkJsonText(`{${member},${member}}`)).toThrow();
      }),
    );
  });
});
