/** Imports that wait until a file may be read hold nothing that others need. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { builtReader, sendForm } from "../support/form.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** Connections: one for the import whose turn it is, one for everybody else. */
const CONNECTIONS = 2;

let api: TestServer;
let blocker: Database;
beforeAll(async () => {
  api = await startTestServer({
    tableReader: builtReader({ most: 1 }),
    settings: { maxConnections: CONNECTIONS, waitTimeout: 2000 },
  });
  blocker = new Database({ connection: api.database.connection, maxConnections: 1 });
});
afterAll(async () => {
  await blocker?.close();
  await api?.close();
});

async function waits(): Promise<void> {
  const text = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await vi.waitFor(async () => expect(await blocker.rows({ text, values: [] })).toHaveLength(1), { timeout: 20_000 });
}

it("no connection, so that everybody else is served", async () => {
  const holder = new Database({ connection: api.database.connection, maxConnections: 1 });
  const imports = await holder.transaction(async (session) => {
    await session.run({ text: "lock table category in exclusive mode", values: [] });
    const send = (name: string) => sendForm(api, "/api/import/Category", {}, `name\n${name}\n`);
    const first = send("Turn 0");
    await waits();
    const all = [first, ...Array.from({ length: 2 * CONNECTIONS }, (_, index) => send(`Turn ${index + 1}`))];
    // By then all of them have been let in.
    for (let n = 0; n < 5; n += 1) {
      const { status, text } = await api.call("POST", "/api/query/Currency", { limit: 1 });
      expect(status, text).toBe(200);
    }
    return { all };
  });
  await holder.close();
  for (const answer of await Promise.all(imports.all)) expect(answer.json).toMatchObject({ created: 1 });
});
