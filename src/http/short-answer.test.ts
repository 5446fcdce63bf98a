/** Short answers of plain characters are sent as texts, and all others as they are: never with other bytes. */
import { expect, test } from "vitest";
import { toSendable } from "./short-answer.ts";

test.each<[string, Buffer, "string" | "object"]>([
  ["nothing", Buffer.alloc(0), "string"],
  ["all of ASCII", Buffer.from(Array.from({ length: 128 }, (_, code) => code)), "string"],
  ["as much as fits", Buffer.alloc(8192, "a"), "string"],
  ["more", Buffer.alloc(8193, "a"), "object"],
  ["a letter with an accent", Buffer.from('{"name":"Crème"}'), "object"],
  ["other letters", Buffer.from('{"name":"Δοκιμή 🚀"}'), "object"],
  ["broken bytes", Buffer.from([0x22, 0xff, 0x22]), "object"],
])("%s", (_what, bytes, type) => {
  const sent = toSendable(bytes);
  expect(typeof sent).toBe(type);
  expect(Buffer.from(sent as string).equals(bytes)).toBe(true);
});
