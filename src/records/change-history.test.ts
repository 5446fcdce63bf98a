/** The change history: every change of a tracked field, by whatever statement, once for each transaction, in the same transaction. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import core from "../../modules/core/module.ts";
import { createWorld, declareModel, type World } from "../../test/support/world.ts";
import { unrestrictedAccess } from "../access/access.ts";
import type { ModelName } from "../fields/known-model.ts";
import {
  binary,
  char,
  datetime,
  integer,
  json,
  manyToMany,
  manyToOne,
  monetary,
  nextNumber,
  password,
} from "../index.ts";
import type { ModelBehaviour } from "../models/behaviour.ts";
import { cloneRecord } from "./clone.ts";
import type { Environment } from "./environment.ts";
import { resequence } from "./resequence.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";
import { createRecords, deleteRecords, updateRecords } from "./write-bulk.ts";

const named = (name: string) => name as ModelName;
const totals: ModelBehaviour = {
  implements: "Case",
  calculate: {
    total: ((cases: readonly { readonly notes: readonly { readonly weight: number | null }[] }[]) =>
      cases.map(({ notes }) => notes.reduce((sum, { weight }) => sum + (weight ?? 0), 0))) as never,
  },
  setters: {},
  validate: {},
  hooks: {},
  file: "test",
};
const models = [
  declareModel("Badge", { name: char({ required: true }) }),
  declareModel(
    "Case",
    {
      name: char({ required: true, default: nextNumber("case") }),
      fee: monetary(),
      at: datetime(),
      info: json(),
      picture: binary(),
      code: password(),
      loose: char({ track: false }),
      badges: manyToMany(named("Badge"), { relatedName: "cases" }),
      held: manyToMany(named("Badge"), { through: "Holding", track: true }),
      parent: manyToOne(named("Case"), { onDelete: "CASCADE" }),
      total: integer({ calculate: "total", dependsOn: ["notes.weight"] }),
    },
    { track: true },
  ),
  declareModel("Holding", {
    case: manyToOne(named("Case"), { required: true, onDelete: "CASCADE" }),
    badge: manyToOne(named("Badge"), { required: true, onDelete: "CASCADE" }),
  }),
  declareModel("Note", {
    case: manyToOne(named("Case"), { required: true, relatedName: "notes", onDelete: "CASCADE" }),
    weight: integer({ track: true }),
    badge: manyToOne(named("Badge"), { track: true, onDelete: "SET NULL" }),
    sequence: integer({ sequence: true, track: true }),
  }),
];
const module = { identifier: "court", models, extensions: [], behaviours: [totals] };
const modules = [{ identifier: "core", ...core }, module];

let world: World;
let env: Environment;
let userId: number;
beforeAll(async () => {
  world = await createWorld(modules);
  const user = await createRecord(world.env, "User", { name: "Ada", email: "ada@example.com" });
  userId = user.id;
  await createRecord(world.env, "Sequence", { name: "Cases", code: "case", padding: 3 });
  env = world.derive({ access: unrestrictedAccess(world.registry, userId), requestId: "req-1" });
});
afterAll(() => world.drop());
beforeEach(() => world.database.run({ text: "delete from change_log", values: [] }));

/** What is in the history, in the order of records and fields: `Case 3 fee write 1 -> 2`. */
async function log(): Promise<string[]> {
  const rows = await world.database.rows<{ line: string }>({
    text: `select model || ' ' || record || ' ' || field || ' ' || operation || ' ' || coalesce(old_value::text, '-') || ' -> '
      || coalesce(new_value::text, '-') as line from change_log order by model, record, field, id`,
    values: [],
  });
  return rows.map(({ line }) => line);
}

async function forget(): Promise<void> {
  await world.database.run({ text: "delete from change_log", values: [] });
}

