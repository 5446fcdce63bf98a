/** The values that may be bound to a statement's parameter. */

/** A single value. */
export type SqlScalar = string | number | boolean | null | Uint8Array;
/** A value that may be bound; a list is bound as a PostgreSQL array. */
export type SqlValue = SqlScalar | readonly SqlScalar[];
