/** Shows with rows which imports the layout allows, and that its table is sound. */
import { describe, expect, test } from "vitest";
import { checkImports, layers } from "./import-rank.ts";
import { parseSource } from "./source-file.ts";

/** Each row: the importing file, its import, and a part of the complaint; none when it is allowed. */
const rows: readonly [path: string, code: string, problem?: string][] = [
  ["src/query/read.ts", 'import "../models/registry.ts";'],
  ["src/query/read.ts", 'import "./path.ts";'],
  ["src/query/read.ts", 'import "sql-template-tag"; import "node:util";'],
  ["src/query/read.ts", 'import "../database/pool.ts";', "query may import errors.ts, q, sql, fields, models"],
  ["src/query/read.ts", 'import type { Env } from "../records/env.ts";', "imports src/records/env.ts"],
  ["src/query/read.ts", 'type Env = import("../records/env.ts").Env;', "imports src/records/env.ts"],
  ["src/query/read.ts", 'export * from "../schema/diff.ts";', "imports src/schema/diff.ts"],
  ["src/query/read.ts", 'const a = import("../http/server.ts");', "imports src/http/server.ts"],
  ["src/query/read.ts", "const a = import(name);", "only installer may"],
  ["src/installer/load.ts", "const a = import(name);"],
  ["src/query/read.ts", 'import "./read.test.ts";', "imports the test"],
  ["src/query/read.ts", 'import "../../test/support/database.ts";', "imports the test"],
  ["src/query/read.ts", 'import "../../modules/core/module.ts";', "imports modules/core/module.ts"],
  ["src/query/read.ts", 'import "../models/registry";', "without its ending"],
  ["src/query/read.ts", 'import "fullfinity";', "import the file itself"],
  ["src/query/read.ts", 'import "../index.ts";', "imports src/index.ts"],
  ["src/query/read.test.ts", 'import "../http/server.ts";'],
  ["src/fields/char.ts", 'import type { Schema } from "../contract/endpoint.ts";'],
  ["src/fields/char.ts", 'import { schema } from "../contract/endpoint.ts";', "may import only types from contract"],
  [
    "src/fields/char.ts",
    'import { type Schema } from "../contract/endpoint.ts";',
    "may import only types from contract",
  ],
  ["src/q/parse.ts", 'import "node:util";', "also runs in the browser"],
  ["src/sql/fragment.ts", 'import "../errors.ts";', "sql may import nothing"],
  ["src/stuff/thing.ts", 'import "node:util";', "no known layer"],
  ["src/main.ts", 'import "./command/serve.ts";'],
  ["src/main.ts", 'import "./config.ts";', "imports src/config.ts"],
  ["src/command/serve.ts", 'import "../config.ts"; import "../http/server.ts";'],
  ["src/main.ts", 'import "./records/environment.ts";', "imports src/records/environment.ts"],
  ["src/http/server.ts", 'import type { Config } from "../config.ts";'],
  ["src/http/server.ts", 'import { config } from "../config.ts";', "may import only types from config.ts"],
  ["modules/sales/module.ts", 'import "fullfinity"; import "./order.ts";'],
  ["modules/sales/model/order.ts", 'import "../module.ts";'],
  ["modules/sales/module.ts", 'import type { Contact } from "../contacts/contact.ts";'],
  ["modules/sales/module.ts", 'import { convert } from "../products/conversion.ts";'],
  ["modules/sales/module.ts", 'import contacts from "../contacts/module.ts";', "what other modules offer"],
  ["modules/sales/module.ts", 'import { Contact } from "../contacts/models/contact.ts";', "what other modules offer"],
  [
    "modules/sales/module.ts",
    'import type { Registry } from "../../src/models/registry.ts";',
    "what other modules offer",
  ],
  ["modules/sales/module.ts", 'import "node:fs";', "imports node:fs"],
  ["modules/sales/order.test.ts", 'import "../../test/support/database.ts";'],
  ["web/app/form.tsx", 'import "react"; import "../list.ts"; import "../../src/q/parse.ts";'],
  ["web/app/form.tsx", 'import type { Model } from "../../src/models/registry.ts";', "web sees"],
  ["bench/run.ts", 'import "../src/http/server.ts";'],
];

test.each(rows)("%s: %s", (path, code, problem) => {
  const problems = checkImports(parseSource(path, code));
  expect(problems).toEqual(problem === undefined ? [] : [expect.stringContaining(problem)]);
});

describe("the table", () => {
  const edges = Object.entries(layers).flatMap(([name, { imports, types = [] }]) =>
    [...imports, ...types].map((target) => [name, target] as const),
  );

  test.each(edges)("%s imports %s, which is further down", (name, target) => {
    const [from, to] = [layers[name], layers[target]];
    expect(from !== undefined && to !== undefined).toBe(true);
    expect(to === layers["errors.ts"] ? -1 : to?.rank).toBeLessThan(from?.rank ?? 0);
  });

  test("what the browser gets comes from layers for the browser only", () => {
    const leaks = edges.filter(([name, target]) => layers[name]?.browser && !layers[target]?.browser);
    expect(leaks).toEqual([]);
  });
});