test("a record is followed from its creation to its end, as clients read values, secrets and pictures apart", async () => {
  const { id } = await createRecord(env, "Case", {
    name: "A",
    fee: "1.50",
    at: "2026-01-31T10:00:00+02:00",
    info: { a: [1] },
    picture: "AAAA",
    code: "open sesame",
    loose: "nobody asks",
  });
  const started = [
    `Case ${id} at create - -> "2026-01-31T08:00:00.000Z"`,
    `Case ${id} code create - -> "***"`,
    `Case ${id} fee create - -> 1.50`,
    `Case ${id} info create - -> {"a": [1]}`,
    `Case ${id} name create - -> "A"`,
    `Case ${id} picture create - -> "***"`,
    `Case ${id} total create - -> 0`,
  ];
  expect(await log()).toEqual(started);
  await forget();
  await updateRecord(env, "Case", id, { name: "A", fee: 2, code: "another one", picture: null, loose: "still" });
  expect(await log()).toEqual([
    `Case ${id} code write "***" -> "***"`,
    `Case ${id} fee write 1.50 -> 2.00`,
    `Case ${id} picture write "***" -> -`,
  ]);
  await forget();
  await deleteRecord(env, "Case", id);
  expect(await log()).toEqual([
    `Case ${id} at delete "2026-01-31T08:00:00.000Z" -> -`,
    `Case ${id} code delete "***" -> -`,
    `Case ${id} fee delete 2.00 -> -`,
    `Case ${id} info delete {"a": [1]} -> -`,
    `Case ${id} name delete "A" -> -`,
    `Case ${id} total delete 0 -> -`,
  ]);
});

test("says who, when and by which request; a user that goes leaves the name", async () => {
  const user = await createRecord(world.env, "User", { name: "Ben", email: "ben@example.com" });
  const mine = world.derive({ access: unrestrictedAccess(world.registry, user.id), requestId: "req-9" });
  const { id } = await createRecord(mine, "Note", { case: (await createRecord(env, "Case", {})).id, weight: 1 });
  const text = `select user_id, user_name, request_id, create_uid, created_date > now() - interval '1 hour' as recent
    from change_log where model = 'Note' and record = $1`;
  const read = () => world.database.rows<object>({ text, values: [id] });
  const entry = { user_name: "Ben", request_id: "req-9", recent: true };
  expect(await read()).toEqual([{ ...entry, user_id: user.id, create_uid: user.id }]);
  // It deletes itself, and is not there any more when that is written down.
  await deleteRecord(mine, "User", user.id);
  expect(await read()).toEqual([{ ...entry, user_id: null, create_uid: null }]);
  await createRecord(world.env, "Badge", { name: "untracked" });
  const kernel = await createRecord(world.env, "Case", { name: "by the kernel" });
  expect(
    await world.database.rows({
      text: `select distinct user_id, user_name, request_id from change_log where record = $1 and model = 'Case'`,
      values: [kernel.id],
    }),
  ).toEqual([{ user_id: null, user_name: null, request_id: null }]);
});

describe("one transaction", () => {
  test("has one entry for each field, from the first value to the last, and none for what comes to nothing", async () => {
    const { id } = await createRecord(env, "Case", { name: "A", fee: 1 });
    await forget();
    await env.transaction(async (inner) => {
      await updateRecord(inner, "Case", id, { name: "B", fee: 2 });
      await updateRecord(inner, "Case", id, { name: "C", fee: 1, code: "a new secret" });
      const gone = await createRecord(inner, "Case", { name: "gone at once" });
      await deleteRecord(inner, "Case", gone.id);
    });
    expect(await log()).toEqual([`Case ${id} code write - -> "***"`, `Case ${id} name write "A" -> "C"`]);
    await forget();
    await env.transaction(async (inner) => {
      await updateRecord(inner, "Case", id, { name: "D", info: 1 });
      await deleteRecord(inner, "Case", id);
    });
    expect(await log()).toEqual([
      `Case ${id} code delete "***" -> -`,
      `Case ${id} fee delete 1.00 -> -`,
      `Case ${id} name delete "C" -> -`,
      `Case ${id} total delete 0 -> -`,
    ]);
    const [one] = await world.database.rows<{ count: number }>({
      text: "select count(distinct transaction) from change_log",
      values: [],
    });
    expect(one?.count).toBe(1);
  });

  test("is signed whatever in it has failed", async () => {
    const made = await env.transaction(async (inner) => {
      const failing = inner.attempt(async (tried) => {
        await createRecord(tried, "Case", { name: "tried" });
        throw new Error("undone");
      });
      await expect(failing).rejects.toThrow("undone");
      return createRecord(inner, "Case", { name: "kept" });
    });
    const rows = await world.database.rows({
      text: "select distinct record, user_id, request_id from change_log",
      values: [],
    });
    expect(rows).toEqual([{ record: made.id, user_id: userId, request_id: "req-1" }]);
  });

  test("that is lost loses its entries", async () => {
    const work = env.transaction(async (inner) => {
      await createRecord(inner, "Case", { name: "A" });
      throw new Error("lost");
    });
    await expect(work).rejects.toThrow("lost");
    expect(await log()).toEqual([]);
  });

  test("knows numbers and calculated values as they are in the end", async () => {
    const { id } = await createRecord(env, "Case", { notes: [{ weight: 2 }, { weight: 3 }] });
    const lines = await log();
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(`^Case ${id} name create - -> "\\d{3}"$`),
      `Case ${id} total create - -> 5`,
    ]);
    await forget();
    const [note] = await world.database.rows<{ id: number }>({
      text: "select id from note where case_id = $1 order by id",
      values: [id],
    });
    await updateRecord(env, "Note", note?.id ?? 0, { weight: 7 });
    expect(await log()).toEqual([`Case ${id} total write 5 -> 10`, `Note ${note?.id} weight write 2 -> 7`]);
  });
});

