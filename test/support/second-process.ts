/** Another server over the same database, as if it were another process: it has its own connections and memory. */
import { pino } from "pino";
import { Authenticator } from "../../src/auth/authenticator.ts";
import type { ConnectionOptions } from "../../src/database/connection-option.ts";
import { Database } from "../../src/database/database.ts";
import { buildServer } from "../../src/http/server.ts";
import { TenantDirectory } from "../../src/tenants/tenant-directory.ts";
import { TEST_SECRET, type TestServer } from "./server.ts";
import { openLive, sourceOf } from "./tenant-source.ts";

export interface SecondProcess {
  /** The status of a GET with a token. */
  status(path: string, token: string): Promise<number>;
  /** Sends JSON. */
  send(
    method: "POST" | "PUT",
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly json: Readonly<Record<string, unknown>> }>;
  /** Ends the connection that notifications come over; it comes back after a moment. */
  breakLine(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param connection its way to the database; that of the first unless given
 */
export async function startSecondProcess(
  first: TestServer,
  connection: ConnectionOptions = first.database.connection,
): Promise<SecondProcess> {
  const database = new Database({ connection, maxConnections: 2 });
  const live = await openLive({ name: "main", database, library: first.library, files: first.tenant.files });
  const rules = {
    hosts: new Map(),
    baseDomain: "localhost",
    defaultDatabase: "main",
    foreignHosts: true,
    databaseSelector: false,
  };
  const server = await buildServer({
    tenants: new TenantDirectory(rules, sourceOf([live])),
    authenticator: new Authenticator({ secret: TEST_SECRET }),
    config: { environment: "production", bodyLimit: 1024, uploadLimit: 1024, logLevel: "silent" },
    logger: pino({ level: "silent" }),
  });
  return {
    status: async (path, token) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await server.inject({ method: "GET", url: path, headers })).statusCode;
    },
    send: async (method, url, body, headers) => {
      const response = await server.inject({ method, url, headers: { ...headers }, payload: JSON.stringify(body) });
      return { status: response.statusCode, json: response.json() };
    },
    breakLine: async () => {
      const [[line] = []] = await database.onLine("SELECT pg_backend_pid()");
      await first.database.database.rows({ text: "SELECT pg_terminate_backend($1)", values: [line as number] });
      while (database.hears) await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => {
      await server.close();
      await live.close();
    },
  };
}
