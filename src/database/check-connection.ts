/** Tries a connection at start, so that a wrong address or password is one clear line and not a flood of failures. */
import pg, { type ClientConfig } from "pg";
import { type ConnectionOptions, clientConfig, describeConnection } from "./connection-option.ts";

/** The lowest server version that the statements of this program run on. */
const OLDEST_VERSION = 15;

const STATEMENT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Rights over the server's machine; a superuser has all of them. */
const MACHINE_ROLES = ["pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"];

/** What is behind a connection. */
export interface ServerFacts {
  /** The server's major version, for example 18. */
  readonly version: number;
  /** The role that we are there. */
  readonly user: string;
  /** Rights of the role that reach beyond its databases: `superuser`, or roles such as `pg_read_server_files`. */
  readonly excess: readonly string[];
}

const FACTS = `SELECT current_setting('server_version_num')::int / 10000 AS version, current_user::text AS user, array(
    SELECT 'superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
    UNION ALL SELECT machine.rolname FROM pg_roles machine JOIN pg_roles me ON me.rolname = current_user
      WHERE machine.rolname = ANY ($1::text[]) AND NOT me.rolsuper AND pg_has_role(current_user, machine.oid, 'MEMBER')
  ) AS excess`;

/** The database cannot be used as it is configured, or not yet. */
export class ConnectionCheckError extends Error {
  override readonly name = "ConnectionCheckError";
  /** True when waiting may help (no server there yet); false when only a change of the configuration does. */
  readonly mayRecover: boolean;

  constructor(message: string, options: { mayRecover: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.mayRecover = options.mayRecover;
  }
}

interface Reason {
  readonly text: string;
  readonly mayRecover: boolean;
}

/** Keyed by SQLSTATE or by the system's error name. */
const REASONS: ReadonlyMap<string, Reason> = new Map([
  ["28P01", { text: "the password is wrong or the user does not exist", mayRecover: false }],
  ["28000", { text: "the server does not let this user in", mayRecover: false }],
  ["3D000", { text: "the database does not exist", mayRecover: false }],
  ["42501", { text: "the user may not connect to this database", mayRecover: false }],
  ["53300", { text: "the server has no free connections", mayRecover: true }],
  ["57P03", { text: "the server is starting up or shutting down", mayRecover: true }],
  ["ECONNREFUSED", { text: "no server listens there", mayRecover: true }],
  ["ENOENT", { text: "no server listens there", mayRecover: true }],
  ["ECONNRESET", { text: "the server closed the connection", mayRecover: true }],
  ["ETIMEDOUT", { text: "the server does not answer", mayRecover: true }],
  ["EHOSTUNREACH", { text: "the host cannot be reached", mayRecover: true }],
  ["ENOTFOUND", { text: "the host name is unknown", mayRecover: false }],
  ["EAI_AGAIN", { text: "the host name cannot be looked up at the moment", mayRecover: true }],
  ["EACCES", { text: "this account may not use the server's socket", mayRecover: false }],
]);

/**
 * Connects once, looks at the server's version and at our rights there, and leaves again.
 *
 * @throws ConnectionCheckError with one readable line that names the address, never the password
 */
export function checkConnection(connection: ConnectionOptions): Promise<ServerFacts> {
  const limits = { statementTimeout: STATEMENT_TIMEOUT_MS, connectTimeout: CONNECT_TIMEOUT_MS };
  return tryConnection(clientConfig(connection, limits), async (client, where) => {
    const { rows } = await client.query<ServerFacts>(FACTS, [MACHINE_ROLES]);
    const facts = rows[0] ?? { version: 0, user: "", excess: [] };
    if (facts.version < OLDEST_VERSION) {
      throw new ConnectionCheckError(
        `${where}: PostgreSQL ${facts.version} is too old, ${OLDEST_VERSION} or later is needed`,
        {
          mayRecover: false,
        },
      );
    }
    return facts;
  });
}

/**
 * Connects once, asks something, and leaves again.
 *
 * @param ask gets the address for messages, without the password
 * @throws ConnectionCheckError as {@link checkConnection}
 */
export async function tryConnection<Result>(
  config: ClientConfig,
  ask: (client: pg.Client, where: string) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(config);
  client.on("error", () => undefined); // what matters is thrown below
  const where = describeConnection(client);
  try {
    await client.connect();
    return await ask(client, where);
  } catch (error) {
    throw error instanceof ConnectionCheckError ? error : describeFailure(where, error);
  } finally {
    await client.end();
  }
}

function describeFailure(where: string, error: unknown): ConnectionCheckError {
  const { code, message } = firstOf(error);
  const reason = REASONS.get(code ?? "") ?? { text: message, mayRecover: code === undefined };
  return new ConnectionCheckError(`cannot connect to ${where}: ${reason.text}`, {
    mayRecover: reason.mayRecover,
    cause: error,
  });
}

/** A host with several addresses fails with one error for each; they rarely differ. */
function firstOf(error: unknown): { code?: string; message: string } {
  const single: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return single instanceof Error ? single : { message: String(single) };
}
