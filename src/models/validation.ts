/** Rules over several fields of a record, as modules declare them. */

/** Says what is wrong with a record, or null. */
export type Check = (record: never) => string | null;

/** A rule over several fields of a record, checked whenever one of them is written. */
export interface ValidationDeclaration {
  readonly fields: readonly string[];
  readonly check: Check;
}

/** A validation of a composed model or wizard. */
export interface Validation extends ValidationDeclaration {
  readonly name: string;
}
