/** One connection: sends statements in a pipeline, knows how busy and how healthy it is, can cancel what runs. */
import { createConnection } from "node:net";
import pg, { type ClientConfig } from "pg";
import type { Cancellation } from "./cancellation.ts";
import { ConnectionLost, isShutdown, isStalePlan, isStopped } from "./error-code.ts";
import type { AnyStatement } from "./session.ts";
import { Answer, type RowShape } from "./statement-query.ts";

/** Parsed statements stay in the server's memory, so a connection that has seen this many shapes is replaced. */
const MAX_PREPARED = 1000;

/** An unwanted statement gets so many milliseconds to end by itself: most do, and asking to stop costs the connection. */
const CANCEL_AFTER_MS = 10;
/** A request to stop that comes before the server has begun is lost, so after so many milliseconds it is sent again. */
const CANCEL_AGAIN_MS = 1000;
/** Nobody waits longer for the answer to such a request, in milliseconds: there is none but the end of its line. */
const CANCEL_WAIT_MS = 10_000;

/** The members of the driver's client that its type declarations leave out. */
interface DriverMembers {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: { cork(): void; uncork(): void; destroy(): void } };
}

type DriverClient = Omit<pg.Client, keyof DriverMembers> & DriverMembers;

export class Connection {
  /** Higher than that of each connection whose opening began earlier. */
  readonly number: number;
  /** True while a transaction, or a statement that may be slow, has the connection for itself. */
  exclusive = false;
  /** Callers that hold the connection now, more than one only while it is shared. */
  loans = 0;
  /** True when the connection must not be used again after what is under way. */
  retired = false;
  /** When the connection was last handed back, in milliseconds of the monotonic clock. */
  idleSince = performance.now();
  readonly #client: DriverClient;
  /** What is prepared on the connection: name -> what its rows are like; undefined until its first answer. */
  readonly #prepared = new Map<string, RowShape | undefined>();
  /** Statements without an answer, in the order in which the server works on them. */
  readonly #underWay = new Set<Answer>();
  #headSince = 0;
  #corked = false;
  #lost: Error | undefined;
  #cancelling = false;

  private constructor(client: DriverClient, number: number) {
    this.#client = client;
    this.number = number;
  }

  /**
   * Opens a connection.
   *
   * @param number tells it from those opened earlier
   * @param onLost called once when the connection breaks at any later time
   * @throws the driver's own error when the server cannot be reached or refuses
   */
  static async open(
    config: ClientConfig,
    number: number,
    onLost: (connection: Connection) => void,
  ): Promise<Connection> {
    const client = new pg.Client(config) as unknown as DriverClient;
    const connection = new Connection(client, number);
    // Without a listener an idle connection that breaks would end the process.
    const lose = (error?: Error) => {
      if (connection.#lost === undefined) {
        connection.#lost = error ?? new Error("connection closed");
        connection.retired = true;
        onLost(connection);
      }
    };
    client.on("error", lose);
    await client.connect();
    client.once("end", () => lose());
    return connection;
  }

  /** Milliseconds since the server began with the statement that it is at; 0 when it has none. */
  headAge(now: number): number {
    return this.#underWay.size === 0 ? 0 : now - this.#headSince;
  }

  get broken(): boolean {
    return this.#lost !== undefined;
  }

  /** True while the server holds a transaction open on this connection, failed or not. */
  get inTransaction(): boolean {
    const status = this.#client.getTransactionStatus();
    return status === "T" || status === "E";
  }

