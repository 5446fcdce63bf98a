/** Where a PostgreSQL server is, and what every connection to it asks for when it starts. */
import type { ClientConfig } from "pg";
import { valueParsers } from "./value-parser.ts";

/** A server and a database on it: a URL, in which user, password and database may be replaced, or all parts by themselves. */
export interface ConnectionOptions {
  /** `postgresql://user:password@host:port/database?sslmode=require` */
  readonly url?: string;
  /** Only without `url`: a host name, or the absolute path of the folder that holds the Unix socket. */
  readonly host?: string;
  /** Only without `url`. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** Limits that the server itself enforces on a connection, in milliseconds. */
export interface ServerLimits {
  readonly statementTimeout: number;
  /** How long to wait for the server to accept a connection. */
  readonly connectTimeout: number;
}

/** A transaction whose owner does nothing for so long is taken back by the server. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** The session settings that every statement relies on. */
export function sessionSettings({ statementTimeout }: ServerLimits): Readonly<Record<string, string>> {
  return {
    TimeZone: "UTC",
    DateStyle: "ISO",
    IntervalStyle: "postgres",
    bytea_output: "hex",
    jit: "off",
    client_min_messages: "warning",
    default_transaction_isolation: "read committed",
    statement_timeout: String(statementTimeout),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
  };
}

/**
 * Makes the driver's settings of one connection.
 *
 * The session settings travel in the start-up message, so they cost no round trip and no later `SET` can be forgotten.
 */
export function clientConfig(connection: ConnectionOptions, limits: ServerLimits): ClientConfig {
  const options = Object.entries(sessionSettings(limits)).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`,
  );
  return { ...pooledConfig(connection, limits), options: options.join(" ") };
}

/** The same behind a pooler, whose connections are shared: the session settings are those of the role there. */
export function pooledConfig(connection: ConnectionOptions, limits: ServerLimits): ClientConfig {
  return {
    ...address(connection),
    application_name: "fullfinity",
    types: valueParsers,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: limits.connectTimeout,
  };
}

/** The same server with another database. */
export function withDatabase(connection: ConnectionOptions, database: string): ConnectionOptions {
  return { ...connection, database };
}

function address(connection: ConnectionOptions): ClientConfig {
  const { url, ...parts } = connection;
  if (url === undefined) {
    return parts;
  }
  const target = new URL(url);
  if (parts.user !== undefined) {
    target.username = encodeURIComponent(parts.user);
  }
  if (parts.password !== undefined) {
    target.password = encodeURIComponent(parts.password);
  }
  if (parts.database !== undefined) {
    target.pathname = `/${encodeURIComponent(parts.database)}`;
  }
  return { connectionString: target.href };
}

/**
 * Describes a server for messages: never with the password.
 *
 * @returns for example `database "main" at db.example.com:5432 as user "app"`
 */
export function describeConnection(connection: { database?: unknown; host?: unknown; port?: unknown; user?: unknown }) {
  const { database, host, port, user } = connection;
  return `database "${database}" at ${host}:${port} as user "${user}"`;
}
