/** Searching by name: who is found, in which order, and by whom. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Caller,
  createCaller,
  createWorld,
  declareModel,
  declareModule,
  shippedModules,
  type World,
} from "../../test/support/world.ts";
import { boolean } from "../fields/boolean.ts";
import { char } from "../fields/char.ts";
import { integer } from "../fields/number.ts";
import { password } from "../fields/password.ts";
import { manyToOne } from "../fields/relation-declaration.ts";
import { foldAccents, foldCase } from "../q/fold.ts";
import { FIRST_RECORDS, MORE_RECORDS, MOST_FOR_SHORT } from "../query/name-search.ts";
import type { Environment } from "./environment.ts";
import { searchNames } from "./name-search.ts";
import { createRecord } from "./write.ts";

/** Searched with the help of indexes, without case and accents; with a field that few may read, and one that nobody may. */
const person = declareModel(
  "Person",
  {
    name: char({ required: true, index: "search" }),
    email: char({ index: "search" }),
    salary_code: char({ groups: ["test_secret"], index: "search" }),
    pin: password(),
    town: char(),
    boss: manyToOne("Contact"),
    active: boolean({ default: true }),
  },
  { search: ["name", "email", "salary_code"], ignoreAccents: true, order: ["name ASC"] },
);
/** Searched without any index, without case alone, also by a number. */
const part = declareModel(
  "Part",
  { name: char(), number: integer() },
  { search: ["number", "name"], order: ["number DESC"] },
);
/** Not searched by anything. */
const note = declareModel("Note", { body: char() });

let world: World;
let env: Environment;

beforeAll(async () => {
  world = await createWorld([...shippedModules, declareModule("test", person, part, note)]);
  env = world.env;
});
afterAll(() => world?.drop());
beforeEach(() => world.database.run({ text: "truncate person, part restart identity", values: [] }));

interface Found {
  readonly id: number;
  readonly display_name: string;
}

async function search(model: string, request: Parameters<typeof searchNames>[2], as: Environment = env) {
  return JSON.parse(await searchNames(as, model, request)) as Found[];
}

const namesOf = (found: readonly Found[]) => found.map(({ display_name: name }) => name);

async function store(model: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  for (const row of rows) await createRecord(env, model, row);
}

const people = [
  { name: "Anna", email: "a@x.example" },
  { name: "Joanna" },
  { name: "anna maria" },
  { name: "Banana", email: "anna@corp.example" },
  { name: "Zoé", email: "zoe@corp.example" },
  { name: "Susannah", active: false },
  { name: "100% Cotton_wool" },
  { name: "Groß & Söhne" },
  { name: "東京都" },
];

