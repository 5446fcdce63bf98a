/** Several names in one cell, written as one line of csv: `Red,"Green, dark",Blue`. */

/**
 * Parts a cell into names.
 *
 * @returns null where a quote is not closed, or something stands behind one
 */
export function splitNames(text: string): string[] | null {
  const names: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"\s*|([^,"]*))(,|$)/y;
  for (;;) {
    const found = pattern.exec(text);
    if (found === null) return null;
    const [, quoted, plain = "", end] = found;
    const name = quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"');
    if (name !== "") names.push(name);
    if (end === "") return names;
  }
}
