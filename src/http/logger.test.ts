/** No secret reaches the log, wherever it stands in what is logged; each line tells when it was written. */
import { afterEach, expect, test, vi } from "vitest";
import { buildLogger } from "./logger.ts";

afterEach(() => {
  vi.useRealTimers();
});

const SECRET = "s3cr3t-value";

const rows: readonly object[] = [
  { authorization: SECRET },
  { headers: { authorization: SECRET, cookie: SECRET, "set-cookie": SECRET } },
  { password: SECRET, access_token: SECRET, refresh_token: SECRET, token: SECRET },
  { body: { password: SECRET, refresh_token: SECRET } },
  { answer: { access_token: SECRET, refresh_token: SECRET } },
  { request: { headers: { authorization: SECRET, cookie: SECRET } } },
];

test.each(rows)("%j", (details) => {
  const lines: string[] = [];
  const logger = buildLogger("info", { write: (line: string) => void lines.push(line) });
  logger.info({ ...details, kept: 1 }, "line");
  expect(lines.join()).not.toContain(SECRET);
  expect(lines.join()).toContain('"kept":1');
});

test("the time of a line is exact to the millisecond", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const lines: string[] = [];
  const logger = buildLogger("info", { write: (line: string) => void lines.push(line) });
  const times = [
    "2026-02-03T04:05:06.007Z",
    "2026-02-03T04:05:06.999Z",
    "2026-02-03T04:05:07.000Z",
    "2026-02-03T04:05:06.120Z",
  ];
  for (const time of times) {
    vi.setSystemTime(new Date(time));
    logger.info("line");
  }
  expect(lines.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual(times);
});
