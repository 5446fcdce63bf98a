/** Finds the embedded server that another process has started on a data folder, so that commands can work beside it. */
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { APPLICATION_ROLE } from "./application-role.ts";
import { readServerState } from "./leftover-server.ts";
import { isServerOf } from "./process-identity.ts";
import type { EmbeddedServer } from "./start-embedded.ts";

/** Lines of the server's `postmaster.pid`, counted from zero. */
const PORT_LINE = 3;
const SOCKET_LINE = 4;

/**
 * The connection to a running server.
 *
 * @returns undefined where none runs on the folder
 */
export async function findRunningServer(dataFolder: string): Promise<EmbeddedServer["connection"] | undefined> {
  const folder = await realpath(dataFolder).catch(() => undefined);
  if (folder === undefined) return undefined;
  const elsewhere = (await readFile(join(folder, "location"), "utf8").catch(() => "")).trim();
  const cluster = join(elsewhere === "" ? folder : elsewhere, "cluster");
  const state = await readServerState(cluster);
  if (state?.ready !== true || !(await isServerOf(state.pid, cluster))) return undefined;
  const lines = (await readFile(join(cluster, "postmaster.pid"), "utf8")).split("\n");
  const [host = "", port = 0] = [lines[SOCKET_LINE]?.trim(), Number(lines[PORT_LINE])];
  return { host, port, user: APPLICATION_ROLE, database: "postgres" };
}
