/** What is written to a file, whatever its format. */
import type { TextRow } from "../../database/session.ts";
import type { CellKind } from "../../fields/cell.ts";

/** What is written. */
export interface WrittenTable {
  readonly title: string;
  readonly headers: readonly string[];
  readonly kinds: readonly CellKind[];
  /** Text that looks like a formula is written as it is. */
  readonly raw: boolean;
}

/** Rows as they come, several at a time. */
export type RowBatches = AsyncIterable<readonly TextRow[]>;

/** Prints the rows of one table, each on its own; what it hands out first begins with the header. */
export interface RowPrinter {
  /** Bytes that are to be handed out at a time, about. */
  readonly portion: number;
  /** @returns the characters of its line */
  add(row: TextRow): number;
  /** Hands out the bytes of the rows since the last time. */
  take(): Uint8Array;
}
