/** Debian's pgbouncer in front of the run's PostgreSQL, in the mode in which each transaction may get another connection. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseAccount } from "../../src/database/embedded/account.ts";
import { accountOptions } from "../../src/database/embedded/server-process.ts";

const PROGRAM = "/usr/sbin/pgbouncer";
const PORT = 6432;
const PATIENCE_MS = 10_000;

/** Why there is no pooler on this machine; null where there is one. On a machine of the CI there must be. */
export const poolerMissing =
  existsSync(PROGRAM) || process.env.CI === "true"
    ? null
    : `the Debian package pgbouncer is not installed (${PROGRAM})`;

export interface Pooler {
  /** The address of a database behind it. */
  url(database: string): string;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param server the address of the server, of a role that signs in with its name as password
 * @param poolSize connections to one database
 */
export async function startPooler(server: string, poolSize: number): Promise<Pooler> {
  const { hostname, port, username, searchParams } = new URL(server);
  const folder = await mkdtemp(join(tmpdir(), "ff-pooler-"));
  await chmod(folder, 0o777); // its account is not ours where we are root
  await writeFile(join(folder, "users.txt"), `"${username}" "${username}"\n`);
  const settings = `[databases]
* = host=${searchParams.get("host") ?? hostname} port=${port}
[pgbouncer]
unix_socket_dir = ${folder}
listen_port = ${PORT}
auth_type = trust
auth_file = ${join(folder, "users.txt")}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
query_wait_timeout = 5
server_login_retry = 1
`;
  await writeFile(join(folder, "pgbouncer.ini"), settings);
  const account = await chooseAccount(folder);
  const child = spawn(PROGRAM, [join(folder, "pgbouncer.ini")], { stdio: "pipe", ...accountOptions(account) });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await listening(join(folder, `.s.PGSQL.${PORT}`), child, () => output);
  return {
    url: (database) => `postgresql://${username}@localhost:${PORT}/${database}?host=${encodeURIComponent(folder)}`,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode === null && child.kill("SIGKILL")) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(socket: string, child: ChildProcess, output: () => string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    const there = await new Promise<boolean>((resolve) => {
      const probe = createConnection(socket, () => resolve(true)).on("error", () => resolve(false));
      probe.unref();
      setTimeout(() => probe.destroy(), 50);
    });
    if (there) return;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`pgbouncer does not start: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
