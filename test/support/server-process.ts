/** Runs the built program as people do, in a process of its own, and waits for what it says. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../..", import.meta.url));
/** Milliseconds for a first start on a busy machine. */
const PATIENCE_MS = 60_000;

/** Brings `dist/` up to date; does nothing where it is. */
export function buildProgram(): void {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build.mjs"], { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}

/** A running program. */
export class ServerProcess {
  /** Everything that it has printed, on either stream. */
  output = "";
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals | null>;
  readonly #watchers = new Set<() => void>();

  /**
   * @param env the whole environment but for the path of programs
   * @param args such as `check-schema`
   * @param launcher a program, with its arguments, that becomes the one which stands behind them, such as one that sets limits
   */
  constructor(env: Readonly<Record<string, string>>, args: readonly string[] = [], launcher: readonly string[] = []) {
    const [program = "", ...rest] = [
      ...launcher,
      process.execPath,
      "--enable-source-maps",
      "dist/src/main.js",
      ...args,
    ];
    this.#child = spawn(program, rest, { cwd: project, env: { PATH: process.env.PATH, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        resolve(code ?? signal);
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  /** Whether the process that was started still runs. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @returns the exit code, or the signal that ended the process, once all of its output is there */
  exit(): Promise<number | NodeJS.Signals | null> {
    return this.#exit;
  }

  /** The most megabytes of memory that it has had at a time; null where the system does not tell. */
  mostMemory(): number | null {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1];
      return Math.round(Number(kilobytes) / 1024);
    } catch {
      return null;
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /**
   * Waits for words in the output.
   *
   * @throws Error with the output when the process ends before, or takes too long
   */
  async says(words: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = words.exec(this.output);
      if (found !== null) return found;
      if (!this.running || Date.now() > deadline) {
        throw new Error(`expected ${words}, got:\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, 500);
        const watchers = this.#watchers;
        function wake(): void {
          clearTimeout(timer);
          watchers.delete(wake);
          resolve();
        }
        watchers.add(wake);
      });
    }
  }

  /** Waits until requests are answered. @returns the port */
  async ready(): Promise<number> {
    const [, port] = await this.says(/Fullfinity is ready at http:\/\/localhost:(\d+) /);
    return Number(port);
  }

  /** Ends the process if it still runs. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }
}
