/** Makes the PostgreSQL programs ready to run: library links as the package lists them, in a copy where that is needed. */
import { access, chmod, constants, cp, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Account, canReach } from "./account.ts";
import { makeOpenFolder } from "./cluster-home.ts";
import { EmbeddedError } from "./embedded-error.ts";

export interface ServerPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * Makes the programs of the package ready for the account.
 *
 * @param packageFolder root of the platform package
 * @param copyFolder where a copy goes when the package's folder is out of the account's reach or cannot be written
 * @param onProgress told when a copy is made, which takes a second or two
 */
export async function prepareServerPrograms(
  packageFolder: string,
  copyFolder: string,
  account: Account | undefined,
  onProgress: (text: string) => void,
): Promise<ServerPrograms> {
  if ((await canReach(join(packageFolder, "native", "bin"), account)) && (await canLink(packageFolder))) {
    return programsIn(packageFolder);
  }
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const copy = join(copyFolder, `postgresql-${version}-${basename(packageFolder)}`);
  if (!(await exists(copy))) {
    onProgress("Copying the PostgreSQL programs ...");
    await copyPackage(packageFolder, copy);
  }
  return programsIn(copy);
}

/** @returns false when links are missing and the folder does not let us make them */
async function canLink(packageFolder: string): Promise<boolean> {
  try {
    await linkLibraries(packageFolder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      return false;
    }
    throw error;
  }
}

/** npm packages cannot hold symbolic links, and install scripts that make them may be off: so they are made here. */
async function linkLibraries(packageFolder: string): Promise<void> {
  const list = join(packageFolder, "native", "pg-symlinks.json");
  const links = JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = resolve(packageFolder, target);
    if (!path.startsWith(resolve(packageFolder, "native"))) {
      throw new EmbeddedError(`${list} lists a link outside of its package: ${target}`);
    }
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") {
        throw error;
      }
    });
  }
}

/** Copies under a temporary name first: a copy that was interrupted must never be taken for a whole one. */
async function copyPackage(packageFolder: string, copy: string): Promise<void> {
  const unfinished = `${copy}.${process.pid}.tmp`;
  await makeOpenFolder(dirname(copy));
  await mkdir(join(unfinished, "native"), { recursive: true });
  await cp(join(packageFolder, "native"), join(unfinished, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  await linkLibraries(unfinished);
  for (const folder of [unfinished, join(unfinished, "native")]) {
    await chmod(folder, 0o755); // whatever the process's mask says
  }
  try {
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(copy))) {
      throw error;
    }
  }
}

function programsIn(folder: string): ServerPrograms {
  const bin = join(folder, "native", "bin");
  return { postgres: join(bin, "postgres"), initdb: join(bin, "initdb") };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
