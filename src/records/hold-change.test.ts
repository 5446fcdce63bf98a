/** What code of modules is told of is held while it decides: in an order in which no two writes wait for each other. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { untilWaiting } from "../../test/support/meanwhile.ts";
import { createWorld, declareModel, declareModule, shippedModules, type World } from "../../test/support/world.ts";
import { char } from "../fields/char.ts";
import { manyToOne } from "../fields/relation-declaration.ts";
import type { ModelBehaviour } from "../models/behaviour.ts";
import { createRecord, updateRecord } from "./write.ts";
import { updateRecords } from "./write-bulk.ts";

type Next = (batch: unknown) => Promise<unknown>;

/** Hooks that do nothing but hear. */
function hearing(model: string, ...moments: readonly string[]): ModelBehaviour {
  const hook = (batch: unknown, _env: unknown, next: Next) => next(batch);
  const hooks = Object.fromEntries(moments.map((moment) => [moment, hook])) as unknown as ModelBehaviour["hooks"];
  return { implements: model, calculate: {}, setters: {}, validate: {}, hooks, file: `modules/test/${model}.ts` };
}

let world: World;
beforeAll(async () => {
  const other = (relatedName: string) => ({ relatedName, required: true, onDelete: "CASCADE" }) as const;
  const module = declareModule(
    "test",
    declareModel("Branch", { name: char(), parent: manyToOne("Branch" as never, { acyclic: true }) }),
    declareModel("Trunk", { name: char() }),
    declareModel("Leaf", {
      name: char(),
      branch: manyToOne("Branch" as never, other("leaves")),
      trunk: manyToOne("Trunk" as never, other("leaves")),
    }),
  );
  const behaviours = [hearing("Branch", "beforeUpdate"), hearing("Leaf", "afterCreate", "afterUpdate")];
  world = await createWorld([...shippedModules, { ...module, behaviours }]);
});
afterAll(() => world.drop());

let branch: number;
let trunk: number;
let leaf: number;
beforeEach(async () => {
  branch = await create("Branch", { name: "b" });
  trunk = await create("Trunk", { name: "t" });
  leaf = await create("Leaf", { branch, trunk });
});

async function create(model: string, values: object): Promise<number> {
  return (await createRecord(world.env, model, values as never)).id;
}

/** Does a write while somebody else holds what a statement says, and gives which of the records are free while it waits. */
async function freeWhile(held: string, write: () => Promise<unknown>): Promise<string[]> {
  const { database } = world;
  const { done, free } = await database.transaction(async (session) => {
    await session.run({ text: held, values: [] });
    const done = write();
    await untilWaiting(database);
    const free: string[] = [];
    for (const [table, id] of Object.entries({ branch, trunk, leaf })) {
      const text = `select id from ${table} where id = $1 for no key update skip locked`;
      if ((await session.rows({ text, values: [id] })).length > 0) free.push(table);
    }
    return { done, free };
  });
  await done;
  return free;
}

const holding = (table: string, id: number) => `select id from ${table} where id = ${id} for no key update`;
const TREE = "select pg_advisory_xact_lock(hashtextextended('tree branch', 0))";

test.each<[string, () => string, () => Promise<unknown>, string[]]>([
  [
    "the tree comes before its record",
    () => TREE,
    () => updateRecord(world.env, "Branch", branch, { parent: null }),
    ["branch", "trunk", "leaf"],
  ],
  [
    "and before many",
    () => TREE,
    () => updateRecords(world.env, "Branch", [branch], { parent: null }),
    ["branch", "trunk", "leaf"],
  ],
  [
    "what a record is part of comes before it",
    () => holding("branch", branch),
    () => updateRecord(world.env, "Leaf", leaf, { name: "l" }),
    ["branch", "trunk", "leaf"],
  ],
  [
    "one table after the other",
    () => holding("trunk", trunk),
    () => updateRecord(world.env, "Leaf", leaf, { name: "l" }),
    ["trunk", "leaf"],
  ],
  [
    "what it is to be part of, too",
    () => holding("trunk", trunk),
    () => create("Leaf", { branch, trunk: { id: trunk } }),
    ["trunk", "leaf"],
  ],
])("%s", async (_what, held, write, free) => {
  expect(await freeWhile(held(), write)).toEqual(free);
});
