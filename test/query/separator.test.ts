/**
 * Terms with spaces, dots and the like among their characters: the index of trigrams finds what comparing text by text finds.
 *
 * PostgreSQL would read so small a table without any index, so that is made impossible here.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Database } from "../../src/database/database.ts";
import { char, text } from "../../src/fields/char.ts";
import { foldAccents, foldCase } from "../../src/q/fold.ts";
import { formatQ } from "../../src/q/format.ts";
import type { Lookup } from "../../src/q/lookup.ts";
import { condition, group } from "../../src/q/tree.ts";
import type { Environment } from "../../src/records/environment.ts";
import { searchNames } from "../../src/records/name-search.ts";
import { queryRecords } from "../../src/records/read.ts";
import { infixText } from "../../src/sql/caseless-text.ts";
import { raw } from "../../src/sql/fragment.ts";
import { createWorld, declareModel, declareModule, type World } from "../support/world.ts";

const fields = { name: char({ index: "search" }), note: text({ index: "search" }) };
const models = [
  { model: "Bare", ignoreAccents: true, fold: foldAccents },
  { model: "Accented", ignoreAccents: false, fold: foldCase },
];
/** Records that a search by name looks at before it asks the index, none of which holds any term. */
const FILLERS = 1000;

let world: World;
let indexed: Database;
let env: Environment;

beforeAll(async () => {
  const declared = models.map(({ model, ignoreAccents }) =>
    declareModel(model, fields, { ignoreAccents, search: ["name", "note"] }),
  );
  world = await createWorld([declareModule("test", ...declared)]);
  for (const { model } of models) {
    const insert = `insert into ${model.toLowerCase()} (name) select 'ⵣⵣ' from generate_series(1, ${FILLERS})`;
    await world.database.run(raw(insert));
  }
  for (const way of ["seqscan", "indexscan", "indexonlyscan"]) {
    await world.administer(`alter database "${world.name}" set enable_${way} = off`);
  }
  indexed = new Database({ connection: world.connection });
  env = world.derive({ database: indexed });
});
afterAll(async () => {
  await indexed?.close();
  await world?.drop();
});

/** Few letters beside whatever may stand between words, wildcards and the letters that separators become in the index. */
const characters = [..."aab1éßqjxzwQJXZW", ..."  --..@@__", ..."%\\/&'\t", "京", "\u0301"];
const words = (most: number) =>
  fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength: most }).map((parts) => parts.join(""));

const LOOKUPS: Partial<Record<Lookup, (value: string, part: string) => boolean>> = {
  icontains: (value, part) => value.includes(part),
  istartswith: (value, part) => value.startsWith(part),
  iendswith: (value, part) => value.endsWith(part),
};

describe.each(models)("$model", ({ model, fold }) => {
  const table = model.toLowerCase();

  async function matching(lookup: Lookup, field: string, part: string): Promise<number[]> {
    const q_filter = formatQ(group([condition([field], lookup, part)]));
    const { data } = await queryRecords(env, model, { fields: ["id"], q_filter, order_by: ["id ASC"] });
    return (JSON.parse(data.toString()) as { id: number }[]).map(({ id }) => id - FILLERS);
  }

  test("any term among any texts", { timeout: 60_000 }, async () => {
    const row = fc.record({ name: words(6), note: words(6) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.array(words(4), { minLength: 6, maxLength: 6 }),
        async (rows, terms) => {
          await world.database.run(raw(`delete from ${table} where id > ${FILLERS}`));
          await world.database.run({
            text: `insert into ${table} (id, name, note) select ${FILLERS} + i, r->>'name', r->>'note' from json_array_elements($1::json) with ordinality e (r, i)`,
            values: [JSON.stringify(rows)],
          });
          const idsOf = (matches: (row: { name: string; note: string }) => boolean) =>
            rows.flatMap((each, index) => (matches(each) ? [index + 1] : []));
          for (const term of terms) {
            const part = fold(term);
            if (part === "") continue; // an accent alone, which all records have
            for (const [lookup, matches] of Object.entries(LOOKUPS)) {
              for (const field of ["name", "note"] as const) {
                const ids = idsOf((each) => matches(fold(each[field]), part));
                const got = await matching(lookup as Lookup, field, term);
                expect({ lookup, field, term, ids: got }).toEqual({ lookup, field, term, ids });
              }
            }
            const exact = idsOf((each) => each.note.includes(term));
            expect({ term, ids: await matching("contains", "note", term) }).toEqual({ term, ids: exact });
            // Shorter terms are looked for among the first records only.
            if ([...part].length < 3) continue;
            const found = JSON.parse(await searchNames(env, model, { term, limit: 100 })) as { id: number }[];
            const ids = found.map(({ id }) => id - FILLERS).sort((one, other) => one - other);
            expect({ term, ids }).toEqual({
              term,
              ids: idsOf((each) => fold(`${each.name}\0${each.note}`).includes(part)),
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each(["%a b%", "%@xa%", "%1\\_a%"])("the index answers for %s", async (pattern) => {
    const asked = `${infixText('"name__folded"')} like ${infixText(`'${pattern}'`)}`;
    const plan = await indexed.rows<{ "QUERY PLAN": string }>(
      raw(`explain (analyze) select from ${table} where ${asked}`),
    );
    const lines = plan.map((line) => line["QUERY PLAN"]);
    expect(lines.join("\n")).toContain(`${table}__name__infix_idx`);
    // Without a trigram to look up, it would give every record.
    expect(lines.join("\n")).not.toMatch(/Rows Removed by Index Recheck: \d{3}/);
  });
});

test("no character is a capital once it is folded, as what stands for separators is", () => {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const character = String.fromCodePoint(point);
    if (/[A-Z]/.test(foldCase(character) + foldAccents(character))) expect.fail(`U+${point.toString(16)}`);
  }
});

test("nor is it in PostgreSQL", async () => {
  const folded = ["case", "accents"].map((kind) => `fullfinity_fold_${kind}_1(chr(c))`).join(" || ");
  const points = "generate_series(1, 1114111) c where c not between 55296 and 57343";
  expect(await world.database.rows(raw(`select c from ${points} and ${folded} ~ '[A-Z]'`))).toEqual([]);
});
