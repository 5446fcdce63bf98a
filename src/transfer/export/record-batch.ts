/** Reads the records of a table from one snapshot, a portion at a time: the next one is fetched while this one is worked on. */
import type { TextRow } from "../../database/session.ts";
import type { Plan } from "../../query/plan.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { completeTexts } from "../../records/calculate.ts";
import type { SqlValue } from "../../sql/value.ts";

/** Bytes of rows that are kept: while they wait they live so long that it is costly to throw them away, so they are few. */
const KEPT_PORTION = 128 * 1024;
const FIRST_ROWS = 100;
const MOST_ROWS = 10_000;
/** Bytes of a row that is kept, and of each of its cells, besides their characters. */
const ROW_OVERHEAD = 32;
const CELL_OVERHEAD = 32;
const CURSOR = "export_rows";

/** A transaction that sees one state of the database until it is let go. */
export interface HeldSnapshot<Env> {
  readonly env: Env;
  /** Never fails. */
  release(): Promise<void>;
}

/** Opens a snapshot that outlives the call, for what is read step by step. */
export function holdSnapshot<Env extends BaseEnvironment>(env: Env): Promise<HeldSnapshot<Env>> {
  return new Promise((resolve, reject) => {
    const ended = env.snapshot(
      (inner) =>
        new Promise<void>((letGo) => {
          const release = async () => {
            letGo();
            await ended.catch(() => {});
          };
          resolve({ env: inner, release });
        }),
    );
    ended.catch(reject);
  });
}

/** Takes the rows of a portion while they come, and hands out what it has made of them. */
export interface RowCollector<Portion> {
  /** Bytes that a portion is to take in memory, about. */
  readonly portion: number;
  /** @returns the bytes that it takes, about */
  add(row: TextRow): number;
  /** Hands out what has been added, and begins the next portion. */
  take(): Portion;
}

/** Keeps rows as they are. */
export class RowList implements RowCollector<readonly TextRow[]> {
  readonly portion = KEPT_PORTION;
  #rows: TextRow[] = [];

  add(row: TextRow): number {
    this.#rows.push(row);
    let size = ROW_OVERHEAD;
    for (const text of row) size += (text?.length ?? 0) + CELL_OVERHEAD;
    return size;
  }

  take(): readonly TextRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}

/** A part of the rows. */
export interface ReadPortion<Portion> {
  readonly portion: Portion;
  readonly rows: number;
}

/**
 * Reads all rows of a plan in the snapshot.
 *
 * @param env within a {@link HeldSnapshot}
 */
export async function* readPortions<Portion>(
  env: BaseEnvironment,
  plan: Plan,
  values: readonly SqlValue[],
  collector: RowCollector<Portion>,
): AsyncGenerator<ReadPortion<Portion>> {
  const { session } = env;
  let size = 0;
  const onRow = (row: TextRow): void => {
    size += collector.add(row);
  };
  // All rows will be fetched: a plan that begins quickly and takes longer is no use.
  await session.run({ text: "set local cursor_tuple_fraction = 1", values: [] });
  await session.run({ text: `declare ${CURSOR} no scroll cursor for ${plan.text}`, values });
  let count = FIRST_ROWS;
  const fetch = (): Promise<number> =>
    session.run({ text: `fetch forward ${count} from ${CURSOR}`, values: [], onRow });
  let next = fetch();
  for (;;) {
    const rows = await next;
    const portion = collector.take();
    const isLast = rows < count;
    // As many rows as make up a portion, going by the ones before.
    if (rows > 0) count = Math.max(1, Math.min(MOST_ROWS, 4 * count, Math.ceil((collector.portion * rows) / size)));
    size = 0;
    if (!isLast) {
      next = fetch();
      // Where nobody comes back for it, nobody is to be told of its failure either.
      next.catch(() => {});
    }
    yield { portion, rows };
    if (isLast) return;
  }
}

/** Puts calculated values into all texts at once. */
export async function completeRows(env: BaseEnvironment, rows: readonly TextRow[]): Promise<readonly TextRow[]> {
  const texts = rows.flatMap((row) => row.map((text) => text ?? ""));
  const completed = (await completeTexts(env, texts, "codeExpression"))[Symbol.iterator]();
  return rows.map((row) =>
    row.map((text) => {
      const { value = "" } = completed.next();
      return text === null ? null : value;
    }),
  );
}
