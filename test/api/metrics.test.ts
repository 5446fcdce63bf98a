/** What the server measures: for whoever shows the token, and with labels that nobody's requests can multiply. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

const TOKEN = "token-of-the-measurements-in-this-test";
let api: TestServer;

beforeAll(async () => {
  api = await startTestServer({ metricsToken: TOKEN });
});
afterAll(() => api?.close());

const read = (token: string | null) => api.call("GET", "/metrics", undefined, { token });

/** How many requests there have been to an endpoint with an answer of a status. */
async function countOf(endpoint: string, status: number): Promise<number> {
  const { text } = await read(TOKEN);
  const line = text
    .split("\n")
    .filter((each) => each.startsWith("fullfinity_http_request_seconds_count{"))
    .find((each) => each.includes(`endpoint="${endpoint}"`) && each.includes(`status="${status}"`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

describe("who may read it", () => {
  const rows: readonly (readonly [who: string, token: () => string | null])[] = [
    ["nobody in particular", () => null],
    ["an administrator of a database", () => api.token],
    ["somebody with another token", () => `${TOKEN}x`],
  ];
  it.each(rows)("not %s", async (_who, token) => {
    const { status, json, text } = await read(token());
    expect([status, json.error]).toEqual([401, "AuthenticationError"]);
    expect(text).not.toContain("process");
  });

  it("nobody at all where no token is configured", async () => {
    const plain = await startTestServer();
    try {
      for (const method of ["GET", "POST"]) {
        expect((await plain.call(method, "/metrics", undefined, { token: TOKEN })).status).toBe(404);
      }
    } finally {
      await plain.close();
    }
  });
});

it("takes GET alone", async () => {
  const { status, headers } = await api.call("POST", "/metrics", undefined, { token: TOKEN });
  expect([status, headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
});

describe("it tells", () => {
  it("of the process, and of each open database", async () => {
    const { status, headers, text } = await read(TOKEN);
    expect([status, String(headers["content-type"])]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    expect(text).toMatch(/^process_resident_memory_bytes\{process="\d+"\} \d+/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds/m);
    expect(text).toMatch(/^fullfinity_databases_open\{process="\d+"\} 1$/m);
    expect(text).toMatch(/^fullfinity_database_connections\{database="main",process="\d+"\} [1-9]/m);
    for (const name of ["database_waiting", "database_requests", "jobs_running"]) {
      expect(text).toMatch(new RegExp(`^fullfinity_${name}\\{database="main",process="\\d+"\\} 0$`, "m"));
    }
  });

  const rows: readonly (readonly [
    endpoint: string,
    status: number,
    method: string,
    path: string,
    body: object | undefined,
    token: string | null | undefined,
  ])[] = [
    ["queryRecords", 200, "POST", "/api/query/Product", { limit: 1 }, undefined],
    ["queryRecords", 404, "POST", "/api/query/Nothing", {}, undefined],
    ["queryRecords", 401, "POST", "/api/query/Product", {}, null],
    ["checkLive", 200, "GET", "/health/live", undefined, null],
    ["readDocs", 200, "GET", "/docs/swagger-ui.css", undefined, null],
    ["none", 404, "GET", "/nowhere", undefined, undefined],
    ["none", 405, "PATCH", "/api/query/Product", undefined, undefined],
  ];
  it.each(rows)("of requests to %s answered with %d", async (endpoint, status, method, path, body, token) => {
    const before = await countOf(endpoint, status);
    await api.call(method, path, body, token === null ? { token } : {});
    expect(await countOf(endpoint, status)).toBe(before + 1);
  });

  it("nothing of what requests ask for, however many paths, models and methods they try", async () => {
    await api.call("GET", "/first");
    const series = async () => (await read(TOKEN)).text.split("\n").filter((line) => line.includes("endpoint=")).length;
    await series();
    const before = await series();
    for (let index = 0; index < 20; index += 1) {
      await api.call("GET", `/private-${index}`);
      await api.call("POST", `/api/query/Private${index}`, {});
    }
    expect(await series()).toBe(before);
    expect((await read(TOKEN)).text.toLowerCase()).not.toContain("private");
  });
});
