/** Totals that were counted, with the mark of the tables under which they are exact. */
import { LRUCache } from "lru-cache";

/** A total, exact for whoever reads the same mark. */
export interface RememberedTotal {
  readonly mark: number;
  readonly total: number;
  /** Whether it has been found to hold since: then it is likely to hold again. */
  readonly held: boolean;
}

/** Totals that are kept at a time. */
const MOST_TOTALS = 10_000;
/** A filter with so many values is not likely to come again. */
const LONGEST_KEY = 2048;

/** Remembers totals by everything that they depend on beside the data: model, rights, filter and its values. */
export class TotalMemory {
  readonly #totals = new LRUCache<string, RememberedTotal>({ max: MOST_TOTALS });

  /** The total that was counted last for the key, if it is still kept. */
  get(key: string): RememberedTotal | undefined {
    return this.#totals.get(key);
  }

  /** Keeps a total that was counted in the snapshot in which the mark was read. */
  set(key: string, remembered: RememberedTotal): void {
    if (key.length <= LONGEST_KEY) this.#totals.set(key, remembered);
  }
}
