/** Brings the tables of a database to what the models want: plans inside a lock, asks the data, then changes. */
import type { Database } from "../database/database.ts";
import type { Session } from "../database/session.ts";
import type { Transaction } from "../database/transaction.ts";
import { ValidationError } from "../errors.ts";
import { linkTableName } from "../models/naming.ts";
import { quoteIdentifier, raw } from "../sql/fragment.ts";
import { diffShapes, type Plan, type Refusal } from "./diff.ts";
import { loadShape } from "./introspect.ts";
import { type LedgerStep, planLedger } from "./ledger.ts";
import type { DataCheck, Operation } from "./operation.ts";
import type { Shape } from "./shape.ts";

/** What to plan. */
export interface PlanOptions {
  /** The PostgreSQL schema that holds the tables; `public` when left out. */
  readonly schema?: string;
  /** What is done before the comparison; nothing when left out. */
  readonly ledger?: readonly LedgerStep[];
  /** Without it, steps that lose data are refused. */
  readonly allowDestructive?: boolean;
}

export interface ApplyOptions extends PlanOptions {
  /** How long one step may wait for a table that is in use, in milliseconds; 10 000 when left out. */
  readonly lockTimeout?: number;
  /** Called in the transaction when all steps have run, for what takes more than SQL: values that have to be calculated. */
  readonly complete?: (transaction: Transaction, operations: readonly Operation[]) => Promise<void>;
}

/** What was done: the operations are those that this call ran, none when all was there. */
export type AppliedPlan = Omit<Plan, "refusals">;

/** The advisory lock of everything that changes tables; such locks are per database. */
export const SCHEMA_LOCK = 0x66_66_73_63;

/**
 * Plans the way from what a database has to `desired`, and changes nothing.
 *
 * @param session where to read
 */
export async function planSchema(session: Session, desired: Shape, options: PlanOptions = {}): Promise<Plan> {
  const { schema = "public", ledger = [], allowDestructive = false } = options;
  const done = planLedger(await loadShape(session, schema), ledger, desired, linkTableName);
  const plan = diffShapes(done.shape, desired);
  const operations = [...done.operations, ...plan.operations];
  const lost = allowDestructive ? [] : operations.filter(({ destructive }) => destructive === true);
  const refusals = [...done.refusals, ...plan.refusals, ...lost.map(refuseLoss)];
  return { operations, refusals, unused: plan.unused };
}

function refuseLoss({ table, description }: Operation): Refusal {
  return { path: table, message: `loses data, which allow_destructive has to allow: ${description}` };
}

/**
 * Makes all changes in one transaction: all of them or none. Without a ledger they lose no data.
 *
 * Of several processes that start at once one does the work, the others wait for it and find nothing to do. When there is
 * nothing to do in the first place, it takes one query and no lock.
 *
 * @param database where to change
 * @param desired everything that is declared, not a part of it
 * @returns what was done
 * @throws ValidationError that names every change that needs a ledger step, or every rule that existing rows break
 */
export async function applyPlan(database: Database, desired: Shape, options: ApplyOptions = {}): Promise<AppliedPlan> {
  const first = await planSchema(database, desired, options);
  if (first.operations.length === 0 && first.refusals.length === 0) return { operations: [], unused: first.unused };
  const work = (session: Transaction) => applyWithin(session, desired, options);
  // Read committed: what is read after the wait for the lock must show what the process before us has done.
  return database.transaction(work, { isolation: "read committed" });
}

/**
 * The same within a transaction, which holds from then on the lock of everything that changes tables.
 *
 * @throws as {@link applyPlan} does
 */
export async function applyWithin(
  session: Transaction,
  desired: Shape,
  options: ApplyOptions = {},
): Promise<AppliedPlan> {
  const { schema = "public", lockTimeout = 10_000 } = options;
  await lock(session, schema, lockTimeout);
  const { operations, refusals, unused } = await planSchema(session, desired, options);
  checkRefusals(refusals);
  await runOperations(session, operations);
  await options.complete?.(session, operations);
  return { operations, unused };
}

/**
 * Waits for other processes that change this database.
 *
 * The limits are for the rest of the transaction: building an index may take long, but waiting for a table holds up everybody who
 * comes after.
 */
async function lock(session: Session, schema: string, lockTimeout: number): Promise<void> {
  await runScript(session, [
    "SET LOCAL statement_timeout = 0",
    `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`,
    `SET LOCAL lock_timeout = ${Math.ceil(lockTimeout)}`,
    `SET LOCAL search_path = ${[...new Set([schema, "public"])].map(quoteIdentifier).join(", ")}`,
  ]);
}

/**
 * Runs steps in their order; the data is asked once for all of them, when every column is there.
 *
 * @throws ValidationError that names every rule that existing rows break
 */
async function runOperations(session: Session, operations: readonly Operation[]): Promise<void> {
  const firstCheck = operations.findIndex((operation) => operation.check !== undefined);
  const split = firstCheck === -1 ? operations.length : firstCheck;
  await runScript(session, statementsOf(operations.slice(0, split)));
  await checkData(
    session,
    operations.flatMap(({ check }) => (check === undefined ? [] : [check])),
  );
  await runScript(session, statementsOf(operations.slice(split)));
}

async function checkData(session: Session, checks: readonly DataCheck[]): Promise<void> {
  if (checks.length === 0) return;
  const counts = checks.map(({ count }, position) => `SELECT ${position} AS position, (${count}) AS rows`);
  const answers = await session.rows<{ position: number; rows: number | string }>(raw(counts.join(" UNION ALL ")));
  const refusals: Refusal[] = [];
  for (const answer of answers) {
    const check = checks[answer.position];
    const rows = Number(answer.rows);
    if (check === undefined || rows === 0) continue;
    const message = check.message.replace("{rows}", () => (rows === 1 ? "1 row" : `${rows} rows`));
    refusals.push({ path: check.path, message });
  }
  checkRefusals(refusals);
}

function checkRefusals(refusals: readonly Refusal[]): void {
  if (refusals.length > 0) throw ValidationError.ofFields(refusals);
}

function statementsOf(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => operation.statements);
}

/**
 * Sends statements without parameters, all at once: they run in their order, and after the first that fails none has an effect.
 */
async function runScript(session: Session, statements: readonly string[]): Promise<void> {
  await Promise.all(statements.map((statement) => session.run(raw(statement))));
}
