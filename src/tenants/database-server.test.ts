/** Waiting for a configured server: as long as that may help, and not at all where it cannot. */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, inject, it } from "vitest";
import { startFaultProxy } from "../../test/support/fault-proxy.ts";
import { ConnectionCheckError } from "../database/check-connection.ts";
import { startDatabaseServer } from "./database-server.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Answers whatever a client begins with by one error. */
function refuse(socket: Socket, code: string): void {
  socket.once("data", () => {
    const fields = `SFATAL\0VFATAL\0C${code}\0Mrefused\0\0`;
    const message = Buffer.alloc(5 + fields.length);
    message.write("E");
    message.writeInt32BE(4 + fields.length, 1);
    message.write(fields, 5);
    socket.end(message);
  });
}

/** Starts a server. @returns its address as PostgreSQL clients write it */
async function serve(
  user: string,
  database: string,
  accept: (socket: Socket) => void,
  password = "hunter2",
): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    accept(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `postgresql://${user}:${password}@127.0.0.1:${address.port}/${database}`;
}

const refusingServer = (code: string) => serve("app", "postgres", (socket) => refuse(socket, code));

async function attempt(databaseUrl: string, patience: number, signal?: AbortSignal) {
  const progress: string[] = [];
  const options = { databaseUrl, dataFolder: "", patience, onProgress: (text: string) => void progress.push(text) };
  const result = await startDatabaseServer({ ...options, ...(signal === undefined ? {} : { signal }) }).catch(
    (error: unknown) => error,
  );
  return { result, progress };
}

describe("gives up", () => {
  const rows: [what: string, code: string, patience: number, waits: boolean, message: RegExp][] = [
    ["at once when the password is wrong", "28P01", 60_000, false, /the password is wrong or the user does not exist$/],
    ["at once when the database does not exist", "3D000", 60_000, false, /the database does not exist$/],
    ["after a while when the server keeps starting up", "57P03", 600, true, /the server is starting up/],
  ];
  it.each(rows)("%s", async (_what, code, patience, waits, message) => {
    const { result, progress } = await attempt(await refusingServer(code), patience);
    expect(result).toBeInstanceOf(ConnectionCheckError);
    expect((result as Error).message).toMatch(message);
    expect((result as Error).message).not.toContain("hunter2");
    expect(progress).toEqual(waits ? [expect.stringMatching(/^Waiting for the database server: cannot connect /)] : []);
  });

  it("when it is told to", async () => {
    const controller = new AbortController();
    const waiting = attempt(await refusingServer("57P03"), 60_000, controller.signal);
    setImmediate(() => controller.abort());
    expect((await waiting).result).toBeInstanceOf(ConnectionCheckError);
  });
});

it("goes on as soon as the server is there", async () => {
  const proxy = await startFaultProxy(inject("connection"));
  const { host = "", port = 0, user = "", database = "", password } = proxy.connection;
  let connections = 0;
  const accept = (socket: Socket) => {
    connections += 1;
    if (connections === 1) refuse(socket, "57P03");
    else socket.pipe(createConnection(`${host}/.s.PGSQL.${port}`)).pipe(socket);
  };
  const url = await serve(user, database, accept, password);
  try {
    const { result, progress } = await attempt(url, 60_000);
    expect(result).toMatchObject({ connection: { url } });
    expect(progress).toEqual([expect.stringMatching(/^Waiting for the database server: /)]);
  } finally {
    await proxy.close();
  }
});

it("warns in one line of an account with rights over the machine, without its password", async () => {
  const { url, host = "", port = 0, user = "", database = "" } = inject("administrator");
  const databaseUrl =
    url ?? `postgresql://${user}:hunter2@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  const warnings: unknown[] = [];
  const logger = { warn: (...line: unknown[]) => void warnings.push(line), error: () => {} };
  await startDatabaseServer({ databaseUrl, dataFolder: "", onProgress: () => {}, logger });
  expect(warnings).toEqual([
    [
      { user: expect.any(String), rights: ["superuser"] },
      expect.stringMatching(/^DATABASE_URL names an account with rights/),
    ],
  ]);
  expect(JSON.stringify(warnings)).not.toContain("hunter2");
});
