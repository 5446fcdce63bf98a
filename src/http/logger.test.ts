/** No secret reaches the log, wherever it stands in what is logged. */
import { expect, test } from "vitest";
import { buildLogger } from "./logger.ts";

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
