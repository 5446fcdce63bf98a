/** Changes under a condition: exactly one of many writers of the same version wins, and the others learn what is there now. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, type World } from "../../test/support/world.ts";
import { MissingError, VersionConflictError } from "../errors.ts";
import { fetchRecord } from "./read.ts";
import { createRecord, deleteRecord, updateRecord } from "./write.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.drop());

const make = async (model = "Category") => (await createRecord(world.env, model, { name: "Office" })).id;
const read = async (model: string, id: number) => JSON.parse((await fetchRecord(world.env, model, id)).data.toString());

/** Ways of changing a record; some of them take several statements. */
const changes: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ["a column", "Category", { sequence: 5 }],
  ["two columns", "Contact", { name: "x", city: "y" }],
  ["links", "Contact", { tags: [] }],
];

test.each(changes)("of fifty writers that change %s exactly one wins", async (_name, model, values) => {
  const id = await make(model);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, () => updateRecord(world.env, model, id, values, { version: 1 })),
  );
  const lost = results.filter((result) => result.status === "rejected");
  expect(lost).toHaveLength(49);
  for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflictError);
  expect((await read(model, id)).version).toBe(2);
});

test("without a version every writer wins, and each counts", async () => {
  const id = await make();
  await Promise.all(Array.from({ length: 20 }, (_, sequence) => updateRecord(world.env, "Category", id, { sequence })));
  expect((await read("Category", id)).version).toBe(21);
});

test("who loses is told what is there now", async () => {
  const user = await createRecord(world.env, "User", { name: "Ada", email: "ada@example.com" });
  const asUser = world.derive({ access: { ...world.env.access, userId: user.id } });
  const id = await make();
  await updateRecord(asUser, "Category", id, { sequence: 7 });
  const { updated_date } = await read("Category", id);
  const attempts = [
    () => updateRecord(world.env, "Category", id, { sequence: 8 }, { version: 1 }),
    () => updateRecord(world.env, "Category", id, {}, { version: 1 }),
    () => deleteRecord(world.env, "Category", id, { version: 1 }),
    () => deleteRecord(world.env, "Category", id, { version: 3 }),
  ];
  for (const attempt of attempts) {
    const error: unknown = await attempt().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VersionConflictError);
    expect((error as VersionConflictError).extra).toEqual({
      current: { version: 2, write_uid: { id: user.id, display_name: "Ada" }, updated_date },
    });
  }
  expect(await read("Category", id)).toMatchObject({ sequence: 7, version: 2 });
});

test("a change of nothing keeps version, time and author", async () => {
  const id = await make();
  const before = await read("Category", id);
  const answer = await updateRecord(world.env, "Category", id, {}, { version: 1, fields: ["sequence"] });
  expect(answer).toMatchObject({ id, version: 1 });
  expect(JSON.parse(answer.data.toString())).toEqual({ id, name: "Office", display_name: "Office", sequence: 10 });
  await updateRecord(world.env, "Category", id, { name: undefined });
  expect(await read("Category", id)).toEqual(before);
});

test("the right version changes and deletes", async () => {
  const id = await make();
  await updateRecord(world.env, "Category", id, { sequence: 1 }, { version: 1 });
  await deleteRecord(world.env, "Category", id, { version: 2 });
  for (const version of [undefined, 2]) {
    await expect(updateRecord(world.env, "Category", id, { sequence: 1 }, { version })).rejects.toThrow(MissingError);
    await expect(deleteRecord(world.env, "Category", id, { version })).rejects.toThrow(MissingError);
  }
});
