/** Puts records together of rows: the row that a record begins in, and the rows below it that only hold lines of its lists. */
import type { Cell } from "../../fields/cell.ts";
import type { TableRow } from "../file/table-row.ts";
import type { ImportNode, ImportPlan, ImportRecord } from "./import-plan.ts";

/** Lines of one record, all lists together: as many as one request may write. */
const MOST_LINES = 10_000;

/** A record while its rows come in. */
interface OpenRecord extends ImportRecord {
  readonly lists: Map<ImportNode, ImportRecord[]>;
}

/** Takes rows one by one and gives records as soon as they are complete. */
export class RecordAssembler {
  readonly #plan: ImportPlan;
  #open: OpenRecord | null = null;
  #lines = 0;

  constructor(plan: ImportPlan) {
    this.#plan = plan;
  }

  /** @returns the record that was complete before this row; null where there is none */
  take(row: TableRow): ImportRecord | null {
    const { root, width } = this.#plan;
    if (row.cells.every((cell) => cell === null)) return null;
    const begins = root.lists.length === 0 || isFilled(root, row.cells);
    const surplus = row.cells.slice(width).some((cell) => cell !== null);
    const complete = begins || this.#open === null ? this.finish() : null;
    if (begins) {
      this.#open = openRecord(row);
    } else if (this.#open === null) {
      this.#open = openRecord(row);
      this.#open.problem = "holds lines of a record, but no record stands above it";
    }
    const open = this.#open;
    if (open === null) return complete;
    open.last = row.number;
    if (surplus) open.problem ??= `has more cells than the header has columns (row ${row.number})`;
    this.#addLines(root, open, row);
    return complete;
  }

  /** @returns the last record; null where there is none */
  finish(): ImportRecord | null {
    const open = this.#open;
    this.#open = null;
    this.#lines = 0;
    return open;
  }

  #addLines(node: ImportNode, record: ImportRecord, row: TableRow): void {
    for (const list of node.lists) {
      const lines = record.lists.get(list) ?? [];
      if (isFilled(list, row.cells)) {
        this.#lines += 1;
        if (this.#lines > MOST_LINES) {
          if (this.#open !== null) this.#open.problem ??= `has more than ${MOST_LINES} lines`;
          return;
        }
        lines.push(openRecord(row));
        (record as OpenRecord).lists.set(list, lines);
      } else if (list.lists.some((inner) => isFilledBelow(inner, row.cells)) && lines.length === 0) {
        if (this.#open !== null)
          this.#open.problem ??= `has lines of lines without a line above them (row ${row.number})`;
        return;
      }
      const last = lines.at(-1);
      if (last !== undefined) this.#addLines(list, last, row);
    }
  }
}

function openRecord({ number, cells }: TableRow): OpenRecord {
  return { row: number, last: number, cells, lists: new Map(), problem: null };
}

function isFilled({ columns }: ImportNode, cells: readonly Cell[]): boolean {
  return columns.some(({ place }) => (cells[place] ?? null) !== null);
}

function isFilledBelow(node: ImportNode, cells: readonly Cell[]): boolean {
  return isFilled(node, cells) || node.lists.some((list) => isFilledBelow(list, cells));
}
