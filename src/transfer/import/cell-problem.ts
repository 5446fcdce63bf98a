/** What is wrong in a file, and where: found in the cells, or told by the records layer of a record made of them. */
import type { FieldError } from "../../errors.ts";
import type { Cell } from "../../fields/cell.ts";
import { cellOf, type ImportColumn, type ImportNode, type ImportRecord } from "./import-plan.ts";

/** One thing that is wrong in a file. */
export interface CellProblem {
  readonly row: number;
  /** The header of the column; null where it is about the record as a whole, or a field that the file does not have. */
  readonly column: string | null;
  /** The path of the field. */
  readonly field: string | null;
  /** What the cell holds, cut off where it is long. */
  readonly value: Cell;
  readonly message: string;
}

/** Characters of a cell that an answer repeats. */
const LONGEST_VALUE = 200;

/** A problem of a cell. */
export function problemAt(record: ImportRecord, column: ImportColumn, message: string): CellProblem {
  const { header, path, content } = column;
  const cell = cellOf(record, column);
  const isSecret =
    content.kind === "value" && content.field.kind === "stored" && content.field.field.lookupFamily === "none";
  const value = typeof cell === "string" && cell.length > LONGEST_VALUE ? `${cell.slice(0, LONGEST_VALUE)}…` : cell;
  return { row: record.row, column: header, field: path, value: isSecret ? null : value, message };
}

/** A problem of a record as a whole. */
export function problemOf(record: ImportRecord, message: string): CellProblem {
  return { row: record.row, column: null, field: null, value: null, message };
}

/**
 * Finds the cell that an error of a record is about.
 *
 * @param path within the record, such as `lines[2].price`
 */
export function locateProblem(node: ImportNode, record: ImportRecord, { path, message }: FieldError): CellProblem {
  const [, name = "", , index, rest = ""] = /^(\w+)(\[(\d+)\])?\.?(.*)$/s.exec(path) ?? [];
  const list = node.lists.find((each) => each.list?.name === name);
  const line = list === undefined || index === undefined ? undefined : record.lists.get(list)?.[Number(index)];
  if (list !== undefined && line !== undefined) {
    if (list.names !== null) return problemAt(line, list.names, message);
    return locateProblem(list, line, { path: rest, message });
  }
  const column = node.columns.find((each) => each.name === name);
  if (column !== undefined) return problemAt(record, column, message);
  return { ...problemOf(record, message), field: path === "" ? null : path };
}
