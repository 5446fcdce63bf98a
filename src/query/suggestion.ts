/** Suggestions for misspelt names, so that an error can say what was probably meant. */

/**
 * The end of a message about an unknown name: a similar one, or the list where it is short.
 *
 * @param name what was written
 * @param known the names there are
 */
export function suggestName(name: string, known: readonly string[]): string {
  const near = known
    .map((each) => ({ each, distance: editDistance(name.slice(0, 64), each) }))
    .filter(({ each, distance }) => distance <= Math.max(1, Math.floor(each.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near !== undefined) return `; did you mean "${near.each}"?`;
  return known.length <= 12 && known.length > 0 ? `; it has ${known.join(", ")}` : "";
}

/** Letters left out, added, replaced, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (beforePrevious[j - 2] ?? 0) + 1 : replace;
      row.push(Math.min(replace, swap, (row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1));
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
