/** The log: JSON lines without secrets. */
import { fstatSync } from "node:fs";
import { type DestinationStream, type Logger, pino } from "pino";
import { isoTimes } from "./iso-time.ts";
import { RequestLog } from "./request-log.ts";

const secretNames = ["authorization", "cookie", '["set-cookie"]', "password", "token", "access_token", "refresh_token"];

/** Where secrets may stand in what is logged: down to the headers of a request within an object. */
const secrets = ["", "*", "*.*"].flatMap((place) =>
  secretNames.map((name) => (place === "" || name.startsWith("[") ? `${place}${name}` : `${place}.${name}`)),
);

/**
 * Lines wait for each other at most so many milliseconds: a write for each line costs more than many a request. What waits
 * when the process ends is still written, unless it is killed.
 */
const LONGEST_WAIT_MS = 100;
/** Most characters of one write to a pipe: it takes 4096 bytes at a time, so that the lines of several processes stay whole. */
const LARGEST_PIPED = 4096;
/** The same for a file, which takes all at once however long that is. */
const LARGEST_FILED = 64 * 1024;
/** Lines do not wait where so many characters are left of a write. */
const ROOM = 512;
const STANDARD_OUTPUT = 1;

/**
 * Makes a logger.
 *
 * @param level the least level that is written: `trace` `debug` `info` `warn` `error` `fatal` `silent`
 * @param destination standard output unless given
 */
export function buildLogger(level: string, destination: DestinationStream = standardOutput()): Logger {
  const options = {
    level,
    redact: { paths: secrets, censor: "[redacted]" },
    base: null,
    timestamp: timeMember(),
  };
  return pino(options, destination);
}

/** A log of requests that goes where the lines of a logger go. */
export function requestLogOf(logger: Logger): RequestLog {
  // The types tell the name of the member, but not that it is there.
  const destination = (logger as unknown as Readonly<Record<symbol, DestinationStream>>)[pino.symbols.streamSym];
  if (destination === undefined) throw new Error("the logger writes nowhere");
  return new RequestLog(destination);
}

function timeMember(): () => string {
  const timeText = isoTimes();
  return () => `,"time":"${timeText(Date.now())}"`;
}

function standardOutput(): DestinationStream {
  const largest = fstatSync(STANDARD_OUTPUT).isFile() ? LARGEST_FILED : LARGEST_PIPED;
  const output = pino.destination({
    dest: STANDARD_OUTPUT,
    sync: false,
    minLength: largest - ROOM,
    maxWrite: largest,
    periodicFlush: LONGEST_WAIT_MS,
    contentMode: "buffer",
  });
  // The text of lines that wait would be copied with each line that joins them; bytes are not. The types know only texts.
  return { write: (line) => void output.write(Buffer.from(line) as unknown as string) };
}