describe("who is found, in which order", () => {
  beforeEach(() => store("Person", people));

  test.each<readonly [what: string, request: Parameters<typeof searchNames>[2], names: readonly string[]]>([
    ["exact, beginnings by field, within", { term: "anna" }, ["Anna", "anna maria", "Banana", "Joanna"]],
    ["capitals", { term: "ANNA" }, ["Anna", "anna maria", "Banana", "Joanna"]],
    ["spaces count", { term: "anna " }, ["anna maria"]],
    ["the limit takes the best", { term: "anna", limit: 2 }, ["Anna", "anna maria"]],
    ["the limit may be 0", { term: "anna", limit: 0 }, []],
    ["an accent in the record", { term: "zoe" }, ["Zoé"]],
    ["an accent in the term", { term: "ÁNNÁ", limit: 1 }, ["Anna"]],
    ["a letter that is two without accents", { term: "gross" }, ["Groß & Söhne"]],
    ["one letter", { term: "z" }, ["Zoé"]],
    ["two letters within", { term: "oa" }, ["Joanna"]],
    ["a script that the index does not know", { term: "京都" }, ["東京都"]],
    ["three letters of it", { term: "東京都" }, ["東京都"]],
    ["a percent sign is itself", { term: "%" }, ["100% Cotton_wool"]],
    ["an underscore is itself", { term: "n_w" }, ["100% Cotton_wool"]],
    ["a backslash is itself", { term: "\\" }, []],
    ["quotes", { term: `'"; drop table person` }, []],
    ["another field", { term: "corp" }, ["Banana", "Zoé"]],
    ["nobody", { term: "qqq" }, []],
    ["a filter", { term: "anna", filter: "Q(email__isnotnull=True)" }, ["Anna", "Banana"]],
    ["a filter as JSON", { term: "anna", filter: { name__startswith: "J" } }, ["Joanna"]],
    ["no term: the first in the model's order", { term: "", limit: 2 }, ["100% Cotton_wool", "Anna"]],
    ["no term at all", { limit: 1 }, ["100% Cotton_wool"]],
    ["no term, with a filter", { filter: "Q(name__endswith='ana') | Q(name='Zoé')" }, ["Banana", "Zoé"]],
    ["archived, as they are", { term: "susannah" }, []],
    ["archived, asked for", { term: "susannah", filter: "Q(active=False)" }, ["Susannah"]],
    ["archived or not", { term: "annah", filter: { active__in: [true, false] } }, ["Susannah"]],
    ["archived, deep in the filter", { term: "annah", filter: "Q(id=0) | ~Q(active=True)" }, ["Susannah"]],
    ["active of another record says nothing", { term: "annah", filter: "~Q(boss__active=False)" }, []],
    ["archived, no term", { filter: "Q(active=False)" }, ["Susannah"]],
  ])("%s", async (_what, request, names) => {
    expect(namesOf(await search("Person", request))).toEqual(names);
    // The second time the plan is known, and its statement prepared.
    expect(namesOf(await search("Person", request))).toEqual(names);
  });

  test("takes one statement", async () => {
    const { texts } = await world.statements.during(() => search("Person", { term: "anna" }));
    expect(texts).toHaveLength(1);
  });

  test("code finds the same", async () => {
    const handle = env.model("Contact");
    await createRecord(env, "Contact", { name: "Annabel" });
    await createRecord(env, "Contact", { name: "Joanna" });
    expect(namesOf(await handle.search("anna"))).toEqual(["Annabel", "Joanna"]);
    expect(namesOf(await handle.search("anna", { limit: 1 }))).toEqual(["Annabel"]);
    expect(namesOf(await handle.filter({ name__startswith: "J" }).search("anna"))).toEqual(["Joanna"]);
  });
});

test.each<readonly [term: string, names: readonly string[]]>([
  ["1", ["#1", "10 mm", "bolt 1", "Nut 1"]],
  ["12", ["10 mm"]],
  ["NUT", ["Nut 1"]],
  ["bólt", []],
])("without index or accents, and by a number: %s", async (term, names) => {
  await store("Part", [
    { number: 1 },
    { number: 12, name: "10 mm" },
    { number: 3, name: "Nut 1" },
    { number: 4, name: "bolt 1" },
  ]);
  expect(namesOf(await search("Part", { term }))).toEqual(names);
});

test("a model that is not searched by anything finds nothing by a term, and its first records without one", async () => {
  await store("Note", [{ body: "here" }]);
  expect(await search("Note", { term: "here" })).toEqual([]);
  expect(await search("Note", {})).toHaveLength(1);
});

describe("rights", () => {
  let limited: Caller;
  beforeAll(async () => {
    limited = await createCaller(world, { Person: "r" });
  });
  beforeEach(() => store("Person", [...people, { name: "Carl", salary_code: "anna-9", pin: "secret pin" }]));

  test("a field that the caller may not read takes no part", async () => {
    expect(namesOf(await search("Person", { term: "anna-9" }, limited.env))).toEqual([]);
    expect(namesOf(await search("Person", { term: "anna-9" }))).toEqual(["Carl"]);
    const all = namesOf(await search("Person", { term: "anna" }, limited.env));
    expect(all).toEqual(["Anna", "anna maria", "Banana", "Joanna"]);
  });

  test("a filter cannot ask for it either, and says so as for a field that is not there", async () => {
    const ask = (filter: string) => search("Person", { term: "anna", filter }, limited.env);
    await expect(ask("Q(salary_code__startswith='a')")).rejects.toThrow('Person has no field "salary_code"');
    await expect(ask("Q(pin__isnull=True)")).rejects.toThrow('Person has no field "pin"');
  });

  test("a model that the caller may not read is unknown", async () => {
    await expect(search("Part", { term: "1" }, limited.env)).rejects.toThrow('Unknown model "Part"');
    await expect(search("Nope", { term: "1" })).rejects.toThrow('Unknown model "Nope"');
  });
});

