/** A program for tests: starts the built-in server and writes pairs of rows, printing each pair's number once it is saved. */
import { Database } from "../../src/database/database.ts";
import { startEmbedded } from "../../src/database/embedded/start-embedded.ts";

const [dataFolder = "", systemFolder = ""] = process.argv.slice(2);
const WRITERS = 8;

const server = await startEmbedded({ dataFolder, systemFolder });
const database = new Database({ connection: server.connection });
await database.run({ text: "CREATE TABLE IF NOT EXISTS pair (id int, half text, PRIMARY KEY (id, half))", values: [] });
const [last] = await database.rows<{ id: number }>({ text: "SELECT coalesce(max(id), 0) AS id FROM pair", values: [] });

let next = (last?.id ?? 0) + 1;
const write = async (): Promise<void> => {
  for (;;) {
    const id = next++;
    await database.transaction(async (session) => {
      await session.run({ text: "INSERT INTO pair VALUES ($1, 'first')", values: [id] });
      await session.run({ text: "INSERT INTO pair VALUES ($1, 'second')", values: [id] });
    });
    process.stdout.write(`${id}\n`);
  }
};
await Promise.all(Array.from({ length: WRITERS }, write));
