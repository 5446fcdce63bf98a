/** The embedded server gets an eighth of what there is, within bounds. */
import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { availableMemory, sharedBuffers } from "./server-memory.ts";

const GIGABYTE = 1024 ** 3;

test.each([
  [0.25, "128MB"],
  [1, "128MB"],
  [2, "256MB"],
  [4.001, "512MB"],
  [24, "1024MB"],
])("of %d GB the server gets %s", (gigabytes, setting) => {
  expect(sharedBuffers(gigabytes * GIGABYTE)).toBe(setting);
});

test("there is no more memory than the machine has", () => {
  expect(availableMemory()).toBeGreaterThan(0);
  expect(availableMemory()).toBeLessThanOrEqual(totalmem());
});