  /**
   * Sends one statement behind those under way; each is answered, and fails, by itself.
   *
   * @param name the name of the prepared statement, if it is to be one
   * @param cancellation stops the statement once it has begun and takes long, but no other one; the connection ends with it
   * @throws the driver's error, or ConnectionLost
   */
  send(statement: AnyStatement, name: string | undefined, cancellation?: Cancellation): Promise<Answer> {
    if (this.#lost !== undefined) {
      return Promise.reject(new ConnectionLost("the connection is closed", { cause: this.#lost }));
    }
    const shape = name === undefined ? undefined : this.#prepared.get(name);
    if (name !== undefined && !this.#prepared.has(name)) {
      this.#prepared.set(name, undefined);
      this.retired ||= this.#prepared.size > MAX_PREPARED;
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#giveUp(answer);
      const answer = new Answer(statement, name, shape, (error) => {
        cancellation?.remove(giveUp);
        const now = performance.now();
        answer.elapsed = now - this.#headSince;
        this.#headSince = now;
        this.#underWay.delete(answer);
        if (error === undefined) {
          if (name !== undefined && shape === undefined) this.#prepared.set(name, answer.shape);
          resolve(answer);
        } else {
          reject(this.#judge(error, answer));
        }
      });
      // A server that waits gets its statement at once, and works on it while the rest of this turn is done here.
      if (this.#underWay.size === 0) this.#headSince = performance.now();
      else this.gather();
      this.#underWay.add(answer);
      cancellation?.add(giveUp);
      this.#client.query(answer);
    });
  }

  #giveUp(answer: Answer): void {
    answer.unwanted = true;
    setTimeout(() => this.#stop(answer), CANCEL_AFTER_MS).unref();
  }

  /** Stops a statement if the server is at it; looks again later, since it may not be yet. */
  #stop(answer: Answer): void {
    if (!this.#underWay.has(answer)) {
      return;
    }
    const [head] = this.#underWay;
    const isStuck = head === answer && this.headAge(performance.now()) >= CANCEL_AFTER_MS;
    if (isStuck) {
      this.#cancel();
    }
    setTimeout(() => this.#stop(answer), isStuck ? CANCEL_AGAIN_MS : CANCEL_AFTER_MS).unref();
  }

  /** Asks the server to stop what it is doing here. The request may come late, so nothing more is sent here. */
  #cancel(): void {
    this.retired = true;
    this.#cancelling = true;
    const { host, port, processID, secretKey } = this.#client;
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(80877102, 4); // the protocol's number for a cancel request
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey, 12);
    const socket = host.startsWith("/")
      ? createConnection(`${host}/.s.PGSQL.${port}`)
      : createConnection({ host, port });
    socket.on("error", () => socket.destroy()); // the statement's own time limit remains
    socket.setTimeout(CANCEL_WAIT_MS, () => socket.destroy());
    socket.unref();
    // The other end closes when it has seen to it: pgbouncer 1.18 does not survive a client that leaves before.
    socket.resume();
    socket.write(request);
  }

  /** Closes in good order: what was sent is answered first. */
  async close(): Promise<void> {
    this.retired = true;
    if (this.#lost === undefined) {
      await this.#client.end();
    }
  }

  /** Cuts the line at once; the server rolls back what was open. */
  destroy(): void {
    this.retired = true;
    this.#client.connection.stream.destroy();
  }

  /** What is sent from here on, in this turn of the event loop, leaves in one write. */
  gather(): void {
    if (this.#corked) {
      return;
    }
    this.#corked = true;
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork();
    });
  }

  /** Decides what an error says about the connection, and makes all forms of a broken line look alike. */
  #judge(error: Error, { unwanted }: Answer): Error {
    if (!(error instanceof pg.DatabaseError)) {
      // A value that could not be sent or read leaves the driver's view of the connection in doubt.
      this.retired = true;
      return this.#lost === undefined ? error : new ConnectionLost("the connection broke", { cause: error });
    }
    if (isStalePlan(error)) {
      this.retired = true;
    }
    if (this.#cancelling && !unwanted && isStopped(error)) {
      return new ConnectionLost("stopped in place of the statement before it", { cause: error });
    }
    if (isShutdown(error)) {
      this.retired = true;
      return new ConnectionLost("the server closed the connection", { cause: error });
    }
    return error;
  }
}
