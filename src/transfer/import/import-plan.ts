/** What the columns of a file mean to a model: the tree of records that its rows describe, and how each cell is read. */
import type { Cell, CellForms } from "../../fields/cell.ts";
import type { LinkedField, Model, ModelField, NamingField, StoredField } from "../../models/model.ts";

/** How a cell names a record of another model. */
export type ReferenceKey =
  /** By id, external identifier or display name, whichever it is. */
  | { readonly kind: "any" }
  | { readonly kind: "id" }
  | { readonly kind: "external" }
  /** By the value of a field of the record, or of one behind it. */
  | { readonly kind: "path"; readonly path: string; readonly field: StoredField | NamingField };

/** What a column holds. */
export type ColumnContent =
  | { readonly kind: "id" }
  | { readonly kind: "external" }
  | { readonly kind: "value"; readonly field: ModelField }
  | { readonly kind: "reference"; readonly field: ModelField; readonly target: Model; readonly key: ReferenceKey };

/** A column of the file that is imported. */
export interface ImportColumn {
  /** Its place in a row. */
  readonly place: number;
  readonly header: string;
  /** The path that it is mapped to, as the client wrote it. */
  readonly path: string;
  /** The name of the field at its level. */
  readonly name: string;
  readonly content: ColumnContent;
}

/** Records of one level: those of the model itself, or the lines of a list. */
export interface ImportNode {
  readonly model: Model;
  /** The list that its records stand in; null for the records of the file. */
  readonly list: LinkedField | null;
  readonly columns: readonly ImportColumn[];
  readonly lists: readonly ImportNode[];
  /** Of a list whose lines only name records that are there: the column that names them. */
  readonly names: (ImportColumn & { readonly content: ColumnContent & { kind: "reference" } }) | null;
}

/** How records of the file are found among those that are there. */
export type MatchKey =
  | { readonly kind: "none" }
  | { readonly kind: "id" | "external"; readonly column: ImportColumn }
  | { readonly kind: "field"; readonly column: ImportColumn; readonly key: ReferenceKey & { kind: "path" } };

/** Everything that is known before the first record is read. */
export interface ImportPlan {
  readonly root: ImportNode;
  readonly match: MatchKey;
  readonly forms: CellForms;
  /** Columns of references whose records are created where they are missing. */
  readonly creates: ReadonlySet<ImportColumn>;
  /** How many columns the header has. */
  readonly width: number;
  /** Headers of the columns that are not imported. */
  readonly ignored: readonly string[];
}

/** A record as it stands in the file: its first row, and the lines of its lists. */
export interface ImportRecord {
  readonly row: number;
  /** The last row that belongs to it. */
  last: number;
  readonly cells: readonly Cell[];
  readonly lists: ReadonlyMap<ImportNode, ImportRecord[]>;
  /** Why it cannot be imported, whatever its values are; null where it may. */
  problem: string | null;
}

/** A record that can be written. */
export interface ReadyRecord {
  readonly record: ImportRecord;
  /** Null for a new one. */
  readonly id: number | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** The identifier that it is to have; null where the file gives none, or the one that it has. */
  readonly identifier: string | null;
}

/** All columns of a tree. */
export function columnsOf(node: ImportNode): ImportColumn[] {
  return [...node.columns, ...node.lists.flatMap(columnsOf)];
}

/** The cell of a record in a column. */
export function cellOf(record: ImportRecord, column: ImportColumn): Cell {
  return record.cells[column.place] ?? null;
}

/** What a record says by which it is found among those that are there; empty where it says nothing. */
export function matchText(record: ImportRecord, column: ImportColumn): string {
  return String(cellOf(record, column) ?? "").trim();
}
