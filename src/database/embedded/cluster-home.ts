/** Decides where the server's files live: in the data folder, or elsewhere when the server's account cannot get there. */
import { randomUUID } from "node:crypto";
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, canReach } from "./account.ts";
import { EmbeddedError } from "./embedded-error.ts";

export interface ClusterHome {
  /** Holds everything below; the account can enter it. */
  readonly folder: string;
  /** PostgreSQL's own data. */
  readonly cluster: string;
  readonly log: string;
}

/** Only root needs another place, and root may write here. */
export const SYSTEM_FOLDER = "/var/lib/fullfinity";

/** Longest path of a Unix socket in bytes, as Linux has it less the closing NUL (macOS: 103), and the file's name. */
const SOCKET_PATH_LIMIT = process.platform === "darwin" ? 103 : 107;
const SOCKET_FILE = "/.s.PGSQL.5432";

/**
 * Finds or makes the place of the cluster.
 *
 * When the account cannot enter the data folder, as in a 0700 folder of root, the cluster goes into the system folder,
 * and the file `location` in the data folder says where: it belongs to this data folder alone.
 *
 * @param dataFolder an existing folder
 * @param chooseAccountFor gives the account that owns, or is to own, a cluster folder
 */
export async function locateCluster(
  dataFolder: string,
  systemFolder: string,
  chooseAccountFor: (clusterFolder: string) => Promise<Account | undefined>,
): Promise<{ home: ClusterHome; account: Account | undefined }> {
  const pointer = join(dataFolder, "location");
  const elsewhere = (await readFile(pointer, "utf8").catch(() => "")).trim();
  let folder = elsewhere === "" ? dataFolder : elsewhere;
  const account = await chooseAccountFor(join(folder, "cluster"));
  if (!(await canReach(folder, account).catch(() => false))) {
    if (elsewhere !== "") {
      throw new EmbeddedError(`${pointer} points to ${elsewhere}, which the account ${account?.name} cannot enter`);
    }
    folder = join(systemFolder, randomUUID());
    await makeOpenFolder(systemFolder);
    await makeOpenFolder(folder);
    await writeFile(pointer, `${folder}\n`);
  }
  return { home: { folder, cluster: join(folder, "cluster"), log: join(folder, "server.log") }, account };
}

/**
 * Makes the folder of the server's Unix socket, closed to everybody else.
 *
 * @returns a path short enough for a socket
 */
export async function makeSocketFolder(home: ClusterHome, account: Account | undefined): Promise<string> {
  const near = join(home.folder, "run");
  if (Buffer.byteLength(near + SOCKET_FILE) > SOCKET_PATH_LIMIT) {
    // A fresh name that nobody could have prepared; the folder is ours alone from the start.
    const short = await mkdtemp(join(Buffer.byteLength(tmpdir()) > 60 ? "/tmp" : tmpdir(), "ff-"));
    await own(short, account);
    return short;
  }
  await mkdir(near, { recursive: true, mode: 0o700 });
  const { mode } = await lstat(near);
  if ((mode & 0o077) !== 0) {
    throw new EmbeddedError(`${near} is open to other accounts; remove it`);
  }
  await own(near, account);
  return near;
}

/** Makes a folder that every account may enter, whatever the process's mask says; one that exists stays as it is. */
export async function makeOpenFolder(folder: string): Promise<void> {
  if ((await mkdir(folder, { recursive: true })) !== undefined) {
    await chmod(folder, 0o755);
  }
}

/** Gives a folder to the server's account. */
export async function own(folder: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) {
    await chown(folder, account.uid, account.gid);
  }
}
