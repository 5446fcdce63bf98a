/** Prints how long a start takes to find 100 models' tables as they should be: `npx tsx bench/schema-start.ts`. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config.ts";
import { createDatabase } from "../src/database/catalog.ts";
import { withDatabase } from "../src/database/connection-option.ts";
import { Database } from "../src/database/database.ts";
import { boolean, char, date, defineModel, integer, manyToOne, monetary, selection } from "../src/index.ts";
import { composeRegistry } from "../src/models/compose.ts";
import type { ModelDefinition } from "../src/models/definition.ts";
import { applyPlan } from "../src/schema/apply.ts";
import { desiredShape } from "../src/schema/desired.ts";
import { startDatabaseServer } from "../src/tenants/database-server.ts";
import { newDatabaseName, removeDatabase } from "./data.ts";

const MODELS = 100;
const ROUNDS = 50;

/** Models that refer to each other, with what models have: unique and indexed fields, choices, amounts. */
function declareModels(): ModelDefinition[] {
  // The compiler cannot know names that are made here.
  const name = (index: number) => `Thing${index % MODELS}` as "Product";
  return Array.from({ length: MODELS }, (_, index) =>
    defineModel(name(index), {
      label: `Thing ${index}`,
      fields: {
        name: char({ required: true, index: true }),
        code: char({ unique: true, maxLength: 64 }),
        state: selection(["draft", "done"], { default: "draft" }),
        price: monetary({ default: 0 }),
        count: integer(),
        day: date({ index: true }),
        active: boolean({ default: true }),
        parent: manyToOne(name(index), { relatedName: "children", index: true }),
        other: manyToOne(name(index + 1), { relatedName: "others", onDelete: "RESTRICT", index: true }),
      },
    }),
  );
}

const folder = await mkdtemp(join(tmpdir(), "fullfinity-bench-"));
await chmod(folder, 0o755); // the account of the built-in server must be able to enter it
const { databaseUrl } = loadConfig();
const server = await startDatabaseServer({ databaseUrl, dataFolder: join(folder, "data"), onProgress: console.log });
const databaseName = newDatabaseName();
try {
  const main = new Database({ connection: server.connection });
  await createDatabase(main, databaseName);
  await main.close();
  const database = new Database({ connection: withDatabase(server.connection, databaseName) });
  const user = defineModel("User", { label: "User", fields: { name: char({ required: true }) } });
  const module = { identifier: "things", models: [user, ...declareModels()], extensions: [] };
  const times: Record<string, number[]> = { compose: [], "plan and apply": [] };
  let first = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const begin = performance.now();
    const desired = desiredShape(composeRegistry([module]));
    const composed = performance.now();
    const { operations } = await applyPlan(database, desired);
    const end = performance.now();
    if (round === 0) first = operations.length;
    else if (operations.length > 0) throw new Error(`round ${round} found ${operations.length} things to do`);
    if (round > 0) times.compose?.push(composed - begin);
    if (round > 0) times["plan and apply"]?.push(end - composed);
  }
  console.log(`first start: ${first} operations; then none, ${ROUNDS} times:`);
  for (const [title, taken] of Object.entries(times)) {
    taken.sort((left, right) => left - right);
    const at = (share: number) => taken[Math.floor(share * (taken.length - 1))]?.toFixed(1);
    console.log(`${title.padEnd(16)} median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms`);
  }
  await database.close();
} finally {
  await removeDatabase(server.connection, databaseName);
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