test("links are lists of ids, from whatever side they change", async () => {
  const [first = 0, second = 0] = await createRecords(env, "Badge", [{ name: "a" }, { name: "b" }]);
  const { id } = await createRecord(env, "Case", { name: "A", badges: [second, first] });
  expect(await log()).toContain(`Case ${id} badges create - -> [${first}, ${second}]`);
  const steps: [() => Promise<unknown>, string[]][] = [
    [
      () => updateRecord(env, "Case", id, { badges: [first] }),
      [`Case ${id} badges write [${first}, ${second}] -> [${first}]`],
    ],
    [() => updateRecord(env, "Case", id, { badges: [second] }), [`Case ${id} badges write [${first}] -> [${second}]`]],
    [
      () => updateRecord(env, "Badge", first, { cases: [id] }),
      [`Case ${id} badges write [${second}] -> [${first}, ${second}]`],
    ],
    [() => deleteRecord(env, "Badge", first), [`Case ${id} badges write [${first}, ${second}] -> [${second}]`]],
    [
      () => deleteRecord(env, "Case", id),
      [
        `Case ${id} badges delete [${second}] -> -`,
        `Case ${id} name delete "A" -> -`,
        `Case ${id} total delete 0 -> -`,
      ],
    ],
  ];
  for (const [step, expected] of steps) {
    await forget();
    await step();
    expect(await log()).toEqual(expected);
    const [unsigned] = await world.database.rows({
      text: "select 1 from change_log where user_id is distinct from $1",
      values: [userId],
    });
    expect(unsigned).toBeUndefined();
  }
});

test("links that are records are followed as they are written", async () => {
  const [first = 0, second = 0] = await createRecords(env, "Badge", [{ name: "c" }, { name: "d" }]);
  const { id } = await createRecord(env, "Case", { name: "A" });
  const holding = await createRecord(env, "Holding", { case: id, badge: first });
  await updateRecord(env, "Holding", holding.id, { badge: second });
  await deleteRecord(env, "Holding", holding.id);
  const text = "select old_value, new_value, user_id from change_log where record = $1 and field = 'held' order by id";
  expect(await world.database.rows({ text, values: [id] })).toEqual([
    { old_value: null, new_value: [first], user_id: userId },
    { old_value: [first], new_value: [second], user_id: userId },
    { old_value: [second], new_value: null, user_id: userId },
  ]);
});

test("what a deletion takes along or empties is in it too, signed by who deletes", async () => {
  const badge = await createRecord(env, "Badge", { name: "a" });
  const root = await createRecord(env, "Case", { name: "root" });
  const leaf = await createRecord(env, "Case", {
    name: "leaf",
    parent: root.id,
    notes: [{ weight: 1, badge: badge.id }],
  });
  const [note] = await world.database.rows<{ id: number }>({
    text: "select id from note where case_id = $1",
    values: [leaf.id],
  });
  await forget();
  await deleteRecord(env, "Badge", badge.id);
  expect(await log()).toEqual([`Note ${note?.id} badge write ${badge.id} -> -`]);
  await deleteRecords(env, "Case", [root.id]);
  expect((await log()).filter((line) => line.includes("delete"))).toEqual([
    `Case ${root.id} name delete "root" -> -`,
    `Case ${root.id} total delete 0 -> -`,
    `Case ${leaf.id} name delete "leaf" -> -`,
    `Case ${leaf.id} parent delete ${root.id} -> -`,
    `Case ${leaf.id} total delete 1 -> -`,
    `Note ${note?.id} weight delete 1 -> -`,
  ]);
  const unsigned = await world.database.rows({
    text: "select field from change_log where user_id is distinct from $1",
    values: [userId],
  });
  expect(unsigned).toEqual([]);
});

