/** The account that the server runs under: PostgreSQL refuses root, so root lends its server another one. */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ALTERNATIVE, EmbeddedError } from "./embedded-error.ts";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order; one of them exists on every usual system. */
const CANDIDATES = ["postgres", "_postgres", "nobody"];

/**
 * Chooses the account for the server.
 *
 * @param clusterFolder an existing cluster keeps the account that owns it
 * @returns undefined when the server may run as we do, that is when we are not root
 * @throws EmbeddedError when root finds no other account
 */
export async function chooseAccount(clusterFolder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const accounts = parseAccounts(await readFile("/etc/passwd", "utf8"));
  const owner = await stat(clusterFolder).catch(() => undefined);
  const chosen =
    (owner === undefined || owner.uid === 0 ? undefined : accounts.find(({ uid }) => uid === owner.uid)) ??
    CANDIDATES.map((name) => accounts.find((account) => account.name === name)).find(
      (account) => account !== undefined,
    );
  if (chosen === undefined) {
    throw new EmbeddedError(
      `PostgreSQL does not run as root and none of the accounts ${CANDIDATES.join(", ")} exists: start as another user, or ${ALTERNATIVE}`,
    );
  }
  return chosen;
}

/** @param text the lines of /etc/passwd */
export function parseAccounts(text: string): Account[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && Number(uid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/**
 * Tells whether the account may enter a folder, by the permission bits of it and of all folders above.
 *
 * @param folder an existing absolute path
 */
export async function canReach(folder: string, account: Account | undefined): Promise<boolean> {
  if (account === undefined) {
    return true;
  }
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      return false;
    }
    if (path === dirname(path)) {
      return true;
    }
  }
}
