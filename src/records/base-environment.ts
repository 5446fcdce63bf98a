/** What every environment is, before models can be asked of it: who asks, in which registry, over which connection. */
import { randomBytes } from "node:crypto";
import type { Access } from "../access/access.ts";
import { unrestrictedAccess } from "../access/access.ts";
import type { Cancellation } from "../database/cancellation.ts";
import type { Database } from "../database/database.ts";
import type { Session } from "../database/session.ts";
import type { Transaction } from "../database/transaction.ts";
import type { Registry } from "../models/model.ts";
import type { Clock } from "../q/date-resolution.ts";
import type { Literal } from "../q/tree.ts";
import type { Plan } from "../query/plan.ts";
import { bindPlan } from "../query/plan.ts";
import type { BindContext } from "../query/slot.ts";
import { HISTORY_REQUEST, HISTORY_USER } from "../sql/history-setting.ts";
import type { SqlValue } from "../sql/value.ts";
import type { PlanCache } from "./plan-cache.ts";

/** What an environment is made of. */
export interface EnvironmentParts {
  readonly access: Access;
  readonly database: Database;
  readonly plans: PlanCache;
  /** Values of the session for filters; nobody's unless given. */
  readonly names?: BindContext["names"];
  /** IANA name; UTC unless given. */
  readonly timeZone?: string;
  readonly now?: Date;
  /** Signs cursors; of this process alone unless given. */
  readonly signingKey?: string;
  /** Told after a commit that changed anybody's rights, so that the next request of this process sees them. */
  readonly rightsChanged?: () => void;
  /** What the request is known by, for the change history. */
  readonly requestId?: string | null;
  /** Stops the statements of the environment once nobody waits for what they give. */
  readonly cancellation?: Cancellation | undefined;
}

const NOBODY: BindContext["names"] = { uid: null, cid: null, company_id: null, cids: [], contact_id: null, gids: [] };

/** Good for cursors that come back to this process. */
const PROCESS_KEY = randomBytes(32).toString("base64url");

/** Transactions in which something failed half-way, with the first error. */
const broken = new WeakMap<Transaction, unknown>();

/** Transactions whose changes are signed, and how. */
const signed = new WeakMap<Transaction, string>();

/** Who asks, in which registry, over which connection. Never changed: other rights are another environment. */
export abstract class BaseEnvironment {
  readonly access: Access;
  readonly database: Database;
  readonly plans: PlanCache;
  readonly names: BindContext["names"];
  readonly clock: Clock;
  readonly signingKey: string;
  readonly rightsChanged: () => void;
  readonly requestId: string | null;
  readonly cancellation: Cancellation | undefined;
  /** The transaction, or the database where each statement stands by itself. */
  readonly session: Session;
  readonly #transaction: Transaction | null;

  constructor(parts: EnvironmentParts, transaction: Transaction | null = null) {
    this.access = parts.access;
    this.database = parts.database;
    this.plans = parts.plans;
    this.names = parts.names ?? NOBODY;
    this.clock = { now: parts.now ?? new Date(), timeZone: parts.timeZone ?? "UTC" };
    this.signingKey = parts.signingKey ?? PROCESS_KEY;
    this.rightsChanged = parts.rightsChanged ?? (() => {});
    this.requestId = parts.requestId ?? null;
    this.cancellation = parts.cancellation;
    this.#transaction = transaction;
    this.session = transaction ?? sessionOf(parts);
  }

  get registry(): Registry {
    return this.access.registry;
  }

