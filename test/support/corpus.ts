/** A corpus of requests that a server must refuse: sends each row, checks the answer, and judges them all at the end. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, startTestServer, type TestServer } from "./server.ts";

export const BODY_LIMIT = 1024 * 1024;
export const QUERY = "/api/query/Product";

export interface Row {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** What the detail must say. */
  readonly says?: RegExp;
  /** What the header must say. */
  readonly header?: readonly [string, RegExp];
}

const errorOf: Readonly<Record<number, string>> = {
  400: "ValidationError",
  401: "AuthenticationError",
  404: "MissingError",
  405: "MethodNotAllowed",
  409: "ConflictError",
  412: "VersionConflict",
  413: "PayloadTooLarge",
  415: "UnsupportedMediaType",
};

/** Sends rows to one server, which lives as long as the test file. */
export interface Corpus {
  readonly api: () => TestServer;
  send(row: Row): Promise<Answer>;
  /** Makes a test of each row. */
  check(rows: readonly Row[]): void;
  /** Makes the last test: not one of at least `fewest` answers was a fault, none told what is inside, and the server lives. */
  judge(fewest: number): void;
}

/** Starts the server that a test file sends its rows to. */
export function startCorpus(): Corpus {
  const pid = process.pid;
  const answers: { readonly name: string; readonly answer: Answer }[] = [];
  let api: TestServer;
  beforeAll(async () => {
    api = await startTestServer({ bodyLimit: BODY_LIMIT });
  });
  afterAll(() => api?.close());

  async function send(row: Row): Promise<Answer> {
    const { name, method = "POST", path = QUERY, body, headers = {} } = row;
    const answer = await api.call(method, path, body, { headers });
    answers.push({ name, answer });
    return answer;
  }

  function check(rows: readonly Row[]): void {
    test.each(rows)("$name", async (row) => {
      const answer = await send(row);
      expect(answer.status, answer.text).toBe(row.status);
      expect(answer.headers["x-request-id"]).toMatch(/^[\w.-]{1,64}$/);
      if (row.header !== undefined) expect(String(answer.headers[row.header[0]])).toMatch(row.header[1]);
      if (row.status < 300) return;
      expect(answer.json.error).toBe(errorOf[row.status]);
      expect(
        Object.keys(answer.json).filter((key) => !["detail", "error", "fields", "limit", "current"].includes(key)),
      ).toEqual([]);
      if (row.says !== undefined) expect(answer.json.detail).toMatch(row.says);
    });
  }

  function judge(fewest: number): void {
    test("nothing of all this was a fault of the server, which still answers", async () => {
      expect(answers.length).toBeGreaterThan(fewest);
      expect(
        answers.filter(({ answer }) => answer.status >= 500).map(({ name, answer }) => `${name}: ${answer.text}`),
      ).toEqual([]);
      // What went wrong inside must not show, whatever the status.
      const leaks = answers.filter(({ answer }) =>
        /from "|postgres|\/src\/|node_modules|at \w+ \(/i.test(answer.status < 300 ? "" : answer.text),
      );
      expect(leaks.map(({ name, answer }) => `${name}: ${answer.text}`)).toEqual([]);
      expect((await api.call("GET", "/health/ready")).status).toBe(200);
      expect(process.pid).toBe(pid);
    });
  }

  return { api: () => api, send, check, judge };
}
