/** Forms that bring a file: what is none is refused with the reason, and leaves the server as it was. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtReader, sendForm } from "../support/form.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer({ tableReader: builtReader() });
});
afterAll(() => api?.close());

describe("forms that are none are refused", () => {
  const part = (head: string, body: string) => `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
  const file = part('name="file"; filename="a.csv"', "name\nx");
  const rows: [what: string, status: number, message: RegExp, body: string | Uint8Array, type?: string][] = [
    ["JSON", 415, /must be multipart\/form-data/, "{}", "application/json"],
    ["no boundary", 400, /not well-formed/, file, "multipart/form-data"],
    ["an end that is missing", 400, /not well-formed/, file],
    ["no file", 400, /file/, `${part('name="dry_run"', "1")}--x--\r\n`],
    ["a file that is text", 400, /file: must be a file/, `${part('name="file"', "name")}--x--\r\n`],
    ["two files", 413, /one file/, `${file}${file}--x--\r\n`],
    ["an unknown part", 400, /drop_table/, `${part('name="drop_table"', "1")}${file}--x--\r\n`],
    ["a part twice", 400, /dry_run: is given twice/, `${part('name="dry_run"', "1").repeat(2)}${file}--x--\r\n`],
    ["a part called __proto__", 400, /not allowed/, `${part('name="__proto__"', "1")}${file}--x--\r\n`],
    ["another value than allowed", 400, /on_error/, `${part('name="on_error"', "maybe")}${file}--x--\r\n`],
    [
      "a mapping that is no JSON",
      400,
      /mapping: must be a JSON object/,
      `${part('name="mapping"', "{")}${file}--x--\r\n`,
    ],
    [
      "a file that is too large",
      413,
      /at most 16777216 bytes/,
      `${part('name="file"; filename="a"', "x".repeat(17 * 1024 * 1024))}--x--\r\n`,
    ],
  ];
  it.each(rows)("%s", async (_what, status, message, body, type = "multipart/form-data; boundary=x") => {
    const answer = await api.call("POST", "/api/import/Product", Buffer.from(body), {
      headers: { "content-type": type },
    });
    expect({ status: answer.status, detail: answer.json.detail }).toEqual({
      status,
      detail: expect.stringMatching(message),
    });
  });

  it("a file for nobody", async () => {
    expect((await sendForm(api, "/api/import/Product", {}, "name\nx", { token: null })).status).toBe(401);
    expect((await sendForm(api, "/api/import/Nope", {}, "name\nx")).status).toBe(404);
  });
});
