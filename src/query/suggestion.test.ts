/** What is suggested for misspelt names. */
import { expect, test } from "vitest";
import { suggestName } from "./suggestion.ts";

test.each<[name: string, known: string[], said: string]>([
  ["nmae", ["name", "email"], '; did you mean "name"?'],
  ["naem", ["name", "email"], '; did you mean "name"?'],
  ["nam", ["name", "email"], '; did you mean "name"?'],
  ["emial", ["name", "email"], '; did you mean "email"?'],
  ["categorie", ["name", "category"], '; did you mean "category"?'],
  ["unit_pirce", ["unit_price", "price"], '; did you mean "unit_price"?'],
  ["colour", ["name", "email"], "; it has name, email"],
  ["colour", Array.from({ length: 13 }, (_, index) => `field_${index}`), ""],
  ["colour", [], ""],
  ["x".repeat(100_000), ["name"], "; it has name"],
])("%.20s among %j", (name, known, said) => {
  expect(suggestName(name, known)).toBe(said);
});
