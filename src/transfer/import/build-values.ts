/** Turns the cells of a record into values as a request would give them; what the cells name has been found before. */

import type { CellForms, FilledCell } from "../../fields/cell.ts";
import { ValueProblem } from "../../fields/field.ts";
import type { ModelField } from "../../models/model.ts";
import { type CellProblem, problemAt, problemOf } from "./cell-problem.ts";
import { cellOf, type ImportColumn, type ImportNode, type ImportRecord } from "./import-plan.ts";
import { splitNames } from "./name-list.ts";
import type { Found } from "./reference-search.ts";

/** The records that the cells of a column name. */
export type FoundNames = ReadonlyMap<ImportColumn, ReadonlyMap<string, Found>>;

/** The values of a record, and what is wrong with it. */
export interface BuiltValues {
  readonly values: Record<string, unknown>;
  readonly problems: readonly CellProblem[];
  /** Of what it names some may only come with later records; nothing else is wrong. */
  readonly waits: boolean;
}

/** The names in a cell; null where they cannot be parted. */
export function namesIn(column: ImportColumn, cell: FilledCell): readonly string[] | null {
  const text = String(cell).trim();
  const { content } = column;
  if (content.kind === "reference" && content.field.relation?.many === true) return splitNames(text);
  return text === "" ? [] : [text];
}

/** Builds the values of records of one file. */
export class ValueBuilder {
  readonly #forms: CellForms;
  readonly #names: FoundNames;
  readonly #mayCome: (column: ImportColumn) => boolean;
  #problems: CellProblem[] = [];
  #missing: CellProblem[] = [];

  /** @param mayCome whether what a column names may come with later records */
  constructor(forms: CellForms, names: FoundNames, mayCome: (column: ImportColumn) => boolean) {
    this.#forms = forms;
    this.#names = names;
    this.#mayCome = mayCome;
  }

  /**
   * Builds the values of a record.
   *
   * @param isNew whether it will be created
   */
  build(root: ImportNode, record: ImportRecord, isNew: boolean): BuiltValues {
    this.#problems = record.problem === null ? [] : [problemOf(record, record.problem)];
    this.#missing = [];
    const values = this.#buildNode(root, record, isNew);
    const problems = [...this.#problems, ...this.#missing];
    return { values, problems, waits: this.#problems.length === 0 && this.#missing.length > 0 };
  }

  #buildNode(node: ImportNode, record: ImportRecord, isNew: boolean): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    const id = node.list === null ? null : this.#lineId(node, record);
    if (id !== null) values.id = id;
    const creates = node.list === null ? isNew : id === null;
    for (const column of node.columns) this.#setValue(values, record, column, creates);
    for (const list of node.lists) {
      const lines = record.lists.get(list);
      if (lines !== undefined && list.list !== null) values[list.list.name] = this.#buildLines(list, lines);
    }
    return values;
  }

  #buildLines(list: ImportNode, lines: readonly ImportRecord[]): unknown[] {
    const { names } = list;
    if (names === null) return lines.map((line) => this.#buildNode(list, line, true));
    return lines.map((line) => this.#find(line, names, String(cellOf(line, names)).trim()));
  }

  /** The id of a line of a list that is there already. */
  #lineId(node: ImportNode, record: ImportRecord): number | null {
    for (const column of node.columns) {
      const cell = cellOf(record, column);
      if (cell === null) continue;
      if (column.content.kind === "external") return this.#find(record, column, String(cell).trim());
      if (column.content.kind === "id") {
        const id = Number(cell);
        if (Number.isSafeInteger(id) && id > 0) return id;
        this.#problems.push(problemAt(record, column, "must be a record id, a positive whole number"));
      }
    }
    return null;
  }

  #setValue(values: Record<string, unknown>, record: ImportRecord, column: ImportColumn, creates: boolean): void {
    const { content, name } = column;
    if (content.kind === "id" || content.kind === "external") return;
    const { field } = content;
    try {
      const cell = cellOf(record, column);
      const value =
        cell === null
          ? null
          : content.kind === "value"
            ? readCell(field, cell, this.#forms)
            : this.#references(record, column, cell);
      if (value !== null || !leavesOut(field, creates)) values[name] = value ?? emptyValue(field);
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error;
      this.#problems.push(problemAt(record, column, error.message));
    }
  }

  #references(record: ImportRecord, column: ImportColumn, cell: FilledCell): unknown {
    const names = namesIn(column, cell);
    if (names === null) throw new ValueProblem('must be names with commas between them; those with commas in "..."');
    const ids = names.map((name) => this.#find(record, column, name));
    if (column.content.kind === "reference" && column.content.field.relation?.many === true) return [...new Set(ids)];
    return ids[0] ?? null;
  }

  #find(record: ImportRecord, column: ImportColumn, name: string): number | null {
    const found = this.#names.get(column)?.get(name);
    if (found?.kind === "record") return found.id;
    const message = found?.message ?? "there is no such record";
    const waits = found?.kind === "missing" && this.#mayCome(column);
    (waits ? this.#missing : this.#problems).push(problemAt(record, column, message));
    return null;
  }
}

function readCell(field: ModelField, cell: FilledCell, forms: CellForms): unknown {
  if (field.kind === "linked" || field.kind === "naming") throw new ValueProblem("cannot be written from a file");
  return field.field.fromCell(cell, forms) ?? null;
}

/** A new record gets the default of what it must have; and secrets are never told, so that an empty cell says nothing of them. */
function leavesOut(field: ModelField, creates: boolean): boolean {
  if (field.kind === "stored" && field.field.lookupFamily === "none") return true;
  if (!creates) return false;
  return field.relation?.many === true || field.field.options.required === true;
}

function emptyValue({ relation }: ModelField): unknown {
  return relation?.many === true ? [] : null;
}
