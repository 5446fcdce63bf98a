/** Trees stay trees: no record becomes its own ancestor, not even by two moves at the same time. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, type World } from "../../test/support/world.ts";
import { ValidationError } from "../errors.ts";
import { queryRecords } from "./read.ts";
import { createRecord, updateRecord } from "./write.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.drop());

const make = async (parent: number | null = null) =>
  (await createRecord(world.env, "Category", { name: "c", parent })).id;
const move = (id: number, parent: number | null) => updateRecord(world.env, "Category", id, { parent });

test("a record is moved anywhere but below itself", async () => {
  const top = await make();
  const middle = await make(top);
  const bottom = await make(middle);
  const other = await make();
  for (const parent of [top, middle, bottom]) {
    const error: unknown = await move(top, parent).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).extra.fields).toEqual([
      { path: "parent", message: "a record cannot be its own ancestor" },
    ]);
  }
  await move(middle, other);
  await move(top, bottom);
  await expect(move(other, top)).rejects.toThrow("its own ancestor");
  await move(middle, null);
  await move(other, top);
});

test("two moves that would close a circle together: one of them is refused", async () => {
  for (let round = 0; round < 10; round++) {
    const [first, second] = [await make(), await make()];
    const moves = await Promise.allSettled([move(first, second), move(second, first)]);
    expect(moves.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  }
});

test("whatever is moved at the same time, every record keeps a way to the top", async () => {
  const size = 6;
  const moves = fc.array(fc.tuple(fc.nat(size - 1), fc.option(fc.nat(size - 1))), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(moves, async (list) => {
      const ids = await Promise.all(Array.from({ length: size }, () => make()));
      const at = (index: number) => ids[index] ?? 0;
      await Promise.allSettled(list.map(([child, parent]) => move(at(child), parent === null ? null : at(parent))));
      const { data } = await queryRecords(world.env, "Category", { q_filter: { id__in: ids }, fields: ["parent"] });
      const rows = JSON.parse(data.toString()) as { id: number; parent: { id: number } | null }[];
      const parents = new Map(rows.map(({ id, parent }) => [id, parent?.id]));
      for (const id of ids) {
        let steps = 0;
        for (let above: number | undefined = id; above !== undefined; above = parents.get(above)) steps += 1;
        expect(steps).toBeLessThanOrEqual(size);
      }
    }),
    { numRuns: 15 },
  );
});
