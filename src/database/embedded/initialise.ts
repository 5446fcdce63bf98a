/** Makes a new, empty PostgreSQL cluster; half a cluster is never taken for a whole one. */
import { execFile } from "node:child_process";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./account.ts";
import { type ClusterHome, own } from "./cluster-home.ts";
import { ALTERNATIVE, EmbeddedError } from "./embedded-error.ts";
import { accountOptions, serverEnvironment } from "./server-process.ts";
import type { ServerPrograms } from "./server-program.ts";

const run = promisify(execFile);

/** The role that makes the cluster; only `application-role.ts` connects with it. */
export const SUPERUSER = "fullfinity";

/**
 * Makes the cluster unless it is there, and checks that these programs can read it.
 *
 * @param durable false skips waiting for the disk, for tests
 */
export async function initialiseCluster(
  home: ClusterHome,
  programs: ServerPrograms,
  account: Account | undefined,
  durable: boolean,
  onProgress: (text: string) => void,
): Promise<void> {
  const found = await readFile(join(home.cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (found !== undefined) {
    await checkVersion(programs, account, home, found.trim());
    return;
  }
  if (
    await access(home.cluster).then(
      () => true,
      () => false,
    )
  ) {
    throw new EmbeddedError(`${home.cluster} is not a PostgreSQL cluster; move it away, or ${ALTERNATIVE}`);
  }
  onProgress("Preparing the database for the first start ...");
  const unfinished = `${home.cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await own(unfinished, account);
  await runProgram(programs.initdb, account, [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    "--encoding=UTF8",
    "--locale-provider=icu",
    "--icu-locale=und",
    "--locale=C",
    "--auth=trust", // the socket's folder is open to the account alone, and there is no network port
    "--no-instructions",
    ...(durable ? [] : ["--no-sync"]),
  ]);
  await rename(unfinished, home.cluster);
}

async function checkVersion(
  programs: ServerPrograms,
  account: Account | undefined,
  home: ClusterHome,
  found: string,
): Promise<void> {
  const said = await runProgram(programs.postgres, account, ["--version"]);
  const major = /(\d+)/.exec(said)?.[1];
  if (major !== found) {
    throw new EmbeddedError(
      `${home.cluster} was made by PostgreSQL ${found} and the built-in server is PostgreSQL ${major}: upgrade it with pg_upgrade, or ${ALTERNATIVE}`,
    );
  }
}

async function runProgram(program: string, account: Account | undefined, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd: "/", env: serverEnvironment(), ...accountOptions(account) });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new EmbeddedError(`${program} failed: ${stderr?.trim() || message}; ${ALTERNATIVE}`);
  }
}
