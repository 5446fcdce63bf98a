/** A server under test as a child process: started, looked at, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that answers. */
export interface RunningProgram {
  readonly url: string;
  /** Megabytes in memory at the moment; null where the system does not tell. */
  memory(): number | null;
  /** Milliseconds of processor time used so far; null where the system does not tell. */
  processorTime(): number | null;
  /** Asks it to end, waits, and kills it when it does not. */
  stop(): Promise<void>;
}

/** What is started, and how. */
export interface ProgramOptions {
  /** Script and arguments, relative to the project. */
  readonly command: readonly string[];
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Takes everything that the program prints, as a log file would. */
  readonly logFile: string;
  readonly folder: string;
}

/** What `npm start` gives Node; the floor gets the same. */
const AS_IN_USE = [
  "--use-largepages=silent",
  "--min-semi-space-size=4",
  "--no-parallel-scavenge",
  "--enable-source-maps",
];
const START_MS = 60_000;
const STOP_MS = 20_000;
const TICK_MS = 10;
const READY = /ready at (http:\/\/localhost:\d+)/;
/** A benchmark that is cut off leaves no servers behind: its end of the pipe closes with it. */
const ENDS_WITH_PARENT = `data:text/javascript,process.stdin.on("end",()=>process.kill(process.pid,"SIGTERM")).resume()`;

/**
 * Starts a program and waits until it says where it is ready.
 *
 * @throws Error with the end of its log when it ends before that, or takes longer than a minute
 */
export async function startProgram(options: ProgramOptions): Promise<RunningProgram> {
  const { command, nodeOptions = [], environment = {}, logFile, folder } = options;
  const log = openSync(logFile, "w");
  const flags = [...AS_IN_USE, "--import", ENDS_WITH_PARENT, ...nodeOptions];
  const child = spawn(process.execPath, [...flags, ...command], {
    cwd: folder,
    env: environment,
    stdio: ["pipe", log, log],
  });
  const program = (url: string): RunningProgram => ({
    url,
    memory: () => readMemory(child.pid),
    processorTime: () => readProcessorTime(child.pid),
    stop: () => stopChild(child),
  });
  for (const end = performance.now() + START_MS; ; await sleep(50)) {
    const text = readFileSync(logFile, "utf8");
    const url = READY.exec(text)?.[1];
    if (url !== undefined) return program(url.replace("localhost", "127.0.0.1"));
    if (hasEnded(child) || performance.now() > end) {
      await stopChild(child);
      throw new Error(`${command.join(" ").slice(0, 60)} did not start:\n${text.slice(-2000)}`);
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function readMemory(pid: number | undefined): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readProcessFile(pid, "status"))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

function readProcessorTime(pid: number | undefined): number | null {
  // The name of the program stands in parentheses and may hold anything; user and system time are the 12th and 13th after it.
  const fields = /^.*\) (.*)$/s.exec(readProcessFile(pid, "stat"))?.[1]?.split(" ");
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function readProcessFile(pid: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return ""; // other systems have no such files
  }
}
