/** Many-to-many relations written by ids: the set is replaced as a whole, or nothing of the write happens. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, declareModel, declareModule, shippedModules, type World } from "../../test/support/world.ts";
import { ValidationError } from "../errors.ts";
import { char } from "../fields/char.ts";
import { ManyToManyField, ManyToOneField } from "../fields/relation.ts";
import { fetchRecord, queryRecords } from "./read.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";

const memberships = declareModule(
  "memberships",
  declareModel("Club", {
    name: char(),
    members: new ManyToManyField("Contact", { through: "Membership", relatedName: "clubs" }),
  }),
  declareModel("Membership", {
    club: new ManyToOneField("Club", { required: true, onDelete: "CASCADE" }),
    contact: new ManyToOneField("Contact", { required: true, onDelete: "CASCADE" }),
    since: char({ default: "today" }),
  }),
);

let world: World;
let tags: number[];
beforeAll(async () => {
  world = await createWorld([...shippedModules, memberships]);
  tags = [];
  for (const name of ["a", "b", "c"]) tags.push((await createRecord(world.env, "ContactTag", { name })).id);
});
afterAll(() => world.drop());

const idsOf = async (model: string, id: number, field: string): Promise<number[]> => {
  const { data } = await fetchRecord(world.env, model, id, { fields: [field] });
  return JSON.parse(data.toString())
    [field].map((each: { id: number }) => each.id)
    .sort();
};
const tag = (index: number): number => tags[index] ?? 0;

test("a list of ids replaces the set, each id once", async () => {
  const { id, data } = await createRecord(
    world.env,
    "Contact",
    { name: "x", tags: [tag(0), { id: tag(1) }, tag(0)] },
    { fields: ["tags"] },
  );
  expect(JSON.parse(data.toString()).tags).toEqual([
    { id: tag(0), display_name: "a" },
    { id: tag(1), display_name: "b" },
  ]);
  const sets = [[2, 1], [2, 1], [], [0], [0, 1, 2]];
  for (const [index, set] of sets.entries()) {
    const answer = await updateRecord(world.env, "Contact", id, { tags: set.map(tag) }, { fields: ["tags"] });
    expect(answer.version).toBe(index + 2);
    expect(JSON.parse(answer.data.toString()).tags.map((each: { id: number }) => each.id)).toEqual(set.map(tag).sort());
    expect(await idsOf("Contact", id, "tags")).toEqual(set.map(tag).sort());
  }
});

test("the relation is written from its other side too, and one of a model to itself from both", async () => {
  const contact = await createRecord(world.env, "Contact", { name: "x" });
  await updateRecord(world.env, "ContactTag", tag(2), { contacts: [contact.id] });
  expect(await idsOf("Contact", contact.id, "tags")).toEqual([tag(2)]);
  const basic = await createRecord(world.env, "Group", { name: "A", identifier: "a" });
  const more = await createRecord(world.env, "Group", { name: "B", identifier: "b", implied_groups: [basic.id] });
  expect(await idsOf("Group", basic.id, "implied_by")).toEqual([more.id]);
  await updateRecord(world.env, "Group", basic.id, { implied_by: [] });
  expect(await idsOf("Group", more.id, "implied_groups")).toEqual([]);
});

/** What is given for `tags`, and the errors. */
const rows: readonly (readonly [
  given: () => unknown,
  errors: readonly (readonly [path: string, message: string])[],
])[] = [
  [() => [tag(0), 999_999], [["tags[1]", "there is no such ContactTag record"]]],
  [
    () => [tag(0), tag(0), 999_999, tag(1), 888_888],
    [
      ["tags[2]", "there is no such ContactTag record"],
      ["tags[4]", "there is no such ContactTag record"],
    ],
  ],
  [
    () => [tag(0), "1", null, { name: "" }, { id: 1.5 }],
    [
      ["tags[1]", "must be a record id or an object of values, not a text"],
      ["tags[2]", "must be a record id or an object of values, not null"],
      ["tags[4]", "must be a record id, a positive whole number, not the number 1.5"],
      ["tags[3].name", "must not be empty"],
    ],
  ],
  [() => null, [["tags", "must be a list of record ids, of objects or of commands, not null"]]],
  [() => 5, [["tags", "must be a list of record ids, of objects or of commands, not the number 5"]]],
  [() => "1,2", [["tags", "must be a list of record ids, of objects or of commands, not a text"]]],
  [() => ({ id: 1 }), [["tags", "must be a list of record ids, of objects or of commands, not an object"]]],
  [
    () => Array.from({ length: 10_001 }, () => 1),
    [["tags", "a request may name at most 10000 records and commands in its lists"]],
  ],
];

