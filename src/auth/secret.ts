/** The secret that tokens are signed with, where none is configured: made once and kept in the data folder. */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const SHORTEST = 32;

/**
 * Reads the secret of a data folder, and makes one where there is none yet.
 *
 * @param dataFolder made when it is not there
 * @throws Error when the file is there but too short to be a secret
 */
export async function loadSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, "secret");
  const secret = (await readIfThere(path)) ?? (await makeSecret(dataFolder, path));
  if (secret.length < SHORTEST) throw new Error(`${path} holds no secret; remove it, and everybody signs in again`);
  return secret;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The file appears complete or not at all, and the first of two processes wins. */
async function makeSecret(dataFolder: string, path: string): Promise<string> {
  await mkdir(dataFolder, { recursive: true });
  const unfinished = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await open(unfinished, "w", 0o600);
  try {
    await file.writeFile(`${randomBytes(48).toString("base64url")}\n`);
    await file.sync();
    await link(unfinished, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
  return (await readFile(path, "utf8")).trim();
}
