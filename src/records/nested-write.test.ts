/** Records within records: every form of a list, all errors at once with their places, and what becomes of what leaves a list. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { documentModule } from "../../test/fixtures/document-registry.ts";
import { createWorld, shippedModules, type World } from "../../test/support/world.ts";
import { type ApplicationError, MissingError, ValidationError } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { fetchRecord, queryRecords } from "./read.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, updateRecord } from "./write.ts";

let world: World;
let env: Environment;
beforeAll(async () => {
  world = await createWorld([...shippedModules, documentModule]);
  env = world.env;
});
afterAll(() => world.drop());

let sheet: number;
let other: number;
let rows: number[];
let notes: number[];
let marks: number[];
let foreign: number;
beforeEach(async () => {
  await world.database.run({ text: "delete from mark", values: [] });
  await world.database.run({ text: "delete from note", values: [] });
  marks = [];
  for (const name of ["red", "blue"]) marks.push((await createRecord(env, "Mark", { name })).id);
  const made = await createRecord(
    env,
    "Sheet",
    { name: "S", rows: [{ name: "a" }, { name: "b" }], notes: [{ name: "m" }, { name: "n" }], marks: [marks[0]] },
    { fields: ["rows", "notes"] },
  );
  sheet = made.id;
  const { rows: lines, notes: texts } = JSON.parse(made.data.toString()) as Record<"rows" | "notes", { id: number }[]>;
  rows = lines.map(({ id }) => id);
  notes = texts.map(({ id }) => id);
  const second = await createRecord(env, "Sheet", { name: "T", rows: [{ name: "z" }] }, { fields: ["rows"] });
  other = second.id;
  foreign = (JSON.parse(second.data.toString()) as { rows: { id: number }[] }).rows[0]?.id ?? 0;
});

/** The names in a list of a record. */
async function names(id: number, field: string, model = "Sheet"): Promise<string[]> {
  const { data } = await fetchRecord(env, model, id, { fields: [`${field}.name`] });
  return (JSON.parse(data.toString()) as Record<string, { name: string }[]>)[field]?.map(({ name }) => name) ?? [];
}
const change = (values: GivenValues, id = sheet) => updateRecord(env, "Sheet", id, values);
const refusal = async (write: Promise<unknown>): Promise<ApplicationError> => {
  const error: unknown = await write.then(
    () => "nothing was refused",
    (reason: unknown) => reason,
  );
  if (typeof error === "string") throw new Error(error);
  return error as ApplicationError;
};
const exists = async (model: string, id: number) =>
  (await queryRecords(env, model, { q_filter: { id }, fields: ["id"] })).total === 1;

test("new records are answered in the order in which they were given, with what they hold", async () => {
  const { data, version } = await createRecord(
    env,
    "Sheet",
    {
      name: "Deep",
      rows: [
        { name: "1", price: "1.5", parts: [{ name: "1a" }, { name: "1b" }], marks: [{ name: "green" }, marks[1]] },
        { name: "2", quantity: 5 },
        { name: "3", parts: [["C", { name: "3a" }]] },
      ],
    },
    { fields: ["rows.name", "rows.price", "rows.parts.name", "rows.marks.name"] },
  );
  expect(version).toBe(1);
  const { rows: lines } = JSON.parse(data.toString()) as {
    rows: { id: number; name: string; parts: { name: string }[] }[];
  };
  expect(lines.map(({ name }) => name)).toEqual(["1", "2", "3"]);
  expect(lines.map(({ id }) => id)).toEqual(lines.map(({ id }) => id).sort((a, b) => a - b));
  expect(lines.map(({ parts }) => parts.map(({ name }) => name))).toEqual([["1a", "1b"], [], ["3a"]]);
  expect(data.toString()).toContain('"price":1.50');
  expect(data.toString()).toContain('"name":"green"');
});

