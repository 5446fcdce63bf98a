/** Where the text of a field is kept without case. */
import type { NamingField, StoredField } from "../models/model.ts";
import { caselessText } from "../sql/caseless-text.ts";
import { type Frame, fieldText } from "./frame.ts";

/** The text of a field without case, as SQL. */
export interface FoldedText {
  readonly text: string;
  /** The field beside which it is kept in a column, with indexes for searches; null where it is made of the field each time. */
  readonly kept: StoredField | null;
}

/**
 * The text of a field over a frame without case, and without accents where its model ignores them: from the folded column, where
 * there is one.
 */
export function foldedText(frame: Frame, field: StoredField | NamingField): FoldedText {
  const source = field.kind === "naming" ? onlyPart(frame) : field;
  if (source !== null && source.folded !== null) return { text: frame.column(source.folded), kept: source };
  const text = fieldText(frame, field);
  const plain = field.field.lookupFamily === "text" ? text : `${text}::text`;
  return { text: caselessText(plain, frame.model.ignoreAccents), kept: null };
}

/** The field that a record's name is, where it is no more than that. */
function onlyPart(frame: Frame): StoredField | null {
  const parts = frame.compilation.nameParts(frame.model);
  const [only] = parts;
  return parts.length === 1 && only?.field.options.required === true ? only : null;
}
