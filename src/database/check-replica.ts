/** Tries a replica at start: that it is one, and of this server. */
import { ConnectionCheckError, tryConnection } from "./check-connection.ts";
import { type ConnectionOptions, clientConfig } from "./connection-option.ts";

const LIMITS = { statementTimeout: 10_000, connectTimeout: 10_000 };
const FACTS =
  "SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster, pg_is_in_recovery() AS replays";

interface Facts {
  readonly cluster: string;
  readonly replays: boolean;
}

/**
 * Looks at a replica.
 *
 * @throws ConnectionCheckError in one line; waiting may help where it is away
 */
export async function checkReplica(server: ConnectionOptions, replica: ConnectionOptions): Promise<void> {
  const ask = (connection: ConnectionOptions) =>
    tryConnection(clientConfig(connection, LIMITS), async (client, where) => {
      const { rows } = await client.query<Facts>(FACTS);
      return { ...(rows[0] as Facts), where };
    });
  const [primary, found] = [await ask(server), await ask(replica)];
  const refuse = (message: string) => new ConnectionCheckError(`${found.where}: ${message}`, { mayRecover: false });
  if (found.cluster !== primary.cluster) throw refuse("this is no replica of the server in DATABASE_URL");
  if (!found.replays) throw refuse("this is no replica: it does not follow another server");
}
