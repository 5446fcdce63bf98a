/** Bulk writes: order, all or nothing, limits, places in errors, hooks, collisions, and how many statements they take. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { documentModule } from "../../test/fixtures/document-registry.ts";
import { createWorld, shippedModules, type World } from "../../test/support/world.ts";
import { Database } from "../database/database.ts";
import { ConflictError, type ValidationError, VersionConflictError } from "../errors.ts";
import type { DraftChange, DraftValues, ModelBehaviour } from "../models/behaviour.ts";
import type { Environment } from "./environment.ts";
import { queryRecords } from "./read.ts";
import type { GivenValues } from "./values.ts";
import { createRecord, updateRecord } from "./write.ts";
import { createRecords, deleteRecords, updateRecords } from "./write-bulk.ts";

type Next = (batch: unknown) => Promise<unknown>;
let told: [string, unknown][] = [];

/** Hooks that write down what they are told, and one that changes what is written. */
const behaviour: ModelBehaviour = {
  implements: "Note",
  calculate: {},
  setters: {},
  validate: {
    few: {
      fields: ["quantity"],
      check: (({ quantity }: { quantity: number }) => (quantity > 90 ? "is too much" : null)) as never,
    },
  },
  hooks: {
    beforeCreate: (async (values: readonly DraftValues[], _env: unknown, next: Next) => {
      told.push(["beforeCreate", values.length]);
      return next(values.map((each) => (each.name === "hook" ? { ...each, quantity: 42 } : each)));
    }) as never,
    afterCreate: ((ids: readonly number[]) => void told.push(["afterCreate", ids])) as never,
    beforeUpdate: (async (changes: readonly DraftChange[], _env: unknown, next: Next) => {
      told.push(["beforeUpdate", changes]);
      return next(changes);
    }) as never,
    afterUpdate: ((changes: readonly DraftChange[]) => void told.push(["afterUpdate", changes])) as never,
    beforeDelete: ((ids: readonly number[]) => void told.push(["beforeDelete", ids])) as never,
    afterDelete: ((ids: readonly number[]) => void told.push(["afterDelete", ids])) as never,
  },
  file: "modules/documents/note.ts",
};

let world: World;
let env: Environment;
beforeAll(async () => {
  world = await createWorld([
    ...shippedModules,
    { ...documentModule, behaviours: [...(documentModule.behaviours ?? []), behaviour] },
  ]);
  env = world.env;
});
afterAll(() => world.drop());
beforeEach(() => {
  told = [];
});

const read = async (model: string, ids: readonly number[], ...fields: string[]): Promise<Record<string, unknown>[]> => {
  const { data } = await queryRecords(env, model, {
    q_filter: { id__in: ids },
    fields,
    order_by: ["id ASC"],
    limit: 10_000,
  });
  return JSON.parse(data.toString()) as Record<string, unknown>[];
};
const outcome = (write: Promise<unknown>) =>
  write.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? error.message : "thrown"),
  );
const numbered = (count: number, more: GivenValues = {}) =>
  Array.from({ length: count }, (_, index) => ({ name: `${index}`, ...more }));

