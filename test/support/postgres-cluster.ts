/** A PostgreSQL server of a test file's own, which it may stop, start and replicate; at a Unix socket, without a password. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Account, chooseAccount } from "../../src/database/embedded/account.ts";
import {
  accountOptions,
  runServer,
  type ServerProcess,
  serverEnvironment,
} from "../../src/database/embedded/server-process.ts";

const run = promisify(execFile);
const FOLDER = "/usr/lib/postgresql";
const PORT = 5432;
const USER = "fullfinity";
/** Nothing of a test has to survive a power cut; what is acknowledged survives the end of the server. */
const SETTINGS = {
  listen_addresses: "",
  fsync: "off",
  max_connections: "60",
  shared_buffers: "32MB",
  wal_level: "replica",
};

async function findPrograms(): Promise<string | null> {
  const versions = existsSync(FOLDER) ? await readdir(FOLDER) : [];
  const newest = versions
    .sort((a, b) => Number(b) - Number(a))
    .find((each) => existsSync(`${FOLDER}/${each}/bin/initdb`));
  return newest === undefined ? null : join(FOLDER, newest, "bin");
}

const programs = await findPrograms();

/** Why there is no such server on this machine; null where there is one. On a machine of the CI there must be. */
export const clusterMissing =
  programs !== null || process.env.CI === "true" ? null : `the Debian package postgresql is not installed (${FOLDER})`;

export interface PostgresCluster {
  /** The address of one of its databases. */
  url(database?: string): string;
  start(): Promise<void>;
  /** Ends all connections and stops. */
  stop(): Promise<void>;
  /** Makes a server that follows this one, and starts it. */
  replicate(): Promise<PostgresCluster>;
  /** Stops it and removes it. */
  remove(): Promise<void>;
}

/** Makes a server and starts it. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const { folder, account } = await makeFolder();
  const args = ["--pgdata", join(folder, "data"), "--username", USER, "--auth=trust", "--encoding=UTF8", "--no-sync"];
  await runProgram("initdb", [...args, "--locale=C.UTF-8", "--no-instructions"], account);
  const cluster = clusterIn(folder, account);
  await cluster.start();
  return cluster;
}

async function makeFolder(): Promise<{ folder: string; account: Account | undefined }> {
  const folder = await mkdtemp(join(tmpdir(), "ff-pg-"));
  const account = await chooseAccount(folder);
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  await chmod(folder, 0o755);
  return { folder, account };
}

async function runProgram(name: string, args: readonly string[], account: Account | undefined): Promise<void> {
  if (programs === null) throw new Error(`there is no PostgreSQL in ${FOLDER}`);
  await run(join(programs, name), args, { cwd: "/", env: serverEnvironment(), ...accountOptions(account) });
}

function clusterIn(folder: string, account: Account | undefined): PostgresCluster {
  let server: ServerProcess | undefined;
  const place = { cluster: join(folder, "data"), log: join(folder, "log"), account };
  const settings = Object.entries({ ...SETTINGS, port: String(PORT), unix_socket_directories: folder });
  const args = ["-D", place.cluster, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const start = async (): Promise<void> => {
    server = await runServer(join(programs ?? "", "postgres"), args, place);
  };
  const stop = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  return {
    url: (database = "postgres") =>
      `postgresql://${USER}@localhost:${PORT}/${database}?host=${encodeURIComponent(folder)}`,
    start,
    stop,
    replicate: async () => {
      const copy = await makeFolder();
      const source = ["--host", folder, "--port", String(PORT), "--username", USER];
      // -R writes where to follow, and the file that makes the server a replica.
      const target = ["--pgdata", join(copy.folder, "data"), "-R", "--checkpoint=fast"];
      await runProgram("pg_basebackup", [...source, ...target], copy.account);
      const replica = clusterIn(copy.folder, copy.account);
      await replica.start();
      return replica;
    },
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
