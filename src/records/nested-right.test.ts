/** Rights on what lists bring: records within records pass under the same rights as if each was written by itself. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AccessData, storeAccessData, storeCompanies } from "../../test/fixtures/access-data.ts";
import { documentModule } from "../../test/fixtures/document-registry.ts";
import { environmentOf } from "../../test/fixtures/user-environment.ts";
import { createWorld, shippedModules, type World } from "../../test/support/world.ts";
import type { Environment } from "./environment.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, updateRecord } from "./write.ts";
import { deleteRecords, updateRecords } from "./write-bulk.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld([...shippedModules, documentModule]);
  await storeCompanies(world.database);
});
afterAll(() => world.drop());

let sheet: number;
/** Rows of the sheet: `a` and `b` are seen under the rules below, `h` is hidden. */
let rows: Readonly<Record<"a" | "b" | "h", number>>;
let marks: Readonly<Record<"seen" | "hidden", number>>;
beforeEach(async () => {
  const { env } = world;
  await world.database.run({ text: "delete from sheet", values: [] });
  await world.database.run({ text: "delete from mark", values: [] });
  marks = {
    seen: (await createRecord(env, "Mark", { name: "seen" })).id,
    hidden: (await createRecord(env, "Mark", { name: "hidden" })).id,
  };
  const lines = [{ name: "a" }, { name: "b" }, { name: "hidden" }];
  const { data } = await createRecord(
    env,
    "Sheet",
    { name: "S", rows: lines, marks: [marks.seen, marks.hidden], notes: [{ name: "hidden" }, { name: "seen" }] },
    { fields: ["rows"] },
  );
  const made = JSON.parse(data.toString()) as { id: number; rows: { id: number }[] };
  sheet = made.id;
  const [a = 0, b = 0, h = 0] = made.rows.map(({ id }) => id);
  rows = { a, b, h };
});

const all = ["Sheet", "Row", "Part", "Note", "Mark"];
const seen = (model: string, on = "rcwd") => ({ model, rule: "Q(name__neq='hidden')", on });

async function under(can: Readonly<Record<string, string>>, rules: AccessData["rules"] = []): Promise<Environment> {
  const access = all.map((model) => ({ model, group: 1, can: can[model] ?? "rcwd" }));
  await storeAccessData(world.database, world.registry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1 }],
    access: [...access, { model: "User", group: 1, can: "r" }],
    rules,
  });
  return environmentOf(world.database, world.registry, 1);
}

async function snapshot(): Promise<unknown> {
  const [row] = await world.database.rows<{ all: unknown }>({
    text: `select json_build_object('sheets', (select json_agg(s order by id) from sheet s), 'rows', (select json_agg(r order by id) from row r),
      'notes', (select json_agg(n order by id) from note n), 'marks', (select json_agg(m order by id) from mark m),
      'links', (select json_agg(l) from sheet_marks_link l)) as all`,
    values: [],
  });
  return row?.all;
}

interface Case {
  readonly name: string;
  readonly can?: Readonly<Record<string, string>>;
  readonly rules?: AccessData["rules"];
  readonly values: () => GivenValues;
  readonly says: () => string;
}
const may = (verb: string, model: string) => () => `AccessError: you may not ${verb} ${model} records`;
const missing = (model: string, id: () => number) => () => `MissingError: ${model} ${id()} does not exist`;