describe("create", () => {
  test("ids come in the order of the records, whatever each of them gives", async () => {
    const ids = await createRecords(env, "Product", [
      { name: "a", price: "1.005", active: false },
      { name: 'b "quoted" \\ {x}', description: null },
      { name: "NULL", image: "AAEC", cost: 3 },
    ]);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(await read("Product", ids, "name", "price", "active", "image", "cost", "version")).toEqual([
      { id: ids[0], name: "a", price: 1.01, active: false, image: null, cost: null, version: 1 },
      { id: ids[1], name: 'b "quoted" \\ {x}', price: 0, active: true, image: null, cost: null, version: 1 },
      { id: ids[2], name: "NULL", price: 0, active: true, image: "AAEC", cost: 3, version: 1 },
    ]);
  });

  test("with lists in them", async () => {
    const ids = await createRecords(env, "Sheet", [
      { name: "x", rows: [{ name: "x1" }, { name: "x2", parts: [{ name: "p" }] }] },
      { name: "y" },
      { name: "z", rows: [{ name: "z1" }] },
    ]);
    const names = (await read("Sheet", ids, "rows.name")) as { rows: { name: string }[] }[];
    expect(names.map(({ rows }) => rows.map(({ name }) => name))).toEqual([["x1", "x2"], [], ["z1"]]);
  });

  test("all errors at once, with the place of each", async () => {
    const before = (await queryRecords(env, "Sheet", { limit: 0 })).total;
    const write = createRecords(env, "Sheet", [
      { name: "fine" },
      { nme: "x" },
      { name: "x", rows: [{ name: "r" }, { name: "s", price: -1 }] },
    ]);
    const error: unknown = await write.catch((reason: unknown) => reason);
    expect((error as ValidationError).extra.fields).toEqual([
      { path: "records[1].nme", message: expect.stringContaining("Sheet has no such field") },
      { path: "records[1].name", message: "is required" },
      { path: "records[2].rows[1].price", message: "must not be negative" },
    ]);
    expect((await queryRecords(env, "Sheet", { limit: 0 })).total).toBe(before);
  });

  test("a constraint that is broken within the call or by what is there names the record", async () => {
    await createRecord(env, "Product", { name: "x", code: "TAKEN" });
    const codes = (...all: string[]) =>
      createRecords(
        env,
        "Product",
        all.map((code) => ({ name: "x", code })),
      );
    expect(await outcome(codes("K1", "K2", "K1"))).toBe("records[2].code: is taken");
    expect(await outcome(codes("K1", "TAKEN"))).toBe("records[1].code: is taken");
    const categories = (...all: number[]) =>
      createRecords(
        env,
        "Product",
        all.map((category) => ({ name: "x", category })),
      );
    expect(await outcome(categories(999_999_999))).toBe("records[0].category: there is no such Category record");
    const { id: category } = await createRecord(env, "Category", { name: "c" });
    expect(await outcome(categories(category, 888_888_888))).toBe(
      "records[1].category: there is no such Category record",
    );
    const units = [{ name: "U1", category: (await createRecord(env, "UoMCategory", { name: "Bulk" })).id }];
    const more = units.flatMap((unit) => [
      unit,
      { ...unit, name: "U2" },
      { ...unit, name: "u1" },
      { ...unit, name: "U2" },
    ]);
    expect(await outcome(createRecords(env, "UoM", more))).toBe(
      "records[3].category: the category has a unit of this name already",
    );
    const tags = [{ name: "Twice" }, { name: "once" }, { name: "TWICE" }];
    expect(await outcome(createRecords(env, "ContactTag", tags))).toMatch(/^records\[2\]\.name: is taken/);
  });

  test("limits", async () => {
    expect(await createRecords(env, "Product", [])).toEqual([]);
    expect(await outcome(createRecords(env, "Product", numbered(10_001)))).toBe(
      "records: must have at most 10000 items, not 10001",
    );
    expect(await createRecords(env, "Mark", numbered(10_000))).toHaveLength(10_000);
    await world.database.run({ text: "delete from mark", values: [] });
  });
});

describe("update and delete", () => {
  test("each record once, in the order of the request", async () => {
    const [a = 0, b = 0, c = 0] = await createRecords(env, "Product", numbered(3));
    expect(await updateRecords(env, "Product", [c, a, c], { price: 7 })).toEqual([c, a]);
    expect(await read("Product", [a, b, c], "price", "version")).toMatchObject([
      { price: 7, version: 2 },
      { price: 0, version: 1 },
      { price: 7, version: 2 },
    ]);
    expect(await updateRecords(env, "Product", [b, b], {})).toEqual([b]);
    expect(await updateRecords(env, "Product", [], { price: 7 })).toEqual([]);
    expect(await deleteRecords(env, "Product", [])).toEqual([]);
    expect(await deleteRecords(env, "Product", [c, a, c])).toEqual([c, a]);
    expect(await read("Product", [a, b, c], "name")).toEqual([{ id: b, name: "1" }]);
  });

  test("lists are written for each record", async () => {
    const ids = await createRecords(env, "Sheet", numbered(2, { rows: [{ name: "old" }] }));
    await updateRecords(env, "Sheet", ids, { rows: [["C", { name: "new" }]] });
    const names = (await read("Sheet", ids, "rows.name")) as { rows: { name: string }[] }[];
    expect(names.map(({ rows }) => rows.map(({ name }) => name))).toEqual([
      ["old", "new"],
      ["old", "new"],
    ]);
    expect(await outcome(updateRecords(env, "Sheet", ids, { name: "", rows: [["C", {}]] }))).toBe(
      "values.name: must not be empty; values.rows[0].name: is required",
    );
    const many = await createRecords(env, "Sheet", numbered(101));
    expect(await outcome(updateRecords(env, "Sheet", many, { rows: numbered(100) }))).toMatch(
      /values.rows: a request may name at most 10000/,
    );
  });

  test("wrong ids", async () => {
    for (const [id, message] of [
      [0, "the number 0"],
      [1.5, "the number 1.5"],
      ["1", "a text"],
    ] as const) {
      expect(await outcome(deleteRecords(env, "Product", [1, id as number]))).toBe(
        `ids[1]: must be a record id, a positive whole number, not ${message}`,
      );
    }
    expect(await outcome(deleteRecords(env, "Product", [2 ** 60]))).toBe(`Product ${2 ** 60} does not exist`);
    expect(await outcome(updateRecords(env, "Product", [999_999_999], {}))).toBe("Product 999999999 does not exist");
    const ids = Array.from({ length: 10_001 }, (_, index) => index + 1);
    expect(await outcome(deleteRecords(env, "Product", ids))).toBe("ids: must have at most 10000 items, not 10001");
  });

  test("a parent and its children go together, but not a record that others need", async () => {
    const { id: parent } = await createRecord(env, "Category", { name: "p" });
    const { id: child } = await createRecord(env, "Category", { name: "c", parent });
    const { id: lone } = await createRecord(env, "Category", { name: "l" });
    await expect(deleteRecords(env, "Category", [lone, parent])).rejects.toThrow(ConflictError);
    expect(await read("Category", [lone], "name")).toHaveLength(1);
    expect(await deleteRecords(env, "Category", [parent, child, lone])).toEqual([parent, child, lone]);
  });
});

