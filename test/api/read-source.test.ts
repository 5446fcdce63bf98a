/** `X-Read-From` where there is no replica: what it may say, and where. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

const rows: [
  method: string,
  path: string,
  body: object | undefined,
  from: string,
  status: number,
  detail: RegExp | null,
][] = [
  ["POST", "/api/query/Product", {}, "primary", 200, null],
  ["POST", "/api/create/ContactTag", { name: "From anywhere" }, "primary", 200, null],
  ["POST", "/api/query/Product", {}, "replica", 400, /^X-Read-From: this server has no replica to read from$/],
  ["GET", "/api/query/Product", undefined, "replica", 400, /no replica/],
  ["POST", "/api/export/Product", { fields: ["name"], format: "csv" }, "replica", 400, /no replica/],
  ["POST", "/api/query/Product", {}, "Replica", 400, /^X-Read-From: must be replica or primary$/],
  ["POST", "/api/query/Product", {}, "", 400, /must be replica or primary/],
  [
    "POST",
    "/api/create/ContactTag",
    { name: "Lost" },
    "replica",
    400,
    /^X-Read-From: replica is for requests that read/,
  ],
  ["GET", "/api/jobs", undefined, "replica", 400, /is for requests that read records$/],
];

test.each(rows)("%s %s %j from %j: %d", async (method, path, body, from, status, detail) => {
  const answer = await api.call(method, path, body, { headers: { "x-read-from": from } });
  expect(answer.status, answer.text).toBe(status);
  if (detail !== null)
    expect(answer.json).toMatchObject({ error: "ValidationError", detail: expect.stringMatching(detail) });
});
