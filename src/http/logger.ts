/** The log: JSON lines without secrets. */
import { type DestinationStream, type Logger, pino } from "pino";

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
/** Most characters of one write. A pipe takes 4096 bytes at a time, so that the lines of several processes stay whole. */
const LARGEST_WRITE = 4096;
/** Lines that are so long together do not wait. */
const ENOUGH = LARGEST_WRITE - 512;

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
    timestamp: isoTime(),
  };
  return pino(options, destination);
}

/**
 * The same log for lines that are made of nothing but fixed members, none of which can hold a secret: looking for secrets
 * takes ten times as long as writing such a line.
 */
export function withoutRedaction(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}

/** The member `time` of a line, in ISO 8601: what is the same for all lines of a second is made once. */
function isoTime(): () => string {
  let second = Number.NaN;
  let begun = "";
  return () => {
    const now = Date.now();
    const milliseconds = now % 1000;
    if (now - milliseconds !== second) {
      second = now - milliseconds;
      begun = `,"time":"${new Date(second).toISOString().slice(0, -4)}`;
    }
    return `${begun}${String(milliseconds).padStart(3, "0")}Z"`;
  };
}

function standardOutput(): DestinationStream {
  return pino.destination({
    dest: 1,
    sync: false,
    minLength: ENOUGH,
    maxWrite: LARGEST_WRITE,
    periodicFlush: LONGEST_WAIT_MS,
  });
}
