/** Declared methods over HTTP: what may be called, by whom, with what, and what comes of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

const execute = (path: string, inputs?: unknown, more: object = {}) =>
  api.call("POST", `/api/execute/${path}`, { ...more, request_body: { inputs } });

test("a method of a model is called with its inputs", async () => {
  const [pound, kilogram] = [await unit("Pound (lb)"), await unit("Kilogram")];
  const answer = await execute("UoM/convert", { quantity: "5", from: pound, to: { id: kilogram } });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toEqual({
    message: "Method executed successfully",
    result: { quantity: "2.268", uom: { id: kilogram, display_name: "Kilogram" } },
  });
});

test("what a rule of the business refuses is a UserError", async () => {
  const answer = await execute("UoM/convert", { quantity: 1, from: await unit("Pound (lb)"), to: await unit("Metre") });
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ error: "UserError", detail: expect.stringContaining("different categories") });
});

describe("what is not declared is not there", () => {
  test.each([
    "UoM/constructor",
    "UoM/__proto__",
    "UoM/then",
    "UoM/create",
    "UoM/delete",
    "UoM/toString",
    "UoM/hasOwnProperty",
    "UoM/env",
    "UoM/sudo",
    "UoM/_convert",
    "UoM/Convert",
    "Product/convert",
    "Ghost/convert",
    "__proto__/convert",
  ])("%s", async (path) => {
    const answer = await execute(path);
    expect(answer.status, answer.text).toBe(404);
    expect(answer.json.error).toBe("MissingError");
  });
});

describe("what is wrong with a call is named", () => {
  const rows: readonly [title: string, body: unknown, path: string, message: string][] = [
    ["nothing at all", {}, "quantity", "is required"],
    ["an input that is not there", { request_body: { inputs: { quantit: 1 } } }, "quantit", 'did you mean "quantity"?'],
    ["a wrong value", { request_body: { inputs: { quantity: "x", from: 1, to: 1 } } }, "quantity", "number"],
    [
      "a record that is not there",
      { request_body: { inputs: { quantity: 1, from: 1, to: 99999 } } },
      "to",
      "no such UoM",
    ],
    ["a name of every object", { request_body: { inputs: { constructor: 1 } } }, "constructor", "is not known"],
    ["records of a method that has none", { ids: [1] }, "ids", "must be empty"],
    ["ids that are none", { ids: ["1"] }, "ids[0]", "whole number"],
    ["a member that is not there", { idss: [1] }, "idss", "is not known"],
    ["inputs that are a list", { request_body: { inputs: [] } }, "request_body.inputs", "an object"],
  ];
  test.each(rows)("%s", async (_title, body, path, message) => {
    const answer = await api.call("POST", "/api/execute/UoM/convert", body);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json.fields).toContainEqual({ path, message: expect.stringContaining(message) });
  });
});

test("context is data: what is not declared is not looked at", async () => {
  const [from, to] = [await unit("Pound (lb)"), await unit("Kilogram")];
  const answer = await api.call("POST", "/api/execute/UoM/convert", {
    request_body: {
      inputs: { quantity: 1, from, to },
      context: { sudo: true, uid: 1, __proto__: 1, company_ids: [9] },
    },
  });
  expect(answer.status, answer.text).toBe(200);
});

async function unit(name: string): Promise<number> {
  const answer = await api.call("POST", "/api/query/UoM", { fields: ["id"], q_filter: { name } });
  return (answer.json.data as { id: number }[])[0]?.id ?? 0;
}
