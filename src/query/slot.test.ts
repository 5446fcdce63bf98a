/** Values of a record rule are converted once for each caller, and never given to another one. */
import { expect, test, vi } from "vitest";
import { decimal, type Literal, type NameLiteral } from "../q/tree.ts";
import { literalSlot, type PlanInput } from "./slot.ts";

const clock = { now: new Date("2026-02-03T04:05:06Z"), timeZone: "UTC" };
const nobody = { uid: null, cid: null, company_id: null, cids: [], contact_id: null, gids: [] };
const inputOf = (names: PlanInput["names"]): PlanInput => ({ names, clock, literals: [], parameters: [] });
const [anna, ben] = [inputOf({ ...nobody, uid: 7, cids: [1, 2] }), inputOf({ ...nobody, uid: 8, cids: [3] })];
const named = (name: NameLiteral["name"]): NameLiteral => ({ kind: "name", name });

function slotOf(literal: Literal) {
  const convert = vi.fn((given: Literal, { names }: Pick<PlanInput, "names">) => {
    if (typeof given === "object" && given !== null && "kind" in given && given.kind === "name") {
      return names[given.name] as number | number[];
    }
    return String(given);
  });
  return { slot: literalSlot({ literal }, "name", convert), convert };
}

test("what names say is that of each caller, by turns", () => {
  const { slot, convert } = slotOf(named("uid"));
  expect([anna, anna, ben, anna, ben, ben].map((input) => slot.bind(input))).toEqual([7, 7, 8, 7, 8, 8]);
  expect(convert).toHaveBeenCalledTimes(4);
});

test("lists of ids are printed as PostgreSQL reads them", () => {
  const { slot } = slotOf(named("cids"));
  expect([anna, ben, inputOf(nobody)].map((input) => slot.bind(input))).toEqual(["{1,2}", "{3}", "{}"]);
});

test.each<[Literal, number]>([
  [5, 1],
  [true, 1],
  [decimal("12345678901234567890"), 1],
  [[1, 2], 1],
  // The same day begins at another moment where the clock says so.
  ["2026-02-03", 3],
  [["2026-02-03"], 3],
  [{ kind: "date", expression: { base: "today", steps: [] } } as unknown as Literal, 3],
])("%j is converted %d times in three requests of one caller", (literal, times) => {
  const { slot, convert } = slotOf(literal);
  for (let request = 0; request < 3; request += 1) slot.bind(anna);
  expect(convert).toHaveBeenCalledTimes(times);
});
