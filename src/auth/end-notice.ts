/** Tells every server process that a sign-in session or an API key has ended. */

/** The channel; the payload is a family of tokens or the hash of an API key. */
export const ENDS_CHANNEL = "fullfinity_ends";

/** SQL that notifies of the text that an expression gives. */
export function noticeOf(expression: string): string {
  return `pg_notify('${ENDS_CHANNEL}', ${expression})`;
}
