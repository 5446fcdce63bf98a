/** The OpenAPI document is valid, describes the real models, and every example in it works and fits its own schemas. */
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpoints } from "../../src/contract/endpoints.ts";
import { readersOf } from "../../src/fields/field-groups.ts";
import { modelOf } from "../../src/models/model.ts";
import { type Answer, startTestServer, type TestServer } from "../support/server.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: {
    readonly content: {
      readonly "application/json"?: { readonly examples?: Readonly<Record<string, { readonly value: unknown }>> };
    };
  };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties?: object; readonly required?: readonly string[] }>>;
  };
}

let api: TestServer;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  api = await startTestServer();
  document = (await api.call("GET", "/openapi.json")).json as unknown as Document;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  (formats as unknown as (instance: Ajv2020) => void)(ajv);
  ajv.addSchema(document, "document");
});
afterAll(() => api?.close());

test("is valid OpenAPI 3.1, for guests too", async () => {
  for (const token of [api.token, null]) {
    const { json } = await api.call("GET", "/openapi.json", undefined, { token });
    const result = await new Validator().validate(json);
    expect(result.errors ?? [], JSON.stringify(result.errors)).toEqual([]);
    expect(json.openapi).toBe("3.1.0");
  }
});

test("has the version of the package", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(document.info.version).toBe(version);
});

