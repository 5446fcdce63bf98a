/** The OpenAPI document has each declared method that the caller may call, and takes of its inputs exactly what the method takes. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly description: string;
  readonly parameters: readonly { readonly $ref: string }[];
  readonly responses: object;
}

type Paths = Readonly<Record<string, { readonly post: Operation } | undefined>>;

let api: TestServer;
let document: { readonly paths: Paths; readonly components: object };
let ajv: Ajv2020;
beforeAll(async () => {
  api = await startTestServer();
  document = (await api.call("GET", "/openapi.json")).json as unknown as typeof document;
  ajv = new Ajv2020({ strict: false });
  (formats as unknown as (instance: Ajv2020) => void)(ajv);
  ajv.addSchema(document, "document");
});
afterAll(() => api?.close());

const concrete = (paths: Paths, start: string) =>
  Object.keys(paths).filter((path) => path.startsWith(start) && !path.includes("{"));

test("each method of a model or wizard has its operation, and what comes before it where there is something", () => {
  const { models, wizards } = api.registry;
  const owners = [
    ...[...models.values()].map(({ name, behaviour: { methods } }) => ({ name, methods })),
    ...wizards.values(),
  ];
  const all = owners.flatMap(({ name: owner, methods }) => [...methods.values()].map((method) => ({ owner, method })));
  const pathOf = ({ owner, method }: (typeof all)[number]) => `${owner}/${method.name}`;
  const asking = all.filter(({ method: { wizard, confirm } }) => wizard !== null || confirm !== null);
  expect(all.length).toBeGreaterThan(2);
  expect(
    concrete(document.paths, "/api/execute/")
      .map((path) => path.slice(13))
      .sort(),
  ).toEqual(all.map(pathOf).sort());
  expect(
    concrete(document.paths, "/api/action-meta/")
      .map((path) => path.slice(17))
      .sort(),
  ).toEqual(asking.map(pathOf).sort());
});

test("an operation says what the method needs, where it works and how it fails", () => {
  const change = document.paths["/api/execute/Product/change_prices"]?.post;
  expect(change).toMatchObject({ operationId: "executeMethod_Product_change_prices", tags: ["Product"] });
  expect(change?.description).toContain("Works on the Product records of `ids`, at least one.");
  expect(change?.description).toContain("the right to change records");
  expect(Object.keys(change?.responses ?? {})).toEqual(
    expect.arrayContaining(["200", "400", "401", "403", "404", "409"]),
  );
  const preview = document.paths["/api/execute/ChangePricesWizard/preview"]?.post;
  expect(preview?.tags).toEqual(["Product"]);
  expect(preview?.description).toContain("Changes nothing.");
  expect(preview?.description).toContain("the right to change records");
});

describe("the schema takes what the method takes, and nothing else", () => {
  const rows: readonly [path: string, inputs: object, taken: boolean][] = [
    ["Product/change_prices", { percent: 1, round_to: 0.05 }, true],
    ["Product/change_prices", {}, true],
    ["Product/change_prices", { percent: null }, false],
    ["Product/change_prices", { percent: true }, false],
    ["Product/change_prices", { per_cent: 1 }, false],
    ["ChangePricesWizard/preview", { percent: 1 }, true],
    ["ChangePricesWizard/preview", { percent: [] }, false],
    ["UoM/convert", { quantity: 1, from: 1, to: 1 }, true],
    ["UoM/convert", { quantity: "1.5", from: { id: 1 }, to: 1 }, true],
    ["UoM/convert", { quantity: 1, from: 1 }, false],
    ["UoM/convert", { quantity: 1, from: null, to: 1 }, false],
    ["UoM/convert", { quantity: 1, from: 1, to: 1, constructor: 1 }, false],
  ];
  test.each(rows)("%s %j: %s", async (path, inputs, taken) => {
    const body = { ...(path.startsWith("UoM") ? {} : { ids: [1] }), request_body: { inputs } };
    const pointer = `/api/execute/${path}`.replaceAll("/", "~1");
    const isValid = ajv.compile({
      $ref: `document#/paths/${pointer}/post/requestBody/content/application~1json/schema`,
    });
    expect(isValid(body), JSON.stringify(isValid.errors)).toBe(taken);
    const answer = await api.call("POST", `/api/execute/${path}`, body);
    expect(answer.status, answer.text).toBe(taken ? 200 : 400);
  });
});

test("what somebody may not call is not there", async () => {
  const { json } = await api.call("POST", "/api/query/Group", {
    fields: ["id"],
    q_filter: { identifier: "products_user" },
  });
  const groups = (json.data as { id: number }[]).map(({ id }) => id);
  const values = { name: "Reader", email: "reader@example.com", password: "correct horse", groups };
  await api.call("POST", "/api/create/User", values);
  const token = await api.signIn("reader@example.com", "correct horse");
  const pathsFor = async (as: string | null) => {
    const answer = await api.call("GET", "/openapi.json", undefined, { token: as });
    return { paths: answer.json.paths as Paths, text: answer.text };
  };
  const reader = await pathsFor(token);
  expect(concrete(reader.paths, "/api/execute/")).toContain("/api/execute/UoM/convert");
  expect(concrete(reader.paths, "/api/execute/")).not.toContain("/api/execute/Product/change_prices");
  expect(reader.text).not.toContain("ChangePricesWizard");
  const guest = await pathsFor(null);
  expect(concrete(guest.paths, "/api/execute/")).toEqual([]);
  expect(guest.text).not.toContain('"ChangePricesWizard"');
});
