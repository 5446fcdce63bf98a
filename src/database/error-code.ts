/** What each PostgreSQL error code means for us: one table from codes to our errors, without SQL and without values. */
import pg from "pg";
import { MaintenanceError } from "../errors.ts";

export type ViolationKind =
  | "unique"
  /** A reference to a record that does not exist. */
  | "reference"
  /** A record that others still refer to was to be deleted. */
  | "referenced"
  | "notNull"
  | "check"
  | "exclusion"
  /** A value that does not fit the column: malformed, too large, too long. */
  | "value";

/** The data breaks a constraint or does not fit; upper layers name the field with the help of the registry. */
export class ConstraintViolation extends Error {
  override readonly name = "ConstraintViolation";
  readonly kind: ViolationKind;
  /** For `reference` and `referenced`: the table that holds the reference. */
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  /** Private, so that neither JSON nor a log nor a traceback can show it: others' values may be in it. */
  readonly #detail: string | undefined;

  constructor(
    kind: ViolationKind,
    reason: string,
    place: { table?: string; column?: string; constraint?: string; detail?: string },
  ) {
    super(reason);
    this.kind = kind;
    this.table = place.table;
    this.column = place.column;
    this.constraint = place.constraint;
    this.#detail = place.detail;
  }

  /** What the server says of the values, for finding the record among those that were sent; never to be shown. */
  get detail(): string | undefined {
    return this.#detail;
  }
}

/** Why the database cannot answer now. */
export const unavailableCodes = [
  "unreachable",
  "pool_exhausted",
  "server_exhausted",
  "query_timeout",
  // Nobody waits for the answer any more.
  "cancelled",
  "locked",
  // Sending the same request again is safe and likely to work.
  "retry",
  // The connection was lost while committing: nobody knows whether the change was made.
  "unknown_outcome",
] as const;

/** One of {@link unavailableCodes}. */
export type UnavailableCode = (typeof unavailableCodes)[number];

/** 503 with a machine-readable `code`: the database cannot answer now. */
export class DatabaseUnavailable extends MaintenanceError {
  readonly code: UnavailableCode;
  override readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: UnavailableCode, detail: string, options: { cause?: unknown } = {}) {
    super(detail, options);
    this.code = code;
    this.extra = code === "retry" ? { code, retry: true } : { code };
  }
}

/** The error of a request that nobody waits for any more. */
export function requestCancelled(): DatabaseUnavailable {
  return new DatabaseUnavailable("cancelled", "the request was cancelled");
}