describe("hooks and rules", () => {
  test("are called once for all records of a call", async () => {
    const ids = await createRecords(env, "Note", [{ name: "hook" }, { name: "plain" }]);
    expect(await read("Note", ids, "quantity")).toMatchObject([{ quantity: 42 }, { quantity: 1 }]);
    await updateRecords(env, "Note", ids, { quantity: 5 });
    await deleteRecords(env, "Note", ids);
    const changes = ids.map((id) => ({ id, values: { quantity: 5 } }));
    expect(told).toEqual([
      ["beforeCreate", 2],
      ["afterCreate", ids],
      ["beforeUpdate", changes],
      ["afterUpdate", changes],
      ["beforeDelete", ids],
      ["afterDelete", ids],
    ]);
  });

  test("so are those of records in lists, also where they only come and go", async () => {
    const { id } = await createRecord(
      env,
      "Sheet",
      { name: "s", notes: [{ name: "hook" }, { name: "n" }] },
      { fields: ["notes"] },
    );
    const { id: other } = await createRecord(env, "Sheet", { name: "t" });
    const notes = (await read("Sheet", [id], "notes.quantity"))[0]?.notes as { id: number; quantity: number }[];
    expect(notes.map(({ quantity }) => quantity)).toEqual([42, 1]);
    const [first, second] = notes;
    told = [];
    await updateRecord(env, "Sheet", other, { notes: [first?.id] });
    const moved = [{ id: first?.id, values: { sheet: other } }];
    expect(told).toEqual([
      ["beforeUpdate", moved],
      ["afterUpdate", moved],
    ]);
    told = [];
    await updateRecord(env, "Sheet", id, { notes: [] });
    expect(told[0]).toEqual(["beforeUpdate", [{ id: second?.id, values: { sheet: null } }]]);
  });

  test("setters get what is written to calculated fields, which nobody else writes", async () => {
    const ids = await createRecords(env, "Note", [{ name: "a", double: 8 }, { name: "b" }]);
    expect(await read("Note", ids, "quantity", "double")).toMatchObject([
      { quantity: 4, double: 8 },
      { quantity: 1, double: 2 },
    ]);
    const { data } = await updateRecord(env, "Note", ids[1] ?? 0, { double: 6 }, { fields: ["quantity", "double"] });
    expect(JSON.parse(data.toString())).toMatchObject({ quantity: 3, double: 6 });
    expect(await outcome(createRecord(env, "Note", { name: "c", double: "x" }))).toMatch(
      /^double: must be a whole number/,
    );
    expect(await outcome(createRecord(env, "Category", { name: "c", complete_name: "x", product_count: 5 }))).toBe(
      "complete_name: is calculated; product_count: is calculated",
    );
  });

  test("rules over fields name the record", async () => {
    const notes = [{ name: "a" }, { name: "b", quantity: 91 }];
    expect(await outcome(createRecords(env, "Note", notes))).toBe("records[1].quantity: is too much");
    expect(await outcome(createRecord(env, "Sheet", { name: "s", notes }))).toBe("notes[1].quantity: is too much");
    const ids = await createRecords(env, "Note", [{ name: "a" }]);
    expect(await outcome(updateRecords(env, "Note", ids, { quantity: 99 }))).toBe("values.quantity: is too much");
    expect(await outcome(updateRecord(env, "Note", ids[0] ?? 0, { quantity: 99 }))).toBe("quantity: is too much");
  });
});

