/** A socket between a database and its clients that counts what is sent and can cut the line at a chosen word. */
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type ConnectionOptions, clientConfig } from "../../src/database/connection-option.ts";

const PORT = 5432;

export interface FaultProxy {
  /** The same database, through the proxy. */
  readonly connection: ConnectionOptions;
  /** Times that the server answered since the last `reset`; statements answered together count once. */
  readonly roundTrips: number;
  reset(): void;
  /** Passes what the client sends with `word` in it on to the server, but never lets the answer through. */
  cutAfter(word: string): void;
  /** The same, but leaves the line open, so that whoever has sent it waits for the answer. */
  holdAfter(word: string): void;
  /** Breaks every line for good once the server has answered so many times since the last `reset`. */
  cutAt(roundTrips: number): void;
  /** Remembers, from now on, what clients send. */
  record(): void;
  /** Round trips at the first and at the last time that a client sent `word` since {@link record}. */
  tripsOf(word: string): readonly [first: number, last: number];
  /**
   * Keeps from the server what clients send once it has answered so many times since the last `reset`: from the first message on that has
   * `word` in it, if one is given.
   *
   * @returns resolves when it has come to that; the lines stay open until the client leaves
   */
  holdAt(roundTrips: number, word?: string): Promise<void>;
  close(): Promise<void>;
}

/** Where what clients send is held. */
interface Hold {
  readonly trips: number;
  readonly word: string;
  readonly reached: () => void;
}

/** Starts a proxy before the server of `target`. */
export async function startFaultProxy(target: ConnectionOptions): Promise<FaultProxy> {
  const { host, port, user, password, database } = new pg.Client(
    clientConfig(target, { statementTimeout: 0, connectTimeout: 0 }),
  );
  const folder = await mkdtemp(join(tmpdir(), "ff-proxy-"));
  const open = new Set<Socket>();
  let roundTrips = 0;
  let cutWord: string | undefined;
  let holdWord: string | undefined;
  let lastTrip = Number.POSITIVE_INFINITY;
  let recorded: { readonly trips: number; readonly chunk: Buffer }[] | undefined;
  let hold: Hold | undefined;
  let holds = false;

  const server = createServer((client) => {
    const upstream = host.startsWith("/")
      ? createConnection(`${host}/.s.PGSQL.${port}`)
      : createConnection({ host, port });
    let lastFromClient = false;
    let muted = false;
    let held = false;
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      recorded?.push({ trips: roundTrips, chunk });
      if (hold !== undefined && roundTrips >= hold.trips && chunk.includes(hold.word)) {
        holds = true;
        hold.reached();
      }
      if (holds) return;
      muted ||= cutWord !== undefined && chunk.includes(cutWord);
      held ||= holdWord !== undefined && chunk.includes(holdWord);
      lastFromClient = true;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (held) return;
      if (muted) {
        client.destroy();
        return;
      }
      roundTrips += lastFromClient ? 1 : 0;
      if (roundTrips > lastTrip) {
        for (const socket of open) socket.destroy();
        return;
      }
      lastFromClient = false;
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder, `.s.PGSQL.${PORT}`), resolve));

  return {
    connection: {
      host: folder,
      port: PORT,
      ...(user === undefined ? {} : { user }),
      ...(typeof password === "string" ? { password } : {}),
      ...(database === undefined ? {} : { database }),
    },
    get roundTrips() {
      return roundTrips;
    },
    reset: () => {
      roundTrips = 0;
      holds = false;
      hold = undefined;
    },
    cutAfter: (word) => {
      cutWord = word;
    },
    holdAfter: (word) => {
      holdWord = word;
    },
    cutAt: (trips) => {
      lastTrip = trips;
    },
    record: () => {
      recorded = [];
    },
    tripsOf: (word) => {
      const trips = (recorded ?? []).filter(({ chunk }) => chunk.includes(word)).map((each) => each.trips);
      return [trips[0] ?? Number.NaN, trips.at(-1) ?? Number.NaN];
    },
    holdAt: (trips, word = "") =>
      new Promise((resolve) => {
        hold = { trips, word, reached: resolve };
      }),
    close: async () => {
      for (const socket of open) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
