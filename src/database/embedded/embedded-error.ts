/** Why the built-in PostgreSQL cannot start, in one line for the person at the terminal. */

export class EmbeddedError extends Error {
  override readonly name = "EmbeddedError";
}

/** What to do instead; ends every message about a missing or unusable built-in server. */
export const ALTERNATIVE = "set DATABASE_URL to use a PostgreSQL server of your own";
