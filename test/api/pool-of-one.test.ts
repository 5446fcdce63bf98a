/** A server with one connection to its database: what is nested in a request shares it, and what needs none does not wait for it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { raw } from "../../src/sql/fragment.ts";
import { type Client, clientOf } from "../support/client.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const AT_ONCE = 12;

let api: TestServer;
let admin: Client;
beforeAll(async () => {
  api = await startTestServer({ settings: { maxConnections: 1 } });
  admin = clientOf(api);
});
afterAll(() => api?.close());

test("hooks, calculations and methods within methods never wait for a connection of their own", async () => {
  const contact = await admin.create("Contact", { name: "One at a time" });
  const product = await admin.find("Product", "Q(code='DSK-001')");
  const line = { product, quantity: 2 };
  const sell = async (): Promise<unknown> => {
    const order = await admin.create("SaleOrder", { contact, lines: [line, line] });
    await admin.execute("SaleOrder", "confirm", [order]);
    const invoice = await admin.make("SaleOrder", "create_invoice", [order], { mode: "all" });
    await admin.execute("Invoice", "post", [invoice]);
    const { status, lines } = await admin.read("Invoice", invoice, "status", "lines");
    return [status, (lines as unknown[]).length];
  };
  const sold = await Promise.all(Array.from({ length: AT_ONCE }, sell));
  expect(sold).toEqual(Array(AT_ONCE).fill(["posted", 2]));
});

describe("while it is taken", () => {
  type Row = [
    what: string,
    method: string,
    path: string,
    body: unknown,
    token: "good" | "bad" | "none",
    status: number,
  ];
  const rows: Row[] = [
    ["no token", "POST", "/api/query/Product", {}, "none", 401],
    ["a bad token", "POST", "/api/query/Product", {}, "bad", 401],
    ["an unknown route", "POST", "/api/nope", {}, "good", 404],
    ["an unknown model", "POST", "/api/query/Nope", {}, "good", 404],
    ["a wrong method", "DELETE", "/api/query/Product", undefined, "good", 405],
    ["OPTIONS", "OPTIONS", "/api/query/Product", undefined, "none", 204],
    ["an unknown field", "POST", "/api/query/Product", { fields: ["nope"] }, "good", 400],
    ["an unknown relation", "POST", "/api/query/Product", { fields: ["nope.name"] }, "good", 400],
    ["a filter that is none", "POST", "/api/query/Product", { q_filter: "Q(" }, "good", 400],
    ["no JSON", "POST", "/api/create/Product", "{", "good", 400],
    ["the registry", "GET", "/api/get_registry/Product", undefined, "good", 200],
    ["the documentation", "GET", "/docs", undefined, "none", 200],
    ["liveness", "GET", "/health/live", undefined, "none", 200],
  ];

  test("what needs no connection is answered, and the rest waits for its turn", async () => {
    await admin.count("Product", "Q()"); // by now the server knows who calls
    const release = await takeConnection(api);
    const waiting = admin.count("Product", "Q()");
    const tokens = { good: api.token, bad: `${api.token.slice(0, -4)}aaaa`, none: null };
    const answers = [];
    for (const [what, method, path, body, token] of rows) {
      const { status } = await api.call(method, path, body, { token: tokens[token] });
      answers.push([what, status]);
    }
    expect(answers).toEqual(rows.map(([what, , , , , status]) => [what, status]));
    expect(api.database.database.describeLoad()).toMatchObject({ connections: 1, waiting: 1 });
    await release();
    expect(await waiting).toBeGreaterThan(0);
  });

  test("who has waited too long is told to come again, and is answered then", async () => {
    const impatient = await startTestServer({ settings: { maxConnections: 1, waitTimeout: 200 } });
    try {
      const query = () => impatient.call("POST", "/api/query/Product", {});
      expect((await query()).status).toBe(200);
      const release = await takeConnection(impatient);
      const { status, headers, json } = await query();
      expect({ status, json }).toMatchObject({
        status: 503,
        json: { error: "MaintenanceError", code: "pool_exhausted" },
      });
      expect(Number(headers["retry-after"])).toBeGreaterThan(0);
      await release();
      expect((await query()).status).toBe(200);
    } finally {
      await impatient.close();
    }
  });
});

/** Takes the only connection of a server. @returns gives it back */
function takeConnection({ database }: TestServer): Promise<() => Promise<void>> {
  return new Promise((resolve) => {
    const holding = database.database.transaction(async (session) => {
      await session.run(raw("SELECT 1"));
      await new Promise<void>((release) => {
        resolve(async () => {
          release();
          await holding;
        });
      });
    });
  });
}