test("record rules hold in each tier, and do not use up the limit", async () => {
  const caller = await createCaller(world, { Person: "r" });
  const rights = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
  const rule = { name: "Town", model: "Person", groups: [], rule: "Q(town='B')", ...rights };
  const { id } = await createRecord(env, "RecordRule", rule);
  const ruled = await createCaller(world, { Person: "r" });
  const rows = ["anna", "anna b", "joanna"].flatMap((name) => ["A", "A", "B"].map((town) => ({ name, town })));
  await store("Person", rows);
  for (const term of ["anna", "an", "a", ""]) {
    const found = await search("Person", { term, limit: 3 }, ruled.env);
    expect(found.map((each) => each.id)).toEqual([3, 6, 9]);
  }
  expect(await search("Person", { term: "anna", limit: 3 }, caller.env)).toHaveLength(3);
  await world.database.run({ text: "delete from record_rule where id = $1", values: [id] });
});

describe("among more records than are looked at one by one", () => {
  const last = MOST_FOR_SHORT + 1;
  beforeEach(() =>
    world.database.run({
      text: `insert into person (name, town) select case when i > $1::bigint - 3 then 'Joqa 1東京都 Λέσβος' else 'Nobody' end, case when i = $1::bigint then 'A' end
             from generate_series(1, $1::bigint) i`,
      values: [last],
    }),
  );

  test.each<readonly [what: string, request: Parameters<typeof searchNames>[2], ids: readonly number[]]>([
    ["a term that the index knows is found anywhere", { term: "oqa" }, [last - 2, last - 1, last]],
    ["so is a beginning, however short", { term: "jo" }, [last - 2, last - 1, last]],
    ["two letters within are found among the first", { term: "oq" }, [last - 2, last - 1]],
    ["the first are those that the filter leaves", { term: "oq", filter: "Q(town='A')" }, [last]],
    ["so is a word's end and the next one's beginning", { term: "a 1" }, [last - 2, last - 1, last]],
    ["so are letters of other scripts", { term: "東京都" }, [last - 2, last - 1, last]],
    ["without their accents", { term: "έςΒΟ" }, [last - 2, last - 1, last]],
    ["what the index does not know is found anywhere", { term: "都 Λ" }, [last - 2, last - 1, last]],
    ["the index gives no more than the limit", { term: "oqa", limit: 2 }, [last - 2, last - 1]],
  ])("%s", async (_what, request, ids) => {
    expect((await search("Person", request)).map(({ id }) => id)).toEqual(ids);
  });
});

describe("among more records than a search ever walks over", () => {
  const last = 2 + FIRST_RECORDS + MORE_RECORDS;
  beforeEach(() =>
    world.database.run({
      text: `insert into person (name, email) select case when i % 500 = 0 and i <= 2500 then 'Joqa' when i in (500 + 1, $1::bigint) then 'Jazzo' else 'Nobody' end,
             case when i = $1::bigint - 1 then 'x@azz.example' end from generate_series(1, $1::bigint) i`,
      values: [last],
    }),
  );

  test.each<readonly [what: string, request: Parameters<typeof searchNames>[2], ids: readonly number[]]>([
    ["the lowest ids of what is frequent", { term: "oqa", limit: 4 }, [500, 1000, 1500, 2000]],
    ["all of it", { term: "oqa", limit: 100 }, [500, 1000, 1500, 2000, 2500]],
    ["what is as rare as it was frequent first, by field", { term: "azz", limit: 5 }, [501, last, last - 1]],
    ["no more than the limit of what the indexes give", { term: "azz", limit: 2 }, [501, last - 1]],
    ["what only the last field has", { term: "@az" }, [last - 1]],
    ["nothing", { term: "zzz" }, []],
  ])("%s", async (_what, request, ids) => {
    expect((await search("Person", request)).map(({ id }) => id)).toEqual(ids);
  });
});

