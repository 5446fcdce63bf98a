/** Who reads the change history: whoever sees the record and the field; lists, totals, groups and single entries agree. */
import { afterAll, beforeAll, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { accessOf, loadRights } from "../../src/access/rights.ts";
import { AccessError, MissingError } from "../../src/errors.ts";
import type { ModelName } from "../../src/fields/known-model.ts";
import { char, integer, manyToMany, password } from "../../src/index.ts";
import type { Environment } from "../../src/records/environment.ts";
import { groupRecords } from "../../src/records/group.ts";
import { fetchRecord, queryRecords } from "../../src/records/read.ts";
import { createRecord, deleteRecord, updateRecord } from "../../src/records/write.ts";
import { createRecords, deleteRecords, updateRecords } from "../../src/records/write-bulk.ts";
import { createCaller, createWorld, declareModel, type World } from "../support/world.ts";

const modules = [
  { identifier: "core", ...core },
  {
    identifier: "depot",
    extensions: [],
    models: [
      declareModel("Label", { name: char({ required: true }) }),
      declareModel(
        "Crate",
        {
          name: char({ required: true }),
          weight: integer(),
          margin: integer({ groups: ["managers"] }),
          code: password(),
          labels: manyToMany("Label" as ModelName),
        },
        { track: true },
      ),
      declareModel("Secret", { name: char({ required: true }) }, { track: true }),
    ],
  },
];

let world: World;
let gone: number;
beforeAll(async () => {
  world = await createWorld(modules);
  const label = await createRecord(world.env, "Label", { name: "red" });
  const [, heavy = 0, third = 0] = await createRecords(world.env, "Crate", [
    { name: "light", weight: 1, margin: 10, labels: [label.id] },
    { name: "heavy", weight: 100 },
    { name: "gone", weight: 2 },
  ]);
  await updateRecord(world.env, "Crate", heavy, { weight: 101, margin: 20, code: "a new secret" });
  await deleteRecord(world.env, "Crate", third);
  gone = third;
  await createRecord(world.env, "Secret", { name: "hidden" });
});
afterAll(() => world.drop());

/** A caller with these rights, within the rules, in these further groups. */
async function caller(
  rights: Record<string, string>,
  rules: Record<string, string> = {},
  group = "",
): Promise<Environment> {
  const { id, name } = await createCaller(world, { ChangeLog: "r", ...rights });
  const own = await world.database.rows<{ id: number }>({
    text: `select id from "group" where identifier = $1`,
    values: [name],
  });
  const groups = own.map((each) => each.id);
  for (const [model, rule] of Object.entries(rules)) {
    const operations = { read_perm: true, create_perm: true, write_perm: true, delete_perm: true };
    await createRecord(world.env, "RecordRule", { name: "rule", model, rule, groups, ...operations });
  }
  if (group !== "") {
    const more = await createRecord(world.env, "Group", { name: group, identifier: group });
    await updateRecord(world.env, "User", id, { groups: [...groups, more.id] });
  }
  const loaded = await loadRights(world.database, world.registry, id);
  if (loaded === null) throw new Error("the user is not there");
  return world.derive({ access: accessOf(world.registry, loaded), names: loaded.names });
}

interface Entry {
  readonly id: number;
  readonly model: string;
  readonly record: number;
  readonly field: string;
}

async function entries(env: Environment, q_filter: unknown = null): Promise<{ rows: Entry[]; total: number | null }> {
  const page = await queryRecords(env, "ChangeLog", {
    fields: ["model", "record", "field"],
    q_filter,
    order_by: ["id ASC"],
  });
  return { rows: JSON.parse(page.data.toString()) as Entry[], total: page.total };
}

const all = ["Crate 1 labels", "Crate 1 margin", "Crate 1 name", "Crate 1 weight"];
const heavy = ["Crate 2 code", "Crate 2 margin", "Crate 2 name", "Crate 2 weight", "Crate 2 weight"];
const deleted = ["Crate 3 name", "Crate 3 name", "Crate 3 weight", "Crate 3 weight"];
const without = (names: readonly string[], ...fields: string[]) =>
  names.filter((name) => !fields.some((field) => name.endsWith(field)));

test.each<[string, () => Promise<Environment>, readonly string[]]>([
  [
    "without rules, deleted records too",
    () => caller({ Crate: "r", Label: "r" }),
    [...without([...all, ...heavy, ...deleted], "margin")],
  ],
  [
    "of a group that sees a field",
    () => caller({ Crate: "r", Label: "r" }, {}, "managers"),
    [...all, ...heavy, ...deleted],
  ],
  [
    "who does not see what is linked",
    () => caller({ Crate: "r" }),
    [...without([...all, ...heavy, ...deleted], "margin", "labels")],
  ],
  [
    "under a rule, which hides deleted records",
    () => caller({ Crate: "r", Label: "r" }, { Crate: "Q(weight__lt=50)" }),
    without(all, "margin"),
  ],
  [
    "under a rule of the history itself",
    () => caller({ Crate: "r", Label: "r" }, { ChangeLog: 'Q(field="weight")' }),
    ["Crate 1 weight", "Crate 2 weight", "Crate 2 weight", "Crate 3 weight", "Crate 3 weight"],
  ],
  [
    "under both",
    () => caller({ Crate: "r" }, { Crate: "Q(weight__lt=50)", ChangeLog: 'Q(field="weight")' }),
    ["Crate 1 weight"],
  ],
  ["without the model", () => caller({ Label: "r" }), []],
])("a caller %s", async (_name, make, expected) => {
  const env = await make();
  const { rows, total } = await entries(env);
  const seen = rows.map(({ model, record, field }) => `${model} ${record} ${field}`);
  expect(seen.toSorted()).toEqual([...expected].toSorted());
  expect(total).toBe(expected.length);
  const counted = await groupRecords(env, "ChangeLog", {
    group_by: ["model"],
    aggregates: ["id__count", "record__max"],
  });
  const groups = JSON.parse(counted.data.toString()) as { count: number; record__max: number }[];
  expect(groups.map(({ count }) => count)).toEqual(expected.length === 0 ? [] : [expected.length]);
  // What is hidden answers as what is not there, by id and in filters.
  const everything = (await entries(world.env)).rows;
  for (const { id } of everything) {
    const fetched = fetchRecord(env, "ChangeLog", id, { fields: ["old_value"] });
    if (rows.some((row) => row.id === id)) await expect(fetched).resolves.toBeDefined();
    else await expect(fetched).rejects.toThrow(new MissingError(`ChangeLog ${id} does not exist`));
  }
  expect((await entries(env, { model: "Secret" })).total).toBe(0);
});

test("an estimate and a total that is remembered do not tell of hidden entries, and follow changes of the records", async () => {
  const env = await caller({ Crate: "r" }, { Crate: "Q(weight__lt=50)" });
  const total = async () => (await queryRecords(env, "ChangeLog", { limit: 0 })).total;
  const before = await total();
  expect(await total()).toBe(before);
  await updateRecord(world.env, "Crate", 2, { weight: 49 });
  expect(await total()).toBe((before ?? 0) + without([...heavy, "Crate 2 weight"], "margin").length);
  await updateRecord(world.env, "Crate", 2, { weight: 101 });
  expect(await total()).toBe(before);
});

test("that a secret has changed is seen, and never what it was", async () => {
  const env = await caller({ Crate: "r" });
  const page = await queryRecords(env, "ChangeLog", {
    fields: ["old_value", "new_value"],
    q_filter: { field: "code" },
  });
  expect(JSON.parse(page.data.toString())).toEqual([{ id: expect.any(Number), old_value: null, new_value: "***" }]);
});

test("nobody writes it, whatever the rights", async () => {
  const env = await caller({ "*": "rcwd" });
  const { rows } = await entries(env);
  const [first = 0] = rows.map(({ id }) => id);
  const values = { model: "Crate", record: gone, field: "name", operation: "write", transaction: "1" };
  const writes: (() => Promise<unknown>)[] = [
    () => createRecord(env, "ChangeLog", values),
    () => updateRecord(env, "ChangeLog", first, { new_value: 1 }),
    () => deleteRecord(env, "ChangeLog", first),
    () => createRecords(env, "ChangeLog", [values]),
    () => updateRecords(env, "ChangeLog", [first], { new_value: 1 }),
    () => deleteRecords(env, "ChangeLog", [first]),
  ];
  for (const write of writes) await expect(write()).rejects.toThrow(AccessError);
  expect((await entries(env)).rows).toEqual(rows);
});

test("without the right to the history it is unknown", async () => {
  const { env } = await createCaller(world, { Crate: "r" });
  await expect(entries(env)).rejects.toThrow(new MissingError('Unknown model "ChangeLog"'));
});