test("copies, moves and bulk writes are in it, with as many statements for any number of records", async () => {
  const { id } = await createRecord(env, "Case", {
    name: "A",
    notes: [
      { weight: 1, sequence: 1 },
      { weight: 2, sequence: 2 },
    ],
  });
  await forget();
  const copy = await cloneRecord(env, "Case", id, {});
  expect((await log()).filter((line) => line.startsWith(`Case ${copy.id} name`))).toHaveLength(1);
  const notes = await world.database.rows<{ id: number }>({
    text: "select id from note where case_id = $1 order by id",
    values: [id],
  });
  await forget();
  await resequence(env, "Note", { dropped: notes[1]?.id ?? 0, after: null, field: "sequence", filter: { case: id } });
  expect((await log()).length).toBeGreaterThan(0);
  const counts: number[] = [];
  for (const count of [2, 300]) {
    const { texts } = await world.statements.during(async () => {
      const ids = await createRecords(
        env,
        "Case",
        Array.from({ length: count }, (_, n) => ({ name: `n${n}`, fee: n })),
      );
      await updateRecords(env, "Case", ids, { fee: "9.99" });
      await deleteRecords(env, "Case", ids);
    });
    counts.push(texts.length);
  }
  expect(counts[1]).toBe(counts[0]);
  expect((await log()).filter((line) => line.endsWith("fee write 1.00 -> 9.99"))).toHaveLength(2);
});

test("whatever happens, the entries of a field lead from nothing to what is there", { timeout: 60_000 }, async () => {
  const fee = fc.integer({ min: 0, max: 3 });
  const write = fc.oneof(
    fee.map(
      (value) => (inner: Environment, _ids: number[]) =>
        createRecord(inner, "Case", { name: "r", fee: value, notes: [{ weight: value }] }),
    ),
    fc.tuple(fc.nat(), fee).map(
      ([at, value]) =>
        (inner: Environment, ids: number[]) =>
          updateRecord(inner, "Case", ids[at % ids.length] ?? 0, { fee: value, notes: [{ weight: value }] }),
    ),
    fee.map((value) => (inner: Environment, ids: number[]) => updateRecords(inner, "Case", ids, { fee: value })),
    fc.nat().map((at) => (inner: Environment, ids: number[]) => deleteRecord(inner, "Case", ids[at % ids.length] ?? 0)),
  );
  await world.database.run({ text: `delete from "case"`, values: [] });
  await forget();
  const one = async (inner: Environment, work: (inner: Environment, ids: number[]) => Promise<unknown>) => {
    const rows = await inner.session.rows<{ id: number }>({ text: `select id from "case" order by id`, values: [] });
    const ids = rows.map(({ id }) => id);
    await work(inner, ids.length > 0 ? ids : [(await createRecord(inner, "Case", { name: "first" })).id]);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      async (transactions) => {
        for (const writes of transactions) {
          await env.transaction(async (inner) => {
            for (const work of writes) await one(inner, work);
          });
        }
        expect(await world.database.rows<object>({ text: BROKEN, values: [] })).toEqual([]);
      },
    ),
    { numRuns: 15 },
  );
});

/** Fields whose entries do not follow each other, or do not end in what is there. */
const BROKEN = `
with entry as (
  select record, field, operation, old_value, new_value, id, lag(new_value) over w as before,
    row_number() over (partition by record, field order by id desc) as back
  from change_log where model = 'Case' window w as (partition by record, field order by id)
), present as (
  select id as record, f.field, f.value from "case", lateral (values ('fee', to_jsonb(fee)), ('total', to_jsonb(total))) f(field, value)
)
select record, field, 'does not follow' as what from entry where old_value is distinct from before or old_value is not distinct from new_value
union all
select coalesce(p.record, e.record), coalesce(p.field, e.field), 'is not what is there'
from present p full join (select * from entry where back = 1 and field in ('fee', 'total')) e on e.record = p.record and e.field = p.field
where e.new_value is distinct from p.value`;
