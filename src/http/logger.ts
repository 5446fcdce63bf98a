/** The log: JSON lines without secrets. */
import { type DestinationStream, type Logger, pino } from "pino";

const secretNames = ["authorization", "cookie", '["set-cookie"]', "password", "token", "access_token", "refresh_token"];

/** Where secrets may stand in what is logged: down to the headers of a request within an object. */
const secrets = ["", "*", "*.*"].flatMap((place) =>
  secretNames.map((name) => (place === "" || name.startsWith("[") ? `${place}${name}` : `${place}.${name}`)),
);

/**
 * Makes a logger.
 *
 * @param level the least level that is written: `trace` `debug` `info` `warn` `error` `fatal` `silent`
 * @param destination standard output unless given
 */
export function buildLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: { paths: secrets, censor: "[redacted]" },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
