/** Hears NOTIFY on a connection of its own, and connects again by itself when the line breaks. */
import pg, { type ClientConfig } from "pg";
import { quoteIdentifier } from "../sql/fragment.ts";
import type { DatabaseLogger } from "./database-logger.ts";

/** Gets the payload, or null after the line was down: notifications may have been missed meanwhile. */
export type NotificationHandler = (payload: string | null) => void;

/** Pause before connecting again, in milliseconds; it doubles up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A line over which nothing comes is asked after so many milliseconds whether its other end is still there. */
const KEEP_ALIVE_MS = 10_000;

export class Listener {
  readonly #config: ClientConfig;
  readonly #logger: DatabaseLogger | undefined;
  readonly #handlers = new Map<string, Set<NotificationHandler>>();
  #client: Promise<pg.Client> | undefined;
  #closed = false;
  #hears = false;
  #pause = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: ClientConfig, logger: DatabaseLogger | undefined) {
    this.#config = { ...config, application_name: "fullfinity notices", keepAliveInitialDelayMillis: KEEP_ALIVE_MS };
    this.#logger = logger;
  }

  /** False while the line is down: then something may have been missed that no handler has been told of yet. */
  get hears(): boolean {
    return this.#hears;
  }

  /**
   * Starts to hear a channel; resolves once the server will not miss a notification any more.
   *
   * @returns a function that removes the handler again
   */
  async add(channel: string, handler: NotificationHandler): Promise<() => Promise<void>> {
    const handlers = this.#handlers.get(channel) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    this.#client ??= this.#connect(false);
    const client = await this.#client;
    await client.query(`LISTEN ${quoteIdentifier(channel)}`);
    return () => this.#remove(channel, handler);
  }

  /**
   * Runs a statement on the line itself, for locks that are to last as long as it: whoever has lost it, has lost them.
   *
   * @param text without values; it may wait as long as it wants, and nothing is heard meanwhile
   */
  async run(text: string): Promise<readonly unknown[][]> {
    if (this.#client === undefined) throw new Error("nothing is listened to yet");
    const client = await this.#client;
    return (await client.query<unknown[]>({ text, rowMode: "array" })).rows;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }

  async #remove(channel: string, handler: NotificationHandler): Promise<void> {
    const handlers = this.#handlers.get(channel);
    handlers?.delete(handler);
    if (handlers?.size === 0 && !this.#closed) {
      this.#handlers.delete(channel);
      const client = await this.#client;
      await client?.query(`UNLISTEN ${quoteIdentifier(channel)}`);
    }
  }

  /** @param again the line was up before: every handler is told that it may have missed something */
  async #connect(again: boolean): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    let lost = false;
    client.on("notification", ({ channel, payload }) => this.#tell(channel, payload ?? ""));
    client.on("error", () => undefined); // "end" follows
    client.on("end", () => {
      if (!lost) {
        lost = true;
        this.#hears = false;
        this.#connectLater();
      }
    });
    await client.connect();
    await client.query("SET statement_timeout = 0");
    for (const channel of this.#handlers.keys()) {
      await client.query(`LISTEN ${quoteIdentifier(channel)}`);
    }
    this.#pause = FIRST_PAUSE_MS;
    if (again) {
      for (const channel of this.#handlers.keys()) this.#tell(channel, null);
    }
    this.#hears = !lost;
    return client;
  }

  #connectLater(): void {
    if (this.#closed || this.#timer !== undefined) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
      this.#client = this.#connect(true);
      this.#client.catch((error: unknown) => {
        this.#logger?.warn({ err: error }, "no connection for notifications; trying again");
        this.#connectLater();
      });
    }, this.#pause);
  }

  #tell(channel: string, payload: string | null): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      handler(payload);
    }
  }
}
