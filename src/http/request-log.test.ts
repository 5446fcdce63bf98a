/** Lines about requests come together, each with the time of its request, and none is lost when the process ends. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildLogger, requestLogOf } from "./logger.ts";

const START = "2026-02-03T04:05:06.990Z";

let lines: string[];
beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(new Date(START));
  lines = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const open = () => requestLogOf(buildLogger("info", { write: (line: string) => void lines.push(line) }));
const request = (number: number) => ({
  requestId: `r${number}`,
  method: "POST",
  path: "/api/query/Product",
  status: 200,
  milliseconds: 0.4,
  database: "main",
  user: number === 0 ? null : number,
});
const idsOf = () => lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId);

test("a line waits for others, but not long, and tells when its request was answered", () => {
  const log = open();
  for (const number of [0, 1]) {
    log.add(request(number));
    vi.advanceTimersByTime(20);
  }
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(10);
  const rest = `"method":"POST","path":"/api/query/Product","status":200,"milliseconds":0.4,"database":"main"`;
  expect(lines).toEqual([
    `{"level":30,"time":"2026-02-03T04:05:06.990Z","requestId":"r0",${rest},"user":null,"msg":"request"}\n`,
    `{"level":30,"time":"2026-02-03T04:05:07.010Z","requestId":"r1",${rest},"user":1,"msg":"request"}\n`,
  ]);
  log.add(request(2));
  vi.advanceTimersByTime(50);
  expect(idsOf()).toEqual(["r0", "r1", "r2"]);
  log.close();
});

test("what is not known is left out", () => {
  const log = open();
  log.add({ ...request(1), database: undefined, user: undefined });
  log.close();
  expect(JSON.parse(lines.join())).not.toHaveProperty("user");
  expect(lines.join()).not.toContain("database");
});

test("many lines do not wait", () => {
  const log = open();
  for (let number = 0; number < 130; number += 1) log.add(request(number));
  expect(idsOf()).toEqual(Array.from({ length: 128 }, (_, number) => `r${number}`));
  log.close();
  expect(lines).toHaveLength(130);
});

test("what waits when the process ends is written; what is closed listens for that no more, and nothing waits there", () => {
  const before = process.listeners("exit");
  const log = open();
  log.add(request(1));
  const added = process.listeners("exit").filter((listener) => !before.includes(listener));
  for (const listener of added) listener(0);
  expect(idsOf()).toEqual(["r1"]);
  log.close();
  expect(process.listeners("exit")).toEqual(before);
  log.add(request(2));
  expect(idsOf()).toEqual(["r1", "r2"]);
});
