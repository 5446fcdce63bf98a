/** Settings of a transaction that tell the change history who changes something, and by which request. */

/** The user's id as text; empty for nobody. */
export const HISTORY_USER = "fullfinity.user";
/** What the request is known by; empty where no request is. */
export const HISTORY_REQUEST = "fullfinity.request";
