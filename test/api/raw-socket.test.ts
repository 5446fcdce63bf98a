/** What no HTTP client would send, over real sockets: every one is answered or hung up on, and the next request works. */
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rawRequest } from "../support/raw-request.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const pid = process.pid;
let api: TestServer;
let port: number;

beforeAll(async () => {
  api = await startTestServer();
  await api.server.listen({ port: 0, host: "127.0.0.1" });
  port = (api.server.server.address() as AddressInfo).port;
});
afterAll(() => api?.close());

/** A request without a body. */
function get(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "", ""].join("\r\n");
}

/** A request with a JSON body whose headers are the row's. */
function post(body: string, ...headers: string[]): string {
  return [
    "POST /api/query/Product HTTP/1.1",
    "Host: localhost",
    "Connection: close",
    "Content-Type: application/json",
    `Authorization: Bearer ${api.token}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}

const rows: readonly (readonly [name: string, request: () => string, status: number])[] = [
  ["a percent sign", () => get("/%"), 400],
  ["a byte that is no UTF-8", () => get("/%ff"), 400],
  ["half an escape in a name", () => get("/api/query/%e4"), 400],
  ["two slashes", () => get("//"), 404],
  ["a host in the path", () => get("//evil.example/api/get_registry"), 404],
  ["a star", () => get("*"), 404],
  ["OPTIONS of a star", () => "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404],
  ["an absolute URL", () => get("http://localhost/health/live"), 200],
  ["a backslash", () => get("/api\\get_registry"), 404],
  ["dots", () => get("/health/../health/live"), 404],
  ["encoded dots", () => get("/docs/%2e%2e/%2e%2e/package.json"), 404],
  ["a file of the package", () => get("/docs/../package.json"), 404],
  ["a method that nobody knows", () => "FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
  [
    "a method that only others know",
    () => "PROPFIND /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    405,
  ],
  ["TRACE", () => "TRACE /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405],
  ["no HTTP at all", () => "hello\r\n\r\n", 400],
  ["another protocol", () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["no host", () => "GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n", 200],
  ["two hosts, the same", () => get("/openapi.json", "Host: localhost"), 400],
  ["two hosts", () => get("/openapi.json", "HOST: other.localhost"), 400],
  ["a user of two hosts", () => post("{}", "Host: other.localhost", "Content-Length: 2"), 400],
  ["an absolute URL of another host", () => get("http://other.localhost/openapi.json"), 400],
  ["an absolute URL with a name before another host", () => get("http://localhost@other.localhost/openapi.json"), 400],
  ["an absolute URL with a name before its host", () => get("http://other.localhost@localhost/openapi.json"), 200],
  ["HTTP/1.0", () => "GET /health/live HTTP/1.0\r\n\r\n", 200],
  ["a version from the future", () => "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 400],
  ["a header of 64 KB", () => get("/health/live", `X-Large: ${"x".repeat(65_536)}`), 431],
  ["a token of 12 KB", () => get("/api/get_registry", `Authorization: Bearer ${"x".repeat(12_000)}`), 401],
  ["a path of 8 KB", () => get(`/${"x".repeat(8192)}`), 404],
  ["a header without a name", () => get("/health/live", ": x"), 400],
  ["a header with NUL", () => get("/health/live", "X-A: a\0b"), 400],
  ["an expectation that nobody knows", () => get("/health/live", "Expect: magic"), 200],
  ["an upgrade", () => get("/health/live", "Upgrade: websocket", "Sec-WebSocket-Key: x"), 200],
  ["a body longer than it says", () => post('{"limit":1}garbage', "Content-Length: 11"), 400],
  ["a length that is no number", () => post("{}", "Content-Length: x"), 400],
  ["a negative length", () => post("{}", "Content-Length: -1"), 400],
  ["two lengths", () => post("{}", "Content-Length: 2", "Content-Length: 3"), 400],
  ["a length and chunks", () => post("2\r\n{}\r\n0\r\n\r\n", "Content-Length: 2", "Transfer-Encoding: chunked"), 400],
  ["chunks", () => post('c\r\n{"limit":  1\r\n1\r\n}\r\n0\r\n\r\n', "Transfer-Encoding: chunked"), 200],
  ["a chunk without a size", () => post("zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 400],
  ["a length beyond the limit", () => post("{}", "Content-Length: 99999999999"), 413],
];

test.each(rows)("%s", async (_name, request, status) => {
  const answer = await rawRequest(port, request());
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer.toLowerCase()).toContain("x-request-id: ");
  if (status >= 400) expect(answer).toMatch(/\{"detail":".+","error":"\w+"/);
});

test("the pipelined request behind a broken one is not answered as if it were part of it", async () => {
  const answer = await rawRequest(port, `${post("{}", "Content-Length: 5")}${get("/health/live")}`);
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test("clients that hang up in the middle harm nobody", async () => {
  for (const request of [
    "GET /hea",
    post("{", "Content-Length: 100"),
    post("", "Transfer-Encoding: chunked"),
    get("/docs"),
  ]) {
    await rawRequest(port, request, { thenClose: true });
  }
});

test("the process is the same, and answers", async () => {
  expect(process.pid).toBe(pid);
  expect(await rawRequest(port, get("/health/ready"))).toContain('{"status":"ready"}');
});
