/** Prints JSON in which exact decimals are numbers with all their digits, as they are in answers that the database prints. */
import { randomBytes } from "node:crypto";
import { Decimal } from "../fields/decimal.ts";

/** Nobody outside this process can write a text that looks like a place. */
const PLACE = `~${randomBytes(12).toString("hex")}~`;
const PLACES = new RegExp(`"${PLACE}(\\d+)"`, "g");

/** Prints a value of plain JSON and decimals. */
export function printJson(value: unknown): string {
  const numerals: string[] = [];
  const text = JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, given: unknown) {
    // A decimal has been turned into a text before it gets here.
    const found = this[key];
    return found instanceof Decimal ? `${PLACE}${numerals.push(found.toFixed()) - 1}` : given;
  });
  return numerals.length === 0 ? text : text.replace(PLACES, (_, index) => numerals[Number(index)] ?? "null");
}