test.each(rows)("a wrong list is refused with its places (row %#)", async (given, errors) => {
  const { id } = await createRecord(world.env, "Contact", { name: "Before", tags: [tag(1)] });
  const before = (await queryRecords(world.env, "Contact", { limit: 0 })).total;
  const values = { name: "After", tags: given() };
  for (const write of [
    () => createRecord(world.env, "Contact", values),
    () => updateRecord(world.env, "Contact", id, values),
  ]) {
    const error: unknown = await write().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).extra.fields).toEqual(errors.map(([path, message]) => ({ path, message })));
  }
  // All or nothing: neither a new contact nor half a change.
  expect((await queryRecords(world.env, "Contact", { limit: 0 })).total).toBe(before);
  const { data } = await fetchRecord(world.env, "Contact", id, { fields: ["name", "tags", "version"] });
  expect(JSON.parse(data.toString())).toEqual({
    id,
    name: "Before",
    version: 1,
    tags: [{ id: tag(1), display_name: "b" }],
  });
});

test("half a write is never saved, even by a transaction that swallows its error", async () => {
  const attempt = world.env.transaction(async (env) => {
    await createRecord(env, "Contact", { name: "Half", tags: [{ name: "a" }] }).catch(() => undefined);
    return "swallowed";
  });
  await expect(attempt).rejects.toThrow("tags[0].name: is taken");
  expect((await queryRecords(world.env, "Contact", { q_filter: { name: "Half" } })).total).toBe(0);
});

test("a refused value alone costs a transaction nothing", async () => {
  await world.env.transaction(async (env) => {
    await createRecord(env, "Contact", { name: "", tags: [1] }).catch(() => undefined);
    await createRecord(env, "Contact", { name: "x", tags: [999_999] }).catch(() => undefined);
    await createRecord(env, "Contact", { name: "Whole", tags: [tag(0)] });
  });
  expect((await queryRecords(world.env, "Contact", { q_filter: { name: "Whole" } })).total).toBe(1);
});

test("the number of statements does not depend on that of the links", async () => {
  const countFor = async (ids: readonly number[]) => {
    const { texts } = await world.statements.during(() => createRecord(world.env, "Contact", { name: "x", tags: ids }));
    return texts.length;
  };
  expect(await countFor(tags)).toBe(await countFor([tag(0)]));
});

test("links go with either record", async () => {
  const { id: other } = await createRecord(world.env, "ContactTag", { name: "other" });
  const { id } = await createRecord(world.env, "Contact", { name: "x", tags: [tag(0), other] });
  await deleteRecord(world.env, "ContactTag", other);
  expect(await idsOf("Contact", id, "tags")).toEqual([tag(0)]);
  await deleteRecord(world.env, "Contact", id);
  expect(await idsOf("ContactTag", tag(0), "contacts")).not.toContain(id);
});

test("pairs that a model keeps are records of that model, whichever way they are written", async () => {
  const ada = await createRecord(world.env, "Contact", { name: "Ada" });
  const bob = await createRecord(world.env, "Contact", { name: "Bob" });
  const club = await createRecord(world.env, "Club", { name: "Chess", members: [ada.id] });
  const pairs = async () => {
    const { data } = await queryRecords(world.env, "Membership", {
      fields: ["contact", "since"],
      order_by: ["id ASC"],
    });
    return (JSON.parse(data.toString()) as { contact: { id: number }; since: string }[]).map(({ contact, since }) => [
      contact.id,
      since,
    ]);
  };
  expect(await pairs()).toEqual([[ada.id, "today"]]);
  await createRecord(world.env, "Membership", { club: club.id, contact: bob.id, since: "1843" });
  expect(await idsOf("Club", club.id, "members")).toEqual([ada.id, bob.id]);
  expect(await idsOf("Contact", ada.id, "clubs")).toEqual([club.id]);
  await updateRecord(world.env, "Club", club.id, { members: [bob.id, { name: "Cleo" }] });
  expect((await pairs()).map(([, since]) => since)).toEqual(["1843", "today"]);
  await updateRecord(world.env, "Contact", bob.id, { clubs: [["X", club.id]] });
  expect((await pairs()).map(([, since]) => since)).toEqual(["today"]);
  const locked = world.derive({
    access: {
      ...world.env.access,
      key: "locked",
      can: ({ name }, operation) => name !== "Membership" || operation === "read",
    },
  });
  for (const [members, says] of [
    [[["L", ada.id]], "you may not create Membership records"],
    [[], "you may not delete Membership records"],
  ] as const) {
    await expect(updateRecord(locked, "Club", club.id, { members })).rejects.toThrow(says);
  }
  expect(await pairs()).toHaveLength(1);
});
