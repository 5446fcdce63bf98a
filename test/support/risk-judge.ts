/** Sends a risk's request as each kind of caller, and judges the answers. */
import { expect } from "vitest";
import { callers, type RiskRow } from "../fixtures/risk-row.ts";
import type { Answer, TestServer } from "./server.ts";

/** Who sends a risk's request besides somebody without a token. */
export interface RiskCallers {
  /** The token of each of {@link callers}. */
  readonly tokens: readonly string[];
  /** A token of another database. */
  readonly foreign: string;
}

function send(api: TestServer, { request, body, headers = {} }: RiskRow, token: string | null): Promise<Answer> {
  const [method = "", path = ""] = request.split(" ");
  return api.call(method, path, body, { token, headers });
}

/** What holds for every answer to anybody. */
function checkAnswer(answer: Answer): void {
  expect(answer.headers["cache-control"]).toBe("private, no-store");
  expect(answer.headers.vary).toBe("Authorization");
  expect(answer.headers["x-request-id"]).toBeDefined();
  expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  expect(answer.headers.location).toBeUndefined();
  if (answer.status < 400) return;
  expect(answer.text).not.toMatch(/traceback|node_modules|select |from "|\$argon2/i);
}

/** Sends the request of a row as everybody. */
export async function judgeRisk(api: TestServer, row: RiskRow, { tokens, foreign }: RiskCallers): Promise<void> {
  const { answers, guest = 401, says, hides, administratorSees } = row;
  for (const token of [null, foreign]) {
    const answer = await send(api, { ...row, headers: { origin: "null", ...row.headers } }, token);
    expect(answer.status, `guest: ${answer.text}`).toBe(guest);
    checkAnswer(answer);
  }
  for (const [place, who] of callers.entries()) {
    const answer = await send(
      api,
      { ...row, headers: { origin: "https://evil.test", ...row.headers } },
      tokens[place] ?? null,
    );
    const status = typeof answers === "number" ? answers : answers[place];
    expect(answer.status, `${who}: ${answer.text}`).toBe(status);
    checkAnswer(answer);
    if (answer.status === 400 && says !== undefined) expect(answer.json.detail, who).toMatch(says);
    const isHidden = hides !== undefined && !(who === "administrator" && administratorSees === true);
    if (isHidden) expect(answer.text, who).not.toMatch(hides);
  }
}