test("has every endpoint of the contract, and each operation its own id", () => {
  for (const { path, method } of endpoints) expect(document.paths[path]).toHaveProperty(method.toLowerCase());
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("describes each model by the fields of the registry", () => {
  const names = [...api.registry.models.values()].flatMap(({ name, internal }) => (internal ? [] : [name]));
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) {
    const fields = [...modelOf(api.registry, name).fields.values()];
    // Secrets are written only, and what is for the members of no group is nobody's.
    const readable = fields.flatMap(({ name: own, field }) =>
      field.type === "Password" || readersOf(field.options)?.length === 0 ? [] : [own],
    );
    expect(Object.keys(document.components.schemas[name]?.properties ?? {})).toEqual(readable);
  }
  const user = document.components.schemas["User.new"];
  expect(user?.properties).toHaveProperty("password");
  expect(user?.properties).not.toHaveProperty("id");
  expect(user?.required).toEqual(["name", "email"]);
});

test("every reference leads somewhere", () => {
  const found = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  const dead = [...found].flatMap(([, path = ""]) => (find(document, path.split("/")) === undefined ? [path] : []));
  expect(dead).toEqual([]);
});

function find(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}

function operations(): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** The schema of an answer, from the document itself. */
function answerCheck(path: string, method: string, operation: Operation, status: number): ValidateFunction {
  const pointer = (part: string) =>
    part.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D");
  const response = operation.responses[status] as { readonly $ref?: string } | undefined;
  if (response === undefined) throw new Error(`${method} ${path} does not document ${status}`);
  const place = response.$ref?.slice(1) ?? `/paths/${pointer(path)}/${method}/responses/${status}`;
  return ajv.compile({ $ref: `document#${place}/content/application~1json/schema` });
}

interface Example {
  readonly url: string;
  readonly body: unknown;
}

/** The requests that an operation shows. */
function examplesOf(path: string, { parameters = [], requestBody }: Operation): Example[] {
  const own = parameters.filter((parameter): parameter is Parameter => "in" in parameter);
  const filled = own.filter((parameter) => parameter.in === "path");
  if (filled.some(({ example }) => example === undefined)) return [];
  const target = filled.reduce((url, { name, example }) => url.replace(`{${name}}`, String(example)), path);
  const query = own.filter(({ in: place, example }) => place === "query" && example !== undefined);
  const search = new URLSearchParams(
    query.map(({ name, example }): [string, string] => [name, String(example)]),
  ).toString();
  const url = search === "" ? target : `${target}?${search}`;
  if (requestBody === undefined) return [{ url, body: undefined }];
  const shown = Object.values(requestBody.content["application/json"]?.examples ?? {});
  return shown.map(({ value }) => ({ url, body: value }));
}

function checkAnswer(path: string, method: string, operation: Operation, answer: Answer): void {
  if (!String(answer.headers["content-type"]).startsWith("application/json")) return;
  const check = answerCheck(path, method, operation, answer.status);
  expect(check(answer.json), JSON.stringify({ path, method, errors: check.errors, answer: answer.json })).toBe(true);
}

describe("examples", () => {
  test("of all that reads, and of all that creates and changes, work", async () => {
    const seen: string[] = [];
    const failed: string[] = [];
    for (const { path, method, operation } of operations()) {
      if (method === "delete") continue;
      for (const { url, body } of examplesOf(path, operation)) {
        const answer = await api.call(method.toUpperCase(), url, body);
        seen.push(operation.operationId);
        checkAnswer(path, method, operation, answer);
        if (answer.status !== 200) failed.push(`${method} ${url} ${JSON.stringify(body)}: ${answer.text}`);
      }
    }
    expect(seen.length).toBeGreaterThan(60);
    // This server does not list its databases.
    const excused = /^get \/auth\/databases /;
    expect(failed.filter((line) => !excused.test(line))).toEqual([]);
  });

  test("of deleting are answered as documented", async () => {
    for (const { path, method, operation } of operations()) {
      // Without its rights the administrator could not go on.
      if (method !== "delete" || /\/(Group|ModelAccess|RecordRule|User)\//.test(path)) continue;
      for (const { url, body } of examplesOf(path, operation)) {
        const answer = await api.call("DELETE", url, body);
        checkAnswer(path, method, operation, answer);
        // A hook may say that a record has to be kept.
        expect([200, 400, 404, 409]).toContain(answer.status);
      }
    }
  });

  test("speak of a record only where there is one for the caller", async () => {
    const path = "/api/fetch/Sequence/{id}";
    const shown = async () => {
      const { paths } = (await api.call("GET", "/openapi.json")).json as unknown as Document;
      return examplesOf(path, paths[path]?.post as Operation).map(({ url }) => url);
    };
    const { json } = await api.call("POST", "/api/query/Sequence", { fields: ["id"] });
    await api.call("DELETE", "/api/bulk-delete/Sequence", {
      ids: (json.data as { id: number }[]).map(({ id }) => id),
    });
    expect(await shown()).toEqual([]);
    const created = await api.call("POST", "/api/create/Sequence", { name: "Notes", code: "note" });
    expect(await shown()).toEqual([`/api/fetch/Sequence/${created.json.id}`]);
  });

  test("each model can be created by example, unless it takes a value that clients cannot give", () => {
    const without = operations().filter(
      ({ path, operation }) => path.startsWith("/api/create/") && examplesOf(path, operation).length === 0,
    );
    const impossible = [...api.registry.models.values()].filter(({ fields, internal, readonly, behaviour }) => {
      if (behaviour.hooks.afterCreate !== null) return !internal && !readonly;
      const needed = [...fields.values()].filter(({ field, module }) => {
        const { required, default: fallback } = field.options;
        return module !== "kernel" && required === true && fallback === undefined;
      });
      return !internal && !readonly && needed.some((field) => field.readonly && field.calculation === null);
    });
    expect(without.map(({ path }) => path.slice("/api/create/".length))).toEqual(
      impossible.map(({ name }) => name).toSorted(),
    );
  });
});

test("errors are as documented", async () => {
  const rows: readonly (readonly [
    method: string,
    template: string,
    url: string,
    body: unknown,
    token: string | null,
    status: number,
  ])[] = [
    ["POST", "/api/query/{model}", "/api/query/Product", { nope: 1 }, api.token, 400],
    ["POST", "/api/query/{model}", "/api/query/Product", {}, null, 401],
    ["POST", "/api/query/{model}", "/api/query/Nothing", {}, api.token, 404],
    ["POST", "/api/query/{model}", "/api/query/Product", "x".repeat(2 ** 21), api.token, 413],
    ["PUT", "/api/update/{model}/{id}", "/api/update/Product/2", { price: "x", nope: 1 }, api.token, 400],
    ["DELETE", "/api/delete/{model}/{id}", "/api/delete/Category/1", undefined, api.token, 409],
    ["POST", "/auth/authenticate", "/auth/authenticate", { email: "a@example.com", password: "b" }, null, 401],
  ];
  for (const [method, template, url, body, token, status] of rows) {
    const answer = await api.call(method, url, body, { token });
    expect(answer.status, `${method} ${url}`).toBe(status);
    const operation = document.paths[template]?.[method.toLowerCase()];
    if (operation === undefined) throw new Error(`${template} is not documented`);
    checkAnswer(template, method.toLowerCase(), operation, answer);
  }
  const headers = { "if-match": '"99"' };
  const conflict = await api.call("PUT", "/api/update/Product/2", {}, { headers });
  const operation = document.paths["/api/update/{model}/{id}"]?.put as Operation;
  expect(conflict.status).toBe(412);
  checkAnswer("/api/update/{model}/{id}", "put", operation, conflict);
});
