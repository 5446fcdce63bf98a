/** Code of modules hears of no change of a record that is not there for the caller, or not in the list that names it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { storeAccessData, storeCompanies } from "../../test/fixtures/access-data.ts";
import { documentModule } from "../../test/fixtures/document-registry.ts";
import { environmentOf } from "../../test/fixtures/user-environment.ts";
import { createWorld, shippedModules, type World } from "../../test/support/world.ts";
import { type ApplicationError, MissingError, UserError, ValidationError } from "../errors.ts";
import type { DraftChange, DraftValues, ModelBehaviour } from "../models/behaviour.ts";
import { cloneRecord } from "./clone.ts";
import type { Environment } from "./environment.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";
import { changeRecords, deleteRecords, updateRecords } from "./write-bulk.ts";

/** What the hooks were told of, as `Note write 5`. */
let told: string[] = [];
type Next = (batch: unknown) => Promise<unknown>;

/** Hooks that tell of what they hear, and refuse all of it once somebody wants them to. */
let refusing = false;
function watched(model: string): ModelBehaviour {
  const hear = (moment: string, what: readonly (number | string)[]) => {
    told.push(...what.map((each) => `${model} ${moment} ${each}`));
    if (refusing) throw new UserError(`${model} is frozen`);
  };
  const hooks = {
    beforeCreate: (values: readonly DraftValues[], _env: unknown, next: Next) => {
      const names = values.map(({ name }) => String(name));
      hear("create", names);
      return next(values);
    },
    beforeUpdate: (changes: readonly DraftChange[], _env: unknown, next: Next) => {
      const ids = changes.map(({ id }) => id);
      hear("write", ids);
      return next(changes);
    },
    beforeDelete: (ids: readonly number[], _env: unknown, next: Next) => {
      hear("delete", ids);
      return next(ids);
    },
  } as unknown as ModelBehaviour["hooks"];
  return { implements: model, calculate: {}, setters: {}, validate: {}, hooks, file: `modules/documents/${model}.ts` };
}

let world: World;
let env: Environment;
beforeAll(async () => {
  // Sheets and rows have no hooks, what hangs on them has.
  const behaviours = [...(documentModule.behaviours ?? []), ...["Note", "Part", "Mark"].map(watched)];
  world = await createWorld([...shippedModules, { ...documentModule, behaviours }]);
  await storeCompanies(world.database);
  const models = ["Sheet", "Row", "Part", "Note", "Mark"];
  await storeAccessData(world.database, world.registry, {
    users: [{ id: 1, groups: [1] }],
    groups: [{ id: 1 }],
    access: models.map((model) => ({ model, group: 1, can: "rcwd" })),
    rules: [
      ...models.map((model) => ({ model, rule: "Q(name__neq='hidden')" })),
      { model: "Note", rule: "Q(name__neq='kept')", on: "wd" },
    ],
  });
  env = await environmentOf(world.database, world.registry, 1);
});
afterAll(() => world.drop());

const NOWHERE = 999_999_999;
/** Records by what they are: those of the sheet `S`, of the sheet `T` (`other...`), and those that the caller does not see. */
let ids: Readonly<Record<string, number>>;
const id = (name: string): number => ids[name] ?? 0;

beforeEach(async () => {
  refusing = false;
  for (const table of ["sheet", "note", "mark"]) await world.database.run({ text: `delete from ${table}`, values: [] });
  const [mark, free] = [
    (await createRecord(world.env, "Mark", { name: "own" })).id,
    (await createRecord(world.env, "Mark", { name: "free" })).id,
  ];
  const sheet = async (name: string, marks: number[]) => {
    const values = {
      name,
      rows: [{ name: "r", parts: [{ name: "p" }] }],
      notes: [{ name: "n" }, { name: "hidden" }, { name: "kept" }],
      marks,
    };
    const { data } = await createRecord(world.env, "Sheet", values, { fields: ["rows.parts", "notes"] });
    return JSON.parse(data.toString()) as {
      id: number;
      rows: { id: number; parts: { id: number }[] }[];
      notes: { id: number }[];
    };
  };
  const [own, other] = [await sheet("S", [mark]), await sheet("T", [])];
  const named = (prefix: string, { id: whole, rows, notes }: typeof own) => {
    const [row, [note, hidden, kept]] = [rows[0], notes];
    const members = [whole, row?.id, row?.parts[0]?.id, note?.id, hidden?.id, kept?.id];
    return ["Sheet", "Row", "Part", "Note", "Hidden", "Kept"].map((name, at) => [`${prefix}${name}`, members[at] ?? 0]);
  };
  ids = Object.fromEntries([...named("own", own), ...named("other", other), ["mark", mark], ["free", free]]);
  told = [];
});