describe("statements", () => {
  const count = async (work: () => Promise<unknown>) => (await world.statements.during(work)).texts.length;

  test("plain records take one, whatever their number", async () => {
    for (const number of [1, 10, 1000]) {
      expect(await count(() => createRecords(env, "Product", numbered(number)))).toBe(1);
    }
  });

  test("records with lists, with calculated fields, changes and deletions take always the same", async () => {
    const of = async (number: number, lines: number) => {
      const sheets = numbered(number, { rows: numbered(lines, { parts: [{ name: "p" }] }), notes: [{ name: "n" }] });
      let ids: readonly number[] = [];
      const create = await count(async () => {
        ids = await createRecords(env, "Sheet", sheets);
      });
      const update = await count(() =>
        updateRecords(env, "Sheet", ids, { name: "n", rows: [["C", { name: "more" }]] }),
      );
      const clear = await count(() => updateRecords(env, "Sheet", ids, { rows: [], notes: [] }));
      const remove = await count(() => deleteRecords(env, "Sheet", ids));
      const categories = await count(() => createRecords(env, "Category", numbered(number)));
      return [create, update, clear, remove, categories];
    };
    expect(await of(2, 2)).toEqual(await of(60, 20));
  });
});

describe("at the same time", () => {
  test("of 100 new records with one value, one is made and the others name the field", async () => {
    const all = await Promise.all(
      Array.from({ length: 100 }, () => outcome(createRecord(env, "Product", { name: "race", code: "RACE" }))),
    );
    expect(all.filter((each) => each === "done")).toHaveLength(1);
    expect(all.filter((each) => each === "code: is taken")).toHaveLength(99);
  });

  test("of 100 changes of one version, one is made", async () => {
    const { id } = await createRecord(env, "Sheet", { name: "v" });
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        updateRecord(env, "Sheet", id, { name: `${index}`, rows: [["C", { name: "r" }]] }, { version: 1 }).then(
          () => "done",
          (error: unknown) => (error instanceof VersionConflictError ? "conflict" : String(error)),
        ),
      ),
    );
    expect([all.filter((each) => each === "done").length, all.filter((each) => each === "conflict").length]).toEqual([
      1, 99,
    ]);
    expect(await read("Sheet", [id], "version", "rows")).toMatchObject([{ version: 2, rows: [{}] }]);
  });

  test("calls that lock the same records in another order all succeed", async () => {
    const ids = await createRecords(env, "Product", numbered(200));
    const turned = [...ids].reverse();
    const all = Array.from({ length: 20 }, (_, index) =>
      updateRecords(env, "Product", index % 2 === 0 ? ids : turned, { price: index }),
    );
    await Promise.all(all);
    expect((await read("Product", ids, "version")).every(({ version }) => version === 21)).toBe(true);
  });

  test("two transactions that wait for each other are both done, one of them again", async () => {
    const [a = 0, b = 0] = await createRecords(env, "Product", numbered(2));
    const database = new Database({ connection: world.connection });
    const own = world.derive({ database });
    let met: () => void = () => {};
    const both = new Promise<void>((resolve) => {
      met = resolve;
    });
    let arrived = 0;
    const cross = (first: number, second: number) =>
      own.transaction(async (inner) => {
        await updateRecords(inner, "Product", [first], { price: first });
        arrived += 1;
        if (arrived === 2) met();
        await both;
        await updateRecords(inner, "Product", [second], { cost: first });
      });
    await Promise.all([cross(a, b), cross(b, a)]);
    expect(database.describeLoad().retriedTransactions).toBeGreaterThanOrEqual(1);
    expect(await read("Product", [a, b], "price", "cost", "version")).toEqual([
      { id: a, price: a, cost: b, version: 3 },
      { id: b, price: b, cost: a, version: 3 },
    ]);
    await database.close();
  });
});
