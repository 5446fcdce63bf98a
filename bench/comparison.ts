/** Proves that both servers give the same answers, and write the same, before anything is measured. */
import { deepStrictEqual } from "node:assert/strict";
import { type Ask, type BenchRow, withoutCursor } from "./row.ts";

/** Makes the {@link Ask} of a server. */
export function askServer(url: string, token: string): Ask {
  return async ({ method, path, body }) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return { body: JSON.parse(text), etag: response.headers.get("etag") };
  };
}

/** Requests of each row that are compared; far apart, so that the filter's values and the ids vary. */
const SAMPLES = [0, 1, 7, 123, 4567];

/**
 * Compares the answers of a row and, where it writes, the records as they are afterwards, ids and versions included.
 *
 * @throws AssertionError showing the difference
 */
export async function compareRow(row: BenchRow, ours: Ask, floor: Ask): Promise<void> {
  for (const sample of SAMPLES) {
    const pair = row.request(sample);
    const answer = await withoutCursors(ours, pair.ours);
    deepStrictEqual(answer, await withoutCursors(floor, pair.floor), `${row.name}: the two servers answer differently`);
    const written = row.written?.(answer.body);
    if (written === undefined) continue;
    deepStrictEqual(await ours(written.ours), await floor(written.floor), `${row.name}: what is stored differs`);
  }
}

/** Cursors are bound to who asks, and the floor has none. */
async function withoutCursors(ask: Ask, request: Parameters<Ask>[0]): Promise<Awaited<ReturnType<Ask>>> {
  const { body, etag } = await ask(request);
  return { body: withoutCursor(body), etag };
}
