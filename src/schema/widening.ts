/** The changes of a column's type that can lose no data, as a table. */

interface Widening {
  readonly from: RegExp;
  readonly to: RegExp;
  /** For types with numbers in them: whether the new ones leave room for every old value. */
  readonly fits?: (from: readonly number[], to: readonly number[]) => boolean;
}

const WIDENINGS: readonly Widening[] = [
  { from: /^smallint$/, to: /^(?:integer|bigint|numeric|real|double precision)$/ },
  { from: /^integer$/, to: /^(?:bigint|numeric|double precision)$/ },
  { from: /^bigint$/, to: /^numeric$/ },
  { from: /^real$/, to: /^double precision$/ },
  { from: /^character varying(?:\(\d+\))?$/, to: /^(?:text|character varying)$/ },
  {
    from: /^character varying\((\d+)\)$/,
    to: /^character varying\((\d+)\)$/,
    fits: ([before = 0], [after = 0]) => after >= before,
  },
  { from: /^text$/, to: /^character varying$/ },
  { from: /^numeric\(\d+,\d+\)$/, to: /^numeric$/ },
  {
    from: /^numeric\((\d+),(\d+)\)$/,
    to: /^numeric\((\d+),(\d+)\)$/,
    fits: ([digits = 0, decimals = 0], [newDigits = 0, newDecimals = 0]) =>
      newDecimals >= decimals && newDigits - newDecimals >= digits - decimals,
  },
  { from: /^timestamp\(\d\) with time zone$/, to: /^timestamp with time zone$/ },
  {
    from: /^timestamp\((\d)\) with time zone$/,
    to: /^timestamp\((\d)\) with time zone$/,
    fits: ([before = 0], [after = 0]) => after >= before,
  },
];

/**
 * Tells whether every value of one column type is kept by another.
 *
 * @param from the type that the column has
 * @param to the type that it shall have; both in PostgreSQL's own words
 */
export function isWidening(from: string, to: string): boolean {
  return WIDENINGS.some((widening) => {
    const before = widening.from.exec(from);
    const after = widening.to.exec(to);
    if (before === null || after === null) return false;
    return widening.fits?.(before.slice(1).map(Number), after.slice(1).map(Number)) ?? true;
  });
}
