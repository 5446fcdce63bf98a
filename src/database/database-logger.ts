/** What `database/` asks of a logger. */

/** The part of a logger that this folder uses; pino has it. */
export interface DatabaseLogger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