describe("forms of a list", () => {
  const table: readonly (readonly [string, () => GivenValues, field: string, expected: string[]])[] = [
    ["ids replace", () => ({ rows: [rows[1]] }), "rows", ["b"]],
    ["ids bring in", () => ({ rows: [rows[0], foreign] }), "rows", ["a", "z"]],
    ["nothing empties", () => ({ rows: [] }), "rows", []],
    ["objects replace", () => ({ rows: [{ id: rows[1], name: "B" }, { name: "c" }] }), "rows", ["B", "c"]],
    ["an object with an id alone stays", () => ({ rows: [{ id: rows[0] }, { name: "c" }] }), "rows", ["a", "c"]],
    ["as a read gives it", () => ({ rows: [{ id: rows[0], display_name: "a" }] }), "rows", ["a"]],
    ["ids and objects", () => ({ rows: [rows[0], { id: rows[1], name: "B" }] }), "rows", ["a", "B"]],
    ["C", () => ({ rows: [["C", { name: "c" }]] }), "rows", ["a", "b", "c"]],
    ["U", () => ({ rows: [["U", rows[0], { name: "A" }]] }), "rows", ["A", "b"]],
    ["D", () => ({ rows: [["D", rows[0]]] }), "rows", ["b"]],
    ["L", () => ({ rows: [["L", foreign]] }), "rows", ["a", "b", "z"]],
    ["X id", () => ({ rows: [["X", rows[0]]] }), "rows", ["b"]],
    ["X", () => ({ rows: [["X"]] }), "rows", []],
    ["R", () => ({ rows: [["R", [rows[1], foreign]]] }), "rows", ["b", "z"]],
    [
      "many commands",
      () => ({ rows: [["X"], ["L", rows[0]], ["C", { name: "c" }], ["U", rows[0], { name: "A" }], ["L", foreign]] }),
      "rows",
      ["A", "z", "c"],
    ],
    [
      "out and in again",
      () => ({
        rows: [
          ["X", rows[0]],
          ["L", rows[0]],
        ],
      }),
      "rows",
      ["a", "b"],
    ],
    ["pairs: ids replace", () => ({ marks: [marks[1]] }), "marks", ["blue"]],
    ["pairs: an object links", () => ({ marks: [{ id: marks[1] }] }), "marks", ["blue"]],
    ["pairs: a new one", () => ({ marks: [marks[0], { name: "new" }] }), "marks", ["red", "new"]],
    ["pairs: U", () => ({ marks: [["U", marks[0], { name: "pink" }]] }), "marks", ["pink"]],
    [
      "pairs: L and U",
      () => ({
        marks: [
          ["L", marks[1]],
          ["U", marks[1], { name: "navy" }],
        ],
      }),
      "marks",
      ["red", "navy"],
    ],
    ["pairs: X id", () => ({ marks: [["X", marks[0]]] }), "marks", []],
    ["pairs: X", () => ({ marks: [["X"]] }), "marks", []],
    ["pairs: D", () => ({ marks: [["D", marks[0]]] }), "marks", []],
    ["pairs: R", () => ({ marks: [["R", marks]] }), "marks", ["red", "blue"]],
  ];
  test.each(table)("%s", async (_name, values, field, expected) => {
    await change(values());
    expect(await names(sheet, field)).toEqual(expected);
  });
});

describe("what leaves a list", () => {
  test("is deleted where it cannot be without its owner, and stays where it can", async () => {
    await change({ rows: [rows[0]], notes: [notes[0]], marks: [] });
    expect([await exists("Row", rows[1] ?? 0), await exists("Note", notes[1] ?? 0)]).toEqual([false, true]);
    expect(await exists("Mark", marks[0] ?? 0)).toBe(true);
    await change({ notes: [["D", notes[0]]], marks: [] });
    expect(await exists("Note", notes[0] ?? 0)).toBe(false);
  });

  test("is not deleted where it only moves on to another list", async () => {
    const { data } = await fetchRecord(env, "Sheet", other, { fields: ["rows"] });
    const [row] = (JSON.parse(data.toString()) as { rows: { id: number }[] }).rows;
    const parent = await createRecord(env, "Sheet", {
      name: "mover",
      children: [
        ["L", sheet],
        ["L", other],
        ["U", sheet, { rows: [rows[0]] }],
        ["U", other, { rows: [row?.id, rows[1]] }],
      ],
    });
    expect([await names(sheet, "rows"), await names(other, "rows")]).toEqual([["a"], ["b", "z"]]);
    expect(await names(parent.id, "children")).toEqual(["S", "T"]);
  });

  test("a change of a list counts as one of its holder, and of the records that move", async () => {
    const versions = async () => {
      const { data } = await queryRecords(env, "Row", {
        q_filter: { id__in: [...rows, foreign] },
        fields: ["version"],
      });
      return (JSON.parse(data.toString()) as { version: number }[]).map(({ version }) => version);
    };
    expect(await versions()).toEqual([1, 1, 1]);
    const { version } = await change({
      rows: [
        ["L", foreign],
        ["U", rows[0], { name: "A" }],
      ],
    });
    expect([version, await versions()]).toEqual([2, [2, 1, 2]]);
  });
});

