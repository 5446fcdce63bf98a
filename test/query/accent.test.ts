/** Accents and case: PostgreSQL and memory take them away alike, in every lookup that ignores case and in no other. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { char, text } from "../../src/fields/char.ts";
import { evaluateQ } from "../../src/q/evaluate.ts";
import { foldAccents, foldCase } from "../../src/q/fold.ts";
import { formatQ } from "../../src/q/format.ts";
import type { Lookup } from "../../src/q/lookup.ts";
import { condition, group } from "../../src/q/tree.ts";
import { searchNames } from "../../src/records/name-search.ts";
import { queryRecords } from "../../src/records/read.ts";
import { caselessText, infixText } from "../../src/sql/caseless-text.ts";
import { raw } from "../../src/sql/fragment.ts";
import { createWorld, declareModel, declareModule, type World } from "../support/world.ts";

/** The same fields twice: with indexes for searches and without, since these compile differently. */
const fields = { short: char({ index: "search" }), long: text({ index: "search" }), plain: char(), name: char() };
const models = [
  { model: "Bare", ignoreAccents: true },
  { model: "Accented", ignoreAccents: false },
];

let world: World;

beforeAll(async () => {
  const declared = models.map(({ model, ignoreAccents }) =>
    declareModel(model, fields, { ignoreAccents, search: ["short"] }),
  );
  world = await createWorld([declareModule("test", ...declared)]);
});
afterAll(() => world?.drop());

const CLOCK = { now: new Date("2024-06-15T12:00:00Z"), timeZone: "UTC" };
/** Letters of many scripts with what may be about them, and what is special about patterns. */
const letters = [
  ..."aAeEoOuUiInNsSyYzZ -%_\\'",
  ..."áÀâÄãÅéÈêëÍïóÖøØñÑçÇßẞæÆœŒþÞðÐđĐłŁħŧŋĳİıšžřůűőăğşţ",
  ..."ởỆựẤΆάΈϊΐσςΣώΏйЙёЁїЇґ",
  ...[
    "\u0301",
    "\u0308",
    "\u0327",
    "\u0323",
    "e\u0301",
    "한",
    "각",
    "東",
    "京",
    "が",
    "か\u3099",
    "😀",
    "ﬁ",
    "ǆ",
    "ŉ",
    "Ａ",
  ],
];
const words = fc.array(fc.constantFrom(...letters), { maxLength: 6 }).map((parts) => parts.join(""));

const LOOKUPS: readonly Lookup[] = [
  ...(["contains", "startswith", "endswith", "icontains", "istartswith", "iendswith", "eq", "neq", "in"] as const),
];

describe.each(models)("$model", ({ model, ignoreAccents }) => {
  const table = model.toLowerCase();

  async function matching(filter: string): Promise<number[]> {
    const { data } = await queryRecords(world.env, model, { fields: ["id"], q_filter: filter, order_by: ["id ASC"] });
    return (JSON.parse(data.toString()) as { id: number }[]).map(({ id }) => id);
  }

  async function store(values: readonly string[]): Promise<void> {
    await world.database.run({ text: `truncate ${table} restart identity`, values: [] });
    await world.database.run({
      text: `insert into ${table} (short, long, plain, name) select v, v, v, v from unnest($1::text[]) with ordinality u (v, i) order by i`,
      values: [values],
    });
  }

  test("any text, folded", async () => {
    const fold = ignoreAccents ? foldAccents : foldCase;
    await fc.assert(
      fc.asyncProperty(fc.array(words, { minLength: 30, maxLength: 30 }), async (values) => {
        const statement = `select ${caselessText("v", ignoreAccents)} as folded from unnest($1::text[]) with ordinality u (v, i) order by i`;
        const rows = await world.database.rows<{ folded: string }>({ text: statement, values: [values] });
        expect(rows.map(({ folded }) => folded)).toEqual(values.map(fold));
      }),
      { numRuns: 100 },
    );
  });

  test("any filter on any text, and the search by name", { timeout: 60_000 }, async () => {
    const context = { names: {}, clock: CLOCK, ignoresAccents: () => ignoreAccents, kindOf: () => "text" as const };
    const asked = fc.tuple(fc.constantFrom(...LOOKUPS), fc.constantFrom("short", "long", "plain"), words);
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { minLength: 1, maxLength: 20 }),
        fc.array(asked, { minLength: 12, maxLength: 12 }),
        async (values, filters) => {
          await store(values);
          const records = values.map((value, index) => ({ id: index + 1, short: value, long: value, plain: value }));
          for (const [lookup, field, value] of filters) {
            const q = group([condition([field], lookup, lookup === "in" ? [value] : value)]);
            const filter = formatQ(q);
            const ids = records.filter((record) => evaluateQ(q, record, context)).map(({ id }) => id);
            expect({ filter, ids: await matching(filter) }).toEqual({ filter, ids });
            if (lookup !== "icontains" || value === "") continue;
            const found = await searchNames(world.env, model, { term: value, limit: 100 });
            expect((JSON.parse(found) as { id: number }[]).map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each<readonly [lookup: Lookup, bare: boolean]>([
    ["icontains", true],
    ["istartswith", true],
    ["iendswith", true],
    ["contains", false],
    ["startswith", false],
    ["endswith", false],
    ["eq", false],
  ])("%s ignores accents: %s where the model does", async (lookup, bare) => {
    await store(["Éclair"]);
    const value = ["istartswith", "startswith"].includes(lookup) ? "Ecl" : "Eclair";
    expect(await matching(`Q(short__${lookup}='${value}')`)).toEqual(bare && ignoreAccents ? [1] : []);
  });
});

test("a statement asks for folded text in the words of its index", async () => {
  const folded = `${infixText('"short__folded"')} like '%abc%'`;
  const plan = await world.database.transaction(async (session) => {
    // On a table this small all ways cost the same; only an index of words answers by bitmap.
    for (const way of ["seqscan", "indexscan", "indexonlyscan"])
      await session.run(raw(`set local enable_${way} = off`));
    return session.rows<{ "QUERY PLAN": string }>(raw(`explain select from bare where ${folded}`));
  });
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("bare__short__infix_idx");
});
