/**
 * The log's lines about requests. They wait for each other and become text together: done for each by itself, right after its answer, that
 * takes five times as long, and keeps the next request waiting.
 */
import { type DestinationStream, type Logger, pino } from "pino";
import { isoTimes } from "./iso-time.ts";

/** What a line tells of a request. None of it can hold a secret, so nothing has to be looked for. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly database: string | undefined;
  readonly user: number | null | undefined;
}

/** Lines that do not wait for further ones. */
const ENOUGH = 64;
/** A line waits for others at most so many milliseconds. */
const LONGEST_WAIT_MS = 50;

export class RequestLog {
  readonly #logger: Logger;
  readonly #timeText = isoTimes();
  #waiting: { readonly at: number; readonly request: AnsweredRequest }[] = [];
  #enough = ENOUGH;
  #timer: NodeJS.Timeout | undefined;
  readonly #flush = () => this.flush();

  /** @param destination of the log; what waits when the process ends still gets there */
  constructor(destination: DestinationStream) {
    // Each line brings the time of its request along.
    this.#logger = pino({ base: null, timestamp: false }, destination);
    process.prependListener("exit", this.#flush);
  }

  /** Adds a line for a request that has been answered now. */
  add(request: AnsweredRequest): void {
    this.#waiting.push({ at: Date.now(), request });
    if (this.#waiting.length >= this.#enough) this.flush();
    else this.#timer ??= setTimeout(this.#flush, LONGEST_WAIT_MS).unref();
  }

  /** Hands all lines on. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    for (const { at, request } of lines) {
      const { requestId, method, path, status, milliseconds, database, user } = request;
      const line = { time: this.#timeText(at), requestId, method, path, status, milliseconds, database, user };
      this.#logger.info(line, "request");
    }
  }

  /** Hands all lines on. Those of requests that are still under way do not wait any more. */
  close(): void {
    this.#enough = 1;
    process.off("exit", this.#flush);
    this.flush();
  }
}
