/** What cells of tables in files are, and how they may be written. */

/** A cell: text, or what a spreadsheet has typed. Dates are texts in ISO form; an empty cell is null. */
export type Cell = string | number | boolean | null;

/** A cell that holds something. */
export type FilledCell = Exclude<Cell, null>;

/** How dates may be written, besides the ISO form that is always understood. */
export const DATE_FORMS = ["YYYY-MM-DD", "YYYY/MM/DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"] as const;
export type DateForm = (typeof DATE_FORMS)[number];

/** What stands before the digits of a fraction. */
export const DECIMAL_SEPARATORS = [".", ","] as const;
export type DecimalSeparator = (typeof DECIMAL_SEPARATORS)[number];

/** How the cells of a file are written, where that cannot be told from a cell alone. */
export interface CellForms {
  readonly decimalSeparator: DecimalSeparator;
  readonly dateForm: DateForm;
}

/** The forms of files that we write ourselves. */
export const PLAIN_FORMS: CellForms = { decimalSeparator: ".", dateForm: "YYYY-MM-DD" };

/** What the values of a field are in the cells of a table, whatever the format of the file. */
export type CellKind = "text" | "number" | "boolean" | "date" | "datetime" | "json";
