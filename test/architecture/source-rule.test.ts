/** Shows with rows what each source rule finds and what it lets pass. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the rows are code
import { expect, test } from "vitest";
import { parseSource } from "./source-file.ts";
import { sourceRules } from "./source-rule.ts";

const open = "/** Says what it is for. */\n";
const suppression = (text: string): string => `${open}// ${text}\nconst a = 1;`;

/** Each row: a file, and a part of every complaint about it. */
const rows: readonly [path: string, code: string, problems: readonly string[]][] = [
  ["src/q/a.ts", `${open}const a = 1;`, []],
  ["src/q/a.ts", open + "a();\n".repeat(399), []],
  ["src/q/a.ts", open + "a();\n".repeat(400), ["401 lines"]],

  ["src/q/a.ts", "const a = 1;", ["does not open"]],
  ["src/q/a.ts", "// Says what it is for.\nconst a = 1;", ["does not open"]],
  ["src/q/a.ts", "/** */ const a = 1;", ["does not open"]],
  ["src/q/a.ts", 'import "./b.ts";\n/** Says what it is for. */', ["does not open"]],
  ["scripts/a.mjs", `#!/usr/bin/env node\n${open}`, []],

  ["src/q/one-two.test.ts", open, []],
  ["src/q/oneTwo.ts", open, ["oneTwo.ts is not kebab-case"]],
  ["src/q/one_two.ts", open, ["one_two.ts is not kebab-case"]],
  ["web/Form.tsx", open, ["Form.tsx is not kebab-case"]],
  ["src/q/date-utils.ts", open, ['"utils" says nothing']],
  ["src/helpers/date.ts", open, ['"helpers" says nothing']],
  ["src/q/types.ts", open, ['"types" says nothing']],
  ["src/q/field-type.ts", open, []],

  ["src/q/a.ts", `${open}export * from "./b.ts";`, ["only re-exports"]],
  ["src/q/a.ts", `${open}import { b } from "./b.ts"; export { b };`, ["only re-exports"]],
  ["src/q/a.ts", `${open}export type { B } from "./b.ts";`, ["only re-exports"]],
  ["src/q/a.ts", `${open}export { b } from "./b.ts"; export const a = 1;`, []],
  ["src/q/a.ts", `${open}import "./b.ts";`, []],
  ["src/index.ts", `${open}export * from "./b.ts";`, []],

  ["src/q/a.ts", `${open}let a: any;`, ["a.ts:2 has the type any"]],
  ["src/q/a.ts", `${open}a as any;\n<any>a;`, ["a.ts:2 has the type any", "a.ts:3 has the type any"]],
  ["test/a.ts", `${open}const a = (b: any[]): Map<string, any> => b;`, ["has the type any"]],
  ["src/q/a.ts", `${open}const any = { any: "as any" }; // as any\nany.any;`, []],
  ["scripts/a.mjs", `${open}const any = 1;`, []],

  ["src/q/a.ts", suppression("@ts-ignore"), ["@ts-ignore is not allowed"]],
  ["test/a.ts", suppression("@ts-nocheck"), ["@ts-nocheck is not allowed"]],
  ["src/q/a.ts", suppression("@ts-expect-error a reason"), ["@ts-expect-error is not allowed"]],
  ["src/q/a.test.ts", suppression("@ts-expect-error a reason"), []],
  ["src/q/a.ts", suppression("eslint-disable"), ["eslint-disable is not allowed"]],
  ["src/q/a.ts", suppression("biome-ignore lint: no"), ["needs a rule and a reason"]],
  ["src/q/a.ts", suppression("biome-ignore lint/style/noThing: the peer wants it so"), []],
  ["src/q/a.ts", `${open}const a = "// @ts-ignore" + \`@ts-ignore\${1}\` + /@ts-ignore/;`, []],
  ["src/q/a.ts", `${open}const a = \`\${/* @ts-ignore */ 1}\`;`, ["@ts-ignore is not allowed"]],

  ["src/q/a.ts", `${open}a(process.env.HOME);`, ["a.ts:2 the environment"]],
  ["src/q/a.ts", `${open}eval(a);`, ["a.ts:2 no text becomes code"]],
  ["modules/core/a.ts", `${open}new Function("a", b)();`, ["a.ts:2 no text becomes code"]],
  ["src/q/a.ts", `${open}globalThis.eval(a);`, ["no text becomes code"]],
  ["src/q/a.ts", `${open}import { runInThisContext } from "node:vm";`, ["no text becomes code"]],
  ["src/q/a.ts", `${open}a.eval(b); const c = { Function: 1 };`, []],
  ["src/q/a.ts", `${open}a(globalThis.process.env);`, ["the environment"]],
  ["src/q/a.ts", `${open}a(process["env"]);`, ["the environment"]],
  ["src/q/a.ts", `${open}const { env } = process;`, ["the environment"]],
  ["src/q/a.ts", `${open}import { env as b } from "node:process";`, ["the environment"]],
  ["modules/core/a.ts", `${open}a(process.env);`, ["the environment"]],
  ["bench/a.ts", `${open}a(process.env);`, ["the environment"]],
  ["test/a.test.ts", `${open}a(process.env);`, ["the environment"]],
  ["test/support/a.ts", `${open}a(process.env);`, []],
  ["src/config.ts", `${open}a(process.env);`, []],
  ["src/q/a.ts", `${open}a(process.pid, a.env, "process.env"); // process.env`, []],

  ["src/q/a.ts", `${open}console.log(1);`, ["library code does not print"]],
  ["src/q/a.ts", `${open}const { log } = console;`, ["library code does not print"]],
  ["src/q/a.ts", `${open}a({ console });`, ["library code does not print"]],
  ["src/q/a.ts", `${open}a.console({ console: 1 });`, []],
  ["src/q/a.ts", `${open}process.exit(1);`, ["library code does not print"]],
  ["src/q/a.ts", `${open}process.stdout.write("a");`, ["library code does not print"]],
  ["modules/core/a.ts", `${open}console.error(1);`, ["library code does not print"]],
  ["src/main.ts", `${open}console.log(1);`, []],
  ["bench/a.ts", `${open}console.log(1);`, []],
];

test.each(rows)("%s: %j", (path, code, expected) => {
  const problems = Object.values(sourceRules).flatMap((rule) => rule(parseSource(path, code)));
  expect(problems).toEqual(expected.map((part) => expect.stringContaining(part)));
});
