/** Health, documentation page, log and error answers: what the server says about itself. */
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docsAssets } from "../../src/http/docs/page.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const lines: string[] = [];
let api: TestServer;

beforeAll(async () => {
  api = await startTestServer({ logger: pino({ level: "info" }, { write: (line: string) => void lines.push(line) }) });
});
afterAll(() => api?.close());

/** The log lines of a request. */
function logOf(requestId: unknown): Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.requestId === requestId);
}

describe("every answer", () => {
  const paths: readonly (readonly [method: string, path: string])[] = [
    ["POST", "/api/query/Product"],
    ["GET", "/api/get_registry/Nothing"],
    ["GET", "/nowhere"],
    ["PUT", "/api/query/Product"],
    ["OPTIONS", "/api/query/Product"],
    ["GET", "/health/live"],
    ["GET", "/openapi.json"],
  ];
  test.each(paths)("%s %s has the headers that protect it, and a log line with its id", async (method, path) => {
    const { headers, status } = await api.call(method, path);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cache-control": "private, no-store",
      vary: "Authorization",
    });
    const log = () => logOf(headers["x-request-id"]);
    await expect.poll(log).toEqual([expect.objectContaining({ method, path, status })]);
  });

  test("secrets and query strings stay out of the log", async () => {
    const { headers: first } = await api.call(
      "POST",
      "/auth/authenticate",
      { email: "admin@example.com", password: "admin-secret-1" },
      { token: null },
    );
    const filter = encodeURIComponent("Q(name='private-words')");
    const { headers: second } = await api.call("GET", `/api/query/Product?q_filter=${filter}`);
    for (const { "x-request-id": id } of [first, second]) await expect.poll(() => logOf(id)).toHaveLength(1);
    const log = lines.join("");
    for (const secret of ["admin-secret-1", "private-words", api.token]) expect(log).not.toContain(secret);
  });
});

describe("what needs no database asks none", () => {
  const rows: readonly (readonly [name: string, method: string, path: string, token: string | null, status: number])[] =
    [
      ["no token", "POST", "/api/query/Product", null, 401],
      ["a bad token", "POST", "/api/query/Product", "a.b.c", 401],
      ["an unknown path", "GET", "/nowhere", null, 404],
      ["a wrong method", "PATCH", "/api/query/Product", null, 405],
      ["OPTIONS", "OPTIONS", "/api/query/Product", null, 204],
      ["liveness", "GET", "/health/live", null, 200],
      ["the document for a guest", "GET", "/openapi.json", null, 200],
      ["the page", "GET", "/docs", null, 200],
    ];
  test.each(rows)("%s", async (_name, method, path, token, status) => {
    const { result, texts } = await api.database.statements.during(() => api.call(method, path, undefined, { token }));
    expect([result.status, texts]).toEqual([status, []]);
  });

  test("a request of a known user is one statement", async () => {
    const request = () => api.call("POST", "/api/query/Product", { limit: 1 });
    await request();
    expect((await api.database.statements.during(request)).texts).toHaveLength(1);
  });
});

describe("the page", () => {
  test("loads everything from this server, and nothing inside it is a script", async () => {
    const page = await api.call("GET", "/docs", undefined, { token: null });
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).not.toContain("unsafe");
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
    expect(loaded.toSorted()).toEqual(docsAssets.map(({ name }) => `/docs/${name}`).toSorted());
    expect(page.text).not.toMatch(/<script>|<style|style=|onclick=/);
    for (const path of loaded) {
      const asset = await api.call("GET", path, undefined, { token: null });
      expect(asset.status, path).toBe(200);
      expect(asset.text.length).toBeGreaterThan(100);
    }
  });
});

describe("a fault of the server", () => {
  const broken = async (server: TestServer) => {
    await server.database.database.run({ text: "alter table product rename column description to gone", values: [] });
    const answer = await server.call("POST", "/api/query/Product", { fields: ["description"] });
    await server.database.database.run({ text: "alter table product rename column gone to description", values: [] });
    return answer;
  };

  test("tells nothing in production, and everything to the log", async () => {
    const answer = await broken(api);
    expect([answer.status, answer.json]).toEqual([500, { detail: "Internal error", error: "InternalError" }]);
    const [fault] = logOf(answer.headers["x-request-id"]);
    expect(JSON.stringify(fault)).toContain("42703");
  });

  test("has a traceback in development", async () => {
    const server = await startTestServer({ environment: "development" });
    try {
      const answer = await broken(server);
      expect(answer.json.detail).toBe("Internal error");
      expect(answer.json.traceback).toContain("42703");
      const missing = await server.call("GET", "/api/get_registry/Nothing");
      expect(missing.json.traceback).toContain("MissingError");
    } finally {
      await server.close();
    }
  });
});

test("the list of databases is there while clients may choose, and only then", async () => {
  expect((await api.call("GET", "/auth/databases", undefined, { token: null })).status).toBe(404);
  const server = await startTestServer({ databaseSelector: true });
  try {
    const { json } = await server.call("GET", "/auth/databases", undefined, { token: null });
    expect(json).toEqual({ databases: ["main"] });
    const headers = { "x-database": "other" };
    expect((await server.call("GET", "/api/get_registry", undefined, { headers })).status).toBe(404);
  } finally {
    await server.close();
  }
});

test("readiness is red while the process stops, and liveness is not", async () => {
  expect((await api.call("GET", "/health/ready")).json).toEqual({ status: "ready" });
  api.server.readiness.stop();
  const red = await api.call("GET", "/health/ready");
  expect([red.status, red.json.error, red.headers["retry-after"]]).toEqual([503, "MaintenanceError", "5"]);
  expect((await api.call("GET", "/health/live")).json).toEqual({ status: "live" });
});

test("without the database every request is a 503, until it is back", async () => {
  const server = await startTestServer();
  try {
    await server.database.database.close();
    for (const [method, path] of [
      ["GET", "/health/ready"],
      ["POST", "/api/query/Product"],
    ] as const) {
      const answer = await server.call(method, path);
      expect([answer.status, answer.json.error, answer.headers["retry-after"]]).toEqual([503, "MaintenanceError", "5"]);
    }
    expect((await server.call("GET", "/health/live")).status).toBe(200);
  } finally {
    await server.close();
  }
});
