/** The address of the run's PostgreSQL as people write it, for processes that tests start. */
import pg from "pg";
import { inject } from "vitest";
import { type ConnectionOptions, clientConfig } from "../../src/database/connection-option.ts";

/**
 * The address of the maintenance database, with user and password, also where the server listens at a Unix socket.
 *
 * @param connection leads there, such as through a proxy; the run's own server unless given
 */
export function serverUrl(connection: ConnectionOptions = inject("connection")): string {
  const client = new pg.Client(clientConfig(connection, { statementTimeout: 0, connectTimeout: 0 }));
  const password = typeof client.password === "string" ? `:${encodeURIComponent(client.password)}` : "";
  const start = `postgresql://${client.user}${password}@`;
  if (!client.host.startsWith("/")) return `${start}${client.host}:${client.port}/postgres`;
  return `${start}localhost:${client.port}/postgres?host=${encodeURIComponent(client.host)}`;
}
