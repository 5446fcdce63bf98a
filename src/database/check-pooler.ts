/** Tries a pooler at start: that it leads to the server, and that sessions there are as statements rely on. */
import { quoteIdentifier, quoteLiteral } from "../sql/fragment.ts";
import { ConnectionCheckError, tryConnection } from "./check-connection.ts";
import { type ConnectionOptions, clientConfig, pooledConfig, sessionSettings } from "./connection-option.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** What is found behind a connection: which cluster, as whom, and settings as the server prints them. */
interface SessionFacts {
  readonly cluster: string;
  readonly user: string;
  readonly settings: Readonly<Record<string, string>>;
}

const FACTS = `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster, current_user::text AS user,
  (SELECT json_object_agg(name, current_setting(name)) FROM unnest($1::text[]) name) AS settings`;

/**
 * Compares sessions behind a pooler with sessions of the server itself.
 *
 * @param statementTimeout milliseconds after which the server is to stop a statement
 * @throws ConnectionCheckError in one line: with the statements that set right what differs
 */
export async function checkPooler(
  server: ConnectionOptions,
  pooler: ConnectionOptions,
  statementTimeout: number,
): Promise<void> {
  const limits = { statementTimeout, connectTimeout: CONNECT_TIMEOUT_MS };
  const wanted = sessionSettings(limits);
  const ask = (config: ReturnType<typeof clientConfig>) =>
    tryConnection(config, async (client, where) => {
      const { rows } = await client.query<SessionFacts>(FACTS, [Object.keys(wanted)]);
      return { ...(rows[0] as SessionFacts), where };
    });
  const direct = await ask(clientConfig(server, limits));
  const pooled = await ask(pooledConfig(pooler, limits));
  const refuse = (message: string) => new ConnectionCheckError(`${pooled.where}: ${message}`, { mayRecover: false });
  if (pooled.cluster !== direct.cluster) throw refuse("the pooler leads to another server than DATABASE_URL");
  const wrong = Object.keys(wanted).filter((name) => pooled.settings[name] !== direct.settings[name]);
  if (wrong.length === 0) return;
  const role = quoteIdentifier(pooled.user);
  const cures = wrong.map((name) => `ALTER ROLE ${role} SET ${name} = ${quoteLiteral(wanted[name] ?? "")};`);
  throw refuse(
    `sessions behind the pooler have other settings than are needed: run ${cures.join(" ")} and then RECONNECT in the pooler`,
  );
}
