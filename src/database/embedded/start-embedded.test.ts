/** The built-in server on real folders: closed ones, without links, in use, left over, killed under load. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../database.ts";
import { findPlatformPackage } from "./platform-package.ts";
import { isServerOf } from "./process-identity.ts";
import { type EmbeddedOptions, startEmbedded } from "./start-embedded.ts";

const WRITER = fileURLToPath(new URL("../../../test/support/embedded-writer.ts", import.meta.url));

let root: string;
/** Nobody but us may enter it, and npm has run no script in it. */
let closed: string;
let systemFolder: string;
let packageFolder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ff-embedded-"));
  await chmod(root, 0o755);
  systemFolder = join(root, "system");
  closed = join(root, "closed");
  await mkdir(closed, { mode: 0o700 });
  packageFolder = join(closed, "package");
  await cp(findPlatformPackage(), packageFolder, {
    recursive: true,
    filter: async (source) => !(await lstat(source)).isSymbolicLink(),
  });
});
afterAll(async () => {
  expect(await serversBelow(root)).toEqual([]);
  await rm(root, { recursive: true, force: true });
});

/** Servers that run on a cluster in the folder, where the system tells. */
async function serversBelow(folder: string): Promise<string[]> {
  const pids = await readdir("/proc").catch(() => []);
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return folders.filter((path) => path.startsWith(folder));
}

/** Starts on a folder, runs `work` and stops; gives what `work` gave and what the start had to say. */
async function withServer<T>(
  options: EmbeddedOptions,
  work: (database: Database) => Promise<T>,
): Promise<{ result: T; progress: string[] }> {
  const progress: string[] = [];
  const server = await startEmbedded({ systemFolder, ...options, onProgress: (text) => progress.push(text) });
  const database = new Database({ connection: server.connection });
  try {
    return { result: await work(database), progress };
  } finally {
    await database.close();
    await server.stop();
  }
}

const count = async (database: Database) =>
  (await database.rows<{ n: number }>({ text: "SELECT count(*)::int AS n FROM kept", values: [] }))[0]?.n;

describe("a data folder and programs that only we may enter", () => {
  const dataFolder = () => join(closed, "data");

  it("starts, says what takes time, and waits for the disk on every commit", async () => {
    const { result, progress } = await withServer({ dataFolder: dataFolder(), packageFolder }, async (database) => {
      await database.run({ text: "CREATE TABLE kept AS SELECT 1 AS i", values: [] });
      return database.rows({
        text: `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
          current_setting('listen_addresses') AS network, current_setting('unix_socket_permissions') AS socket,
          current_setting('data_checksums') AS checksums, current_user AS user`,
        values: [],
      });
    });
    expect(result).toEqual([
      { fsync: "on", commit: "on", network: "", socket: "0700", checksums: "on", user: "fullfinity_app" },
    ]);
    expect(progress).toContain("Preparing the database for the first start ...");
  });

  it("starts again on the same data, quietly", async () => {
    const { result, progress } = await withServer({ dataFolder: dataFolder(), packageFolder }, count);
    expect(result).toBe(1);
    expect(progress.filter((text) => !text.startsWith("Keeping the database in"))).toEqual([]);
  });

  it("finds its way when the path is too long for a socket", async () => {
    const deep = join(root, ...Array.from({ length: 6 }, () => "a-rather-long-name"));
    await mkdir(deep, { recursive: true });
    const { result } = await withServer({ dataFolder: deep }, (database) =>
      database.rows({ text: "SELECT 1 AS one", values: [] }),
    );
    expect(result).toEqual([{ one: 1 }]);
  });
});