test.each<readonly [what: string, request: Parameters<typeof searchNames>[2], says: string]>([
  ["a limit below 0", { limit: -1 }, "limit: must be a whole number from 0 to 100"],
  ["a limit above the most", { limit: 101 }, "limit: must be a whole number from 0 to 100"],
  ["a limit that is no whole number", { term: "a", limit: 1.5 }, "limit: must be a whole number from 0 to 100"],
  ["a long term", { term: "x".repeat(257) }, "term: must have at most 256 characters"],
  ["a term with NUL", { term: "a\0" }, "term: "],
  ["a term with half a character", { term: "\ud800" }, "term: "],
  ["an unknown field", { term: "a", filter: "Q(nmae='x')" }, 'Person has no field "nmae"'],
  ["an unknown field without term", { filter: { nmae: 1 } }, 'Person has no field "nmae"'],
])("refuses %s", async (_what, request, says) => {
  await expect(search("Person", request)).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining(says),
  });
});

describe("any term among any records", () => {
  /** Few letters, so that terms are found, and of each kind that is special. */
  const alphabet = [..."aaaAAánnnNßςΣ %_\\1й日-.@"];
  const text = (most: number) =>
    fc.array(fc.constantFrom(...alphabet), { maxLength: most }).map((parts) => parts.join(""));
  const row = fc.record({
    name: text(5).filter((name) => name.trim() !== ""),
    email: fc.option(text(4)),
    town: fc.constantFrom("A", "B"),
    active: fc.boolean(),
  });
  const request = fc.record({
    term: text(3).filter((term) => term !== ""),
    limit: fc.integer({ min: 0, max: 6 }),
    isFiltered: fc.boolean(),
  });

  interface Row {
    readonly name: string;
    readonly email: string | null;
    readonly town: string;
    readonly active: boolean;
  }

  /** The same search over a list: ids in the order in which they must come. */
  function expected(
    rows: readonly Row[],
    fold: typeof foldCase,
    ask: { term: string; limit: number; isFiltered: boolean },
  ) {
    const term = fold(ask.term);
    const ranked = rows.flatMap((each, index) => {
      if (!each.active || (ask.isFiltered && each.town !== "A")) return [];
      const ranks = [each.name, each.email].flatMap((value, place) => {
        if (value === null) return [];
        const key = fold(value);
        if (!key.includes(term)) return [];
        const tier = key === term ? 0 : key.startsWith(term) ? 1 : 2;
        return [{ id: index + 1, tier, place, key }];
      });
      ranks.sort((one, other) => one.tier - other.tier || one.place - other.place);
      return ranks.slice(0, 1);
    });
    const order = (one: (typeof ranked)[number], other: (typeof ranked)[number]) =>
      one.tier - other.tier ||
      one.place - other.place ||
      Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) ||
      one.id - other.id;
    const begin = ranked.filter(({ tier }) => tier < 2).sort(order);
    const within = ranked.filter(({ tier }) => tier === 2);
    const first = [...begin, ...within].slice(0, ask.limit);
    return first.sort(order).map(({ id }) => id);
  }

  test.each([
    { model: "Person", fold: foldAccents },
    { model: "Pupil", fold: foldCase },
  ])("$model", { timeout: 60_000 }, async ({ model, fold }) => {
    const school = model === "Person" ? world : await pupilWorld();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { maxLength: 25 }),
          fc.array(request, { minLength: 8, maxLength: 8 }),
          async (rows, asks) => {
            const table = model.toLowerCase();
            await school.database.run({ text: `truncate ${table} restart identity`, values: [] });
            await school.database.run({
              text: `insert into ${table} (name, email, town, active) select r->>'name', r->>'email', r->>'town', (r->>'active')::boolean from json_array_elements($1::json) with ordinality e (r, i) order by i`,
              values: [JSON.stringify(rows)],
            });
            for (const { isFiltered, ...ask } of asks) {
              const filter = isFiltered ? { town: "A" } : null;
              const found = await search(model, { ...ask, filter }, school.env);
              expect({ ask, found: found.map(({ id }) => id) }).toEqual({
                ask,
                found: expected(rows, fold, { ...ask, isFiltered }),
              });
            }
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      if (school !== world) await school.drop();
    }
  });

  /** The same without indexes, and with accents. */
  function pupilWorld(): Promise<World> {
    const fields = { name: char({ required: true }), email: char(), town: char(), active: boolean({ default: true }) };
    return createWorld([
      ...shippedModules,
      declareModule("test", declareModel("Pupil", fields, { search: ["name", "email"] })),
    ]);
  }
});
