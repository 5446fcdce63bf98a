/** What is written to a file, whatever its format. */
import type { CellKind } from "../../fields/cell.ts";
import type { TextRow } from "./table-record.ts";

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
