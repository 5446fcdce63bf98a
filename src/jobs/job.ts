/** What a job is: long work that goes on without anybody waiting, survives a restart and takes effect once. */
import type { Session } from "../database/session.ts";
import type { FileDescription } from "../fields/binary.ts";
import type { JsonValue } from "../fields/json.ts";
import type { FileStore } from "../files/file-store.ts";
import type { Environment } from "../records/environment.ts";

/** With which companies and within which limits its owner has asked for a job; it gets no others. */
export interface JobCaller {
  readonly userId: number;
  /** Ids with commas, as `X-Company-Ids` gave them; null for those of the user. */
  readonly companies: string | null;
  /** Limits of an API key. */
  readonly readOnly: boolean;
  /** Names of the only models; null for all. */
  readonly models: readonly string[] | null;
}

/** Work to be done. */
export interface NewJob {
  /** Which {@link JobHandler} does it. */
  readonly kind: string;
  /** What is to be done, as the handler understands it; not null. */
  readonly input: JsonValue;
  /** A file in the store that it works on. */
  readonly source: FileDescription | null;
  readonly caller: JobCaller;
}

/** What a job has come to. */
export interface JobOutcome {
  readonly result: JsonValue | null;
  /** A file in the store that its owner may download. */
  readonly file?: FileDescription | null;
}

/** How far a job is. */
export interface JobProgress {
  /** Rows so far. */
  readonly done?: number;
  /** Rows in all. */
  readonly total?: number;
}

/** A job under way, as its handler sees it. */
export interface RunningJob {
  readonly id: number;
  readonly input: unknown;
  readonly source: FileDescription | null;
  /** What {@link save} has kept last, by this attempt or one that was cut off; null at the beginning. */
  readonly checkpoint: unknown;
  /** Of the owner, with the rights of now; its statements stop when the job is cancelled. */
  readonly env: Environment;
  readonly files: FileStore;
  /** Tells how far the work is. Costs nothing: it is written down about once a second, outside of any transaction. */
  report(progress: JobProgress): void;
  /**
   * Keeps, in a transaction, how far this transaction's effects bring the job: if the server ends, the work goes on there. It
   * locks the job, so it comes last in the transaction.
   *
   * @throws JobLost where somebody else works at the job by now: then the transaction must not be committed
   */
  save(env: Pick<Environment, "session">, checkpoint: JsonValue, progress?: JobProgress): Promise<void>;
  /**
   * Ends the job in the transaction of its effects, so that they happen once. It comes last in the transaction. A handler whose
   * effects may well happen twice, or that has none, gives its outcome back instead.
   *
   * @throws JobLost as {@link save} does
   */
  finish(env: Pick<Environment, "session">, outcome: JobOutcome): Promise<void>;
}

/** Does one kind of jobs. */
export interface JobHandler {
  readonly kind: string;
  /**
   * @returns the outcome, or null where {@link RunningJob.finish} has been called
   * @throws ApplicationError that the owner is told
   */
  run(job: RunningJob): Promise<JobOutcome | null>;
  /** Told, in the transaction that writes it down, that a job has failed: also one that did not come as far as {@link run}. */
  failed?(session: Session, input: unknown, message: string): Promise<void>;
}

/** Somebody else works at the job, or it has been cancelled. */
export class JobLost extends Error {
  override readonly name = "JobLost";

  constructor(id: number) {
    super(`job ${id} is not this process's any more`);
  }
}
