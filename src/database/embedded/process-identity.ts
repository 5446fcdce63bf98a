/** Tells processes apart although their numbers are used again: by number and time of start together. */
import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Identifies a running process.
 *
 * @returns a text that no later process of the same number has, or undefined when there is no such process
 */
export async function describeProcessStart(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // The name in parentheses may hold spaces; of what follows it, the 20th is the start time and the 1st the state.
    const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
  }
  return run("ps", ["-o", "lstart=", "-p", String(pid)]).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
}

/** Tells whether a process is the PostgreSQL server of this cluster. */
export async function isServerOf(pid: number, clusterFolder: string): Promise<boolean> {
  if (process.platform === "linux") {
    // A server's working folder is its cluster.
    return (await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === clusterFolder;
  }
  const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.includes(clusterFolder);
}
