/** Puts load on a server and measures how it answers. */
import autocannon from "autocannon";
import type { RunningProgram } from "./program.ts";
import type { BenchRequest } from "./row.ts";

/** How one server did in one round. */
export interface Measure {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /** Microseconds of the server's processor time for one request, the database's not included. */
  readonly processorTime: number | null;
  readonly memory: number | null;
}

/** What is sent. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  readonly token: string;
  /** The number of the first request; see {@link NEXT_LOAD}. */
  readonly first: number;
  /** Different requests that each connection sends before it starts over; so many that it matters little unless told. */
  readonly distinct?: number | undefined;
  /** The request number `n`. */
  readonly request: (n: number) => BenchRequest;
}

/** Different requests that each connection sends before it starts over, at least. */
const REQUESTS_EACH = 200;
/** The same for all connections together. */
const REQUESTS_TOGETHER = 4000;
/** Requests numbered from here on are not sent by a load that starts with the number 0. */
export const NEXT_LOAD = 10_000;
const TIMEOUT_SECONDS = 10;

/**
 * Sends requests for some seconds, each connection one after the other.
 *
 * @throws Error when any answer is not 200 or does not come
 */
export async function putLoad(program: RunningProgram, load: Load): Promise<Measure> {
  const { connections, seconds, token, request } = load;
  const times: number[] = [];
  let clients = 0;
  let first = 0;
  let last = 0;
  const before = program.processorTime();
  const eachSends = load.distinct ?? Math.max(REQUESTS_EACH, Math.ceil(REQUESTS_TOGETHER / connections));
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const settle = (error: unknown, done: autocannon.Result): void => (error ? reject(error) : resolve(done));
    const options: autocannon.Options = {
      url: program.url,
      connections,
      duration: seconds,
      timeout: TIMEOUT_SECONDS,
      setupClient: (client) => {
        const start = load.first + clients * eachSends;
        clients += 1;
        client.setRequests(Array.from({ length: eachSends }, (_, index) => wireRequest(request(start + index), token)));
      },
    };
    autocannon(options, settle).on("response", (_client, _status, _bytes, time) => {
      times.push(time);
      last = performance.now();
      first ||= last;
    });
  });
  const after = program.processorTime();
  if (result.non2xx > 0 || result.errors > 0 || result.timeouts > 0 || times.length < 2) {
    const { path } = request(0);
    const { non2xx, errors, timeouts } = result;
    throw new Error(
      `${path}: ${times.length} answers, ${non2xx} of them failures, ${errors} errors, ${timeouts} timeouts`,
    );
  }
  times.sort((a, b) => a - b);
  return {
    requestsPerSecond: ((times.length - 1) / (last - first)) * 1000,
    median: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    processorTime: before === null || after === null ? null : ((after - before) * 1000) / times.length,
    memory: program.memory(),
  };
}

function wireRequest({ method, path, body }: BenchRequest, token: string): autocannon.Request {
  const authorization = `Bearer ${token}`;
  if (body === undefined) return { method, path, headers: { authorization } };
  return { method, path, headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** @param sorted at least one number, the smallest first */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The number in the middle. */
export function medianOf(numbers: readonly number[]): number {
  return quantile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  );
}