const refused: readonly Case[] = [
  {
    name: "no right to create lines",
    can: { Row: "rwd" },
    values: () => ({ rows: [["C", { name: "c" }]] }),
    says: may("create", "Row"),
  },
  {
    name: "nor as objects",
    can: { Row: "rwd" },
    values: () => ({ rows: [rows.a, { name: "c" }] }),
    says: may("create", "Row"),
  },
  {
    name: "no right to change lines",
    can: { Row: "rcd" },
    values: () => ({ rows: [["U", rows.a, { name: "A" }]] }),
    says: may("change", "Row"),
  },
  {
    name: "nor to bring them in",
    can: { Note: "rcd" },
    values: () => ({ notes: [["L", 1]] }),
    says: may("change", "Note"),
  },
  {
    name: "no right to delete lines",
    can: { Row: "rcw" },
    values: () => ({ rows: [["D", rows.a]] }),
    says: may("delete", "Row"),
  },
  {
    name: "nor by leaving them out",
    can: { Row: "rcw" },
    values: () => ({ rows: [rows.a] }),
    says: may("delete", "Row"),
  },
  { name: "nor by emptying", can: { Row: "rcw" }, values: () => ({ rows: [["X"]] }), says: may("delete", "Row") },
  {
    name: "no right to take free ones out",
    can: { Note: "rcd" },
    values: () => ({ notes: [] }),
    says: may("change", "Note"),
  },
  {
    name: "no right two levels down",
    can: { Part: "r" },
    values: () => ({ rows: [["U", rows.a, { parts: [{ name: "p" }] }]] }),
    says: may("create", "Part"),
  },
  {
    name: "no right to make what is linked",
    can: { Mark: "r" },
    values: () => ({ marks: [{ name: "new" }] }),
    says: may("create", "Mark"),
  },
  {
    name: "no right to change what is linked",
    can: { Mark: "r" },
    values: () => ({ marks: [["U", marks.seen, { name: "x" }]] }),
    says: may("change", "Mark"),
  },
  {
    name: "a model that is not even read",
    can: { Row: "" },
    values: () => ({ rows: [] }),
    says: () => "ValidationError: rows: Sheet has no such field",
  },
  {
    name: "a hidden line is changed",
    rules: [seen("Row")],
    values: () => ({ rows: [["U", rows.h, { name: "x" }]] }),
    says: missing("Row", () => rows.h),
  },
  {
    name: "a hidden line is deleted",
    rules: [seen("Row")],
    values: () => ({ rows: [["D", rows.h]] }),
    says: missing("Row", () => rows.h),
  },
  {
    name: "a hidden line is brought in",
    rules: [seen("Row")],
    values: () => ({ rows: [["L", rows.h]] }),
    says: () => "ValidationError: rows[0]: there is no such Row record",
  },
  {
    name: "a hidden record is linked",
    rules: [seen("Mark")],
    values: () => ({ marks: [marks.seen, marks.hidden] }),
    says: () => "ValidationError: marks[1]: there is no such Mark record",
  },
  {
    name: "a hidden record is taken out",
    rules: [seen("Mark")],
    values: () => ({ marks: [["X", marks.hidden]] }),
    says: missing("Mark", () => marks.hidden),
  },
  {
    name: "a line that may not be changed",
    rules: [{ ...seen("Row", "w"), rule: "Q(name='a')" }],
    values: () => ({ rows: [["U", rows.b, { name: "x" }]] }),
    says: () => "AccessError: you may not change this Row record",
  },
  {
    name: "a line that may not be deleted",
    rules: [{ ...seen("Row", "d"), rule: "Q(name='a')" }],
    values: () => ({ rows: [["X"]] }),
    says: () => "AccessError: you may not change this Row record",
  },
  {
    name: "a new line outside the rule",
    rules: [seen("Row", "c")],
    values: () => ({ rows: [["C", { name: "hidden" }]] }),
    says: () => "AccessError: a record rule does not let you have this Row record like that",
  },
  {
    name: "a line that leaves the rule",
    rules: [seen("Row", "w")],
    values: () => ({ rows: [["U", rows.a, { name: "hidden" }]] }),
    says: () => "AccessError: a record rule does not let you have this Row record like that",
  },
  {
    name: "a line that leaves the rule by its sheet",
    rules: [{ model: "Note", rule: "Q(sheet__isnull=False) | Q(name='hidden')" }],
    values: () => ({ notes: [] }),
    says: () => "AccessError: a record rule does not let you have this Note record like that",
  },
  {
    name: "a field of another group",
    values: () => ({ marks: [["U", marks.seen, { color: "red" }]] }),
    says: () => "ValidationError: marks[0].color: Mark has no such field",
  },
  {
    name: "a reference to a hidden record, two levels down",
    rules: [seen("Mark")],
    values: () => ({ rows: [["U", rows.a, { marks: [marks.hidden] }]] }),
    says: () => "ValidationError: rows[0].marks[0]: there is no such Mark record",
  },
];

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : "thrown";
  }
}

test.each(refused)("refused: $name", async ({ can = {}, rules = [], values, says }) => {
  const env = await under(can, rules);
  const before = await snapshot();
  expect(await outcome(updateRecord(env, "Sheet", sheet, { name: "changed", ...values() }))).toMatch(says());
  expect(await snapshot()).toEqual(before);
});

describe("what the caller does not see stays as it is", () => {
  test.each<[string, () => GivenValues]>([
    ["replaced", () => ({ rows: [], marks: [], notes: [] })],
    ["emptied", () => ({ rows: [["X"]], marks: [["X"]], notes: [["X"]] })],
    ["replaced by command", () => ({ rows: [["R", []]], marks: [["R", []]], notes: [["R", []]] })],
  ])("when a list is %s", async (_name, values) => {
    const env = await under({}, [seen("Row"), seen("Mark"), seen("Note")]);
    await updateRecord(env, "Sheet", sheet, values());
    const { data } = await updateRecord(
      world.env,
      "Sheet",
      sheet,
      {},
      { fields: ["rows.name", "marks.name", "notes.name"] },
    );
    const { rows: lines, marks: linked, notes } = JSON.parse(data.toString()) as Record<string, { name: string }[]>;
    for (const list of [lines, linked, notes]) expect(list?.map(({ name }) => name)).toEqual(["hidden"]);
  });
});

describe("bulk", () => {
  test("one that is hidden or missing refuses all, as when it is written by itself", async () => {
    const env = await under({}, [seen("Row")]);
    const before = await snapshot();
    for (const id of [rows.h, 999_999_999, Number.MAX_SAFE_INTEGER * 2]) {
      const says = `MissingError: Row ${id} does not exist`;
      expect(await outcome(updateRecords(env, "Row", [rows.a, id, rows.b], { quantity: 7 }))).toBe(says);
      expect(await outcome(updateRecords(env, "Row", [rows.a, id], {}))).toBe(says);
      expect(await outcome(deleteRecords(env, "Row", [rows.a, id, rows.b]))).toBe(says);
    }
    expect(await snapshot()).toEqual(before);
  });

  test("one that may not be changed refuses all", async () => {
    const env = await under({}, [{ ...seen("Row", "wd"), rule: "Q(name='a')" }]);
    const before = await snapshot();
    const says = "AccessError: you may not change this Row record";
    expect(await outcome(updateRecords(env, "Row", [rows.a, rows.b], { quantity: 7 }))).toBe(says);
    expect(await outcome(deleteRecords(env, "Row", [rows.b, rows.a]))).toBe(says);
    expect(await outcome(updateRecords(env, "Row", [rows.a], { name: "z" }))).toMatch(/a record rule does not let you/);
    expect(await snapshot()).toEqual(before);
  });

  test("no right at all", async () => {
    const env = await under({ Row: "r" });
    expect(await outcome(updateRecords(env, "Row", [], {}))).toBe("AccessError: you may not change Row records");
    expect(await outcome(deleteRecords(env, "Row", []))).toBe("AccessError: you may not delete Row records");
  });
});
