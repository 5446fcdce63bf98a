/** Maps that are never changed again: freezing an object does not reach what a map holds. */

/**
 * Makes a map refuse every change from now on.
 *
 * @returns the same map
 */
export function sealMap<Key, Value>(map: Map<Key, Value>): ReadonlyMap<Key, Value> {
  return Object.freeze(Object.assign(map, { set: refuse, delete: refuse, clear: refuse }));
}

function refuse(): never {
  throw new TypeError("a composed registry is replaced as a whole, never changed");
}
