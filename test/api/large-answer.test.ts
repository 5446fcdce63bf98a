/** Large answers share memory that is used again: each client gets its own all the same, however slowly it reads and whoever leaves. */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
let port: number;
/** Requests with the answers that they get alone. */
let cases: { path: string; body: string; text: string }[];

beforeAll(async () => {
  api = await startTestServer();
  const address = await api.server.listen({ port: 0, host: "127.0.0.1" });
  port = Number(new URL(address).port);
  cases = [];
  for (let offset = 0; offset < 40; offset += 1) {
    const request = { fields: ["name", "code", "currency.name"], limit: 100 + offset * 4, offset, count: "none" };
    const path = "/api/query/Country";
    const { text } = await api.call("POST", path, request);
    cases.push({ path, body: JSON.stringify(request), text });
  }
});
afterAll(() => api?.close());

function requestText({ path, body }: { readonly path: string; readonly body: string }): string {
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${api.token}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
}

/** Sends requests at once, waits before it reads anything, and gives the bodies of the answers. */
function readSlowly(requests: readonly { readonly path: string; readonly body: string }[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = Buffer.alloc(0);
    const bodies: string[] = [];
    socket.on("error", reject);
    socket.pause();
    socket.write(requests.map(requestText).join(""));
    setTimeout(() => socket.resume(), 300);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const head = received.indexOf("\r\n\r\n");
        if (head === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(received.toString("latin1", 0, head))?.[1]);
        if (received.length < head + 4 + length) return;
        bodies.push(received.toString("utf8", head + 4, head + 4 + length));
        received = received.subarray(head + 4 + length);
        if (bodies.length < requests.length) continue;
        socket.destroy();
        resolve(bodies);
        return;
      }
    });
  });
}

/** Sends a request and leaves in the middle of its answer. */
function leaveEarly(request: { readonly path: string; readonly body: string }): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(requestText(request)));
    socket.once("data", () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}

test("the answers are as large as is kept", () => {
  const sizes = cases.map(({ text }) => Buffer.byteLength(text));
  expect(Math.min(...sizes)).toBeGreaterThan(8 * 1024);
  expect(new Set(sizes).size).toBeGreaterThan(30);
});

test("many at a time, with clients that read slowly and others that leave", async () => {
  const slow = Array.from({ length: 6 }, (_, client) => {
    const own = Array.from({ length: 60 }, (_, index) => cases[(index * 7 + client * 11) % cases.length] ?? cases[0]);
    return own.filter((each) => each !== undefined);
  });
  const [answers] = await Promise.all([
    Promise.all(slow.map(readSlowly)),
    Promise.all(Array.from({ length: 40 }, (_, index) => leaveEarly(cases[index % cases.length] as (typeof cases)[0]))),
  ]);
  for (const [client, own] of slow.entries()) {
    expect(answers[client]).toEqual(own.map(({ text }) => text));
  }
});
