/** Runs one PostgreSQL server that cannot outlive this process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import type { Account } from "./account.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { readServerState } from "./leftover-server.ts";
import { isServerOf } from "./process-identity.ts";

/**
 * Starts the server and watches its own standard input, a pipe from us. However we end, the pipe closes: then the
 * server gets the signal for a quick, orderly shutdown.
 */
const WATCHDOG = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
( while read -r line <&3; do :; done; kill -INT $server ) 2>/dev/null &
watcher=$!
exec 3<&- </dev/null
wait $server
status=$?
kill $watcher 2>/dev/null
exit $status
`;

const POLL_MS = 15;
/** A server that recovers from a crash may need long before it is ready. */
const READY_MS = 300_000;

/** A shutdown that takes longer is cut short: the next start recovers from the log. */
const STOP_MS = 20_000;

export interface ServerProcess {
  /** Settles when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends all connections, saves and stops; returns when it is done. */
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it takes connections.
 *
 * @param log file that gets what the server has to say
 * @throws EmbeddedError with the end of the log when it stops instead
 */
export async function runServer(
  program: string,
  args: readonly string[],
  place: { readonly cluster: string; readonly log: string; readonly account: Account | undefined },
): Promise<ServerProcess> {
  const log = await open(place.log, "a");
  const { size: logStart } = await log.stat();
  const child = spawn("/bin/sh", ["-c", WATCHDOG, "sh", program, ...args], {
    stdio: ["pipe", log.fd, log.fd],
    cwd: "/",
    env: serverEnvironment(),
    detached: true, // an interrupt at the terminal is for us; we decide when the server stops
    ...accountOptions(place.account),
  });
  child.stdin?.on("error", () => undefined); // it has ended already, which `ended` says
  await log.close();
  let hasEnded = false;
  let refusal = "";
  const ended = once(child, "exit").then(
    () => {
      hasEnded = true;
    },
    (error: unknown) => {
      hasEnded = true;
      refusal = String(error); // not even the shell could be started
    },
  );
  const deadline = performance.now() + READY_MS;
  while ((await readServerState(place.cluster))?.ready !== true || hasEnded) {
    if (hasEnded || performance.now() > deadline) {
      child.stdin?.destroy();
      const said = (await readFile(place.log)).subarray(logStart).toString().trim().split("\n").slice(-5).join("\n");
      throw new EmbeddedError(`the built-in PostgreSQL server did not start:\n${refusal || said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  child.unref();
  return {
    ended,
    stop: async () => {
      child.ref();
      child.stdin?.destroy();
      const timer = setTimeout(() => void stopAtOnce(place.cluster), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function stopAtOnce(cluster: string): Promise<void> {
  const state = await readServerState(cluster);
  if (state !== undefined && (await isServerOf(state.pid, cluster))) {
    process.kill(state.pid, "SIGQUIT");
  }
}

/** Settings of the person's shell must neither reach nor confuse the server. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

/** How to start a program under the account. */
export function accountOptions(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}
