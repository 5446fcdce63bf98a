/** Serves with several processes on one port: starts them, replaces those that end, and renews them one by one. */
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Platform, startPlatform } from "./platform.ts";
import { aborted, listenForSignals, type Running, stopAll, tell, within } from "./process-life.ts";
import { announce, prepareDefault, startServing } from "./serve.ts";
import { StartError } from "./start-error.ts";

/** Milliseconds that a worker gets to finish its requests; it gives itself less. */
const STOP_MS = 20_000;
/** A worker that ends sooner after its start is replaced after a pause only, in milliseconds. */
const QUICK_END_MS = 5000;
const PAUSE_MS = 1000;

/** Whether this process is one of the workers. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

/** Serves in this process, for the one that has started it. */
export async function serveAsWorker(): Promise<void> {
  const running: Running = [];
  const asked = listenForSignals(() => {});
  try {
    await startServing(await startPlatform(running, asked, true), running);
    await aborted(asked);
  } finally {
    await stopAll(running);
  }
}

/**
 * Serves with workers until a signal comes. `SIGHUP` renews them one by one, so that no request is refused.
 *
 * @param count how many
 */
export async function serveWithWorkers(count: number): Promise<void> {
  const running: Running = [];
  const asked = listenForSignals();
  try {
    const platform = await startPlatform(running, asked, false);
    const prepared = await prepareDefault(platform);
    const crew = new Crew(platform);
    running.push(() => crew.stop());
    const address = await crew.start(count);
    announce(platform.config, address, prepared);
    process.on("SIGHUP", () => void crew.renew());
    await aborted(asked);
  } finally {
    await stopAll(running);
  }
}

/** The workers of a process. */
class Crew {
  readonly #logger: Platform["logger"];
  readonly #workers = new Set<Worker>();
  /** Those that are to end: nobody takes their place. */
  readonly #leaving = new Set<Worker>();
  #stopping = false;
  #renewing: Promise<void> = Promise.resolve();

  constructor({ logger }: Platform) {
    this.#logger = logger;
  }

  /** @returns where they listen, once all of them do */
  async start(count: number): Promise<AddressInfo> {
    const [address] = await Promise.all(Array.from({ length: count }, () => this.#add()));
    if (address === undefined) throw new StartError("there must be one worker at least");
    return address;
  }

  /** Replaces all workers, each after another one has begun to serve. */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(async () => {
      for (const old of [...this.#workers]) {
        if (this.#stopping) return;
        await this.#add();
        await this.#end(old);
      }
      tell("All workers have been renewed.");
    });
    return this.#renewing.catch((error: unknown) => this.#logger.error({ err: error }, "workers were not renewed"));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#workers].map((worker) => this.#end(worker)));
  }

  async #add(): Promise<AddressInfo> {
    const worker = cluster.fork();
    const started = performance.now();
    this.#workers.add(worker);
    const ended = once(worker, "exit").then(([code]) => {
      this.#workers.delete(worker);
      void this.#replace(worker, code as number | null, performance.now() - started);
      throw new StartError("a worker has ended before it served");
    });
    ended.catch(() => {}); // of no interest once it serves
    const [address] = (await Promise.race([once(worker, "listening"), ended])) as [AddressInfo];
    return address;
  }

  async #replace(worker: Worker, code: number | null, age: number): Promise<void> {
    if (this.#leaving.delete(worker) || this.#stopping) return;
    this.#logger.error({ pid: worker.process.pid, code }, "a worker has ended; starting another one");
    if (age < QUICK_END_MS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (!this.#stopping) await this.#add().catch(() => {});
  }

  async #end(worker: Worker): Promise<void> {
    if (worker.isDead()) return;
    this.#leaving.add(worker);
    const exited = once(worker, "exit");
    worker.process.kill("SIGTERM");
    if (!(await within(STOP_MS, exited))) worker.process.kill("SIGKILL");
    await exited;
  }
}
