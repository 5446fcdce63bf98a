/** Reads the records of a table from one snapshot, a portion at a time: the next one is fetched while this one is worked on. */

import type { Plan } from "../../query/plan.ts";
import type { BaseEnvironment } from "../../records/base-environment.ts";
import { completeTexts } from "../../records/calculate.ts";
import type { SqlValue } from "../../sql/value.ts";
import type { TableRecord } from "./table-record.ts";

/** Characters that a portion is to have, about. */
const PORTION = 512 * 1024;
const FIRST_ROWS = 100;
const MOST_ROWS = 5000;
/** Rows of a portion whose size is looked at. */
const MOST_LOOKED_AT = 100;
/** What a cell takes besides its characters, in characters. */
const CELL_OVERHEAD = 8;
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

/**
 * Reads all rows of a plan in the snapshot.
 *
 * @param env within a {@link HeldSnapshot}
 */
export async function* readBatches(
  env: BaseEnvironment,
  plan: Plan,
  values: readonly SqlValue[],
): AsyncGenerator<readonly TableRecord[]> {
  const { session } = env;
  // All rows will be fetched: a plan that begins quickly and takes longer is no use.
  await session.run({ text: "set local cursor_tuple_fraction = 1", values: [] });
  await session.run({ text: `declare ${CURSOR} no scroll cursor for ${plan.text}`, values });
  let count = FIRST_ROWS;
  const fetch = (): Promise<TableRecord[]> =>
    session.rows<TableRecord>({ text: `fetch forward ${count} from ${CURSOR}`, values: [] });
  let next = fetch();
  for (;;) {
    const rows = await next;
    const isLast = rows.length < count;
    count = rowsFor(rows, count);
    if (!isLast) {
      next = fetch();
      // Where nobody comes back for it, nobody is to be told of its failure either.
      next.catch(() => {});
    }
    if (rows.length > 0) yield plan.incomplete ? await complete(env, rows) : rows;
    if (isLast) return;
  }
}

/** As many rows as make up a portion, going by the ones before. */
function rowsFor(rows: readonly TableRecord[], count: number): number {
  // Some of them tell enough of short ones; where rows are long, the portions are small.
  const step = Math.ceil(rows.length / MOST_LOOKED_AT);
  let size = 0;
  let seen = 0;
  for (let index = 0; index < rows.length; index += step) {
    const row = rows[index] ?? {};
    for (const name in row) size += String(row[name] ?? "").length + CELL_OVERHEAD;
    seen += 1;
  }
  if (size === 0) return count;
  return Math.max(1, Math.min(MOST_ROWS, 4 * count, Math.ceil((PORTION * seen) / size)));
}

/** Puts calculated values into all texts at once. */
async function complete(env: BaseEnvironment, rows: readonly TableRecord[]): Promise<readonly TableRecord[]> {
  const cells = rows.flatMap((row) => Object.entries(row));
  const texts = cells.map(([, text]) => (typeof text === "string" ? text : ""));
  const completed = await completeTexts(env, texts, "codeExpression");
  let at = 0;
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const text = completed[at];
        at += 1;
        return [name, value === null ? null : text];
      }),
    ),
  );
}