describe("a data folder in use", () => {
  it("is refused with the process that has it, and is free after the stop", async () => {
    const dataFolder = join(root, "shared");
    const first = await startEmbedded({ dataFolder, systemFolder });
    const second = await startEmbedded({ dataFolder, systemFolder }).catch((error: unknown) => error);
    expect(second).toMatchObject({
      message: `the data folder ${dataFolder} is in use by process ${process.pid}: stop it first, or choose another data folder`,
    });
    const database = new Database({ connection: first.connection });
    await database.run({ text: "CREATE TABLE kept AS SELECT 1 AS i", values: [] });
    await database.close();
    await first.stop();
    expect((await withServer({ dataFolder }, count)).result).toBe(1);
  });

  it.each<[label: string, file: string, content: string]>([
    ["a lock of a process that is gone", "owner.json", '{"pid": 999999, "started": "1"}'],
    ["a lock of an earlier process with the same number", "owner.json", `{"pid": ${process.pid}, "started": "1"}`],
    ["an unreadable lock", "owner.json", ""],
    ["a server's file whose number another program has now", "cluster/postmaster.pid", `${process.pid}\n/x\n`],
    ["half a cluster", "cluster.new/PG_VERSION", "18"],
  ])("does not count: %s", async (_label, file, content) => {
    const dataFolder = join(root, "shared");
    await mkdir(join(dataFolder, file, ".."), { recursive: true });
    await writeFile(join(dataFolder, file), content);
    expect((await withServer({ dataFolder }, count)).result).toBe(1);
  });

  it("made by another version is refused", async () => {
    const dataFolder = join(root, "old");
    await mkdir(join(dataFolder, "cluster"), { recursive: true });
    await writeFile(join(dataFolder, "cluster", "PG_VERSION"), "9\n");
    await expect(startEmbedded({ dataFolder, systemFolder })).rejects.toThrow(
      /was made by PostgreSQL 9 and .* is PostgreSQL 18/,
    );
  });
});

describe("a server that ends", () => {
  it("by itself is started again", async () => {
    const dataFolder = join(root, "shared");
    await withServer({ dataFolder }, async (database) => {
      process.kill(await serverPid(dataFolder), "SIGKILL");
      await expect.poll(() => count(database).catch(() => 0), { timeout: 20_000 }).toBe(1);
    });
  });

  it.each([
    ["its owner killed", false],
    ["its owner and itself killed", true],
  ])("under load, %s: everything acknowledged is there, nothing half", async (_label, killServer) => {
    const dataFolder = join(root, killServer ? "killed-both" : "killed");
    const { writer, acknowledged } = await startWriter(dataFolder);
    const pid = await serverPid(dataFolder);
    process.kill(writer.pid ?? 0, "SIGKILL");
    if (killServer) {
      process.kill(pid, "SIGKILL");
    }
    await once(writer, "close");
    const { result } = await withServer({ dataFolder }, (database) =>
      database.rows<{ id: number; halves: number }>({
        text: "SELECT id, count(*)::int AS halves FROM pair GROUP BY id ORDER BY id",
        values: [],
      }),
    );
    const whole = new Set(result.filter(({ halves }) => halves === 2).map(({ id }) => id));
    expect(result.length).toBe(whole.size);
    expect(acknowledged.length).toBeGreaterThanOrEqual(100);
    expect(acknowledged.filter((id) => !whole.has(id))).toEqual([]);
  });

  it("without its owner goes by itself", async () => {
    const dataFolder = join(root, "killed");
    const { writer } = await startWriter(dataFolder);
    const pid = await serverPid(dataFolder);
    const cluster = join(dataFolder, "cluster");
    expect(await isServerOf(pid, cluster)).toBe(true);
    process.kill(writer.pid ?? 0, "SIGKILL");
    await expect.poll(() => isServerOf(pid, cluster), { timeout: 20_000 }).toBe(false);
  });
});

async function serverPid(dataFolder: string): Promise<number> {
  return Number((await readFile(join(dataFolder, "cluster", "postmaster.pid"), "utf8")).split("\n")[0]);
}

/** Starts the writing program and waits until it has saved 100 pairs; the list goes on growing. */
async function startWriter(dataFolder: string): Promise<{ writer: ChildProcess; acknowledged: number[] }> {
  const writer = spawn(process.execPath, ["--import", "tsx", WRITER, dataFolder, systemFolder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: number[] = [];
  createInterface({ input: writer.stdout }).on("line", (line) => {
    acknowledged.push(Number(line));
  });
  await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(100);
  return { writer, acknowledged };
}
