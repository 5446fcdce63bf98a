/** What the options of a field do to records on a real database: defaults, validators, constraints, indexes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, type World } from "../../test/support/world.ts";
import { ConflictError, MissingError, ValidationError } from "../errors.ts";
import { fetchRecord, queryRecords } from "../records/read.ts";
import { createRecord, deleteRecord, updateRecord } from "../records/write.ts";
import { binary, file } from "./binary.ts";
import { boolean } from "./boolean.ts";
import { char, text } from "./char.ts";
import { date } from "./date.ts";
import { json } from "./json.ts";
import { monetary } from "./monetary.ts";
import { integer } from "./number.ts";
import { ManyToOneField, type OnDelete, OneToOneField } from "./relation.ts";

const seen: unknown[] = [];
const remember = (value: unknown): string | null => {
  seen.push(value);
  return null;
};
const description = { name: "a.pdf", mimetype: "a/b", size: 1, hash: "0".repeat(64) };

const target = declareModel("Target", { name: char() });
const child = (name: string, onDelete?: OnDelete, required = false) =>
  declareModel(name, {
    target: new ManyToOneField("Target", { required, ...(onDelete === undefined ? {} : { onDelete }) }),
  });
const thing = declareModel("Thing", {
  code: char({ unique: true }),
  email: char({ unique: "ignore_case" }),
  mandatory: char({ required: true, default: "x" }),
  indexed: char({ index: true }),
  price: monetary({ default: 5 }),
  flag: boolean({ default: true }),
  bare: boolean(),
  day: date({ default: ({ now }) => now.toISOString().slice(0, 10) }),
  maker: integer({ default: ({ userId }) => userId ?? -1 }),
  options: json({ default: { a: [1] } }),
  single: new OneToOneField("Target", {}),
  even: integer({
    validators: [
      (value) => (value % 2 === 0 ? null : "must be even"),
      (value) => (value < 100 ? null : "must be below 100"),
    ],
  }),
});
const observed = declareModel("Observed", {
  char: char({ validators: [remember] }),
  text: text({ validators: [remember] }),
  whole: integer({ validators: [remember] }),
  price: monetary({ validators: [remember] }),
  data: json({ validators: [remember] }),
  bytes: binary({ validators: [remember] }),
  document: file({ validators: [remember] }),
  target: new ManyToOneField("Target", { validators: [remember] }),
});

let world: World;
beforeAll(async () => {
  world = await createWorld([
    declareModule(
      "test",
      target,
      thing,
      observed,
      child("Cascaded", "CASCADE"),
      child("Emptied", "SET NULL"),
      child("AlsoEmptied", "SET_NULL"),
      child("Untold"),
      child("Restricted", "RESTRICT"),
      child("UntoldRequired", undefined, true),
    ),
  ]);
});
afterAll(() => world.drop());

const make = (model: string, values: Record<string, unknown> = {}) => createRecord(world.env, model, values);

/** What becomes of a record when the one that it refers to is deleted. */
const deletions: readonly (readonly [model: string, outcome: "gone" | "empty" | "kept"])[] = [
  ["Cascaded", "gone"],
  ["Emptied", "empty"],
  ["AlsoEmptied", "empty"],
  ["Untold", "empty"],
  ["Restricted", "kept"],
  ["UntoldRequired", "kept"],
];

test.each(deletions)("a deleted target leaves a record of %s %s", async (model, outcome) => {
  const { id: to } = await make("Target", { name: "t" });
  const { id } = await make(model, { target: to });
  const deletion = deleteRecord(world.env, "Target", to);
  if (outcome === "kept") {
    await expect(deletion).rejects.toThrow(ConflictError);
    await expect(deletion).rejects.toThrow(
      `this Target record cannot be deleted: ${model} records refer (target) to it`,
    );
  } else await deletion;
  const reading = fetchRecord(world.env, model, id, { fields: ["target"] });
  if (outcome === "gone") await expect(reading).rejects.toThrow(MissingError);
  else
    expect(JSON.parse((await reading).data.toString()).target).toEqual(
      outcome === "empty" ? null : { id: to, display_name: "t" },
    );
});

