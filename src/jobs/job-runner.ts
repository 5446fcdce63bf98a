/** Works at jobs, a few at a time: takes one, keeps its lease, and writes down what became of it. */
import { Cancellation } from "../database/cancellation.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseLogger } from "../database/database-logger.ts";
import { DatabaseUnavailable } from "../database/error-code.ts";
import { ApplicationError } from "../errors.ts";
import type { FileStore } from "../files/file-store.ts";
import type { Environment } from "../records/environment.ts";
import { queueDueWork } from "./cron-job.ts";
import type { JobCaller, JobHandler, JobProgress, RunningJob } from "./job.ts";
import { JobLost } from "./job.ts";
import {
  beat,
  type ClaimedJob,
  claimJob,
  completeJob,
  failJob,
  isHopeless,
  JOBS_CHANNEL,
  releaseJob,
  saveCheckpoint,
} from "./job-record.ts";

/** What a runner works with. */
export interface JobRunnerParts {
  readonly database: Database;
  readonly files: FileStore;
  readonly handlers: readonly JobHandler[];
  /** The environment of a job's owner. @throws AccessError where the owner may not sign in any more */
  readonly environmentOf: (caller: JobCaller, cancellation: Cancellation) => Promise<Environment>;
  readonly logger?: DatabaseLogger | undefined;
  /** The clock that schedules go by; that of the machine unless given. */
  readonly clock?: () => Date;
}

/** Jobs at a time, in one process and for one database. */
const MOST_RUNNING = 2;
/** Milliseconds between two looks for jobs that a process which has ended left behind, or of which the news was missed. */
const LOOK_MS = 5000;
/** Milliseconds between two signs of life of a job. */
const BEAT_MS = 1000;

/** Troubles of the database that pass. */
const REPEATED: ReadonlySet<string> = new Set([
  "unreachable",
  "server_exhausted",
  "unknown_outcome",
  "pool_exhausted",
  "locked",
  "retry",
]);

interface UnderWay {
  readonly cancellation: Cancellation;
  readonly ended: Promise<void>;
}

export class JobRunner {
  readonly #parts: JobRunnerParts;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #running = new Map<number, UnderWay>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #stopped = false;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(parts: JobRunnerParts) {
    this.#parts = parts;
    this.#handlers = new Map(parts.handlers.map((handler) => [handler.kind, handler]));
  }

  /** Begins to work. */
  async start(): Promise<void> {
    this.#stopListening = await this.#parts.database.listen(JOBS_CHANNEL, (payload) => {
      if (payload !== null && payload !== "") this.#running.get(Number(payload))?.cancellation.cancel();
      this.#look();
    });
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** How many jobs are under way. */
  get running(): number {
    return this.#running.size;
  }

  /** Gives back what is under way, so that another process, or this one after a restart, goes on with it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#stopListening?.().catch(() => {});
    await this.#looking;
    const all = [...this.#running.values()];
    for (const { cancellation } of all) cancellation.cancel();
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** One look at a time; what comes meanwhile is looked for afterwards. */
  #look(): void {
    if (this.#stopped) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#take()
      .catch((error: unknown) => this.#parts.logger?.warn({ err: error }, "cannot look for jobs"))
      .finally(() => {
        this.#looking = undefined;
        if (this.#lookAgain) {
          this.#lookAgain = false;
          this.#look();
        }
      });
  }

  async #take(): Promise<void> {
    const { database, clock, logger } = this.#parts;
    // What cannot be scheduled keeps nobody from the jobs that wait.
    await queueDueWork(database, clock?.() ?? new Date()).catch((error: unknown) =>
      logger?.warn({ err: error }, "cannot look for scheduled work"),
    );
    const kinds = [...this.#handlers.keys()];
    while (!this.#stopped && this.#running.size < MOST_RUNNING) {
      const job = await claimJob(database, kinds);
      if (job === null) return;
      const cancellation = new Cancellation();
      const ended = this.#work(job, cancellation).finally(() => {
        this.#running.delete(job.id);
        this.#look();
      });
      this.#running.set(job.id, { cancellation, ended });
    }
  }

  /** Never fails. */
  async #work(job: ClaimedJob, cancellation: Cancellation): Promise<void> {
    const { database, logger } = this.#parts;
    let progress: JobProgress = {};
    const signs = setInterval(() => {
      // An unanswered sign is not a lost job: the lease decides.
      beat(database, job, progress).then(
        (goesOn) => (goesOn ? undefined : cancellation.cancel()),
        () => {},
      );
    }, BEAT_MS);
    try {
      if (isHopeless(job)) throw new ApplicationError("The server ended whenever it worked at this job");
      await this.#run(job, cancellation, (told = {}) => {
        progress = { ...progress, ...told };
        return progress;
      });
    } catch (error) {
      await this.#giveUp(job, cancellation, error).catch((reason: unknown) =>
        logger?.warn({ err: reason, job: job.id }, "cannot write down what became of a job"),
      );
    } finally {
      clearInterval(signs);
    }
  }

  async #run(job: ClaimedJob, cancellation: Cancellation, report: (told?: JobProgress) => JobProgress): Promise<void> {
    const { database, environmentOf, files } = this.#parts;
    const handler = this.#handlers.get(job.kind);
    if (handler === undefined) throw new Error(`nobody does jobs of the kind ${job.kind}`);
    const env = await environmentOf(job.caller, cancellation);
    const { id, input, source, checkpoint } = job;
    const running: RunningJob = {
      id,
      input,
      source,
      checkpoint,
      env,
      files,
      report,
      save: ({ session }, state, told = {}) => saveCheckpoint(session, job, state, told),
      finish: ({ session }, outcome) => completeJob(session, job, outcome, report()),
    };
    const outcome = await handler.run(running);
    if (outcome !== null) await completeJob(database, job, outcome, report());
  }

  async #giveUp(job: ClaimedJob, cancellation: Cancellation, error: unknown): Promise<void> {
    const { database, logger } = this.#parts;
    if (this.#stopped && cancellation.cancelled) return releaseJob(database, job);
    // Without a database nothing can be written down: the job is begun again when its lease is over.
    if (error instanceof DatabaseUnavailable && REPEATED.has(error.code)) {
      logger?.warn({ err: error, job: job.id }, "a job was cut off");
      return;
    }
    const told = error instanceof ApplicationError && error.status !== 500;
    // One that is lost has been cancelled, or is another's: then nothing is written down here.
    if (!told && !(error instanceof JobLost)) logger?.error({ err: error, job: job.id }, "a job failed");
    const { name, message, extra } = told ? error : new ApplicationError("Internal error");
    await database.transaction(async (session) => {
      const failed = await failJob(session, job, { detail: message, error: name, ...extra });
      if (failed) await this.#handlers.get(job.kind)?.failed?.(session, job.input, message);
    });
  }
}
