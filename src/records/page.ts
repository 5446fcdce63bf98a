/** Running a page: its values, its total from memory where that is still exact, and the cursor behind its last record. */
import { ValidationError } from "../errors.ts";
import { type CompiledPage, LARGEST_ANSWER, PAGE_PARAMETERS } from "../query/compile-read.ts";
import type { Plan } from "../query/plan.ts";
import type { SqlValue } from "../sql/value.ts";
import type { BaseEnvironment } from "./base-environment.ts";
import { type CursorValues, makeCursor } from "./cursor.ts";
import type { CachedPlan } from "./plan-cache.ts";

/** A page of a list. */
export interface Page {
  /** The JSON text of the list. */
  readonly data: string;
  /** Everything visible that matches, whatever the page; null where it was not asked for. */
  readonly total: number | null;
  /** False where the total is an estimate. */
  readonly totalIsExact: boolean;
  /** Where the list goes on; null where it does not, and for groups. */
  readonly nextCursor: string | null;
}

/** What a page is run with. */
export interface PageRun {
  readonly compiled: CachedPlan<number>;
  /** The values of the plan's slots; that of the mark is filled in here. */
  readonly values: SqlValue[];
  /** The same page without the count, and its values: enough where the total that is remembered still holds. */
  readonly marked: () => { readonly compiled: CachedPlan<number>; readonly values: SqlValue[] };
  /** The records that the total is about: model, rights and filter, without the filter's values. */
  readonly matching: string;
  /** Everything that a cursor is bound to. */
  readonly request: () => string;
}

interface PageRow {
  /** Null where it is too long to be given at once. */
  readonly data: string | null;
  readonly next: CursorValues | null;
  readonly total: number | null;
  /** The mark of the tables that the total depends on; null where no exact total was asked for. */
  readonly mark: number | null;
}

/** A plan as the cache keeps it, with the number of its first slots that make up the total. */
export function cacheable({ plan, totalSlots }: CompiledPage): { plan: Plan; extra: number } {
  return { plan, extra: totalSlots };
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
    const page = await runStatement(env, marked.compiled, marked.values);
    if (page.mark === remembered.mark) return pageOf(env, run, page, page.total ?? remembered.total);
  }
  if (remembered !== undefined) {
    for (const [index, slot] of compiled.plan.slots.entries()) {
      if (slot.parameter === PAGE_PARAMETERS.mark) values[index] = remembered.mark;
    }
  }
  const page = await runStatement(env, compiled, values);
  const { total, mark } = page;
  if (key !== null && mark !== null) {
    if (total !== null) env.plans.totals.set(key, { mark, total, held: false });
    else if (remembered !== undefined) env.plans.totals.set(key, { ...remembered, held: true });
  }
  // No total under a mark: it is the one that was remembered under that mark.
  return pageOf(env, run, page, mark === null ? total : (total ?? remembered?.total ?? null));
}

async function runStatement(
  env: BaseEnvironment,
  { plan, known }: CachedPlan<number>,
  values: readonly SqlValue[],
): Promise<PageRow> {
  const [page] = await env.runBound<PageRow>(plan, known, values);
  if (page === undefined) throw new Error("a page statement gave no row");
  return page;
}

function pageOf(env: BaseEnvironment, { request }: PageRun, { data, next }: PageRow, total: number | null): Page {
  if (data === null) throw tooLong();
  const nextCursor = next === null ? null : makeCursor(env.signingKey, request(), next);
  return { data, total, totalIsExact: true, nextCursor };
}

/** Everything that a total depends on beside the data; null where it is not to be remembered. */
function totalKey(env: BaseEnvironment, { compiled, values, matching }: PageRun): string | null {
  // A transaction sees its own changes, which others may never see: what it counts is true for itself alone.
  if (env.inTransaction || compiled.extra === 0) return null;
  const { slots } = compiled.plan;
  const own = values.slice(0, compiled.extra).filter((_, index) => slots[index]?.parameter === undefined);
  return `${matching} ${JSON.stringify(own)}`;
}

/** The error for an answer that is too long to be given at once. */
export function tooLong(): ValidationError {
  const most = LARGEST_ANSWER / 1024 / 1024;
  return new ValidationError(
    `the answer would have more than ${most} MiB: ask for fewer records or fields, or query the records of long lists by themselves`,
  );
}