  /**
   * Runs work in one transaction: all of it or nothing. Inside a transaction it joins that one.
   *
   * @param work gets the environment of the transaction; it may run again after a collision with another transaction
   */
  transaction<Result>(work: (env: this) => Promise<Result>): Promise<Result> {
    if (this.#transaction !== null) return work(this);
    const inside = async (transaction: Transaction) => {
      const result = await work(this.derive(this.#parts(), transaction));
      if (broken.has(transaction)) throw broken.get(transaction);
      return result;
    };
    return this.database.transaction(inside, { cancellation: this.cancellation });
  }

  /**
   * Runs work that the database lets change nothing. Inside a transaction that holds for this work alone.
   *
   * @throws DatabaseFault where the work tries to change something
   */
  readOnly<Result>(work: (env: this) => Promise<Result>): Promise<Result> {
    const transaction = this.#transaction;
    if (transaction === null) {
      const options = { cancellation: this.cancellation, readOnly: true };
      return this.database.transaction((inside) => work(this.derive(this.#parts(), inside)), options);
    }
    return transaction.savepoint(async () => {
      await transaction.run({ text: "SET TRANSACTION READ ONLY", values: [] });
      return work(this);
    });
  }

  /**
   * Runs work that sees one state of the database, whatever is written meanwhile, and can change nothing. It is not run again. Inside a
   * transaction it joins that one.
   */
  snapshot<Result>(work: (env: this) => Promise<Result>): Promise<Result> {
    if (this.#transaction !== null) return work(this);
    const inside = (transaction: Transaction) => work(this.derive(this.#parts(), transaction));
    const { cancellation } = this;
    return this.database.transaction(inside, {
      readOnly: true,
      isolation: "repeatable read",
      cancellation,
      retries: 0,
    });
  }

  /**
   * Completes a write that has begun in this transaction. An error cannot undo the first half alone, so it loses the
   * whole transaction, even where the code around swallows the error.
   */
  async complete<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (this.#transaction !== null && !broken.has(this.#transaction)) broken.set(this.#transaction, error);
      throw error;
    }
  }

  /**
   * Runs work, within a transaction, so that it can fail alone: an error undoes what it has written, and the transaction goes on.
   *
   * @throws whatever the work throws
   */
  async attempt<Result>(work: (env: this) => Promise<Result>): Promise<Result> {
    const transaction = this.#transaction;
    if (transaction === null) throw new Error("only within a transaction can something fail alone");
    const wasBroken = broken.has(transaction);
    return transaction
      .savepoint(() => work(this))
      .catch((error: unknown) => {
        if (!wasBroken) broken.delete(transaction);
        // A signature that was put within the work is undone with it.
        signed.delete(transaction);
        throw error;
      });
  }

  /** Tells the change history whose the changes of this transaction are from here on. It costs one statement, the first time, which nobody waits for. */
  signChanges(): void {
    if (this.#transaction === null || this.registry.history.changes.size === 0) return;
    const [user, request] = [String(this.access.userId ?? ""), this.requestId ?? ""];
    const signature = JSON.stringify([user, request]);
    if (signed.get(this.#transaction) === signature) return;
    const signing = this.#transaction.rows({
      name: "sign_changes",
      text: "select set_config($1, $2, true), set_config($3, $4, true)",
      values: [HISTORY_USER, user, HISTORY_REQUEST, request],
    });
    signing.catch(() => undefined); // what fails here fails whatever comes after it
    signed.set(this.#transaction, signature);
  }

  /** Whether all statements of this environment are saved or lost together. */
  get inTransaction(): boolean {
    return this.#transaction !== null;
  }

  /** Calls back once the changes are there for good: after the commit, or at once outside a transaction. */
  afterCommit(callback: () => void): void {
    if (this.#transaction === null) callback();
    else this.#transaction.afterCommit(callback);
  }

  /** The same user and transaction with the rights of the kernel. Its name is to be seen wherever rules do not hold. */
  elevated(): this {
    const access = unrestrictedAccess(this.registry, this.access.userId);
    return this.derive({ ...this.#parts(), access }, this.#transaction);
  }

  /**
   * Runs a compiled plan.
   *
   * @param known whether the plan has served before: then its statement is prepared under its name
   */
  run<Row extends object>(
    plan: Plan,
    known: boolean,
    literals: readonly Literal[],
    parameters: readonly SqlValue[],
  ): Promise<Row[]> {
    return this.runBound(plan, known, this.bind(plan, literals, parameters));
  }

  /**
   * The values of a plan's parameters for one request.
   *
   * @throws ValidationError when a value of the filter does not fit its field
   */
  bind(plan: Plan, literals: readonly Literal[], parameters: readonly SqlValue[]): SqlValue[] {
    return bindPlan(plan, { literals, parameters, names: this.names, clock: this.clock });
  }

  /** Runs a plan whose values are bound already. */
  runBound<Row extends object>(plan: Plan, known: boolean, values: readonly SqlValue[]): Promise<Row[]> {
    const { text, name, prepares } = plan;
    return this.session.rows<Row>(known && prepares ? { text, values, name } : { text, values });
  }

  /** An environment of the same kind, made of other parts. */
  protected abstract derive(parts: EnvironmentParts, transaction: Transaction | null): this;

  #parts(): EnvironmentParts {
    const { access, database, plans, names, clock, signingKey, rightsChanged, requestId, cancellation } = this;
    const { timeZone, now } = clock;
    return { access, database, plans, names, timeZone, now, signingKey, rightsChanged, requestId, cancellation };
  }
}

/** Statements that stand by themselves. */
function sessionOf({ database, cancellation }: EnvironmentParts): Session {
  return cancellation === undefined ? database : database.during(cancellation);
}
