/** Lets one process at a time use a data folder; a lock whose process is gone does not count. */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "./embedded-error.ts";
import { describeProcessStart } from "./process-identity.ts";

interface Owner {
  readonly pid: number;
  readonly started: string | undefined;
}

export interface OwnerLock {
  release(): Promise<void>;
}

/** Two processes that find the same dead lock may disturb each other this often. */
const ATTEMPTS = 5;

/**
 * Takes the data folder for this process.
 *
 * @throws EmbeddedError when a living process has it; the message names its number
 */
export async function takeOwnerLock(dataFolder: string): Promise<OwnerLock> {
  const lock = join(dataFolder, "owner.json");
  const own = join(dataFolder, `owner.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
  const me: Owner = { pid: process.pid, started: await describeProcessStart(process.pid) };
  await writeFile(own, JSON.stringify(me));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await canLink(own, lock)) {
        return { release: () => rm(lock, { force: true }) };
      }
      await removeDead(lock, own);
    }
    throw new EmbeddedError(`several processes are starting on the data folder ${dataFolder}; start one of them again`);
  } finally {
    await rm(own, { force: true });
  }
}

/** Giving an existing file a second name either works completely or says that the name is taken. */
function canLink(own: string, lock: string): Promise<boolean> {
  return link(own, lock).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") {
        throw error;
      }
      return false;
    },
  );
}

async function removeDead(lock: string, own: string): Promise<void> {
  const text = await readFile(lock, "utf8").catch(() => undefined);
  if (text === undefined) {
    return;
  }
  const owner = parseOwner(text);
  if (owner?.started !== undefined && (await describeProcessStart(owner.pid)) === owner.started) {
    throw new EmbeddedError(
      `the data folder ${lock.slice(0, -"/owner.json".length)} is in use by process ${owner.pid}: stop it first, or choose another data folder`,
    );
  }
  const moved = `${own}.dead`;
  await rename(lock, moved).catch(() => undefined);
  if ((await readFile(moved, "utf8").catch(() => text)) !== text) {
    await canLink(moved, lock); // another process was quicker: that one is alive
  }
  await rm(moved, { force: true });
}

/** @returns undefined for a file that a crash of the machine left empty or garbled */
function parseOwner(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined;
  }
}
