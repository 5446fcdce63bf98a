/** The list of endpoints is consistent in itself. */
import { expect, test } from "vitest";
import { failures, failuresOf } from "./endpoint.ts";
import { endpoints } from "./endpoints.ts";

test("ids are unique, and so are methods of a path", () => {
  expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length);
  expect(new Set(endpoints.map(({ method, path }) => `${method} ${path}`)).size).toBe(endpoints.length);
  expect(endpoints.length).toBeGreaterThanOrEqual(15);
});

test.each(endpoints)("$id", ({ path, needs, guard, examples, ...endpoint }) => {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  // What is about a model needs a right, and who has rights is signed in.
  expect(needs !== undefined).toBe(parameters.includes("model"));
  if (path.startsWith("/api/")) expect(guard).toBe("internal");
  for (const example of examples) expect(Object.keys(example.path ?? {}).sort()).toEqual([...parameters].sort());
  const possible = failuresOf({ path, guard, examples, ...endpoint });
  expect(possible.every((failure) => failure in failures)).toBe(true);
  expect(possible).toContain("500 InternalError");
});