/** A fault of the program (wrong SQL, missing table); the message is for the log only. */
export class DatabaseFault extends Error {
  override readonly name = "DatabaseFault";
  /** The SQLSTATE. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(`PostgreSQL ${code}: ${message}`);
    this.code = code;
  }
}

/** A prepared statement no longer fits its tables; preparing it anew, on a new connection, helps. */
export class StalePlan extends DatabaseFault {}

type ServerError = InstanceType<typeof pg.DatabaseError>;
type Translate = (error: ServerError, context: ErrorContext) => Error;

/** What a translation needs to know beyond the error itself. */
export interface ErrorContext {
  /** Milliseconds, for the text of a time-out. */
  readonly statementTimeout: number;
  /** True when we ourselves asked the server to cancel the statement. */
  readonly cancelled?: boolean;
}

const violation =
  (kind: ViolationKind, reason: string): Translate =>
  (error) =>
    new ConstraintViolation(kind, reason, {
      ...(error.table === undefined ? {} : { table: error.table }),
      ...(error.column === undefined ? {} : { column: error.column }),
      ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    });

const unavailable =
  (code: UnavailableCode, detail: string): Translate =>
  () =>
    new DatabaseUnavailable(code, detail);

/** Both directions of a foreign key share code and fields; only the text of the parent's side names a second table. */
const foreignKey: Translate = (error, context) => {
  const quotedNames = error.message.match(/["»«„“”][^"»«„“”]+["»«„“”]/g) ?? [];
  return quotedNames.length >= 3 ? stillReferenced(error, context) : noSuchRecord(error, context);
};
const noSuchRecord = violation("reference", "the record that is referred to does not exist");
const stillReferenced = violation("referenced", "other records still refer to this record");

const statementStopped: Translate = (_error, { statementTimeout, cancelled }) =>
  cancelled === true
    ? requestCancelled()
    : new DatabaseUnavailable("query_timeout", `the request took longer than ${statementTimeout} ms`);

const unreachable = unavailable("unreachable", "the database is not reachable at the moment");
const exhausted = unavailable("server_exhausted", "the database server has no resources left at the moment");
const collision = unavailable("retry", "the change collided with other changes made at the same time; try again");

/** Keyed by SQLSTATE, or by its first two characters for a whole class. The full code wins. */
const TRANSLATIONS: ReadonlyMap<string, Translate> = new Map([
  ["23505", violation("unique", "another record already has this value")],
  ["23503", foreignKey],
  ["23001", stillReferenced],
  ["23502", violation("notNull", "a value is required")],
  ["23514", violation("check", "the value is not allowed")],
  ["23P01", violation("exclusion", "the value collides with another record")],
  ["22", violation("value", "the value is not valid")],
  ["22001", violation("value", "the text is too long")],
  ["22003", violation("value", "the number is out of range")],
  ["22007", violation("value", "the value is not a valid date or time")],
  ["22008", violation("value", "the date or time is out of range")],
  ["22012", violation("value", "division by zero")],
  ["22021", violation("value", "the text holds a character that cannot be stored")],
  ["22P02", violation("value", "the value is malformed")],
  ["22P05", violation("value", "the text holds a character that cannot be stored")],
  ["54", violation("value", "the value is too large")], // beyond a limit of the server, such as the size of an index entry
  ["40", collision],
  ["55P03", unavailable("locked", "the record is locked by another request; try again")],
  ["57014", statementStopped],
  ["57P", unreachable],
  ["25P03", unavailable("query_timeout", "the request was idle in its transaction for too long")],
  ["25P04", unavailable("query_timeout", "the request's transaction took too long")],
  ["08", unreachable],
  ["28", unavailable("unreachable", "the database refuses our sign-in")],
  ["3D000", unavailable("unreachable", "the database does not exist")],
  ["53", exhausted],
]);

/**
 * Turns whatever the driver threw into one of our errors.
 *
 * @param error what was thrown; errors that are not the driver's are returned as they are
 */
export function translateError(error: unknown, context: ErrorContext): unknown {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? "XX000";
    if (isStalePlan(error)) {
      return new StalePlan(code, error.message);
    }
    const translate =
      TRANSLATIONS.get(code) ?? TRANSLATIONS.get(code.slice(0, 3)) ?? TRANSLATIONS.get(code.slice(0, 2));
    return translate === undefined ? new DatabaseFault(code, error.message) : translate(error, context);
  }
  return error instanceof ConnectionLost
    ? new DatabaseUnavailable("unreachable", "the database is not reachable at the moment", { cause: error.cause })
    : error;
}

/** An attempt to connect failed: the server's own reason if it gave one, else that it cannot be reached. */
export function connectionFailure(error: unknown, context: ErrorContext): DatabaseUnavailable {
  const translated = translateError(error, context);
  return translated instanceof DatabaseUnavailable
    ? translated
    : new DatabaseUnavailable("unreachable", "the database is not reachable at the moment", { cause: error });
}

/** The connection broke before the answer arrived; whether the statement took effect is unknown. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** True when the whole transaction may be run again with a fair chance: serialization failure or deadlock. */
export function isCollision(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && error.code === "retry";
}

/** The server's own notice that a prepared statement no longer gives the columns that it was prepared with. */
export function isStalePlan(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "0A000" && error.routine === "RevalidateCachedQuery";
}

/** True when the server stopped a statement: its time was over, or somebody asked for it. */
export function isStopped(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "57014";
}

/** True for the codes with which the server announces that it closes the connection. */
export function isShutdown(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code?.startsWith("57P") === true || error.code === "25P03");
}
