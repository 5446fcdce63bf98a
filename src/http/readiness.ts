/** Whether this process can do its work: asked often by load balancers, so that the database is asked rarely. */
import { MaintenanceError } from "../errors.ts";

/** How long an answer of the database is good for, in milliseconds. */
const FRESH_MS = 1000;
/** A database that takes longer to answer is as good as away. */
const PATIENCE_MS = 2000;

/** Knows whether the server is ready. It is red for good once the process has been told to stop. */
export class Readiness {
  readonly #probe: () => Promise<unknown>;
  readonly #now: () => number;
  #stopping = false;
  #checked = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | null = null;

  /**
   * @param probe a cheap question to the database; it fails when the database is away
   * @param now milliseconds of a clock that never goes back
   */
  constructor(probe: () => Promise<unknown>, now: () => number = () => performance.now()) {
    this.#probe = probe;
    this.#now = now;
  }

  /** Turns red, before the process stops to accept connections: load balancers need a moment to notice. */
  stop(): void {
    this.#stopping = true;
  }

  /** Whether the process has been told to stop. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /**
   * Checks that requests can be served.
   *
   * @throws MaintenanceError when they cannot
   */
  async check(): Promise<void> {
    if (this.#stopping) throw new MaintenanceError("The server is stopping");
    if (this.#now() - this.#checked < FRESH_MS) return;
    // However many ask at the same time, the database is asked once.
    this.#checking ??= this.#ask().finally(() => {
      this.#checking = null;
    });
    await this.#checking;
  }

  async #ask(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("the database takes too long to answer")), PATIENCE_MS);
    });
    try {
      await Promise.race([this.#probe(), late]);
    } catch (error) {
      throw new MaintenanceError("The database is not reachable at the moment", { cause: error });
    } finally {
      clearTimeout(timer);
    }
    this.#checked = this.#now();
  }
}
