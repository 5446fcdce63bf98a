/** The documentation is true: its requests are answered as it says, it tells of every endpoint, and its paths exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseEndpoints } from "../src/contract/databases.ts";
import { endpoints } from "../src/contract/endpoints.ts";
import { readMetrics } from "../src/contract/metrics.ts";
import { unavailableCodes } from "../src/database/error-code.ts";
import { parseExamples, stable } from "./support/document-example.ts";
import { startTestServer, type TestServer } from "./support/server.ts";

const project = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${project}/${path}`, "utf8");

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(() => api?.close());

describe("docs/api.md", () => {
  const text = read("docs/api.md");
  const examples = parseExamples(text);

  test("has examples, each with its answer", () => {
    expect(examples.length).toBeGreaterThan(20);
    expect(examples).toHaveLength(text.split("```http").length - 1);
  });

  // They build on each other, so they are sent in their order.
  test.each(examples)("$title", async ({ method, path, headers, body, status, answer }) => {
    const given = await api.call(method, path, body, { headers });
    const told = typeof answer === "string" ? given.text : given.json;
    expect({ status: given.status, answer: stable(told) }).toEqual({ status, answer: stable(answer) });
    if (typeof answer === "object") expect(Object.keys(given.json)).toEqual(Object.keys(answer as object));
  });

  test("explains every code of a 503 that somebody waits for", () => {
    const [, table = ""] = /^\| `code` \|.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
    const explained = [...table.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(
      ([, codes = ""]) => codes.match(/\w+/g) ?? [],
    );
    expect(explained.toSorted()).toEqual(unavailableCodes.filter((code) => code !== "cancelled").toSorted());
  });

  test("tells of every endpoint, and of no other", () => {
    const general = (path: string): string =>
      path
        .replace(/^\/api\/modules\/[a-z]\w*\//, "/api/modules/{name}/")
        .replace(/^(\/auth\/[\w-]+)\/\d+$/, "$1/{id}")
        .replace(
          /\/(api\/[\w-]+)\/[A-Z]\w*(?:(\/\d+)|(\/[a-z]\w*))?.*$/,
          (_, start, id, name) =>
            `/${start}/{model}${id === undefined ? "" : "/{id}"}${name === undefined ? "" : "/{method}"}`,
        );
    const written = new Set(
      [...text.matchAll(/\b(GET|POST|PUT|DELETE) (\/[^\s`?]*)/g)].map(
        ([, method, path = ""]) => `${method} ${general(path)}`,
      ),
    );
    const declared = [...endpoints, ...databaseEndpoints, readMetrics].map(({ method, path }) => `${method} ${path}`);
    expect(declared.filter((endpoint) => !written.has(endpoint))).toEqual([]);
    expect([...written].filter((endpoint) => !declared.includes(endpoint))).toEqual([]);
  });
});

test("docs/operations.md names only settings that docs/api.md explains", () => {
  const settings = [...read("docs/operations.md").matchAll(/\bFULLFINITY_\w+/g)].map(([name]) => name);
  const explained = read("docs/api.md");
  expect(settings.length).toBeGreaterThan(10);
  expect(settings.filter((name) => !explained.includes(`| \`${name}\` |`))).toEqual([]);
});

describe("docs/CODE_MAP.md", () => {
  const text = read("docs/CODE_MAP.md");

  test("names only what is there", () => {
    const paths = [...text.matchAll(/`((?:src|modules|test|bench|scripts|docs)\/[\w./-]*)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => !existsSync(`${project}/${path}`))).toEqual([]);
  });

  test("names every folder of the source", () => {
    const folders = readdirSync(`${project}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => `src/${name}/`).filter((folder) => !text.includes(`\`${folder}\``))).toEqual([]);
  });
});