test("the database itself holds the constraints", async () => {
  const found = await world.database.rows<{ definition: string }>({
    text: `select conrelid::regclass || ' ' || pg_get_constraintdef(oid) as definition from pg_constraint
      where contype in ('f', 'u') and conrelid::regclass::text in ('thing', 'cascaded', 'also_emptied', 'restricted')
      union all select tablename || ' ' || substring(indexdef from '(?:UNIQUE INDEX|USING).*') from pg_indexes
      where tablename = 'thing' and (indexdef like '%lower%' or indexdef like '%(indexed)%')
      union all select table_name || ' ' || column_name || ' not null' from information_schema.columns
      where table_name = 'thing' and is_nullable = 'NO' order by 1`,
    values: [],
  });
  expect(found.map((row) => row.definition).sort()).toEqual([
    "also_emptied FOREIGN KEY (target_id) REFERENCES target(id) ON DELETE SET NULL",
    "cascaded FOREIGN KEY (target_id) REFERENCES target(id) ON DELETE CASCADE",
    "restricted FOREIGN KEY (target_id) REFERENCES target(id) ON DELETE RESTRICT",
    "thing FOREIGN KEY (single_id) REFERENCES target(id) ON DELETE SET NULL",
    "thing UNIQUE (code)",
    "thing UNIQUE (single_id)",
    "thing UNIQUE INDEX thing__email_key ON public.thing USING btree (lower((email)::text))",
    "thing USING btree (indexed)",
    "thing bare not null",
    "thing created_date not null",
    "thing flag not null",
    "thing id not null",
    "thing mandatory not null",
    "thing updated_date not null",
    "thing version not null",
  ]);
});

test("defaults fill what is not given, and only that", async () => {
  const env = world.derive({ now: new Date("2026-05-06T07:08:09Z") });
  const fields = ["mandatory", "price", "flag", "bare", "day", "maker", "options", "even"];
  const { data } = await createRecord(env, "Thing", {}, { fields });
  expect(JSON.parse(data.toString())).toMatchObject({
    mandatory: "x",
    price: 5,
    flag: true,
    bare: false,
    day: "2026-05-06",
    maker: -1,
    options: { a: [1] },
    even: null,
  });
  const given = { mandatory: "y", price: null, flag: false, bare: true, day: null, maker: 0, options: null, even: 4 };
  expect(JSON.parse((await createRecord(env, "Thing", given, { fields })).data.toString())).toMatchObject(given);
  // Code may leave a value undefined: that says nothing, so the default holds.
  expect(JSON.parse((await createRecord(env, "Thing", { price: undefined }, { fields })).data.toString()).price).toBe(
    5,
  );
});

/** What breaks an option, and the field error that it makes. */
const broken: readonly (readonly [values: Record<string, unknown>, path: string, message: string])[] = [
  [{ code: "taken" }, "code", "is taken"],
  [{ email: "A@example.com" }, "email", "is taken (capital and small letters count as equal)"],
  [{ mandatory: null }, "mandatory", "is required"],
  [{ mandatory: "" }, "mandatory", "must not be empty"],
  [{ flag: null }, "flag", "is required"],
  [{ even: 3 }, "even", "must be even"],
  [{ even: 100 }, "even", "must be below 100"],
  [{ single: 999_999 }, "single", "there is no such Target record"],
];

test.each(broken)("%j is refused at its field, on create and update", async (values, path, message) => {
  const { data: taken } = await queryRecords(world.env, "Thing", { q_filter: "Q(code='taken')" });
  if (taken.toString() === "[]") await make("Thing", { code: "taken", email: "a@EXAMPLE.com" });
  const { id } = await make("Thing");
  for (const attempt of [() => make("Thing", values), () => updateRecord(world.env, "Thing", id, values)]) {
    const error: unknown = await attempt().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).extra.fields).toEqual([{ path, message }]);
  }
});

test("a one-to-one target is taken once", async () => {
  const { id: single } = await make("Target");
  await make("Thing", { single });
  await expect(make("Thing", { single })).rejects.toThrow("single: is taken");
});

test("null is no value that a unique field could share", async () => {
  await make("Thing", { code: null, email: null });
  await expect(make("Thing", { code: null, email: null })).resolves.toBeDefined();
});

test("validators see what code reads, and nothing of an empty field", async () => {
  const { id } = await make("Target");
  const values = {
    char: "c",
    text: "t",
    whole: 5,
    price: 1.005,
    data: { a: 1 },
    bytes: "AP8=",
    document: description,
    target: { id },
  };
  seen.length = 0;
  await make("Observed", values);
  expect(seen).toEqual(["c", "t", 5, "1.01", { a: 1 }, "AP8=", description, id]);
  seen.length = 0;
  await make("Observed", Object.fromEntries(Object.keys(values).map((name) => [name, null])));
  expect(seen).toEqual([]);
});