async function refusal(write: Promise<unknown>): Promise<ApplicationError> {
  return (await write.then(
    () => new Error("nothing was refused"),
    (error: unknown) => error,
  )) as ApplicationError;
}

const change = (values: GivenValues) => updateRecord(env, "Sheet", id("ownSheet"), values);

describe("in lists", () => {
  /** A command for a record that is not in the list, where it stands, and the records that are not. */
  const strangers = ["otherNote", "ownHidden", "otherHidden", "nowhere"];
  const rows: readonly (readonly [string, (stranger: number) => Promise<unknown>, string, readonly string[]])[] = [
    ["changed by command", (one) => change({ notes: [["U", one, { quantity: 2 }]] }), "notes[0]", strangers],
    ["changed as an object", (one) => change({ notes: [{ id: one, quantity: 2 }] }), "notes[0]", strangers],
    ["deleted", (one) => change({ notes: [["D", one]] }), "notes[0]", strangers],
    ["taken out", (one) => change({ notes: [["X", one]] }), "notes[0]", strangers],
    ["kept", (one) => change({ notes: [{ id: one }] }), "notes[0]", strangers],
    [
      "beside one that is",
      (one) =>
        change({
          notes: [
            ["U", id("ownNote"), { quantity: 2 }],
            ["U", one, { quantity: 2 }],
          ],
        }),
      "notes[1]",
      strangers,
    ],
    [
      "in a new record",
      (one) => createRecord(env, "Sheet", { name: "x", notes: [{ id: one, quantity: 2 }] }),
      "notes[0]",
      ["ownNote", ...strangers],
    ],
    [
      "in one of many new records",
      (one) =>
        world
          .derive({ access: env.access })
          .model("Sheet" as never)
          .createMany([{ name: "x" }, { name: "y", notes: [["U", one, { quantity: 2 }]] }] as never),
      "records[1].notes[0]",
      ["ownNote", ...strangers],
    ],
    [
      "in a new record within another one",
      (one) => change({ rows: [["C", { name: "x", parts: [["U", one, { name: "y" }]] }]] }),
      "rows[0].parts[0]",
      ["ownPart", "otherPart", "nowhere"],
    ],
    [
      "of another record of the list",
      (one) => change({ rows: [["U", id("ownRow"), { parts: [["U", one, { name: "y" }]] }]] }),
      "rows[0].parts[0]",
      ["otherPart", "nowhere"],
    ],
    ["in pairs", (one) => change({ marks: [["U", one, { name: "y" }]] }), "marks[0]", ["free", "nowhere"]],
    [
      "in a copy",
      (one) => cloneRecord(env, "Sheet", id("ownSheet"), { rows: [], notes: [{ id: one, quantity: 2 }] }),
      "notes[0]",
      ["ownNote", ...strangers],
    ],
    [
      "in many records",
      (one) =>
        updateRecords(env, "Sheet", [id("ownSheet"), id("otherSheet")], { notes: [["U", one, { quantity: 2 }]] }),
      "values.notes[0]",
      ["ownNote", ...strangers],
    ],
  ];
  const cases = rows.flatMap(([name, write, path, all]) =>
    all.map((stranger) => [name, stranger, write, path] as const),
  );

  test.each(cases)("%s: %s is missing, whatever the reason", async (_name, stranger, write, path) => {
    refusing = true;
    const one = stranger === "nowhere" ? NOWHERE : id(stranger);
    const error = await refusal(write(one));
    expect(error).toBeInstanceOf(MissingError);
    expect(error.extra).toEqual({ fields: [{ path, message: error.message }] });
    expect(error.message).toMatch(new RegExp(`^(Note|Part|Mark) ${one} does not exist$`));
    expect(told).toEqual([]);
  });

  test("nothing of a record that is itself not in the list", async () => {
    refusing = true;
    const message = `Row ${id("otherRow")} does not exist`;
    for (const parts of [[["U", id("otherPart"), { name: "y" }]], [["C", { name: "y" }]], [["D", id("otherPart")]]]) {
      const error = await refusal(change({ rows: [["U", id("otherRow"), { parts }]] }));
      expect([error.message, error.extra]).toEqual([message, { fields: [{ path: "rows[0]", message }] }]);
    }
    expect(told).toEqual([]);
  });

  test("what is hidden and brought in at once is named along with all else that is wrong", async () => {
    const notes = [
      ["L", id("otherHidden")],
      ["U", id("otherHidden"), { quantity: "x" }],
      ["L", id("otherNote")],
      ["U", id("otherNote"), { quantity: "x" }],
      ["C", { quantity: 1 }],
    ];
    const error = await refusal(change({ name: "", notes }));
    expect(error).toBeInstanceOf(ValidationError);
    expect((error.extra.fields as { path: string }[]).map(({ path }) => path)).toEqual([
      "name",
      "notes[0]",
      "notes[4].name",
      "notes[3].quantity",
    ]);
    expect(told).toEqual(["Note create undefined", `Note write ${id("otherNote")}`]);
  });

  test("those that are there are heard of, at every depth", async () => {
    await change({
      notes: [
        ["L", id("otherNote")],
        ["U", id("otherNote"), { quantity: 3 }],
        ["D", id("ownNote")],
      ],
      rows: [{ id: id("ownRow"), parts: [{ id: id("ownPart"), name: "y" }] }],
      marks: [["U", id("mark"), { name: "y" }]],
    });
    expect([...told].sort()).toEqual(
      [
        `Mark write ${id("mark")}`,
        `Note delete ${id("ownNote")}`,
        `Note write ${id("otherNote")}`,
        `Part write ${id("ownPart")}`,
      ].sort(),
    );
  });
});

