/** Imports that wait until a file may be read hold nothing that others need, and give their turn back when their client goes. */
import { type ClientRequest, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Database } from "../../src/database/database.ts";
import { buildForm, builtReader, sendForm } from "../support/form.ts";
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

/** Waits until so many statements wait for a lock. */
async function waits(count = 1): Promise<void> {
  const text = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await vi.waitFor(async () => expect(await blocker.rows({ text, values: [] })).toHaveLength(count), {
    timeout: 20_000,
  });
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

it("no turn once their client has gone", async () => {
  await api.server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = api.server.server.address() as AddressInfo;
  const send = (name: string): ClientRequest => {
    const { type, body } = buildForm({}, { content: `name\n${name}\n` });
    const headers = { authorization: `Bearer ${api.token}`, "content-type": type };
    const sent = httpRequest({ port, method: "POST", path: "/api/import/Category", headers });
    sent.on("error", () => {}).end(body);
    return sent;
  };
  const holder = new Database({ connection: api.database.connection, maxConnections: 1 });
  await holder.transaction(async (session) => {
    await session.run({ text: "lock table category in exclusive mode", values: [] });
    const gone = [send("Gone 0"), send("Gone 1"), send("Gone 2")];
    await waits();
    for (const request of gone) request.destroy();
    await waits(0);
  });
  await holder.close();
  const after = await sendForm(api, "/api/import/Category", {}, "name\nAfter\n");
  expect(after.json).toMatchObject({ created: 1 });
  const { json } = await api.call("POST", "/api/query/Category", { q_filter: "Q(name__startswith='Gone')", limit: 0 });
  expect(json.total).toBe(0);
});