describe("errors", () => {
  test("all of the whole tree at once, each with its place", async () => {
    const error = await refusal(
      change({
        name: "",
        rows: [
          { name: "c", price: -1, parts: [{ name: "p" }, { nme: "q" }] },
          { price: "x", quantity: 5000 },
          ["C", { name: "late" }],
          "x",
          { name: "d", sheet: other },
        ],
        marks: [["Q", 1], ["U", 1], ["C", []], ["L", "1"], 5],
        unknown: [],
      }),
    );
    expect(error).toBeInstanceOf(ValidationError);
    const command =
      'must be one of the commands ["C", values], ["U", id, values], ["D", id], ["L", id], ["X", id], ["X"] or ["R", [ids]]';
    expect(
      Object.fromEntries(
        (error.extra.fields as { path: string; message: string }[]).map((each) => [each.path, each.message]),
      ),
    ).toEqual({
      name: "must not be empty",
      unknown: expect.stringContaining("Sheet has no such field"),
      "rows[0].price": "must not be negative",
      "rows[0].parts[1].nme": expect.stringContaining("Part has no such field"),
      "rows[0].parts[1].name": "is required",
      "rows[1].name": "is required",
      "rows[1].price": expect.stringContaining("must be a number"),
      "rows[1].quantity": "must be less than 1000",
      "rows[2]": "must not be a command: the first entry of the list is none",
      "rows[3]": "must be a record id or an object of values, not a text",
      "rows[4].sheet": "is given by the list that the new record stands in",
      "marks[0]": command,
      "marks[1]": command,
      "marks[2]": `${command}: the values must be an object, not a list`,
      "marks[3]": "must be a record id, a positive whole number, not a text",
      "marks[4]": "must be a command, as the first entry of the list is one",
    });
  });

  const twice: readonly (readonly [string, () => readonly unknown[], string])[] = [
    [
      "changed twice",
      () => [
        ["U", rows[0], {}],
        ["U", rows[0], {}],
      ],
      "rows[1]: changes a record that an earlier command has changed already",
    ],
    [
      "deleted and changed",
      () => [
        ["D", rows[0]],
        ["U", rows[0], {}],
      ],
      "rows[1]: names a record that an earlier command has deleted",
    ],
    [
      "taken out and deleted",
      () => [
        ["X", rows[0]],
        ["D", rows[0]],
      ],
      "rows[1]: names a record that an earlier command has taken out of the list",
    ],
    [
      "emptied and changed",
      () => [["X"], ["U", rows[0], {}]],
      "rows[1]: names a record that an earlier command has taken out of the list",
    ],
    [
      "changed and taken out",
      () => [
        ["U", rows[0], {}],
        ["X", rows[0]],
      ],
      "rows[1]: takes away a record that an earlier command has changed",
    ],
    [
      "emptied after a new one",
      () => [["C", { name: "c" }], ["X"]],
      'rows[1]: must come before the commands "C" and "U", which it would undo',
    ],
    [
      "given twice",
      () => [{ id: rows[0], name: "A" }, { id: rows[0] }],
      "rows[1]: names a record that is in the list already",
    ],
  ];
  test.each(twice)("%s", async (_name, given, message) => {
    expect((await refusal(change({ rows: given() }))).message).toBe(message);
    expect(await names(sheet, "rows")).toEqual(["a", "b"]);
  });

  test("a record that is to come into two lists", async () => {
    const children = [
      ["L", sheet],
      ["L", other],
      ["U", sheet, { notes: [["L", notes[0]]] }],
      ["U", other, { notes: [["L", notes[0]]] }],
    ];
    await change({ notes: [] });
    const error = await refusal(createRecord(env, "Sheet", { name: "x", children }));
    expect(error.message).toBe(
      "children[3].notes[0]: names a record that children[2].notes[0] names too, for something else",
    );
  });

  test("a child of another parent, and one that is not there, are missing alike", async () => {
    const nowhere = 999_999_999;
    for (const id of [foreign, nowhere]) {
      const message = `Row ${id} does not exist`;
      for (const given of [[["U", id, { name: "x" }]], [["D", id]], [["X", id]], [{ id, name: "x" }], [{ id }]]) {
        const error = await refusal(change({ name: "changed", rows: given }));
        expect(error).toBeInstanceOf(MissingError);
        expect([error.message, error.extra]).toEqual([message, { fields: [{ path: "rows[0]", message }] }]);
      }
    }
    for (const given of [[nowhere], [["L", nowhere]], [["R", [rows[0], nowhere]]]]) {
      const error = await refusal(change({ rows: given }));
      expect(error.message).toMatch(/^rows\[0\]: there is no such Row record$/);
    }
    for (const given of [[["U", marks[1], { name: "x" }]], [["D", marks[1]]], [["X", marks[1]]]]) {
      expect((await refusal(change({ marks: given }))).message).toBe(`Mark ${marks[1]} does not exist`);
    }
    expect(
      JSON.parse((await fetchRecord(env, "Sheet", sheet, { fields: ["name", "version"] })).data.toString()),
    ).toMatchObject({
      name: "S",
      version: 1,
    });
    expect(await names(other, "rows")).toEqual(["z"]);
  });

  test("a broken constraint names the record", async () => {
    const codes = (...all: (string | null)[]) => ({ rows: all.map((code) => ["C", { name: "c", code }]) });
    await change(codes("A"));
    expect((await refusal(change(codes("B", null, "B")))).message).toBe("rows[2].code: is taken");
    expect((await refusal(change(codes("B", "A", "C")))).message).toBe("rows[1].code: is taken");
    const quantities = {
      rows: [
        { name: "c", quantity: 12 },
        { name: "d", quantity: 13 },
      ],
    };
    expect((await refusal(change(quantities))).message).toBe("rows[1].quantity: must not be 13");
    expect((await refusal(change({ marks: [{ name: "x" }, { name: "blue" }] }))).message).toBe(
      "marks[1].name: is taken",
    );
  });

  test("too much and too deep", async () => {
    const many = Array.from({ length: 5001 }, () => ["C", { name: "x", parts: [{ name: "p" }] }]);
    expect((await refusal(change({ rows: many }))).message).toMatch(
      /parts: a request may name at most 10000 records and commands in its lists/,
    );
    const nest = (depth: number): GivenValues =>
      depth === 0 ? { name: "leaf" } : { name: `${depth}`, children: [nest(depth - 1)] };
    await createRecord(env, "Sheet", nest(6));
    expect((await refusal(createRecord(env, "Sheet", nest(7)))).message).toBe(
      `${Array.from({ length: 6 }, () => "children[0]").join(".")}.children: is nested deeper than 6 levels of records within records`,
    );
  });

  test("no circle is closed by a list", async () => {
    const { id: child } = await createRecord(env, "Sheet", { name: "child", parent: sheet });
    expect((await refusal(updateRecord(env, "Sheet", child, { children: [sheet] }))).message).toBe(
      "children[0].parent: a record cannot be its own ancestor",
    );
    const both = createRecord(env, "Sheet", { name: "between", parent: child, children: [["L", sheet]] });
    expect((await refusal(both)).message).toBe("children[0].parent: a record cannot be its own ancestor");
  });
});

test("the number of statements does not depend on that of the records", async () => {
  const count = async (lines: number, parts: number) => {
    const given = Array.from({ length: lines }, (_, line) => ({
      name: `${line}`,
      parts: Array.from({ length: parts }, (_, part) => ({ name: `${part}` })),
      marks,
    }));
    const { texts, result } = await world.statements.during(() =>
      createRecord(env, "Sheet", { name: "x", rows: given }),
    );
    const read = await fetchRecord(env, "Sheet", result.id, { fields: ["rows", "rows.parts"] });
    const { rows: written } = JSON.parse(read.data.toString()) as { rows: { id: number; parts: { id: number }[] }[] };
    const changes = written.map(({ id, parts: own }) => [
      "U",
      id,
      { quantity: 2, parts: own.map((part) => ({ ...part, name: "new" })) },
    ]);
    const updated = await world.statements.during(() => change({ rows: changes }, result.id));
    return [texts.length, updated.texts.length];
  };
  expect(await count(1, 1)).toEqual(await count(40, 25));
});
