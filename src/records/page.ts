/** Running a page: its records, its total from memory where that is still exact, and the cursor behind its last record. */
import type { Rendering } from "../query/compile-member.ts";
import { PAGE_PARAMETERS, type PageLayout } from "../query/compile-read.ts";
import type { LevelTexts, PrintedRecords } from "../query/record-shape.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { type CursorValues, makeCursor } from "./cursor.ts";
import type { CachedPlan } from "./plan-cache.ts";
import { printFound } from "./record-text.ts";

/** A page of a list. */
export interface Page {
  /** The JSON text of the list, in UTF-8. */
  readonly data: Buffer;
  /** Everything visible that matches, whatever the page; null where it was not asked for and the page does not show it. */
  readonly total: number | null;
  /** False where the total is an estimate. */
  readonly totalIsExact: boolean;
  /** Where the list goes on; null where it does not, and for groups. */
  readonly nextCursor: string | null;
}

/** What a page is run with. */
export interface PageRun {
  readonly compiled: CachedPlan<PageLayout>;
  /** The values of the plan's slots; that of the mark is filled in here. */
  readonly values: SqlValue[];
  /** The same page with the mark alone, and its values: enough where the total that is remembered still holds. */
  readonly marked: () => { readonly compiled: CachedPlan<PageLayout>; readonly values: SqlValue[] };
  readonly rendering: Rendering;
  readonly limit: number;
  /** Records before the page; null where they are not known, because it continues behind a cursor, or no total is wanted. */
  readonly offset: number | null;
  /** The records that the total is about: model, rights and filter, without the filter's values. */
  readonly matching: string;
  /** Everything that a cursor is bound to. */
  readonly request: () => string;
}

/** The row of a page. */
type PageRow = LevelTexts & {
  /** The mark of the tables that the total depends on; absent where it was not asked for. */
  readonly mark?: number;
  /** The total where it was counted; absent where it was not asked for. */
  readonly total?: number | null;
};

/** What the statement of a page has given. */
interface FoundPage {
  readonly printed: PrintedRecords;
  readonly mark: number | null;
  readonly counted: number | null;
}

/** The parameters of a page. */
export function pageParameters(offset: number, after: CursorValues | null): SqlValue[] {
  const parameters: SqlValue[] = [];
  parameters[PAGE_PARAMETERS.offset] = offset;
  parameters[PAGE_PARAMETERS.mark] = null;
  parameters.push(...(after ?? []));
  return parameters;
}

/** Runs a page. */
export async function runPage(env: BaseEnvironment, run: PageRun): Promise<Page> {
  const { compiled, values } = run;
  const key = totalKey(env, run);
  const remembered = key === null ? undefined : env.plans.totals.get(key);
  if (remembered?.held === true) {
    // A count, though it is never run, is planned each time where record rules have values of the user.
    const marked = run.marked();
    const found = await findPage(env, run, marked.compiled, marked.values);
    const shown = shownTotal(run, found);
    if (shown !== null || found.mark === remembered.mark) {
      return pageOf(env, run, found, shown ?? remembered.total);
    }
  }
  if (remembered !== undefined) {
    for (const [index, slot] of compiled.plan.slots.entries()) {
      if (slot.parameter === PAGE_PARAMETERS.mark) values[index] = remembered.mark;
    }
  }
  const found = await findPage(env, run, compiled, values);
  const { mark } = found;
  const total = shownTotal(run, found) ?? found.counted;
  if (key !== null && mark !== null) {
    if (total !== null) env.plans.totals.set(key, { mark, total, held: false });
    else if (remembered !== undefined) env.plans.totals.set(key, { ...remembered, held: true });
  }
  // No total under a mark: it is the one that was remembered under that mark.
  return pageOf(env, run, found, mark === null ? total : (total ?? remembered?.total ?? null));
}

async function findPage(
  env: BaseEnvironment,
  { rendering, limit }: PageRun,
  { plan, known, extra: { shape, keys } }: CachedPlan<PageLayout>,
  values: readonly SqlValue[],
): Promise<FoundPage> {
  const [row] = await env.runBound<PageRow>(plan, known, values);
  if (row === undefined) throw new Error("the statement of a page gave no row");
  const { mark = null, total = null } = row;
  const printed = printFound(row, { shape, limit, columns: keys }, rendering);
  return { printed, mark, counted: total };
}

/** The total, where the page shows it: it holds the last record, and it is known how many come before it. */
function shownTotal({ offset }: PageRun, { printed: { count, isFollowed } }: FoundPage): number | null {
  if (offset === null || isFollowed || (count === 0 && offset > 0)) return null;
  return offset + count;
}

function pageOf(
  env: BaseEnvironment,
  { request }: PageRun,
  { printed: { list, isFollowed, values } }: FoundPage,
  total: number | null,
): Page {
  return {
    data: list,
    total,
    totalIsExact: true,
    nextCursor: isFollowed && values !== null ? makeCursor(env.signingKey, request(), values) : null,
  };
}

/** Everything that a total depends on beside the data; null where it is not to be remembered. */
function totalKey(env: BaseEnvironment, { compiled, values, matching }: PageRun): string | null {
  const { plan, extra } = compiled;
  // A transaction sees its own changes, which others may never see: what it counts is true for itself alone.
  if (env.inTransaction || extra.totalSlots === null) return null;
  const [first, end] = extra.totalSlots;
  const own = values.slice(first, end).filter((_, index) => plan.slots[first + index]?.parameter === undefined);
  return `${matching} ${JSON.stringify(own)}`;
}
