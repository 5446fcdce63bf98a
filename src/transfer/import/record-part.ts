/** Records that are written at once: no more than one request may bring, and none twice. */
import { type ImportPlan, type ImportRecord, matchText } from "./import-plan.ts";

/** Records, and rows, of one part. */
const MOST_RECORDS = 1000;
const MOST_ROWS = 5000;

/** A part of a file while it is gathered. */
export class RecordPart {
  rows = 0;
  readonly #match: ImportPlan["match"];
  #records: ImportRecord[] = [];
  readonly #keys = new Set<string>();

  constructor({ match }: ImportPlan) {
    this.#match = match;
  }

  get length(): number {
    return this.#records.length;
  }

  get isFull(): boolean {
    return this.length >= MOST_RECORDS || this.rows >= MOST_ROWS;
  }

  /** Whether the part has a record already that is found as the same: the second one changes what the first has made. */
  hasTwinOf(record: ImportRecord): boolean {
    const key = this.#keyOf(record);
    return key !== "" && this.#keys.has(key);
  }

  add(record: ImportRecord): void {
    const key = this.#keyOf(record);
    if (key !== "") this.#keys.add(key);
    this.#records.push(record);
  }

  /** Hands the records out and begins the next part. */
  take(): ImportRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#keys.clear();
    this.rows = 0;
    return records;
  }

  #keyOf(record: ImportRecord): string {
    return this.#match.kind === "none" ? "" : matchText(record, this.#match.column);
  }
}