test("looking for records takes the same number of statements for any number of them", async () => {
  const counts: number[] = [];
  for (const number of [1, 30]) {
    const lines = Array.from({ length: number }, () => ({ name: "x", parts: [{ name: "p" }] }));
    const values = { name: "many", rows: lines, notes: Array.from({ length: number }, () => ({ name: "n" })) };
    const made = await createRecord(env, "Sheet", values, { fields: ["rows.parts", "notes"] });
    const { rows, notes } = JSON.parse(made.data.toString()) as {
      rows: { id: number; parts: { id: number }[] }[];
      notes: { id: number }[];
    };
    const changes = {
      rows: rows.map((row) => ["U", row.id, { parts: row.parts.map((part) => ["U", part.id, { name: "q" }]) }]),
      notes: notes.map((note) => ["U", note.id, { quantity: 7 }]),
    };
    const noteIds = notes.map((note) => note.id);
    const writes: (() => Promise<unknown>)[] = [
      () => updateRecord(env, "Sheet", made.id, changes),
      () => updateRecords(env, "Note", noteIds, { quantity: 8 }),
      () => deleteRecords(env, "Note", noteIds),
    ];
    for (const write of writes) counts.push((await world.statements.during(write)).texts.length);
  }
  expect(counts.slice(3)).toEqual(counts.slice(0, 3));
});

describe("by themselves", () => {
  const values = { quantity: 2 };
  const rows: readonly (readonly [string, (one: number) => Promise<unknown>])[] = [
    ["a change", (one) => updateRecord(env, "Note", one, values)],
    ["a change of many", (one) => updateRecords(env, "Note", [id("ownNote"), one], values)],
    [
      "many changes",
      (one) =>
        changeRecords(env, "Note", [
          { id: id("ownNote"), values },
          { id: one, values },
        ]),
    ],
    ["a deletion", (one) => deleteRecord(env, "Note", one)],
    ["a deletion of many", (one) => deleteRecords(env, "Note", [id("ownNote"), one])],
    ["a deletion of one among many", (one) => deleteRecords(env, "Note", [one])],
  ];
  test.each(rows)("%s of a record that is hidden, missing or not to be changed", async (_name, write) => {
    refusing = true;
    for (const one of [id("ownHidden"), NOWHERE]) {
      const error = await refusal(write(one));
      expect([error.constructor.name, error.message]).toEqual(["MissingError", `Note ${one} does not exist`]);
    }
    expect((await refusal(write(id("ownKept")))).message).toBe("you may not change this Note record");
    expect(told).toEqual([]);
    expect((await refusal(write(id("otherNote")))).message).toBe("Note is frozen");
  });

  test("another version than the one that is asked for", async () => {
    refusing = true;
    const [one, version] = [id("ownNote"), 7];
    for (const write of [
      () => updateRecord(env, "Note", one, values, { version }),
      () => deleteRecord(env, "Note", one, { version }),
    ]) {
      expect((await refusal(write())).message).toMatch(/^the record has version 1, not 7/);
    }
    expect(told).toEqual([]);
  });

  test("a list of a record that is hidden or missing", async () => {
    refusing = true;
    await world.database.run({ text: "update sheet set name = 'hidden' where id = $1", values: [id("otherSheet")] });
    for (const one of [id("otherSheet"), NOWHERE]) {
      for (const notes of [[["C", { name: "x" }]], [["U", id("otherNote"), values]]]) {
        expect((await refusal(updateRecord(env, "Sheet", one, { notes }))).message).toBe(`Sheet ${one} does not exist`);
        expect((await refusal(updateRecords(env, "Sheet", [id("ownSheet"), one], { notes }))).message).toBe(
          `Sheet ${one} does not exist`,
        );
      }
    }
    expect(told).toEqual([]);
  });
});
