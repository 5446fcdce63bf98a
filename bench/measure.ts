/** Measures a row: short loads on two servers by turns, so that whatever else the machine does hits both. */
import { askServer } from "./comparison.ts";
import { type Measure, NEXT_LOAD, putLoad } from "./load.ts";
import type { RunningProgram } from "./program.ts";
import type { BenchRow, RequestPair } from "./row.ts";

/** One of the two that a row compares. */
export interface Contestant {
  readonly program: RunningProgram;
  /** Which of the requests it is sent. */
  readonly asked: keyof RequestPair;
  /** Makes a token that is good for a row. */
  signIn(): Promise<string>;
  /** Done before each load. */
  prepare?(): Promise<void>;
}

/** Both of them, in the columns of the results. */
export type Contest = Readonly<Record<"ours" | "floor", Contestant>>;

/** Where the numbers of the requests of warm-ups begin: no row that is measured comes so far. */
const BEFORE_ROW = 1_000_000;

/** How long is measured. */
export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
}

/** Seconds of load by as many clients as are measured before anything counts: alone, one takes other ways through the engine than 32 together. */
export const WARM_UP_SECONDS = 5;

/** Loads that are put on a server before a row, until the engine has compiled what the row takes. */
export const WARM_UP = { seconds: 5, connections: 32, most: 4 } as const;
/** It has where a load takes no less than this of the processor time of the one before. */
const STEADY = 0.95;

/** Lets both servers do a row for so long that what they are measured at later is their usual pace. */
export async function warmUp(row: BenchRow, contest: Contest): Promise<void> {
  for (const { program, asked, signIn } of [contest.ours, contest.floor]) {
    const { connections, seconds, most } = WARM_UP;
    const token = await signIn();
    const load = {
      connections: Math.min(connections, Math.max(...(row.connections ?? [connections]))),
      seconds,
      token,
    };
    const request = (n: number) => row.request(n)[asked];
    let before = Number.POSITIVE_INFINITY;
    for (let loads = 0; loads < most; loads += 1) {
      const first = BEFORE_ROW + loads * NEXT_LOAD;
      const { processorTime } = await putLoad(program, { ...load, first, distinct: row.distinct, request });
      if (processorTime === null || processorTime > before * STEADY) break;
      before = processorTime;
    }
  }
}

/**
 * Measures a row.
 *
 * @param connections clients at a time
 * @returns the rounds of both, in the order in which they took place
 */
export async function measureRow(
  row: BenchRow,
  connections: number,
  { rounds, seconds }: Pace,
  contest: Contest,
): Promise<{ ours: readonly Measure[]; floor: readonly Measure[] }> {
  const tokens = { ours: await contest.ours.signIn(), floor: await contest.floor.signIn() };
  const measures: { readonly ours: Measure[]; readonly floor: Measure[] } = { ours: [], floor: [] };
  let loads = 0;
  const load = async (side: keyof Contest, duration: number): Promise<Measure> => {
    const { program, asked, prepare } = contest[side];
    await prepare?.();
    loads += 1;
    const ask = askServer(program.url, tokens[side]);
    const stop = keepSending(row.meanwhile && ((n) => ask((row.meanwhile ?? row.request)(n)[asked])));
    const measured = await putLoad(program, {
      connections,
      seconds: duration,
      token: tokens[side],
      first: loads * NEXT_LOAD,
      distinct: row.distinct,
      request: (n) => row.request(n)[asked],
    });
    await stop();
    return measured;
  };
  await load("floor", WARM_UP_SECONDS);
  await load("ours", WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const)) {
      measures[side].push(await load(side, seconds));
    }
  }
  return measures;
}

/** Sends one request after the other until it is told to stop; nothing where there is nothing to send. */
function keepSending(send: ((n: number) => Promise<unknown>) | undefined): () => Promise<void> {
  let stopped = send === undefined;
  const sending = (async () => {
    for (let n = 0; !stopped; n += 1) await send?.(n);
  })();
  return () => {
    stopped = true;
    return sending;
  };
}
