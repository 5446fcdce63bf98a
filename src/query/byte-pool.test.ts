/** Memory is used again, and never by two at a time. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { giveBack, isLent, takeBytes } from "./byte-pool.ts";

const KIB = 1024;

test("what has been given back is used again for what fits", () => {
  const first = takeBytes(9 * KIB);
  expect([first.length, first.buffer.byteLength, isLent(first)]).toEqual([9 * KIB, 16 * KIB, true]);
  giveBack(first.subarray(1, -1));
  expect(isLent(first)).toBe(false);
  const second = takeBytes(16 * KIB);
  expect(second.buffer).toBe(first.buffer);
  expect(takeBytes(16 * KIB).buffer).not.toBe(first.buffer);
});

test("what is given back twice is used by one alone", () => {
  const bytes = takeBytes(100 * KIB);
  giveBack(bytes);
  giveBack(bytes);
  expect(takeBytes(100 * KIB).buffer).not.toBe(takeBytes(100 * KIB).buffer);
});

test.each([0, 1, 8 * KIB - 1, 256 * KIB + 1])("%i bytes are nobody's to give back", (length) => {
  const bytes = takeBytes(length);
  expect([bytes.length, isLent(bytes)]).toEqual([length, false]);
  giveBack(bytes);
  if (length > 0) expect(takeBytes(length).buffer === bytes.buffer && takeBytes(length).byteOffset === 0).toBe(false);
});

test("nobody gets what others use, whatever is given back how often and in which order", () => {
  const step = fc.oneof(
    fc.integer({ min: 8 * KIB, max: 40 * KIB }).map((length) => ({ take: length })),
    fc.nat().map((place) => ({ give: place })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const all: Buffer[] = [];
      const used = new Map<Buffer, number>();
      for (const [number, each] of steps.entries()) {
        if ("take" in each) {
          const bytes = takeBytes(each.take);
          bytes.fill(number % 256);
          all.push(bytes);
          used.set(bytes, number % 256);
        } else if (all.length > 0) {
          const bytes = all[each.give % all.length] as Buffer;
          // What has been given back may be somebody else's by now: only its user may do so.
          if (used.delete(bytes)) giveBack(bytes);
        }
      }
      for (const [bytes, filling] of used) expect(bytes.every((byte) => byte === filling)).toBe(true);
      expect(new Set([...used.keys()].map(({ buffer }) => buffer)).size).toBe(used.size);
    }),
  );
});
